package stripesandbox_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"

	"github.com/bartgottschalk/startupwebapp/deploy/local/stripesandbox"
)

func TestASessionIsMadeAsAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.newSession()
	found := w.session(made.ID)
	require.Regexp(t, `^cs_test_[A-Za-z0-9]{50,}$`, found.ID)
	require.Equal(t, w.base+"/pay/"+found.ID, found.URL)
	require.Equal(t, stripe.CheckoutSessionStatusOpen, found.Status)
	require.Equal(t, stripe.CheckoutSessionPaymentStatusUnpaid, found.PaymentStatus)
	require.EqualValues(t, orderTotal, found.AmountTotal)
	require.EqualValues(t, orderTotal, found.AmountSubtotal)
	require.Equal(t, stripe.CurrencyUSD, found.Currency)
	require.Equal(t, map[string]string{"checkout": "checkout-1"}, found.Metadata)
	require.Equal(t, "checkout-1", found.ClientReferenceID)
	require.Equal(t, found.Created+24*3600, found.ExpiresAt)
	require.Nil(t, found.PaymentIntent)
	require.Nil(t, found.CustomerDetails)
	require.False(t, found.Livemode)

	lines := w.stripe.CheckoutSessions.ListLineItems(&stripe.CheckoutSessionListLineItemsParams{Session: stripe.String(made.ID)})
	var names []string
	for lines.Next() {
		names = append(names, fmt.Sprintf("%s x%d = %d", lines.LineItem().Description, lines.LineItem().Quantity, lines.LineItem().AmountTotal))
	}
	require.NoError(t, lines.Err())
	require.Equal(t, []string{"Paper Clips x2 = 700", "Rubber Bands x1 = 1499", "Shipping x1 = 956"}, names)

	params := &stripe.CheckoutSessionParams{}
	params.AddExpand("line_items")
	expanded, err := w.stripe.CheckoutSessions.Get(made.ID, params)
	require.NoError(t, err)
	require.Len(t, expanded.LineItems.Data, 3)
}

func TestWhatStripeWouldRefuseIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	line := "line_items[0]"
	for _, refused := range []struct{ name, value, code, param string }{
		{"mode", "", "parameter_missing", "mode"},
		{"mode", "subscription", "", "mode"},
		{"success_url", "", "parameter_missing", "success_url"},
		{"success_url", "/relative", "url_invalid", "success_url"},
		{"cancel_url", "javascript:alert(1)", "url_invalid", "cancel_url"},
		{"customer_email", "nobody", "email_invalid", "customer_email"},
		{"surprise", "1", "parameter_unknown", "surprise"},
		{line + "[price_data][product_data][images]", " ", "parameter_invalid_empty", line + "[price_data][product_data][images]"},
		{line + "[price_data][surprise]", "1", "parameter_unknown", line + "[price_data][surprise]"},
		{line + "[quantity]", "", "parameter_missing", line + "[quantity]"},
		{line + "[quantity]", "0", "parameter_invalid_integer", line + "[quantity]"},
		{line + "[quantity]", "-1", "parameter_invalid_integer", line + "[quantity]"},
		{line + "[quantity]", "1.5", "parameter_invalid_integer", line + "[quantity]"},
		{line + "[price_data][unit_amount]", "-350", "parameter_invalid_integer", line + "[price_data][unit_amount]"},
		{line + "[price_data][unit_amount]", "99999999999999999999", "parameter_invalid_integer", line + "[price_data][unit_amount]"},
		{line + "[price_data][unit_amount]", "49", "amount_too_small", "line_items"},
		{line + "[price_data][currency]", "", "parameter_missing", line + "[price_data][currency]"},
		{line + "[price_data][currency]", "doge", "", line + "[price_data][currency]"},
		{line + "[price_data][product_data][name]", "", "parameter_missing", line + "[price_data][product_data][name]"},
		{line + "[price_data][product_data][images][0]", "pic.jpg", "url_invalid", line + "[price_data][product_data][images]"},
		{"allow_promotion_codes", "yes", "parameter_invalid_boolean", "allow_promotion_codes"},
		{"billing_address_collection", "never", "", "billing_address_collection"},
		{"shipping_address_collection[allowed_countries][0]", "usa", "", "shipping_address_collection[allowed_countries][0]"},
		{"expires_at", "17", "", "expires_at"},
		{"client_reference_id", strings.Repeat("x", 201), "parameter_invalid_string", "client_reference_id"},
		{"metadata[a]", strings.Repeat("x", 501), "", "metadata[a]"},
		{"metadata[a][b]", "1", "parameter_unknown", "metadata[a][b]"},
		{"metadata[a]", "nul\x00", "parameter_invalid_string", "metadata[a]"},
		{"metadata[a]", "\xff", "parameter_invalid_string", "metadata[a]"},
	} {
		t.Run(refused.name+"="+refused.value[:min(12, len(refused.value))], func(t *testing.T) {
			form := smallestForm()
			form.Set(refused.name, refused.value)
			if refused.value == "" {
				form.Del(refused.name)
			}
			given := w.send(http.MethodPost, "/v1/checkout/sessions", form.Encode(), bearer())
			require.Equal(t, http.StatusBadRequest, given.status, given.body)
			require.Contains(t, given.body, `"type": "invalid_request_error"`)
			if refused.code != "" {
				require.Contains(t, given.body, `"code": "`+refused.code+`"`)
			}
			require.Contains(t, given.body, `"param": "`+refused.param+`"`)
		})
	}
	require.Equal(t, http.StatusOK, w.send(http.MethodPost, "/v1/checkout/sessions", smallestForm().Encode(), bearer()).status)
	empty := smallestForm()
	empty.Set("customer_email", "")
	require.Contains(t, w.send(http.MethodPost, "/v1/checkout/sessions", empty.Encode(), bearer()).body, "parameter_invalid_empty")
	mixed := smallestForm()
	mixed.Set("line_items[1][price_data][currency]", "cad")
	require.Contains(t, w.send(http.MethodPost, "/v1/checkout/sessions", mixed.Encode(), bearer()).body, "one currency")
}

