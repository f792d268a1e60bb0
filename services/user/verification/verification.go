// Package verification proves that mail to an account's address reaches who has the account, and keeps which account was
// the first to prove an address.
//
// Codes are made by package onetimecode, mails sent by package mail; the guest orders that go with an address are moved by
// the order service. A claim ends where the address is changed, in package account.
package verification

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
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

// RequestVerification makes a new code and its mail in one transaction; the code before ends. It also works for an address
// that is verified already (contract user.md 2.8).
func (s *Service) RequestVerification(ctx context.Context, request *userv1.RequestVerificationRequest) (*userv1.RequestVerificationResponse, error) {
	err := s.limiter.AllowAll(ctx,
		limit.Use{Rule: limit.VerifyEmailAddress(), Subject: limit.Account(request.GetAccountId())},
		limit.Use{Rule: limit.VerifyEmailAddressFromOneClient(), Subject: limit.Address(request.GetClientAddress())})
	if err != nil {
		return nil, err
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error { return s.send(ctx, tx, request.GetAccountId()) })
	if err != nil {
		return nil, err
	}
	return &userv1.RequestVerificationResponse{}, nil
}

func (s *Service) send(ctx context.Context, tx pgx.Tx, accountID int64) error {
	code, hash := s.codes.Issue()
	row, err := s.queries.WithTx(tx).StoreCode(ctx, dbgen.StoreCodeParams{ID: accountID, VerificationCodeHash: hash, Now: s.now()})
	if errors.Is(err, pgx.ErrNoRows) {
		return errNotFound()
	}
	if err != nil {
		return fmt.Errorf("store verification code: %w", err)
	}
	if row.Email == "" {
		return errNoAddress()
	}
	return s.outbox.PutVerification(ctx, tx, mail.Person{
		AccountID: accountID, Address: row.Email, FirstName: row.FirstName, LastName: row.LastName, Username: row.Username,
	}, code)
}

// VerifyAddress takes the newest code, once: of two who bring it at the same time the second finds it gone.
func (s *Service) VerifyAddress(ctx context.Context, request *userv1.VerifyAddressRequest) (*userv1.VerifyAddressResponse, error) {
	err := s.limiter.AllowAll(ctx,
		limit.Use{Rule: limit.VerifyEmailAddressResponse(), Subject: limit.Account(request.GetAccountId())},
		limit.Use{Rule: limit.VerifyEmailAddressResponse(), Subject: limit.Address(request.GetClientAddress())})
	if err != nil {
		return nil, err
	}
	var response *userv1.VerifyAddressResponse
	err = s.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		response, err = s.verify(ctx, s.queries.WithTx(tx), request)
		return err
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}

func (s *Service) verify(ctx context.Context, queries *dbgen.Queries, request *userv1.VerifyAddressRequest) (*userv1.VerifyAddressResponse, error) {
	stored, err := queries.LockCode(ctx, request.GetAccountId())
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errNotFound()
	}
	if err != nil {
		return nil, fmt.Errorf("lock verification code: %w", err)
	}
	if err := s.codes.Check(request.GetCode(), stored.VerificationCodeHash); err != nil {
		return nil, err
	}
	if err := queries.MarkVerified(ctx, request.GetAccountId()); err != nil {
		return nil, fmt.Errorf("mark address verified: %w", err)
	}
	claims, err := s.claim(ctx, queries, request.GetAccountId(), stored.Email)
	if err != nil {
		return nil, err
	}
	return &userv1.VerifyAddressResponse{Email: stored.Email, ClaimsGuestOrders: claims}, nil
}

// claim makes the address the account's own when no other account has claimed it. What was written to the shop from the
// address without logging in goes with it (contract user.md 8, defect 10).
func (s *Service) claim(ctx context.Context, queries *dbgen.Queries, accountID int64, email string) (bool, error) {
	holder, err := queries.Claim(ctx, dbgen.ClaimParams{Email: email, AccountID: accountID, Now: s.now()})
	if err != nil {
		return false, fmt.Errorf("claim address: %w", err)
	}
	if holder != accountID {
		return false, nil
	}
	if err := queries.AdoptChatMessages(ctx, dbgen.AdoptChatMessagesParams{AccountID: accountID, Email: email}); err != nil {
		return false, fmt.Errorf("adopt chat messages: %w", err)
	}
	return true, nil
}

func errNotFound() error {
	return fault.New(fault.NotFound, "account-not-found", "")
}

func errNoAddress() error {
	return fault.New(fault.FailedPrecondition, "email-missing", "")
}
