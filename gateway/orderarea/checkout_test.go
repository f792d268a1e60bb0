package orderarea_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// Whoever may not check out learns that and nothing else (contract order.md 4.13, payment.md 3).
func TestWhoMayNotCheckOut(t *testing.T) {
	t.Parallel()
	v := guest(t)
	v.behind.closed = true
	const closed = `{"checkout_allowed":false,` + version + `}`
	allowed, err := v.TellCheckoutAllowed(v.ctx, &storefrontv1.TellCheckoutAllowedRequest{})
	v.sees(closed, allowed, err)
	items, err := v.ListConfirmItems(v.ctx, &storefrontv1.ListConfirmItemsRequest{})
	v.sees(closed, items, err)
	shipping, err := v.ShowConfirmShippingMethod(v.ctx, &storefrontv1.ShowConfirmShippingMethodRequest{})
	v.sees(closed, shipping, err)
	sums, err := v.ShowConfirmTotals(v.ctx, &storefrontv1.ShowConfirmTotalsRequest{})
	v.sees(closed, sums, err)
	payment, err := v.ShowConfirmPaymentData(v.ctx, &storefrontv1.ShowConfirmPaymentDataRequest{})
	v.sees(closed, payment, err)
	lookup, err := v.LookUpAnonymousEmailAddress(v.ctx, &storefrontv1.LookUpAnonymousEmailAddressRequest{AnonymousEmailAddress: text("a@b.example")})
	v.sees(closed, lookup, err)
	change, err := v.ChangeConfirmationEmailAddress(v.ctx, &storefrontv1.ChangeConfirmationEmailAddressRequest{})
	v.sees(closed, change, err)
	require.NotContains(t, v.behind.asked, "EnsureProspect")
}

func TestOlderServicesTellApartWhetherACartMayBeCheckedOut(t *testing.T) {
	t.Parallel()
	v := member(t)
	v.behind.older = true
	sums, err := v.ShowConfirmTotals(v.ctx, &storefrontv1.ShowConfirmTotalsRequest{})
	v.sees(`{"checkout_allowed":true,"cart_found":true,"confirm_totals_data":`+fullTotals+`,`+version+`}`, sums, err)
	require.Contains(t, v.behind.asked, "CheckoutAllowed")
	v.behind.older, v.behind.asked = false, nil
	sums, err = v.ShowConfirmTotals(v.ctx, &storefrontv1.ShowConfirmTotalsRequest{})
	v.sees(`{"checkout_allowed":true,"cart_found":true,"confirm_totals_data":`+fullTotals+`,`+version+`}`, sums, err)
	require.NotContains(t, v.behind.asked, "CheckoutAllowed")
}

func TestThePageBeforePaying(t *testing.T) {
	t.Parallel()
	v := member(t)
	allowed, err := v.TellCheckoutAllowed(v.ctx, &storefrontv1.TellCheckoutAllowedRequest{})
	v.sees(`{"checkout_allowed":true,`+version+`}`, allowed, err)
	items, err := v.ListConfirmItems(v.ctx, &storefrontv1.ListConfirmItemsRequest{})
	v.sees(`{"checkout_allowed":true,"cart_found":true,"item_data":{"product_sku_data":`+fullLine+`},`+version+`}`, items, err)
	shipping, err := v.ShowConfirmShippingMethod(v.ctx, &storefrontv1.ShowConfirmShippingMethodRequest{})
	v.sees(`{"checkout_allowed":true,"cart_found":true,"confirm_shipping_method":`+method+`,`+version+`}`, shipping, err)
	sums, err := v.ShowConfirmTotals(v.ctx, &storefrontv1.ShowConfirmTotalsRequest{})
	v.sees(`{"checkout_allowed":true,"cart_found":true,"confirm_totals_data":`+fullTotals+`,`+version+`}`, sums, err)
	payment, err := v.ShowConfirmPaymentData(v.ctx, &storefrontv1.ShowConfirmPaymentDataRequest{})
	v.sees(`{"checkout_allowed":true,"stripe_publishable_key":"pk_test_1","email":"grace@mail.example","customer_data":null,`+version+`}`, payment, err)
	change, err := v.ChangeConfirmationEmailAddress(v.ctx, &storefrontv1.ChangeConfirmationEmailAddressRequest{})
	v.sees(`{"checkout_allowed":true,"change_confirmation_email_address":"success",`+version+`}`, change, err)
}