// smallestForm asks for 0.50 USD, the least that can be charged.
func smallestForm() url.Values {
	line := "line_items[0][price_data]"
	return url.Values{
		"mode": {"payment"}, "success_url": {"http://localhost:8080/ok"}, line + "[currency]": {"usd"}, line + "[unit_amount]": {"50"},
		line + "[product_data][name]": {"Pin"}, "line_items[0][quantity]": {"1"},
	}
}

func bearer() map[string]string { return map[string]string{"Authorization": "Bearer " + secretKey} }

func TestOnlyTheRightKeyGetsIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := apiClient(w.base, "sk_test_other").CheckoutSessions.New(order())
	require.Equal(t, http.StatusUnauthorized, stripeError(t, err).HTTPStatusCode)
	require.Equal(t, http.StatusUnauthorized, w.send(http.MethodGet, "/v1/events", "", nil).status)
	require.Equal(t, http.StatusNotFound, w.send(http.MethodGet, "/v1/tax_rates", "", bearer()).status)
	for _, logged := range w.rows("/sandbox/requests") {
		require.NotContains(t, fmt.Sprint(logged), secretKey)
	}
}

func TestAnUnknownSessionIsMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.stripe.CheckoutSessions.Get("cs_test_unknown", nil)
	refused := stripeError(t, err)
	require.Equal(t, http.StatusNotFound, refused.HTTPStatusCode)
	require.Equal(t, stripe.ErrorCodeResourceMissing, refused.Code)
	require.NotEmpty(t, refused.RequestID)
	require.Equal(t, http.StatusNotFound, w.do(http.MethodGet, "/pay/cs_test_unknown", nil).status)
	require.Equal(t, http.StatusNotFound, w.pay("cs_test_unknown", goodCard).status)
	_, err = w.stripe.PaymentIntents.Get("pi_unknown", nil)
	require.Equal(t, stripe.ErrorCodeResourceMissing, stripeError(t, err).Code)
	_, err = w.stripe.CheckoutSessions.Expire("cs_test_unknown", nil)
	require.Equal(t, stripe.ErrorCodeResourceMissing, stripeError(t, err).Code)
}

func TestOnlyAnOpenSessionCanBeExpired(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.newSession()
	expired, err := w.stripe.CheckoutSessions.Expire(made.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripe.CheckoutSessionStatusExpired, expired.Status)
	require.Empty(t, expired.URL)
	_, err = w.stripe.CheckoutSessions.Expire(made.ID, nil)
	require.Equal(t, http.StatusBadRequest, stripeError(t, err).HTTPStatusCode)
	require.Equal(t, http.StatusGone, w.do(http.MethodGet, "/pay/"+made.ID, nil).status)
	require.Equal(t, http.StatusGone, w.pay(made.ID, goodCard).status)
	w.awaitTypes("checkout.session.expired")

	paid := w.newSession()
	require.Equal(t, http.StatusSeeOther, w.pay(paid.ID, goodCard).status)
	_, err = w.stripe.CheckoutSessions.Expire(paid.ID, nil)
	require.Equal(t, http.StatusBadRequest, stripeError(t, err).HTTPStatusCode)
	require.Empty(t, w.charged(made.ID))
}

func (w *world) charged(session string) []map[string]any {
	var found []map[string]any
	for _, charge := range w.rows("/sandbox/charges") {
		if charge["session_id"] == session {
			found = append(found, charge)
		}
	}
	return found
}

func TestASessionExpiresWhenItsTimeIsOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.newSession(func(params *stripe.CheckoutSessionParams) {
		params.ExpiresAt = stripe.Int64(time.Now().Add(31 * time.Minute).Unix())
	})
	w.clock.forward(30 * time.Minute)
	require.Equal(t, stripe.CheckoutSessionStatusOpen, w.session(made.ID).Status)
	w.clock.forward(2 * time.Minute)
	w.eventually("expired event", func() bool { return len(w.shop.got()) == 1 })
	require.Equal(t, []string{"checkout.session.expired"}, w.shop.types())
	require.Equal(t, stripe.CheckoutSessionStatusExpired, w.session(made.ID).Status)
	require.Equal(t, http.StatusGone, w.pay(made.ID, goodCard).status)
}

func TestListsArePagedNewestFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var made []string
	for range 5 {
		made = append(made, w.newSession().ID)
	}
	w.pay(made[2], goodCard)
	params := &stripe.CheckoutSessionListParams{}
	params.Limit = stripe.Int64(2)
	var listed []string
	for list := w.stripe.CheckoutSessions.List(params); list.Next(); {
		listed = append(listed, list.CheckoutSession().ID)
	}
	require.Equal(t, []string{made[4], made[3], made[2], made[1], made[0]}, listed)

	intent := w.session(made[2]).PaymentIntent.ID
	byIntent := w.stripe.CheckoutSessions.List(&stripe.CheckoutSessionListParams{PaymentIntent: stripe.String(intent)})
	require.True(t, byIntent.Next())
	require.Equal(t, made[2], byIntent.CheckoutSession().ID)
	require.False(t, byIntent.Next())

	before := w.send(http.MethodGet, "/v1/checkout/sessions?limit=2&ending_before="+made[0], "", bearer())
	require.Less(t, strings.Index(before.body, made[2]), strings.Index(before.body, made[1]))
	require.NotContains(t, before.body, made[3])
	require.Equal(t, http.StatusBadRequest, w.send(http.MethodGet, "/v1/checkout/sessions?limit=0", "", bearer()).status)
	require.Equal(t, http.StatusBadRequest, w.send(http.MethodGet, "/v1/checkout/sessions?starting_after=cs_none", "", bearer()).status)
}

func TestHostileRequestsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	large := smallestForm()
	large.Set("metadata[a]", strings.Repeat("x", 2<<20))
	require.Equal(t, http.StatusRequestEntityTooLarge, w.send(http.MethodPost, "/v1/checkout/sessions", large.Encode(), bearer()).status)
	require.Equal(t, http.StatusBadRequest, w.send(http.MethodPost, "/v1/checkout/sessions", "a=%zz", bearer()).status)
	require.Equal(t, http.StatusBadRequest, w.send(http.MethodPost, "/v1/checkout/sessions", strings.Repeat("a&b&", 1)+manyFields(3000), bearer()).status)
	asJSON := map[string]string{"Authorization": "Bearer " + secretKey, "Content-Type": "application/json"}
	require.Equal(t, http.StatusBadRequest, w.send(http.MethodPost, "/v1/checkout/sessions", "{}", asJSON).status)
	require.Equal(t, http.StatusBadRequest, w.send(http.MethodPost, "/pay/x", strings.Repeat("x", 100<<10), nil).status)
}

func manyFields(count int) string {
	var form strings.Builder
	for number := range count {
		fmt.Fprintf(&form, "field%d=1&", number)
	}
	return form.String()
}

func TestTheStandInAnswersByItsIdRulesOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(options *stripesandbox.Options) { options.StandIn = true })
	paid := w.session("cs_paid1k3__member01k3-at-example.com__")
	require.Equal(t, stripe.CheckoutSessionPaymentStatusPaid, paid.PaymentStatus)
	require.Equal(t, "member01k3@example.com", paid.CustomerEmail)
	require.Equal(t, "pi_cs_paid1k3", paid.PaymentIntent.ID)
	require.Equal(t, "Buyer Name", paid.CustomerDetails.Name)
	require.Contains(t, string(paid.LastResponse.RawJSON), "2 Ship St")
	odd := w.session("cs_unpaid_noship_nocustemail_nodetails_nopi")
	require.Equal(t, stripe.CheckoutSessionPaymentStatusUnpaid, odd.PaymentStatus)
	require.Empty(t, odd.CustomerEmail)
	require.Nil(t, odd.CustomerDetails)
	require.Nil(t, odd.PaymentIntent)
	_, err := w.stripe.CheckoutSessions.Get("cs_missing1", nil)
	require.Equal(t, http.StatusNotFound, stripeError(t, err).HTTPStatusCode)
	_, err = w.stripe.CheckoutSessions.Get("cs_apierr1", nil)
	require.Equal(t, http.StatusInternalServerError, stripeError(t, err).HTTPStatusCode)
}
