// Package chat keeps what people write to the shop through the chat dialogue.
//
// The notice to the operators is a mail (package mail); who has an address without an account is a prospect.
package chat

import (
	"time"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/user/chat/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/mail"
	"github.com/bartgottschalk/startupwebapp/services/user/prospect"
)

// Service answers user.v1.ChatService. Safe for concurrent use.
type Service struct {
	userv1.UnimplementedChatServiceServer
	db        *postgres.Database
	queries   *dbgen.Queries
	limiter   *limit.Limiter
	outbox    *mail.Outbox
	prospects *prospect.Service
	operator  string
	now       func() time.Time
}

// New makes the service; operator is the address that notices go to.
func New(db *postgres.Database, limiter *limit.Limiter, outbox *mail.Outbox, prospects *prospect.Service, operator string, now func() time.Time) *Service {
	return &Service{db: db, queries: dbgen.New(db), limiter: limiter, outbox: outbox, prospects: prospects, operator: operator, now: now}
}
