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
	"github.com/bartgottschalk/startupwebapp/services/user/session"
)

// errOvertaken says that the password was changed by somebody else since it was checked.
var errOvertaken = errors.New("password changed meanwhile")

// ChangePassword takes a new password from who knows the old one. The rules are tried in the order of contract user.md
// 2.15. Of two changes at once, the second finds that its old password is not the current one any more.
func (s *Service) ChangePassword(ctx context.Context, request *userv1.ChangePasswordRequest) (*userv1.ChangePasswordResponse, error) {
	err := s.rooms.Limiter.AllowAll(ctx,
		limit.Use{Rule: limit.ChangePasswordByAddress(), Subject: limit.Address(request.GetClientAddress())},
		limit.Use{Rule: limit.ChangePassword(), Subject: limit.Account(request.GetAccountId())})
	if err != nil {
		return nil, err
	}
	account, err := s.queries.PasswordOf(ctx, request.GetAccountId())
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "account-not-found", "")
	}
	if err != nil {
		return nil, fmt.Errorf("find account: %w", err)
	}
	broken, err := s.refuse(ctx, request, account)
	if err != nil {
		return nil, err
	}
	if len(broken) > 0 {
		return &userv1.ChangePasswordResponse{Violations: broken}, nil
	}
	return s.change(ctx, request, account.PasswordGeneration)
}

// refuse tells why the password stays as it is.
func (s *Service) refuse(ctx context.Context, request *userv1.ChangePasswordRequest, account dbgen.PasswordOfRow) ([]*userv1.FieldViolation, error) {
	current, err := s.rooms.Hasher.Verify(ctx, account.PasswordHash, request.GetCurrentPassword())
	if err != nil {
		return nil, fmt.Errorf("check current password: %w", err)
	}
	switch {
	case !current.Matches:
		return []*userv1.FieldViolation{notCurrent()}, nil
	case request.GetNewPassword() == request.GetCurrentPassword():
		return []*userv1.FieldViolation{form.Refusal(form.FieldPassword, "new_password_same_as_current_password",
			"The new password is the one you have already.")}, nil
	}
	return unsuitable(request.GetNewPassword(), request.GetConfirmNewPassword(), mail.Person{
		Username: account.Username, FirstName: account.FirstName, LastName: account.LastName, Address: account.Email,
	}), nil
}

func notCurrent() *userv1.FieldViolation {
	return form.Refusal(form.FieldCurrentPassword, "current_password_invalid", "This is not your current password.")
}

// change hashes before the transaction, which must not wait for processors.
func (s *Service) change(ctx context.Context, request *userv1.ChangePasswordRequest, checkedGeneration int32) (*userv1.ChangePasswordResponse, error) {
	hash, err := s.rooms.Hasher.Hash(ctx, request.GetNewPassword())
	if err != nil {
		return nil, fmt.Errorf("hash new password: %w", err)
	}
	response := &userv1.ChangePasswordResponse{}
	err = s.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		response.Session, err = s.replace(ctx, tx, request, dbgen.ChangePasswordParams{
			ID: request.GetAccountId(), PasswordHash: hash, CheckedGeneration: checkedGeneration, Now: s.now(),
		})
		return err
	})
	if errors.Is(err, errOvertaken) {
		return &userv1.ChangePasswordResponse{Violations: []*userv1.FieldViolation{notCurrent()}}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("change password: %w", err)
	}
	return response, nil
}

// replace stores the password, ends all sessions and begins one in the place of that which asked. It lasts in the browser as
// long as that would have (contract user.md 8, defect 17).
func (s *Service) replace(ctx context.Context, tx pgx.Tx, request *userv1.ChangePasswordRequest, change dbgen.ChangePasswordParams) (*userv1.Session, error) {
	account, err := s.queries.WithTx(tx).ChangePassword(ctx, change)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errOvertaken
	}
	if err != nil {
		return nil, fmt.Errorf("store password: %w", err)
	}
	remember, err := s.rooms.Sessions.Persists(ctx, tx, change.ID, request.GetSessionToken())
	if err != nil {
		return nil, err
	}
	if err := s.rooms.Sessions.EndAll(ctx, tx, change.ID); err != nil {
		return nil, err
	}
	begun, err := s.rooms.Sessions.Begin(ctx, tx, session.Owner{
		AccountID: change.ID, PasswordGeneration: account.PasswordGeneration, Remember: remember, UserAgent: request.GetUserAgent(),
	})
	if err != nil {
		return nil, err
	}
	return begun, s.tellOwner(ctx, tx, mail.Person{
		AccountID: change.ID, Address: account.Email, FirstName: account.FirstName, LastName: account.LastName, Username: account.Username,
	})
}