func TestThePageBeforePayingWithoutACart(t *testing.T) {
	t.Parallel()
	v := stranger(t)
	items, err := v.ListConfirmItems(v.ctx, &storefrontv1.ListConfirmItemsRequest{})
	v.sees(`{"checkout_allowed":true,"cart_found":false,"item_data":{},`+version+`}`, items, err)
	shipping, err := v.ShowConfirmShippingMethod(v.ctx, &storefrontv1.ShowConfirmShippingMethodRequest{})
	v.sees(`{"checkout_allowed":true,"cart_found":false,"confirm_shipping_method":{},`+version+`}`, shipping, err)
	sums, err := v.ShowConfirmTotals(v.ctx, &storefrontv1.ShowConfirmTotalsRequest{})
	v.sees(`{"checkout_allowed":true,"cart_found":false,"confirm_totals_data":`+noTotals+`,`+version+`}`, sums, err)
	payment, err := v.ShowConfirmPaymentData(v.ctx, &storefrontv1.ShowConfirmPaymentDataRequest{})
	v.sees(`{"checkout_allowed":true,"stripe_publishable_key":"pk_test_1","email":null,"customer_data":null,`+version+`}`, payment, err)
}

// The outcomes of contract payment.md 3.1.
func TestLookingUpAGuestsAddress(t *testing.T) {
	t.Parallel()
	refused := func(code string) string {
		return `{"checkout_allowed":true,"anonymous_email_address_payment_lookup":"error","errors":{"error":"` + code + `","description":"(text)"},` + version + `}`
	}
	for name, c := range map[string]struct {
		address *string
		failure error
		want    string
	}{
		"new": {text("a@b.example"), nil,
			`{"checkout_allowed":true,"anonymous_email_address_payment_lookup":"success","stripe_publishable_key":"pk_test_1","customer_data":null,` + version + `}`},
		"missing": {nil, nil, refused("anonymous-email-address-required")},
		"invalid": {text(""), named(fault.Invalid, "email-invalid"), refused("anonymous-email-address-required")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := guest(t)
			v.behind.fails["EnsureProspect"] = c.failure
			answer, err := v.LookUpAnonymousEmailAddress(v.ctx, &storefrontv1.LookUpAnonymousEmailAddressRequest{AnonymousEmailAddress: c.address})
			v.sees(c.want, answer, err)
			if c.address != nil {
				request, ok := v.behind.requests["EnsureProspect"].(*userv1.EnsureProspectRequest)
				require.True(t, ok)
				require.Equal(t, *c.address, request.GetEmail())
				require.Equal(t, []string{"CheckoutAllowed", "Allow", "EnsureProspect"}, v.behind.asked, "counted before anything is told")
				counted, ok := v.behind.requests["Allow"].(*userv1.AllowRequest)
				require.True(t, ok)
				require.Equal(t, "payment-lookup", counted.GetBucket())
				require.Equal(t, "192.0.2.7", counted.GetKey(), "limits count per address")
			}
		})
	}
}

// A limit is told as a wrong address (payment.md P-21).
func TestLookingUpTooOften(t *testing.T) {
	t.Parallel()
	v := guest(t)
	v.behind.fails["Allow"] = named(fault.RateLimited, "rate-limited")
	answer, err := v.LookUpAnonymousEmailAddress(v.ctx, &storefrontv1.LookUpAnonymousEmailAddressRequest{AnonymousEmailAddress: text("a@b.example")})
	v.sees(`{"checkout_allowed":true,"anonymous_email_address_payment_lookup":"error",
		"errors":{"error":"anonymous-email-address-required","description":"(text)"},`+version+`}`, answer, err)
	require.NotContains(t, v.behind.asked, "EnsureProspect")
}

