// Package terms keeps the versions of the terms of use and who agreed to which.
package terms

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
	"github.com/bartgottschalk/startupwebapp/services/user/terms/dbgen"
)

// Service answers user.v1.TermsService. Safe for concurrent use.
type Service struct {
	userv1.UnimplementedTermsServiceServer
	db      *postgres.Database
	queries *dbgen.Queries
	now     func() time.Time
}

// New makes the service.
func New(db *postgres.Database, now func() time.Time) *Service {
	return &Service{db: db, queries: dbgen.New(db), now: now}
}

// GetCurrentTerms tells the version in force: of those whose time has come, the one with the highest number.
func (s *Service) GetCurrentTerms(ctx context.Context, _ *userv1.GetCurrentTermsRequest) (*userv1.GetCurrentTermsResponse, error) {
	current, err := s.queries.CurrentTerms(ctx, s.now())
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errNone()
	}
	if err != nil {
		return nil, fmt.Errorf("read current terms: %w", err)
	}
	return &userv1.GetCurrentTermsResponse{
		Version: current.Version, Note: current.Note, PublishedAt: timestamppb.New(current.PublishedAt),
	}, nil
}

// CheckAgreement tells, in one query, whether an account agreed to the version in force.
func (s *Service) CheckAgreement(ctx context.Context, request *userv1.CheckAgreementRequest) (*userv1.CheckAgreementResponse, error) {
	current, err := s.queries.Agreement(ctx, dbgen.AgreementParams{AccountID: request.GetAccountId(), Now: s.now()})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errNone()
	}
	if err != nil {
		return nil, fmt.Errorf("check agreement to terms: %w", err)
	}
	return &userv1.CheckAgreementResponse{Agreed: current.Agreed, Version: current.Version, Note: current.Note}, nil
}

// AgreeToTerms notes that an account agrees to the version in force. Of two at once one is told that it has agreed already.
func (s *Service) AgreeToTerms(ctx context.Context, request *userv1.AgreeToTermsRequest) (*userv1.AgreeToTermsResponse, error) {
	agreed, err := s.queries.AgreeToVersion(ctx, dbgen.AgreeToVersionParams{
		AccountID: request.GetAccountId(), Version: request.GetVersion(), Now: s.now(),
	})
	if err != nil {
		return nil, fmt.Errorf("agree to terms: %w", err)
	}
	if agreed == 0 {
		return nil, s.whyNotAgreed(ctx, request.GetAccountId(), request.GetVersion())
	}
	return &userv1.AgreeToTermsResponse{}, nil
}

// whyNotAgreed tells apart the ways of agreeing to nothing (contract user.md 2.20); an account that does not exist knows of
// no version.
func (s *Service) whyNotAgreed(ctx context.Context, accountID, version int64) error {
	state, err := s.queries.WhyNotAgreed(ctx, dbgen.WhyNotAgreedParams{AccountID: accountID, Version: version, Now: s.now()})
	switch {
	case err != nil:
		return fmt.Errorf("find out why terms were not agreed to: %w", err)
	case !state.AccountKnown || !state.VersionKnown:
		return fault.New(fault.NotFound, "version-not-found", "")
	case state.NewerExists:
		return fault.New(fault.FailedPrecondition, "version-provided-not-most-recent", "")
	default:
		return fault.New(fault.Conflict, "version-already-agreed", "")
	}
}

// Agree notes within tx that an account agrees to the version in force. Agreeing again changes nothing.
// Errors: NotFound "terms-not-found".
func (s *Service) Agree(ctx context.Context, tx pgx.Tx, accountID int64) error {
	agreed, err := s.queries.WithTx(tx).AgreeToCurrentTerms(ctx, dbgen.AgreeToCurrentTermsParams{AccountID: accountID, Now: s.now()})
	if err != nil {
		return fmt.Errorf("agree to terms: %w", err)
	}
	if agreed == 0 {
		return s.agreedOrNone(ctx, tx)
	}
	return nil
}

// agreedOrNone tells apart the two ways of writing nothing.
func (s *Service) agreedOrNone(ctx context.Context, tx pgx.Tx) error {
	_, err := s.queries.WithTx(tx).CurrentTerms(ctx, s.now())
	if errors.Is(err, pgx.ErrNoRows) {
		return errNone()
	}
	if err != nil {
		return fmt.Errorf("read current terms: %w", err)
	}
	return nil
}

func errNone() error {
	return fault.New(fault.NotFound, "terms-not-found", "")
}
