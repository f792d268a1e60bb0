package userarea

import (
	"context"
	"time"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// claimTime bounds how long a verified address waits for the orders that come with it.
const claimTime = 2 * time.Second

// RequestVerification is GET /user/verify-email-address.
func (a *Area) RequestVerification(ctx context.Context, _ *storefrontv1.RequestVerificationRequest) (*storefrontv1.RequestVerificationResponse, error) {
	account, err := a.Finder.Account(ctx)
	if err != nil {
		return nil, err
	}
	if account == nil {
		return &storefrontv1.RequestVerificationResponse{VerifyEmailAddress: notAuthenticated}, nil
	}
	_, err = a.Verifications.RequestVerification(ctx, &userv1.RequestVerificationRequest{
		AccountId: account.GetAccountId(), ClientAddress: visitor.From(ctx).ClientAddress(),
	})
	switch {
	case isGone(err):
		return &storefrontv1.RequestVerificationResponse{VerifyEmailAddress: notAuthenticated}, nil
	case fault.HasReason(err, "email-missing"):
		return &storefrontv1.RequestVerificationResponse{VerifyEmailAddress: "email_failed"}, nil
	case err != nil:
		return nil, err
	}
	return &storefrontv1.RequestVerificationResponse{VerifyEmailAddress: "verification_email_sent"}, nil
}

// VerifyEmailAddress is POST /user/verify-email-address-response.
func (a *Area) VerifyEmailAddress(ctx context.Context, form *storefrontv1.VerifyEmailAddressRequest) (*storefrontv1.VerifyEmailAddressResponse, error) {
	answer := func(code string) *storefrontv1.VerifyEmailAddressResponse {
		return &storefrontv1.VerifyEmailAddressResponse{VerifyEmailAddressResponse: code}
	}
	account, err := a.Finder.Account(ctx)
	if err != nil {
		return nil, err
	}
	if account == nil {
		return answer(notAuthenticated), nil
	}
	if form.EmailVerificationCode == nil {
		return nil, missing("email_verification_code")
	}
	verified, err := a.Verifications.VerifyAddress(ctx, &userv1.VerifyAddressRequest{
		AccountId: account.GetAccountId(), Code: form.GetEmailVerificationCode(), ClientAddress: visitor.From(ctx).ClientAddress(),
	})
	switch {
	case isGone(err):
		return answer(notAuthenticated), nil
	case isCodeRefusal(err):
		return answer(fault.ReasonOf(err)), nil
	case err != nil:
		return nil, err
	}
	if verified.GetClaimsGuestOrders() {
		a.claimGuestOrders(ctx, account.GetAccountId(), verified.GetEmail())
	}
	return answer("success"), nil
}

// isCodeRefusal tells that a code of a mail was not taken; the reasons are the codes of the old pages (contract user.md 1.8).
func isCodeRefusal(err error) bool {
	switch fault.ReasonOf(err) {
	case "code-doesnt-match", "signature-invalid", "signature-expired":
		return true
	}
	return false
}

// claimGuestOrders makes the guest orders of a verified address the account's. The address is verified whatever comes of
// it: the account page claims them again each time it is shown.
func (a *Area) claimGuestOrders(ctx context.Context, account int64, email string) {
	ctx, cancel := context.WithTimeout(ctx, claimTime)
	defer cancel()
	if _, err := a.Orders.ListOrders(ctx, &orderv1.ListOrdersRequest{AccountId: account, ClaimedEmail: email}); err != nil {
		a.Logger.WarnContext(ctx, "guest orders not claimed yet", "error", err)
	}
}
