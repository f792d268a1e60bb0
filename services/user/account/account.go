// Package account makes accounts with their member profiles, shows them, and changes names and address.
//
// Passwords are hashed and judged by package password, sessions begun by package session, mails sent by package mail, and
// addresses proved in package verification.
package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/timestamppb"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
	"github.com/bartgottschalk/startupwebapp/services/user/account/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/mail"
	"github.com/bartgottschalk/startupwebapp/services/user/onetimecode"
	"github.com/bartgottschalk/startupwebapp/services/user/password"
	"github.com/bartgottschalk/startupwebapp/services/user/prospect"
	"github.com/bartgottschalk/startupwebapp/services/user/session"
	"github.com/bartgottschalk/startupwebapp/services/user/subscription"
	"github.com/bartgottschalk/startupwebapp/services/user/terms"
)

// Rooms are the neighbours that making an account needs.
type Rooms struct {
	Hasher    *password.Hasher
	Limiter   *limit.Limiter
	Sessions  *session.Service
	Terms     *terms.Service
	Prospects *prospect.Service
	Outbox    *mail.Outbox
}

// Service answers user.v1.AccountService. Safe for concurrent use.
type Service struct {
	userv1.UnimplementedAccountServiceServer
	db           *postgres.Database
	queries      *dbgen.Queries
	rooms        Rooms
	verification *onetimecode.Codes
	unsubscribe  subscription.Tokens
	now          func() time.Time
}

// New makes the service; the key signs verification codes and unsubscribe tokens (contract encodings.md 3).
func New(db *postgres.Database, rooms Rooms, key signing.Key, now func() time.Time) *Service {
	return &Service{
		db: db, queries: dbgen.New(db), rooms: rooms, now: now,
		verification: onetimecode.ForVerification(key, now),
		unsubscribe:  subscription.NewTokens(key),
	}
}

// GetProfile shows an account with its profile, in one query.
func (s *Service) GetProfile(ctx context.Context, request *userv1.GetProfileRequest) (*userv1.GetProfileResponse, error) {
	row, err := s.queries.Profile(ctx, request.GetAccountId())
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errNotFound()
	}
	if err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	return &userv1.GetProfileResponse{
		Account: &userv1.Account{
			AccountId: request.GetAccountId(), Username: row.Username, FirstName: row.FirstName, LastName: row.LastName,
			Email: row.Email, MemberCode: row.MemberCode,
		},
		NewsletterSubscriber:    row.NewsletterSubscriber,
		EmailUnsubscribed:       row.EmailUnsubscribed,
		EmailVerified:           row.EmailVerified,
		VerificationRequestedAt: timestampOrNil(row.VerificationRequestedAt),
		JoinedAt:                timestamppb.New(row.JoinedAt),
		LastLoginAt:             timestampOrNil(row.LastLoginAt),
		TermsAgreedAt:           timestampOrNil(row.TermsAgreedAt),
		ClaimsGuestOrders:       row.ClaimsGuestOrders,
	}, nil
}

func errNotFound() error {
	return fault.New(fault.NotFound, "account-not-found", "")
}

func timestampOrNil(t *time.Time) *timestamppb.Timestamp {
	if t == nil {
		return nil
	}
	return timestamppb.New(*t)
}
