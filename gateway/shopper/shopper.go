// Package shopper finds out who sends a request: it turns the browser's cookies into an account and into the
// shopper that the order service knows. It keeps nothing between requests; the cookies themselves belong to visitor.
package shopper

import (
	"context"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// Finder asks the user service whose session a browser carries. Safe for concurrent use.
type Finder struct {
	sessions userv1.SessionServiceClient
}

// NewFinder returns a Finder that asks sessions.
func NewFinder(sessions userv1.SessionServiceClient) *Finder {
	return &Finder{sessions: sessions}
}

// Account is the signed-in account of the request, or nil for a guest. A session cookie that is dead is deleted with
// the answer (contract user.md 1.3). Errors only when the user service cannot say.
func (f *Finder) Account(ctx context.Context) (*userv1.Account, error) {
	customer := visitor.From(ctx)
	token := customer.SessionToken()
	if token == "" {
		if customer.HasSessionCookie() {
			customer.ForgetSession()
		}
		return nil, nil
	}
	resolved, err := f.sessions.ResolveSession(ctx, &userv1.ResolveSessionRequest{Token: token})
	if fault.HasReason(err, "session-unknown") {
		customer.ForgetSession()
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return resolved.GetAccount(), nil
}

// Shopper is the request's customer as the order service knows one: an account, a guest's cart, both or neither.
func (f *Finder) Shopper(ctx context.Context) (*orderv1.Shopper, error) {
	account, err := f.Account(ctx)
	if err != nil {
		return nil, err
	}
	return Of(ctx, account), nil
}

// Of is the shopper of an account that is known already; nil is a guest.
func Of(ctx context.Context, account *userv1.Account) *orderv1.Shopper {
	return &orderv1.Shopper{
		AccountId:       account.GetAccountId(),
		Username:        account.GetUsername(),
		Email:           account.GetEmail(),
		AnonymousCartId: visitor.From(ctx).AnonymousCartID(),
	}
}
