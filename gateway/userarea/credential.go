package userarea

import (
	"context"

	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// ResetPassword is POST /user/reset-password. Its answer tells nobody whether there is such an account.
func (a *Area) ResetPassword(ctx context.Context, form *storefrontv1.ResetPasswordRequest) (*storefrontv1.ResetPasswordResponse, error) {
	if err := firstMissing(field{"username", form.Username}, field{"email_address", form.EmailAddress}); err != nil {
		return nil, err
	}
	_, err := a.Credentials.RequestPasswordReset(ctx, &userv1.RequestPasswordResetRequest{
		Username: form.GetUsername(), Email: form.GetEmailAddress(), ClientAddress: visitor.From(ctx).ClientAddress(),
	})
	if err != nil {
		return nil, err
	}
	return &storefrontv1.ResetPasswordResponse{ResetPassword: "success"}, nil
}

// SetNewPassword is POST /user/set-new-password. Nobody is logged in by it.
func (a *Area) SetNewPassword(ctx context.Context, form *storefrontv1.SetNewPasswordRequest) (*storefrontv1.SetNewPasswordResponse, error) {
	if err := firstMissing(field{"username", form.Username}, field{"password_reset_code", form.PasswordResetCode}); err != nil {
		return nil, err
	}
	changed, err := a.Credentials.SetNewPassword(ctx, &userv1.SetNewPasswordRequest{
		Username: form.GetUsername(), Code: form.GetPasswordResetCode(),
		NewPassword: form.GetNewPassword(), ConfirmNewPassword: form.GetConfirmNewPassword(),
		ClientAddress: visitor.From(ctx).ClientAddress(),
	})
	if isCodeRefusal(err) {
		return &storefrontv1.SetNewPasswordResponse{SetNewPassword: fault.ReasonOf(err)}, nil
	}
	if err != nil {
		return nil, err
	}
	if len(changed.GetViolations()) == 0 {
		return &storefrontv1.SetNewPasswordResponse{SetNewPassword: "success"}, nil
	}
	// A password that was not sent is told from an unsuitable one only once the code is right (contract user.md 2.11).
	if err := firstMissing(field{"new_password", form.NewPassword}, field{"confirm_new_password", form.ConfirmNewPassword}); err != nil {
		return nil, err
	}
	return &storefrontv1.SetNewPasswordResponse{SetNewPassword: "password-error", Errors: &storefrontv1.SetNewPasswordErrors{
		NewPassword: inputErrors(changed.GetViolations(), "password"),
	}}, nil
}

// RemindUsername is POST /user/forgot-username. Its answer tells nobody whether there is such an account.
func (a *Area) RemindUsername(ctx context.Context, form *storefrontv1.RemindUsernameRequest) (*storefrontv1.RemindUsernameResponse, error) {
	if form.EmailAddress == nil {
		return nil, missing("email_address")
	}
	_, err := a.Credentials.RemindUsername(ctx, &userv1.RemindUsernameRequest{
		Email: form.GetEmailAddress(), ClientAddress: visitor.From(ctx).ClientAddress(),
	})
	if err != nil {
		return nil, err
	}
	return &storefrontv1.RemindUsernameResponse{ForgotUsername: "success"}, nil
}

// ChangePassword is POST /user/change-my-password. This browser goes on with a new session, all others are logged out.
func (a *Area) ChangePassword(ctx context.Context, form *storefrontv1.ChangePasswordRequest) (*storefrontv1.ChangePasswordResponse, error) {
	account, err := a.Finder.Account(ctx)
	if err != nil {
		return nil, err
	}
	if account == nil {
		return &storefrontv1.ChangePasswordResponse{ChangeMyPassword: notAuthenticated}, nil
	}
	if err := firstMissing(
		field{"current_password", form.CurrentPassword}, field{"new_password", form.NewPassword}, field{"confirm_new_password", form.ConfirmNewPassword},
	); err != nil {
		return nil, err
	}
	customer := visitor.From(ctx)
	changed, err := a.Credentials.ChangePassword(ctx, &userv1.ChangePasswordRequest{
		AccountId: account.GetAccountId(), CurrentPassword: form.GetCurrentPassword(),
		NewPassword: form.GetNewPassword(), ConfirmNewPassword: form.GetConfirmNewPassword(),
		SessionToken: customer.SessionToken(), ClientAddress: customer.ClientAddress(), UserAgent: customer.UserAgent(),
	})
	switch {
	case isGone(err):
		return &storefrontv1.ChangePasswordResponse{ChangeMyPassword: notAuthenticated}, nil
	case err != nil:
		return nil, err
	case len(changed.GetViolations()) > 0:
		return &storefrontv1.ChangePasswordResponse{ChangeMyPassword: "errors", Errors: &storefrontv1.ChangePasswordErrors{
			CurrentPassword: inputErrors(changed.GetViolations(), "current_password"),
			Password:        inputErrors(changed.GetViolations(), "password"),
		}}, nil
	}
	a.begin(ctx, changed.GetSession())
	return &storefrontv1.ChangePasswordResponse{ChangeMyPassword: "success"}, nil
}
