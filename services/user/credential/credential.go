// Package credential changes passwords: by knowing the old one, or with a code from a mail. It also reminds people of their
// user names.
//
// Hashing is package password's business, the rules of a good password are form's, sessions begin and end in session.
package credential

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
	"github.com/bartgottschalk/startupwebapp/services/user/credential/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/user/form"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/mail"
	"github.com/bartgottschalk/startupwebapp/services/user/onetimecode"
	"github.com/bartgottschalk/startupwebapp/services/user/password"
	"github.com/bartgottschalk/startupwebapp/services/user/session"
)

const longestEmail = 254 // of a stored address

// Rooms are the neighbours that changing a password needs.
type Rooms struct {
	Hasher   *password.Hasher
	Limiter  *limit.Limiter
	Sessions *session.Service
	Outbox   *mail.Outbox
	Queue    mail.Queue
}

// Service answers user.v1.CredentialService. Safe for concurrent use.
type Service struct {
	userv1.UnimplementedCredentialServiceServer
	db      *postgres.Database
	queries *dbgen.Queries
	rooms   Rooms
	resets  *onetimecode.Codes
	now     func() time.Time
}

// New makes the service; the key signs reset codes.
func New(db *postgres.Database, rooms Rooms, key signing.Key, now func() time.Time) *Service {
	return &Service{db: db, queries: dbgen.New(db), rooms: rooms, resets: onetimecode.ForReset(key, now), now: now}
}

// unsuitable gives the broken rules of a new password; those about guessing are tried when all others are kept (contract
// user.md 1.10).
func unsuitable(plain, confirmation string, of mail.Person) []*userv1.FieldViolation {
	if broken := form.Password(plain, confirmation); len(broken) > 0 {
		return broken
	}
	return form.Guessable(plain, of.Username, of.FirstName, of.LastName, of.Address)
}

// tellOwner writes the notice of a changed password. Accounts of staff may have no address.
func (s *Service) tellOwner(ctx context.Context, tx pgx.Tx, owner mail.Person) error {
	if owner.Address == "" {
		return nil
	}
	return s.rooms.Outbox.PutPasswordChanged(ctx, tx, owner)
}

// storable tells whether a text of the database can be equal to this one.
func storable(text string, longest int) bool {
	return text != "" && utf8.ValidString(text) && !strings.ContainsRune(text, 0) && utf8.RuneCountInString(text) <= longest
}
