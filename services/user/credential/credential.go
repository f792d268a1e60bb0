// Package credential changes passwords: by knowing the old one, or with a code from a mail. It also reminds people of their
// user names.
//
// Hashing is package password's business, the rules of a good password are form's, sessions begin and end in session.
package credential

import (
	"time"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
	"github.com/bartgottschalk/startupwebapp/services/user/credential/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/mail"
	"github.com/bartgottschalk/startupwebapp/services/user/onetimecode"
	"github.com/bartgottschalk/startupwebapp/services/user/password"
	"github.com/bartgottschalk/startupwebapp/services/user/session"
)

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
