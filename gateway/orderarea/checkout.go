package orderarea

import (
	"context"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// loginLink is how the checkout page offers a member to sign in; the page puts it in as HTML (contract payment.md 3.1).
const loginLink = `This address belongs to an account. <span class="login-form-error-link"><a href="/login?next=checkout/confirm">Log in</a></span> to order with it.`

// ListConfirmItems is GET /order/confirm-items.
func (a *Area) ListConfirmItems(ctx context.Context, _ *storefrontv1.ListConfirmItemsRequest) (*storefrontv1.ListConfirmItemsResponse, error) {
	cart, allowed, err := a.cartToConfirm(ctx)
	if err != nil || !allowed {
		return &storefrontv1.ListConfirmItemsResponse{}, err
	}
	return &storefrontv1.ListConfirmItemsResponse{CheckoutAllowed: true, CartFound: pointerTo(cart != nil), ItemData: itemData(cart)}, nil
}

// ShowConfirmShippingMethod is GET /order/confirm-shipping-method.
func (a *Area) ShowConfirmShippingMethod(ctx context.Context, _ *storefrontv1.ShowConfirmShippingMethodRequest) (*storefrontv1.ShowConfirmShippingMethodResponse, error) {
	cart, allowed, err := a.cartToConfirm(ctx)
	if err != nil || !allowed {
		return &storefrontv1.ShowConfirmShippingMethodResponse{}, err
	}
	return &storefrontv1.ShowConfirmShippingMethodResponse{
		CheckoutAllowed: true, CartFound: pointerTo(cart != nil), ConfirmShippingMethod: chosenMethod(cart.GetShippingMethod()),
	}, nil
}

// ShowConfirmTotals is GET /order/confirm-totals.
func (a *Area) ShowConfirmTotals(ctx context.Context, _ *storefrontv1.ShowConfirmTotalsRequest) (*storefrontv1.ShowConfirmTotalsResponse, error) {
	cart, allowed, err := a.cartToConfirm(ctx)
	if err != nil || !allowed {
		return &storefrontv1.ShowConfirmTotalsResponse{}, err
	}
	return &storefrontv1.ShowConfirmTotalsResponse{CheckoutAllowed: true, CartFound: pointerTo(cart != nil), ConfirmTotalsData: totals(cart)}, nil
}

// cartToConfirm asks once where it can: who may have a cart is told with it whether it may be checked out.
func (a *Area) cartToConfirm(ctx context.Context) (cart *orderv1.Cart, allowed bool, err error) {
	who, err := a.Finder.Shopper(ctx)
	if err != nil {
		return nil, false, err
	}
	if mayHaveCart(who) {
		found, err := a.Carts.GetCart(ctx, &orderv1.GetCartRequest{Shopper: who})
		if err != nil || found.CheckoutAllowed != nil {
			return found.GetCart(), found.GetCheckoutAllowed(), err
		}
		cart = found.GetCart()
	}
	policy, err := a.Checkouts.CheckoutAllowed(ctx, &orderv1.CheckoutAllowedRequest{Shopper: who})
	return cart, policy.GetAllowed(), err
}

// ShowConfirmPaymentData is GET /order/confirm-payment-data, kept for pages of the seed era: the shop stores no cards.
func (a *Area) ShowConfirmPaymentData(ctx context.Context, _ *storefrontv1.ShowConfirmPaymentDataRequest) (*storefrontv1.ShowConfirmPaymentDataResponse, error) {
	who, allowed, err := a.admit(ctx)
	if err != nil || !allowed {
		return &storefrontv1.ShowConfirmPaymentDataResponse{}, err
	}
	email := &storefrontv1.NullableText{}
	if who.GetAccountId() != 0 {
		email.Text = &who.Email
	}
	return &storefrontv1.ShowConfirmPaymentDataResponse{
		CheckoutAllowed: true, StripePublishableKey: &a.StripePublishableKey, Email: email, CustomerData: &storefrontv1.CustomerData{},
	}, nil
}

// LookUpAnonymousEmailAddress is POST /order/anonymous-email-address-payment-lookup.
func (a *Area) LookUpAnonymousEmailAddress(ctx context.Context, form *storefrontv1.LookUpAnonymousEmailAddressRequest) (*storefrontv1.LookUpAnonymousEmailAddressResponse, error) {
	_, allowed, err := a.admit(ctx)
	if err != nil || !allowed {
		return &storefrontv1.LookUpAnonymousEmailAddressResponse{}, err
	}
	refused := func(code, description string) *storefrontv1.LookUpAnonymousEmailAddressResponse {
		return &storefrontv1.LookUpAnonymousEmailAddressResponse{
			CheckoutAllowed: true, AnonymousEmailAddressPaymentLookup: pointerTo("error"), Errors: explainedRefusal(code, description),
		}
	}
	if form.AnonymousEmailAddress == nil {
		return refused("anonymous-email-address-required", "Please enter your e-mail address."), nil
	}
	err = a.ensureProspect(ctx, form.GetAnonymousEmailAddress())
	switch {
	case fault.HasReason(err, "email-belongs-to-member"):
		return refused("email-address-is-associated-with-member", loginLink), nil
	case fault.HasReason(err, "email-invalid"):
		return refused("anonymous-email-address-required", "Please enter a valid e-mail address."), nil
	case fault.HasReason(err, "rate-limited"): // payment.md P-21: never 403 here
		return refused("anonymous-email-address-required", "That was tried too often. Please wait a while and try again."), nil
	case err != nil:
		return nil, err
	}
	return &storefrontv1.LookUpAnonymousEmailAddressResponse{
		CheckoutAllowed: true, AnonymousEmailAddressPaymentLookup: pointerTo("success"),
		StripePublishableKey: &a.StripePublishableKey, CustomerData: &storefrontv1.CustomerData{},
	}, nil
}

// ensureProspect counts the lookup before it tells anything: its answer says who has an account (payment.md P-21).
func (a *Area) ensureProspect(ctx context.Context, email string) error {
	if _, err := a.Limits.Allow(ctx, &userv1.AllowRequest{Bucket: "payment-lookup", Key: visitor.From(ctx).ClientAddress()}); err != nil {
		return err
	}
	_, err := a.Prospects.EnsureProspect(ctx, &userv1.EnsureProspectRequest{Email: email})
	return err
}

// ChangeConfirmationEmailAddress is GET /order/change-confirmation-email-address: there is nothing to undo any more,
// but the old page waits for the answer.
func (a *Area) ChangeConfirmationEmailAddress(ctx context.Context, _ *storefrontv1.ChangeConfirmationEmailAddressRequest) (*storefrontv1.ChangeConfirmationEmailAddressResponse, error) {
	_, allowed, err := a.admit(ctx)
	if err != nil || !allowed {
		return &storefrontv1.ChangeConfirmationEmailAddressResponse{}, err
	}
	return &storefrontv1.ChangeConfirmationEmailAddressResponse{CheckoutAllowed: true, ChangeConfirmationEmailAddress: pointerTo("success")}, nil
}

// CreateCheckoutSession is POST /order/create-checkout-session.
func (a *Area) CreateCheckoutSession(ctx context.Context, form *storefrontv1.CreateCheckoutSessionRequest) (*storefrontv1.CreateCheckoutSessionResponse, error) {
	who, err := a.Finder.Shopper(ctx)
	if err != nil {
		return nil, err
	}
	request := &orderv1.StartCheckoutRequest{Shopper: who, Newsletter: form.GetNewsletter() == "true"}
	if form.AgreeToTermsOfSale != nil {
		request.TermsOfSaleAgreed = pointerTo(form.GetAgreeToTermsOfSale() == "true")
	}
	if who.GetAccountId() == 0 {
		request.GuestEmail = form.GetAnonymousEmailAddress()
	}
	if err := a.countStart(ctx); err != nil {
		return nil, err
	}
	started, err := a.Checkouts.StartCheckout(ctx, request)
	if err != nil {
		return &storefrontv1.CreateCheckoutSessionResponse{CreateCheckoutSession: "error", Errors: a.checkoutRefusal(ctx, err)}, nil
	}
	return &storefrontv1.CreateCheckoutSessionResponse{CreateCheckoutSession: "success", SessionId: &started.SessionId, CheckoutUrl: &started.Url}, nil
}

// countStart counts before anything is promised: a started checkout holds goods and codes for half an hour, paid or not, so
// that nobody shall start them without end. A user service of the release before does not know this limit.
func (a *Area) countStart(ctx context.Context) error {
	_, err := a.Limits.Allow(ctx, &userv1.AllowRequest{Bucket: "checkout-start", Key: visitor.From(ctx).ClientAddress()})
	if fault.HasReason(err, "bucket-unknown") {
		a.Logger.WarnContext(ctx, "checkout start not counted", "error", err)
		return nil
	}
	return err
}

// checkoutRefusal words why there is no payment page; texts stay neutral (payment.md P-15).
func (a *Area) checkoutRefusal(ctx context.Context, err error) *storefrontv1.ErrorCode {
	switch reason := fault.ReasonOf(err); reason {
	case "checkout-not-allowed", "cart-not-found", "cart-is-empty", "sku-not-available":
		return refusal(reason)
	case "agree-to-terms-of-sale-required", "agree-to-terms-of-sale-must-be-checked":
		return explainedRefusal(reason, "Please agree to the terms of sale.")
	case "discount-code-not-available":
		return explainedRefusal(reason, "A discount code on this cart does not count any more. Reload the page to see the new total, or choose another code in the cart.")
	case "shipping-method-not-available":
		return explainedRefusal(reason, "The chosen way of shipping is not offered any more. Reload the page to see the ways that are, and the new total.")
	case "email-invalid":
		return explainedRefusal("anonymous-email-address-required", "Please enter a valid e-mail address.")
	case "stripe-refused":
		return explainedRefusal("stripe-error", "The payment provider did not accept this order.")
	case "stripe-unavailable":
		return explainedRefusal("stripe-error", "The payment provider cannot be reached. Please try again in a moment.")
	default:
		a.Logger.ErrorContext(ctx, "checkout not started", "error", err)
		return explainedRefusal("unexpected-error", "Something went wrong. Nothing was charged. Please try again.")
	}
}

// FinishCheckoutSession is GET /order/checkout-session-success: the customer comes back from Stripe. Whose session it
// is does not matter: the order is made from the frozen checkout, not from the caller's cart (payment.md P-09).
func (a *Area) FinishCheckoutSession(ctx context.Context, form *storefrontv1.FinishCheckoutSessionRequest) (*storefrontv1.FinishCheckoutSessionResponse, error) {
	if form.GetSessionId() == "" {
		return unfinished(refusal("session-id-required")), nil
	}
	completed, err := a.Checkouts.CompleteCheckout(ctx, &orderv1.CompleteCheckoutRequest{SessionId: form.GetSessionId()})
	if err != nil {
		return unfinished(a.completionRefusal(ctx, err)), nil
	}
	return &storefrontv1.FinishCheckoutSessionResponse{CheckoutSessionSuccess: "success", OrderIdentifier: &completed.OrderIdentifier}, nil
}

func unfinished(errors *storefrontv1.ErrorCode) *storefrontv1.FinishCheckoutSessionResponse {
	return &storefrontv1.FinishCheckoutSessionResponse{CheckoutSessionSuccess: "error", Errors: errors}
}

func (a *Area) completionRefusal(ctx context.Context, err error) *storefrontv1.ErrorCode {
	switch fault.ReasonOf(err) {
	case "session-not-found", "checkout-not-found":
		return explainedRefusal("invalid-session", "This payment is not known here.")
	case "payment-not-completed":
		return refusal("payment-not-completed")
	case "payment-exception":
		return explainedRefusal("unexpected-error", "Your payment has arrived and needs a look by our staff. We will get back to you.")
	default:
		a.Logger.ErrorContext(ctx, "checkout not completed yet", "error", err)
		return explainedRefusal("unexpected-error", "Your payment is still being confirmed. The order and its mail will follow by themselves.")
	}
}
