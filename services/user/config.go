package user

import (
	"errors"
	"net/mail"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bartgottschalk/startupwebapp/services/platform/migration"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/rpc"
	usermail "github.com/bartgottschalk/startupwebapp/services/user/mail"
)

// Config is what the environment says to the user service. What is missing takes the default when it is read with
// platform/config; a Config made by hand has to be complete.
type Config struct {
	rpc.ServerConfig
	postgres.Config
	migration.AdminConfig

	SecretKey          SecretKey          `env:"SECRET_KEY,required" help:"signs the codes and tokens in mails"`
	SecretKeyFallbacks SecretKeys         `env:"SECRET_KEY_FALLBACKS" help:"former secret keys, which still verify"`
	SiteOrigin         Origin             `env:"SITE_ORIGIN" envDefault:"http://localhost:8080" help:"origin of the pages that links in mails lead to"`
	MailTransport      usermail.Transport `env:"MAIL_TRANSPORT" envDefault:"smtp://127.0.0.1:1025" help:"mail server"`
	MailFrom           Sender             `env:"MAIL_FROM" envDefault:"shop@localhost" help:"sender of mails whose template names none"`
	MailRetryAfter     time.Duration      `env:"MAIL_RETRY_AFTER" envDefault:"2s" help:"pause after the first failed attempt at a mail; it doubles up to an hour"`
}

const (
	shortestSecretKey = 32
	redacted          = "[redacted]"
)

// SecretKey signs texts. It prints as "[redacted]".
type SecretKey string

// UnmarshalText reads a key of at least 32 characters.
func (k *SecretKey) UnmarshalText(text []byte) error {
	if utf8.RuneCount(text) < shortestSecretKey {
		return errors.New(k.Expects())
	}
	*k = SecretKey(text)
	return nil
}

// Expects says what text a variable of this type takes.
func (SecretKey) Expects() string { return "at least 32 characters" }

// String hides the key from logs.
func (SecretKey) String() string { return redacted }

// GoString hides the key from %#v.
func (SecretKey) GoString() string { return redacted }

// MarshalText hides the key from JSON logs.
func (SecretKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// SecretKeys are former keys.
type SecretKeys []SecretKey

// UnmarshalText reads comma-separated keys of at least 32 characters each.
func (k *SecretKeys) UnmarshalText(text []byte) error {
	var read SecretKeys
	for part := range strings.SplitSeq(string(text), ",") {
		var key SecretKey
		if err := key.UnmarshalText([]byte(strings.TrimSpace(part))); err != nil {
			return errors.New(k.Expects())
		}
		read = append(read, key)
	}
	*k = read
	return nil
}

// Expects says what text a variable of this type takes.
func (SecretKeys) Expects() string { return "comma-separated keys of at least 32 characters each" }

// Origin is a scheme and a host, without a slash at its end.
type Origin string

// UnmarshalText reads an http or https origin.
func (o *Origin) UnmarshalText(text []byte) error {
	parsed, err := url.Parse(strings.TrimRight(string(text), "/"))
	if err != nil || (parsed.Scheme != "http" && parsed.Scheme != "https") || parsed.Host == "" || parsed.User != nil ||
		parsed.Path != "" || parsed.RawQuery != "" || parsed.Fragment != "" {
		return errors.New(o.Expects())
	}
	*o = Origin(parsed.Scheme + "://" + parsed.Host)
	return nil
}

// Expects says what text a variable of this type takes.
func (Origin) Expects() string { return "an origin like https://shop.example" }

// Sender is an e-mail address, or "Name <address>".
type Sender string

// UnmarshalText reads an address with or without a name.
func (s *Sender) UnmarshalText(text []byte) error {
	if _, err := mail.ParseAddress(string(text)); err != nil {
		return errors.New(s.Expects())
	}
	*s = Sender(text)
	return nil
}

// Expects says what text a variable of this type takes.
func (Sender) Expects() string {
	return `an address like shop@example.com or "The Shop <shop@example.com>"`
}
