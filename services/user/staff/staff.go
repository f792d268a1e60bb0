// Package staff makes accounts of those who run the shop. In the shop they are customers like all others: with a profile,
// an agreement to the terms, and every right and limit of a customer (contract user.md 8, defect 2).
//
// What staff may do beyond that is decided where it is done. Making accounts of customers is the business of package
// account, passwords that of package password.
package staff

import (
	"context"
	"time"

	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
	"github.com/bartgottschalk/startupwebapp/services/user/password"
	"github.com/bartgottschalk/startupwebapp/services/user/session"
	"github.com/bartgottschalk/startupwebapp/services/user/staff/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/user/subscription"
	"github.com/bartgottschalk/startupwebapp/services/user/terms"
)

// Settings are what the environment says about the superuser to be made. Only the task create-superuser looks at them.
type Settings struct {
	Username string   `env:"SUPERUSER_USERNAME" help:"create-superuser: the user name, unless --username says it"`
	Email    string   `env:"SUPERUSER_EMAIL" help:"create-superuser: the e-mail address, unless --email says it"`
	Password Password `env:"SUPERUSER_PASSWORD" help:"create-superuser: the password; when unset it is asked for at a terminal"`
}

// Password is one that must not be shown. It prints as "[redacted]".
type Password string

const redacted = "[redacted]"

// String hides the password.
func (Password) String() string { return redacted }

// GoString hides the password from %#v too.
func (Password) GoString() string { return redacted }

// MarshalText hides the password from JSON and logs.
func (Password) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Asker asks somebody for a line that is not shown while it is typed. The error is a sentence for the
// operator, also when ctx is done.
type Asker func(ctx context.Context, question string) (string, error)

// Rooms are the neighbours that making a superuser needs.
type Rooms struct {
	Hasher   *password.Hasher
	Sessions *session.Service
	Terms    *terms.Service
}

// Office makes superusers. Safe for concurrent use.
type Office struct {
	db          *postgres.Database
	queries     *dbgen.Queries
	rooms       Rooms
	unsubscribe subscription.Tokens
	now         func() time.Time
}

// New makes the office; the key signs unsubscribe tokens.
func New(db *postgres.Database, rooms Rooms, key signing.Key, now func() time.Time) *Office {
	return &Office{db: db, queries: dbgen.New(db), rooms: rooms, unsubscribe: subscription.NewTokens(key), now: now}
}