// The page puts this description in as HTML, so nothing in it may come from outside.
func TestAMembersAddressLeadsToTheLogin(t *testing.T) {
	t.Parallel()
	v := guest(t)
	v.behind.fails["EnsureProspect"] = named(fault.Conflict, "email-belongs-to-member")
	answer, err := v.LookUpAnonymousEmailAddress(v.ctx, &storefrontv1.LookUpAnonymousEmailAddressRequest{AnonymousEmailAddress: text("<b>@x.example")})
	require.NoError(t, err)
	require.Equal(t, "email-address-is-associated-with-member", answer.GetErrors().GetError())
	require.Contains(t, answer.GetErrors().GetDescription(), `<span class="login-form-error-link"><a href="/login?next=checkout/confirm">`)
	require.NotContains(t, answer.GetErrors().GetDescription(), "<b>")
}

func TestStartingACheckout(t *testing.T) {
	t.Parallel()
	const started = `{"create_checkout_session":"success","session_id":"cs_1","checkout_url":"http://pay.example/cs_1",` + version + `}`
	v := guest(t)
	answer, err := v.CreateCheckoutSession(v.ctx, &storefrontv1.CreateCheckoutSessionRequest{
		AgreeToTermsOfSale: text("true"), Newsletter: text("true"), AnonymousEmailAddress: text("a@b.example"),
	})
	v.sees(started, answer, err)
	request, ok := v.behind.requests["StartCheckout"].(*orderv1.StartCheckoutRequest)
	require.True(t, ok)
	require.True(t, request.GetTermsOfSaleAgreed())
	require.True(t, request.GetNewsletter())
	require.Equal(t, "a@b.example", request.GetGuestEmail())
	require.Equal(t, []string{"Allow", "StartCheckout"}, v.behind.asked, "counted before anything is promised")
	counted, ok := v.behind.requests["Allow"].(*userv1.AllowRequest)
	require.True(t, ok)
	require.Equal(t, "checkout-start", counted.GetBucket())
	require.Equal(t, "192.0.2.7", counted.GetKey(), "limits count per address")

	m := member(t)
	answer, err = m.CreateCheckoutSession(m.ctx, &storefrontv1.CreateCheckoutSessionRequest{
		AgreeToTermsOfSale: text("on"), Newsletter: text(""), AnonymousEmailAddress: text("somebody@else.example"),
	})
	m.sees(started, answer, err)
	request, ok = m.behind.requests["StartCheckout"].(*orderv1.StartCheckoutRequest)
	require.True(t, ok)
	require.NotNil(t, request.TermsOfSaleAgreed)
	require.False(t, request.GetTermsOfSaleAgreed(), "only the text true agrees")
	require.False(t, request.GetNewsletter())
	require.Empty(t, request.GetGuestEmail(), "a member pays with the address of the account")
	require.Equal(t, "grace@mail.example", request.GetShopper().GetEmail())

	s := stranger(t)
	_, err = s.CreateCheckoutSession(s.ctx, &storefrontv1.CreateCheckoutSessionRequest{})
	require.NoError(t, err)
	request, ok = s.behind.requests["StartCheckout"].(*orderv1.StartCheckoutRequest)
	require.True(t, ok)
	require.Nil(t, request.TermsOfSaleAgreed, "a box that was not sent is told from an empty one")
}

