package user

import (
	"errors"
	"net/mail"
	"strconv"
	"time"

	"github.com/bartgottschalk/startupwebapp/services/platform/config"
	"github.com/bartgottschalk/startupwebapp/services/platform/migration"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/rpc"
	usermail "github.com/bartgottschalk/startupwebapp/services/user/mail"
	"github.com/bartgottschalk/startupwebapp/services/user/staff"
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
	OperatorEmail      Address            `env:"OPERATOR_EMAIL" envDefault:"operator@localhost" help:"who is told of chat messages"`
	ChatRetention      Months             `env:"CHAT_RETENTION_MONTHS" envDefault:"24" help:"how long chat messages are kept"`
	CodeRetention      Days               `env:"CODE_RETENTION_DAYS" envDefault:"30" help:"how long expired codes, and the contents of failed mails, are kept"`
	MailRetryAfter     time.Duration      `env:"MAIL_RETRY_AFTER" envDefault:"2s" help:"pause after the first failed attempt at a mail; it doubles up to an hour"`
	Superuser          staff.Settings
}

// Address is an e-mail address without a name.
type Address string

// UnmarshalText reads an address.
func (a *Address) UnmarshalText(text []byte) error {
	parsed, err := mail.ParseAddress(string(text))
	if err != nil || parsed.Address != string(text) {
		return errors.New(a.Expects())
	}
	*a = Address(text)
	return nil
}

// Expects says what text a variable of this type takes.
func (Address) Expects() string { return "an address like shop@example.com" }

// Months is a number of months from 1 to 120.
type Months int

// UnmarshalText reads a number.
func (m *Months) UnmarshalText(text []byte) error {
	number, err := strconv.Atoi(string(text))
	if err != nil || number < 1 || number > 120 {
		return errors.New(m.Expects())
	}
	*m = Months(number)
	return nil
}

// Expects says what text a variable of this type takes.
func (Months) Expects() string { return "a number of months from 1 to 120" }

// Days is a number of days from 1 to 3650.
type Days int

// UnmarshalText reads a number.
func (d *Days) UnmarshalText(text []byte) error {
	number, err := strconv.Atoi(string(text))
	if err != nil || number < 1 || number > 3650 {
		return errors.New(d.Expects())
	}
	*d = Days(number)
	return nil
}

// Expects says what text a variable of this type takes.
func (Days) Expects() string { return "a number of days from 1 to 3650" }

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
