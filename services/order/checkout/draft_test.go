package checkout_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/catalogue"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

func TestStartRefusals(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	full, zeroed, soldOut := checkouttest.Guest(), checkouttest.Guest(), checkouttest.Guest()
	shop.Fill(t, full, checkouttest.PaperClips, 1)
	shop.Fill(t, zeroed, checkouttest.PaperClips, 1)
	_, err := shop.Carts.SetCartQuantity(t.Context(), &orderv1.SetCartQuantityRequest{Shopper: zeroed, SkuId: checkouttest.PaperClips})
	require.NoError(t, err)
	shop.Fill(t, soldOut, checkouttest.BinderClips, 1)
	shop.ChangeCatalogue(t, "UPDATE sku SET inventory_id = 3 WHERE id = 6", func(snapshot *catalogue.Snapshot) bool {
		sku, _ := snapshot.Sku(checkouttest.BinderClips)
		return !sku.Available()
	})
	with := func(shopper *orderv1.Shopper, change func(*orderv1.StartCheckoutRequest)) *orderv1.StartCheckoutRequest {
		request := checkouttest.Request(shopper)
		change(request)
		return request
	}
	email := func(text string) *orderv1.StartCheckoutRequest {
		return with(full, func(request *orderv1.StartCheckoutRequest) { request.GuestEmail = text })
	}
	cases := map[string]struct {
		request *orderv1.StartCheckoutRequest
		kind    fault.Kind
		reason  string
	}{
		"no cookie":      {checkouttest.Request(nil), fault.NotFound, "cart-not-found"},
		"no cart":        {checkouttest.Request(checkouttest.Guest()), fault.NotFound, "cart-not-found"},
		"zero pieces":    {checkouttest.Request(zeroed), fault.FailedPrecondition, "cart-is-empty"},
		"no terms":       {with(full, func(r *orderv1.StartCheckoutRequest) { r.TermsOfSaleAgreed = nil }), fault.Invalid, "agree-to-terms-of-sale-required"},
		"terms refused":  {with(full, func(r *orderv1.StartCheckoutRequest) { *r.TermsOfSaleAgreed = false }), fault.Invalid, "agree-to-terms-of-sale-must-be-checked"},
		"sold out":       {checkouttest.Request(soldOut), fault.FailedPrecondition, "sku-not-available"},
		"e-mail no at":   {email("nobody"), fault.Invalid, "email-invalid"},
		"e-mail newline": {email("a@b.c\nbcc: d@e.f"), fault.Invalid, "email-invalid"},
		"e-mail NUL":     {email("a@b\x00c"), fault.Invalid, "email-invalid"},
		"e-mail long":    {email(strings.Repeat("a", 251) + "@b.c"), fault.Invalid, "email-invalid"},
	}
	for what, refusal := range cases {
		_, err := shop.Checkouts.StartCheckout(t.Context(), refusal.request)
		require.Error(t, err, what)
		require.Equal(t, refusal.reason, fault.ReasonOf(err), what)
		require.Equal(t, refusal.kind, fault.KindOf(err), what)
	}
	require.Zero(t, shop.Count(t, "SELECT count(*) FROM checkout"))
	require.Empty(t, shop.Payment.Sessions())
}

func TestCheckoutClosedByTheOperator(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	allowed := func() bool {
		answer, err := shop.Checkouts.CheckoutAllowed(t.Context(), &orderv1.CheckoutAllowedRequest{Shopper: guest})
		require.NoError(t, err)
		return answer.GetAllowed()
	}
	require.True(t, allowed())
	shop.ChangeCatalogue(t, "UPDATE configuration SET an_ct_values_allowed_to_checkout = 'somebodyelse'", func(*catalogue.Snapshot) bool { return !allowed() })

	_, err := shop.Checkouts.StartCheckout(t.Context(), checkouttest.Request(guest))

	require.Equal(t, "checkout-not-allowed", fault.ReasonOf(err))
	require.Equal(t, fault.PermissionDenied, fault.KindOf(err))
}

func TestGoodsForNothingAreAnOrderWithoutPayment(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	shop.ChangeCatalogue(t, "UPDATE sku_price SET price_minor = 0 WHERE sku_id = 1; UPDATE shipping_method SET cost_minor = 0", func(snapshot *catalogue.Snapshot) bool {
		method, _ := snapshot.DefaultShippingMethod()
		return method.CostMinor == 0
	})
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)

	session := shop.Start(t, guest)
	require.True(t, shop.Payment.Pay(session))

	require.Zero(t, shop.Order(t, shop.Complete(t, session), 0).GetTotalMinor())
	require.Empty(t, shop.Violations(t))
}

func TestAShippingMethodThatIsGoneIsNotReplacedSilently(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	_, err := shop.Carts.ChooseShippingMethod(t.Context(), &orderv1.ChooseShippingMethodRequest{Shopper: guest, Identifier: "UPSGround"})
	require.NoError(t, err)
	shop.ChangeCatalogue(t, "UPDATE shipping_method SET active = false WHERE identifier = 'UPSGround'", func(snapshot *catalogue.Snapshot) bool {
		method, _ := snapshot.ShippingMethod("UPSGround")
		return !method.Active
	})

	_, err = shop.Checkouts.StartCheckout(t.Context(), checkouttest.Request(guest))

	require.Equal(t, "shipping-method-not-available", fault.ReasonOf(err))
	require.NotEmpty(t, shop.Start(t, guest), "the page shows the default now")
}
