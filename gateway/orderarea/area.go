// Package orderarea answers the old paths under /order/ (contract order.md and payment.md) by asking the order, payment
// and user services. It holds no rule of its own: it reads old inputs, composes calls and words the outcome as the old
// pages expect it. Catalogue answers are encoded once per version in package catalogue, not here.
package orderarea

import (
	"context"
	"log/slog"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/shopper"
)

// Peers are the services and parts of the edge that the area asks.
type Peers struct {
	Finder    *shopper.Finder
	Carts     orderv1.CartServiceClient
	Checkouts orderv1.CheckoutServiceClient
	Orders    orderv1.OrderServiceClient
	Payments  paymentv1.PaymentServiceClient
	Prospects userv1.ProspectServiceClient
	Limits    userv1.LimitServiceClient
	// StripePublishableKey is public: old pages are handed it with two answers.
	StripePublishableKey string
	Logger               *slog.Logger
}

// Area is the handler of storefront.v1.OrderAreaService but for the catalogue. Safe for concurrent use.
type Area struct {
	storefrontv1.UnimplementedOrderAreaServiceServer
	Peers
}

// New returns the handlers of the order area.
func New(peers Peers) *Area {
	return &Area{Peers: peers}
}

// ShowOrderIndex is GET /order/.
func (a *Area) ShowOrderIndex(context.Context, *storefrontv1.ShowOrderIndexRequest) (*storefrontv1.ShowOrderIndexResponse, error) {
	return &storefrontv1.ShowOrderIndexResponse{Html: "<!doctype html><title>Order API</title><p>The order API of this shop, version 0.0.1.</p>\n"}, nil
}

// TellCheckoutAllowed is GET /order/checkout-allowed.
func (a *Area) TellCheckoutAllowed(ctx context.Context, _ *storefrontv1.TellCheckoutAllowedRequest) (*storefrontv1.TellCheckoutAllowedResponse, error) {
	_, allowed, err := a.admit(ctx)
	if err != nil {
		return nil, err
	}
	return &storefrontv1.TellCheckoutAllowedResponse{CheckoutAllowed: allowed}, nil
}

// admit says who shops and whether this shopper may check out (contract order.md 2.4).
func (a *Area) admit(ctx context.Context) (*orderv1.Shopper, bool, error) {
	who, err := a.Finder.Shopper(ctx)
	if err != nil {
		return nil, false, err
	}
	policy, err := a.Checkouts.CheckoutAllowed(ctx, &orderv1.CheckoutAllowedRequest{Shopper: who})
	if err != nil {
		return nil, false, err
	}
	return who, policy.GetAllowed(), nil
}

// cart is the shopper's cart, or nil. A guest without a cart cookie has none, which needs no question.
func (a *Area) cart(ctx context.Context, who *orderv1.Shopper) (*orderv1.Cart, error) {
	if !mayHaveCart(who) {
		return nil, nil
	}
	found, err := a.Carts.GetCart(ctx, &orderv1.GetCartRequest{Shopper: who})
	if err != nil {
		return nil, err
	}
	return found.GetCart(), nil
}

func mayHaveCart(who *orderv1.Shopper) bool {
	return who.GetAccountId() != 0 || who.GetAnonymousCartId() != ""
}

// callersCart is the cart of whoever sends the request, or nil.
func (a *Area) callersCart(ctx context.Context) (*orderv1.Cart, error) {
	who, err := a.Finder.Shopper(ctx)
	if err != nil {
		return nil, err
	}
	return a.cart(ctx, who)
}

func refusal(code string) *storefrontv1.ErrorCode {
	return &storefrontv1.ErrorCode{Error: code}
}

func explainedRefusal(code, description string) *storefrontv1.ErrorCode {
	return &storefrontv1.ErrorCode{Error: code, Description: &description}
}

func pointerTo[T any](value T) *T {
	return &value
}