// A start promises goods that others then cannot have: who starts too many hears so, and nothing is started.
func TestStartingTooOften(t *testing.T) {
	t.Parallel()
	for _, v := range []*visit{guest(t), member(t), stranger(t)} {
		v.behind.fails["Allow"] = fault.New(fault.RateLimited, "rate-limited", "").After(time.Minute)
		_, err := v.CreateCheckoutSession(v.ctx, &storefrontv1.CreateCheckoutSessionRequest{AgreeToTermsOfSale: text("true")})
		require.Equal(t, fault.RateLimited, fault.KindOf(err), "the edge makes it 403 with Retry-After")
		require.Equal(t, time.Minute, fault.Of(err).RetryAfter)
		require.NotContains(t, v.behind.asked, "StartCheckout")
		require.Empty(t, v.logs.String())
	}
}

func TestOlderUserServicesDoNotCountStarts(t *testing.T) {
	t.Parallel()
	v := guest(t)
	v.behind.fails["Allow"] = named(fault.Invalid, "bucket-unknown")
	answer, err := v.CreateCheckoutSession(v.ctx, &storefrontv1.CreateCheckoutSessionRequest{AgreeToTermsOfSale: text("true")})
	require.NoError(t, err)
	require.Equal(t, "success", answer.GetCreateCheckoutSession())
	require.Contains(t, v.logs.String(), "not counted")
}

// Every reason of the order service, and its answer on the old page (contract payment.md 4).
func TestCheckoutsThatDoNotStart(t *testing.T) {
	t.Parallel()
	bare := func(code string) string {
		return `{"create_checkout_session":"error","errors":{"error":"` + code + `"},` + version + `}`
	}
	explained := func(code string) string {
		return `{"create_checkout_session":"error","errors":{"error":"` + code + `","description":"(text)"},` + version + `}`
	}
	for _, c := range []struct {
		failure    error
		want       string
		unexpected bool
	}{
		{named(fault.PermissionDenied, "checkout-not-allowed"), bare("checkout-not-allowed"), false},
		{named(fault.NotFound, "cart-not-found"), bare("cart-not-found"), false},
		{named(fault.FailedPrecondition, "cart-is-empty"), bare("cart-is-empty"), false},
		{named(fault.FailedPrecondition, "sku-not-available"), bare("sku-not-available"), false},
		{named(fault.FailedPrecondition, "discount-code-not-available"), explained("discount-code-not-available"), false},
		{named(fault.Invalid, "agree-to-terms-of-sale-required"), explained("agree-to-terms-of-sale-required"), false},
		{named(fault.Invalid, "agree-to-terms-of-sale-must-be-checked"), explained("agree-to-terms-of-sale-must-be-checked"), false},
		{named(fault.Invalid, "email-invalid"), explained("anonymous-email-address-required"), false},
		{named(fault.Invalid, "stripe-refused"), explained("stripe-error"), false},
		{named(fault.Unavailable, "stripe-unavailable"), explained("stripe-error"), false},
		{named(fault.Unavailable, "unavailable"), explained("unexpected-error"), true},
		{named(fault.FailedPrecondition, "shipping-method-not-available"), explained("shipping-method-not-available"), false},
		{named(fault.Internal, "internal"), explained("unexpected-error"), true},
	} {
		t.Run(fault.ReasonOf(c.failure), func(t *testing.T) {
			t.Parallel()
			v := guest(t)
			v.behind.fails["StartCheckout"] = c.failure
			answer, err := v.CreateCheckoutSession(v.ctx, &storefrontv1.CreateCheckoutSessionRequest{AgreeToTermsOfSale: text("true")})
			v.sees(c.want, answer, err)
			require.NotContains(t, answer.GetErrors().GetDescription(), "a detail that stays inside", "texts stay neutral (payment.md P-15)")
			require.Equal(t, c.unexpected, v.logs.Len() > 0, "what nobody expected is logged")
		})
	}
}

