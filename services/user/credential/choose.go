package credential

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/user/credential/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/user/form"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/mail"
)

// SetNewPassword takes a new password from who has a code from a mail: the code is checked first, and stays good when the
// password is not (contract user.md 2.11). A name that nobody has is answered like a code that is not the stored one.
func (s *Service) SetNewPassword(ctx context.Context, request *userv1.SetNewPasswordRequest) (*userv1.SetNewPasswordResponse, error) {
	err := s.rooms.Limiter.Allow(ctx, limit.SetNewPasswordByAddress(), limit.Address(request.GetClientAddress()))
	if err != nil {
		return nil, err
	}
	account, err := s.resetOf(ctx, request.GetUsername())
	if err != nil {
		return nil, err
	}
	if refused := s.resets.Check(request.GetCode(), account.ResetCodeHash); refused != nil {
		return nil, s.countRefusal(ctx, request.GetUsername(), refused)
	}
	owner := mail.Person{
		AccountID: account.ID, Address: account.Email, FirstName: account.FirstName, LastName: account.LastName, Username: account.Username,
	}
	if broken := unsuitable(request.GetNewPassword(), request.GetConfirmNewPassword(), owner); len(broken) > 0 {
		return &userv1.SetNewPasswordResponse{Violations: broken}, nil
	}
	return s.choose(ctx, request, account)
}

// countRefusal counts wrong codes alone for the name: otherwise strangers could use up the tries of who has the right one.
func (s *Service) countRefusal(ctx context.Context, username string, refused error) error {
	if err := s.rooms.Limiter.Allow(ctx, limit.SetNewPassword(), limit.Typed(username)); err != nil {
		return err
	}
	return refused
}

// resetOf gives the zero row, which has no code, for a name that nobody has.
func (s *Service) resetOf(ctx context.Context, username string) (dbgen.ResetOfRow, error) {
	if !storable(username, form.LongestUsername) {
		return dbgen.ResetOfRow{}, nil
	}
	account, err := s.queries.ResetOf(ctx, username)
	if errors.Is(err, pgx.ErrNoRows) {
		return dbgen.ResetOfRow{}, nil
	}
	if err != nil {
		return dbgen.ResetOfRow{}, fmt.Errorf("find account: %w", err)
	}
	return account, nil
}

func (s *Service) choose(ctx context.Context, request *userv1.SetNewPasswordRequest, account dbgen.ResetOfRow) (*userv1.SetNewPasswordResponse, error) {
	hash, err := s.rooms.Hasher.Hash(ctx, request.GetNewPassword())
	if err != nil {
		return nil, fmt.Errorf("hash new password: %w", err)
	}
	err = s.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		change := dbgen.FinishResetParams{PasswordHash: hash, ID: account.ID, CodeHash: account.ResetCodeHash}
		if err := s.finishReset(ctx, tx, change); err != nil {
			return err
		}
		// Who has the mailbox gets in from here, even while strangers guess at the name.
		return s.rooms.Sessions.NoteNetwork(ctx, tx, account.ID, request.GetClientAddress())
	})
	if err != nil {
		return nil, fmt.Errorf("set new password: %w", err)
	}
	return &userv1.SetNewPasswordResponse{}, nil
}

func (s *Service) finishReset(ctx context.Context, tx pgx.Tx, change dbgen.FinishResetParams) error {
	account, err := s.queries.WithTx(tx).FinishReset(ctx, change)
	if errors.Is(err, pgx.ErrNoRows) {
		return fault.New(fault.Invalid, "code-doesnt-match", "") // used up since it was checked
	}
	if err != nil {
		return fmt.Errorf("store password: %w", err)
	}
	if err := s.rooms.Sessions.EndAll(ctx, tx, change.ID); err != nil {
		return err
	}
	if err := s.rooms.Sessions.ForgetFailures(ctx, tx, account.Username); err != nil {
		return err
	}
	return s.tellOwner(ctx, tx, mail.Person{
		AccountID: change.ID, Address: account.Email, FirstName: account.FirstName, LastName: account.LastName, Username: account.Username,
	})
}
