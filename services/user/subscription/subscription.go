// Package subscription keeps which mails beyond those about orders and the account members and prospects want, and why
// somebody wants no more. It makes the tokens of the links with which one unsubscribes without logging in.
//
// Who a person is belongs to packages account and prospect; sending to packages mail and, later, campaigns.
package subscription

import (
	"time"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/subscription/dbgen"
)

// Service answers user.v1.SubscriptionService. Safe for concurrent use.
type Service struct {
	userv1.UnimplementedSubscriptionServiceServer
	db      *postgres.Database
	queries *dbgen.Queries
	limiter *limit.Limiter
	tokens  Tokens
	now     func() time.Time
}

// New makes the service; the key signs tokens.
func New(db *postgres.Database, limiter *limit.Limiter, key signing.Key, now func() time.Time) *Service {
	return &Service{db: db, queries: dbgen.New(db), limiter: limiter, tokens: NewTokens(key), now: now}
}
