package user

import (
	"errors"
	"net/mail"
	"time"

	"github.com/bartgottschalk/startupwebapp/services/platform/config"
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

	SecretKey          config.SecretKey   `env:"SECRET_KEY,required" help:"signs the codes and tokens in mails"`
	SecretKeyFallbacks config.SecretKeys  `env:"SECRET_KEY_FALLBACKS" help:"former secret keys, which still verify"`
	SiteOrigin         config.Origin      `env:"SITE_ORIGIN" envDefault:"http://localhost:8080" help:"origin of the pages that links in mails lead to"`
	MailTransport      usermail.Transport `env:"MAIL_TRANSPORT" envDefault:"smtp://127.0.0.1:1025" help:"mail server"`
	MailFrom           Sender             `env:"MAIL_FROM" envDefault:"shop@localhost" help:"sender of mails whose template names none"`
	MailRetryAfter     time.Duration      `env:"MAIL_RETRY_AFTER" envDefault:"2s" help:"pause after the first failed attempt at a mail; it doubles up to an hour"`
}

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
