package userarea

import (
	"context"
	"unicode/utf8"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/shopper"
	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// ShowUserIndex is GET /user/.
func (a *Area) ShowUserIndex(context.Context, *storefrontv1.ShowUserIndexRequest) (*storefrontv1.ShowUserIndexResponse, error) {
	return &storefrontv1.ShowUserIndexResponse{Html: "<!doctype html><title>User API</title><p>The user API of this shop, version 0.0.1.</p>\n"}, nil
}

// IssueToken is GET /user/token: the CSRF cookie, and the masked token as the hidden input that old forms expect.
func (a *Area) IssueToken(ctx context.Context, _ *storefrontv1.IssueTokenRequest) (*storefrontv1.IssueTokenResponse, error) {
	customer := visitor.From(ctx)
	customer.SendCSRF()
	input := `<input type="hidden" name="csrfmiddlewaretoken" value="` + customer.MaskedCSRFToken() + `">`
	return &storefrontv1.IssueTokenResponse{Token: input}, nil
}

// TellLoggedIn is GET /user/logged-in, the first call of every page.
func (a *Area) TellLoggedIn(ctx context.Context, _ *storefrontv1.TellLoggedInRequest) (*storefrontv1.TellLoggedInResponse, error) {
	visitor.From(ctx).SendCSRF()
	account, err := a.Finder.Account(ctx)
	if err != nil {
		return nil, err
	}
	lines, err := a.cartLines(ctx, shopper.Of(ctx, account))
	if err != nil {
		return nil, err
	}
	answer := &storefrontv1.TellLoggedInResponse{LogClientEvents: a.Events.LogClientEvents(), CartItemCount: lines}
	if account == nil {
		visitor.From(ctx).EnsureEventIdentity()
		return answer, nil
	}
	initials := firstLetter(account.GetFirstName()) + firstLetter(account.GetLastName())
	answer.LoggedIn = true
	answer.ClientEventId = &account.AccountId
	answer.MemberInitials = &initials
	answer.FirstName = &account.FirstName
	answer.LastName = &account.LastName
	answer.EmailAddress = &account.Email
	return answer, nil
}

// cartLines asks for the number on the cart icon; a guest without a cart cookie needs no question.
func (a *Area) cartLines(ctx context.Context, who *orderv1.Shopper) (int64, error) {
	if who.GetAccountId() == 0 && who.GetAnonymousCartId() == "" {
		return 0, nil
	}
	counted, err := a.Carts.CountCartLines(ctx, &orderv1.CountCartLinesRequest{Shopper: who})
	if err != nil {
		return 0, err
	}
	return int64(counted.GetLines()), nil
}

// LogIn is POST /user/login.
func (a *Area) LogIn(ctx context.Context, form *storefrontv1.LogInRequest) (*storefrontv1.LogInResponse, error) {
	if err := firstMissing(field{"username", form.Username}, field{"password", form.Password}, field{"remember_me", form.RememberMe}); err != nil {
		return nil, err
	}
	customer := visitor.From(ctx)
	begun, err := a.Sessions.LogIn(ctx, &userv1.LogInRequest{
		Username: form.GetUsername(), Password: form.GetPassword(), Remember: ticked(form.RememberMe),
		ClientAddress: customer.ClientAddress(), ReplacedSessionToken: customer.SessionToken(), UserAgent: customer.UserAgent(),
	})
	if fault.HasReason(err, "credentials-invalid") {
		return &storefrontv1.LogInResponse{Login: "false"}, nil
	}
	if err != nil {
		return nil, err
	}
	a.begin(ctx, begun.GetSession())
	if a.adoptCart(ctx, begun.GetAccount()) {
		customer.ForgetAnonymousCart()
	}
	return &storefrontv1.LogInResponse{Login: "true"}, nil
}

// begin hands the browser its new session and a new CSRF secret (contract user.md 1.3).
func (a *Area) begin(ctx context.Context, session *userv1.Session) {
	customer := visitor.From(ctx)
	customer.SetSession(session.GetToken(), session.GetPersistent())
	customer.RotateCSRF()
}

// adoptCart gives the guest's cart to the account and reports whether that is done. When the order service cannot be
// reached the sign-in goes ahead: the browser keeps its cart cookie, and the next request of this shopper merges.
func (a *Area) adoptCart(ctx context.Context, account *userv1.Account) bool {
	cart := visitor.From(ctx).AnonymousCartID()
	if cart == "" {
		return true
	}
	_, err := a.Carts.AdoptCart(ctx, &orderv1.AdoptCartRequest{AccountId: account.GetAccountId(), AnonymousCartId: cart})
	if err != nil {
		a.Logger.WarnContext(ctx, "guest cart not adopted yet", "error", err)
		return false
	}
	return true
}

// LogOut is GET /user/logout.
func (a *Area) LogOut(ctx context.Context, _ *storefrontv1.LogOutRequest) (*storefrontv1.LogOutResponse, error) {
	account, err := a.Finder.Account(ctx)
	if err != nil {
		return nil, err
	}
	if account == nil {
		return &storefrontv1.LogOutResponse{Logout: notAuthenticated}, nil
	}
	customer := visitor.From(ctx)
	if _, err := a.Sessions.LogOut(ctx, &userv1.LogOutRequest{Token: customer.SessionToken()}); err != nil {
		return nil, err
	}
	leave(customer)
	return &storefrontv1.LogOutResponse{Logout: "true"}, nil
}

// leave makes a browser forget whose it was (contract user.md 2.5).
func leave(customer *visitor.Visitor) {
	customer.ForgetSession()
	customer.ForgetAnonymousCart()
	customer.RenewEventIdentity()
}

func firstLetter(name string) string {
	_, size := utf8.DecodeRuneInString(name)
	return name[:size]
}
