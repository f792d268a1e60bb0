// Package verification proves that mail to an account's address reaches who has the account, and keeps which account was
// the first to prove an address.
//
// Codes are made by package onetimecode, mails sent by package mail; the guest orders that go with an address are moved by
// the order service.
package verification

import (
	"time"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/mail"
	"github.com/bartgottschalk/startupwebapp/services/user/onetimecode"
	"github.com/bartgottschalk/startupwebapp/services/user/verification/dbgen"
)

// Service answers user.v1.VerificationService. Safe for concurrent use.
type Service struct {
	userv1.UnimplementedVerificationServiceServer
	db      *postgres.Database
	queries *dbgen.Queries
	limiter *limit.Limiter
	outbox  *mail.Outbox
	codes   *onetimecode.Codes
	now     func() time.Time
}

// New makes the service; the key signs the codes.
func New(db *postgres.Database, limiter *limit.Limiter, outbox *mail.Outbox, key signing.Key, now func() time.Time) *Service {
	return &Service{db: db, queries: dbgen.New(db), limiter: limiter, outbox: outbox, codes: onetimecode.ForVerification(key, now), now: now}
}
