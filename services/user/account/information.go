package account

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/user/account/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/user/form"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/mail"
)

// errUncounted says that the address would change, which is limited, before the limit was asked.
var errUncounted = errors.New("change of address not counted")

// UpdateInformation changes names and address, only the columns it is about (contract user.md 2.13, 8 defect 31). Another
// address counts for a limit, as its mail goes to whatever address somebody typed.
func (s *Service) UpdateInformation(ctx context.Context, request *userv1.UpdateInformationRequest) (*userv1.UpdateInformationResponse, error) {
	if broken := validateInformation(request); len(broken) > 0 {
		return &userv1.UpdateInformationResponse{Violations: broken}, nil
	}
	err := s.updateInformation(ctx, request, false)
	if errors.Is(err, errUncounted) {
		if err := s.allowAnotherAddress(ctx, request); err != nil {
			return nil, err
		}
		err = s.updateInformation(ctx, request, true)
	}
	if err != nil {
		return nil, err
	}
	return &userv1.UpdateInformationResponse{}, nil
}

func (s *Service) allowAnotherAddress(ctx context.Context, request *userv1.UpdateInformationRequest) error {
	return s.rooms.Limiter.AllowAll(ctx,
		limit.Use{Rule: limit.ChangeEmail(), Subject: limit.Account(request.GetAccountId())},
		limit.Use{Rule: limit.ChangeEmailFromOneClient(), Subject: limit.Address(request.GetClientAddress())})
}

func validateInformation(request *userv1.UpdateInformationRequest) []*userv1.FieldViolation {
	return slices.Concat(
		form.Name(form.FieldFirstName, request.GetFirstName(), form.LongestFirstName),
		form.Name(form.FieldLastName, request.GetLastName(), form.LongestLastName),
		form.Email(request.GetEmail()),
	)
}

// updateInformation changes all or nothing. The lock orders changes that are made at once: each one mails about the address
// that it really takes the place of.
func (s *Service) updateInformation(ctx context.Context, request *userv1.UpdateInformationRequest, counted bool) error {
	email := form.NormalEmail(request.GetEmail())
	return s.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		queries := s.queries.WithTx(tx)
		before, err := queries.LockForInformation(ctx, dbgen.LockForInformationParams{ID: request.GetAccountId(), NewEmail: email})
		if errors.Is(err, pgx.ErrNoRows) {
			return errNotFound()
		}
		if err != nil {
			return fmt.Errorf("lock account: %w", err)
		}
		if !before.SameAddress && !counted {
			return errUncounted
		}
		err = queries.UpdateInformation(ctx, dbgen.UpdateInformationParams{
			ID: request.GetAccountId(), FirstName: request.GetFirstName(), LastName: request.GetLastName(), Email: email,
		})
		if err != nil {
			return fmt.Errorf("update information: %w", err)
		}
		if before.SameAddress {
			return nil // perhaps written otherwise, but proved and claimed as before (contract README.md D21)
		}
		return s.beginAnew(ctx, tx, mail.Person{
			AccountID: request.GetAccountId(), Address: email, FirstName: request.GetFirstName(), LastName: request.GetLastName(),
			Username: before.Username,
		}, before.Email)
	})
}

// beginAnew gives the account a new proof to bring and up its right to the guest orders of the old address, which the next
// account that proves that one takes over. An outstanding code for a new password ends (contract user.md 8, defect 12).
func (s *Service) beginAnew(ctx context.Context, tx pgx.Tx, person mail.Person, oldAddress string) error {
	queries := s.queries.WithTx(tx)
	code, hash := s.verification.Issue()
	err := queries.ForgetProofs(ctx, dbgen.ForgetProofsParams{ID: person.AccountID, VerificationCodeHash: hash, Now: s.now()})
	if err != nil {
		return fmt.Errorf("forget proofs: %w", err)
	}
	if err := queries.ReleaseAddress(ctx, dbgen.ReleaseAddressParams{AccountID: person.AccountID, Now: s.now()}); err != nil {
		return fmt.Errorf("release address: %w", err)
	}
	return s.rooms.Outbox.PutEmailChanged(ctx, tx, person, code, oldAddress)
}