func TestComingBackFromStripe(t *testing.T) {
	t.Parallel()
	v := stranger(t)
	answer, err := v.FinishCheckoutSession(v.ctx, &storefrontv1.FinishCheckoutSessionRequest{SessionId: text("cs_1")})
	v.sees(`{"checkout_session_success":"success","order_identifier":"Abc1234567",`+version+`}`, answer, err)
	require.Equal(t, []string{"CompleteCheckout"}, v.behind.asked, "whose session it is does not matter (payment.md P-09)")
}

// Every reason of the order service, and its answer on the old page (contract payment.md 5).
func TestCheckoutsThatDoNotFinish(t *testing.T) {
	t.Parallel()
	bare := func(code string) string {
		return `{"checkout_session_success":"error","errors":{"error":"` + code + `"},` + version + `}`
	}
	explained := func(code string) string {
		return `{"checkout_session_success":"error","errors":{"error":"` + code + `","description":"(text)"},` + version + `}`
	}
	for name, c := range map[string]struct {
		session    *string
		failure    error
		want       string
		unexpected bool
	}{
		"no session":        {nil, nil, bare("session-id-required"), false},
		"empty session":     {text(""), nil, bare("session-id-required"), false},
		"unknown to Stripe": {text("cs_x"), named(fault.NotFound, "session-not-found"), explained("invalid-session"), false},
		"not ours":          {text("cs_x"), named(fault.NotFound, "checkout-not-found"), explained("invalid-session"), false},
		"not paid":          {text("cs_1"), named(fault.FailedPrecondition, "payment-not-completed"), bare("payment-not-completed"), false},
		"exception":         {text("cs_1"), named(fault.Conflict, "payment-exception"), explained("unexpected-error"), false},
		"Stripe away":       {text("cs_1"), named(fault.Unavailable, "stripe-unavailable"), explained("unexpected-error"), true},
		"order away":        {text("cs_1"), named(fault.Unavailable, "unavailable"), explained("unexpected-error"), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := guest(t)
			v.behind.fails["CompleteCheckout"] = c.failure
			answer, err := v.FinishCheckoutSession(v.ctx, &storefrontv1.FinishCheckoutSessionRequest{SessionId: c.session})
			v.sees(c.want, answer, err)
			require.NotContains(t, answer.GetErrors().GetDescription(), "a detail that stays inside")
			require.Equal(t, c.unexpected, v.logs.Len() > 0)
		})
	}
}

func TestTroubleBeforePayingIsNotHidden(t *testing.T) {
	t.Parallel()
	for failing, calls := range map[string]func(v *visit) error{
		"CheckoutAllowed": func(v *visit) error {
			_, err := v.ShowConfirmPaymentData(v.ctx, &storefrontv1.ShowConfirmPaymentDataRequest{})
			return err
		},
		"GetCart": func(v *visit) error {
			_, err := v.ShowConfirmTotals(v.ctx, &storefrontv1.ShowConfirmTotalsRequest{})
			return err
		},
		"Allow": func(v *visit) error {
			_, err := v.LookUpAnonymousEmailAddress(v.ctx, &storefrontv1.LookUpAnonymousEmailAddressRequest{AnonymousEmailAddress: text("a@b.example")})
			return err
		},
		"EnsureProspect": func(v *visit) error {
			_, err := v.LookUpAnonymousEmailAddress(v.ctx, &storefrontv1.LookUpAnonymousEmailAddressRequest{AnonymousEmailAddress: text("a@b.example")})
			return err
		},
		"Allow ": func(v *visit) error {
			_, err := v.CreateCheckoutSession(v.ctx, &storefrontv1.CreateCheckoutSessionRequest{})
			return err
		},
		"ResolveSession": func(v *visit) error {
			_, err := v.CreateCheckoutSession(v.ctx, &storefrontv1.CreateCheckoutSessionRequest{})
			return err
		},
	} {
		v := member(t)
		v.behind.fails[strings.TrimSpace(failing)] = named(fault.Unavailable, "unavailable")
		require.Equal(t, fault.Unavailable, fault.KindOf(calls(v)), failing)
	}
}
