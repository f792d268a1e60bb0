package stripesandbox_test

import (
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"

	"github.com/bartgottschalk/startupwebapp/deploy/local/stripesandbox"
)

func TestAGoodCardPaysAndTheCustomerGoesBackToTheShop(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.newSession()
	page := w.do(http.MethodGet, "/pay/"+made.ID, nil)
	require.Equal(t, http.StatusOK, page.status)
	require.Contains(t, page.body, "Paper Clips")
	require.Contains(t, page.body, "31.55 USD")

	given := w.pay(made.ID, goodCard, "phone", "+1 312 555 0100")
	require.Equal(t, http.StatusSeeOther, given.status)
	require.Equal(t, "http://localhost:8080/checkout/success?session_id="+made.ID, given.header.Get("Location"))

	params := &stripe.CheckoutSessionParams{}
	params.AddExpand("payment_intent.latest_charge")
	paid, err := w.stripe.CheckoutSessions.Get(made.ID, params)
	require.NoError(t, err)
	require.Equal(t, stripe.CheckoutSessionStatusComplete, paid.Status)
	require.Equal(t, stripe.CheckoutSessionPaymentStatusPaid, paid.PaymentStatus)
	require.Equal(t, "ada@example.com", paid.CustomerDetails.Email)
	require.Equal(t, "+1 312 555 0100", paid.CustomerDetails.Phone)
	require.Equal(t, "Apt 2", paid.CustomerDetails.Address.Line2)
	require.Equal(t, "Ada Buyer", paid.ShippingDetails.Name)
	require.Equal(t, "60601", paid.ShippingDetails.Address.PostalCode)
	require.Equal(t, "4242", paid.PaymentIntent.LatestCharge.PaymentMethodDetails.Card.Last4)

	intent, err := w.stripe.PaymentIntents.Get(paid.PaymentIntent.ID, nil)
	require.NoError(t, err)
	require.Equal(t, stripe.PaymentIntentStatusSucceeded, intent.Status)
	require.EqualValues(t, orderTotal, intent.AmountReceived)
	require.Equal(t, map[string]string{"checkout": "checkout-1"}, intent.Metadata)

	charges := w.charged(made.ID)
	require.Len(t, charges, 1)
	require.EqualValues(t, orderTotal, charges[0]["amount"])
	require.Equal(t, intent.ID, charges[0]["payment_intent"])
	require.Equal(t, "checkout-1", charges[0]["client_reference_id"])
	require.Contains(t, w.do(http.MethodGet, "/pay/"+made.ID, nil).body, "This payment is done")
}

func TestADeclinedCardLeavesTheSessionOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.newSession()
	given := w.pay(made.ID, declinedCard, "city", "Springfield")
	require.Equal(t, http.StatusPaymentRequired, given.status)
	require.Contains(t, given.body, "declined")
	require.Contains(t, given.body, "Springfield", "what was typed is kept")
	require.Equal(t, stripe.CheckoutSessionStatusOpen, w.session(made.ID).Status)
	require.Empty(t, w.rows("/sandbox/charges"))
	require.Empty(t, w.rows("/sandbox/events"))
	require.Equal(t, http.StatusPaymentRequired, w.pay(made.ID, "1234123412341234").status)
	require.Equal(t, http.StatusSeeOther, w.pay(made.ID, goodCard).status)
	require.Len(t, w.charged(made.ID), 1)
}

func TestAnIncompleteFormIsShownAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.newSession()
	for _, missing := range []string{"email", "name", "line1", "city", "postal_code", "country"} {
		require.Equal(t, http.StatusBadRequest, w.pay(made.ID, goodCard, missing, "").status, missing)
	}
	require.Equal(t, http.StatusBadRequest, w.pay(made.ID, goodCard, "country", "DE").status, "not shipped to")
	require.Equal(t, http.StatusBadRequest, w.pay(made.ID, goodCard, "name", "nul\x00").status)
	hostile := w.pay(made.ID, goodCard, "name", `"><script>alert(1)</script>`, "email", "nobody")
	require.Equal(t, http.StatusBadRequest, hostile.status)
	require.NotContains(t, hostile.body, "<script>")
	require.Contains(t, hostile.header.Get("Content-Security-Policy"), "default-src 'none'")
	require.Empty(t, w.rows("/sandbox/charges"))
}

func TestAnAddressGivenByTheShopCannotBeChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.newSession(func(params *stripe.CheckoutSessionParams) { params.CustomerEmail = stripe.String("member@example.com") })
	require.Equal(t, http.StatusSeeOther, w.pay(made.ID, goodCard, "email", "other@example.com").status)
	paid := w.session(made.ID)
	require.Equal(t, "member@example.com", paid.CustomerEmail)
	require.Equal(t, "member@example.com", paid.CustomerDetails.Email)
}

func TestASessionIsPaidOnceHoweverOftenTheFormIsSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.newSession()
	var clicks sync.WaitGroup
	for range 20 {
		clicks.Go(func() {
			response, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).
				PostForm(w.base+"/pay/"+made.ID, payForm(goodCard))
			if err != nil || response.StatusCode != http.StatusSeeOther {
				t.Errorf("click: %v %v", response, err)
				return
			}
			_ = response.Body.Close()
		})
	}
	clicks.Wait()
	require.Len(t, w.charged(made.ID), 1)
	require.Len(t, w.rows("/sandbox/events"), 1)
}

func TestALatePaymentCompletesUnpaidAndSettlesLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	paid, failed := w.newSession(), w.newSession()
	for _, made := range []*stripe.CheckoutSession{paid, failed} {
		require.Equal(t, http.StatusSeeOther, w.pay(made.ID, lateCard).status)
		found := w.session(made.ID)
		require.Equal(t, stripe.CheckoutSessionStatusComplete, found.Status)
		require.Equal(t, stripe.CheckoutSessionPaymentStatusUnpaid, found.PaymentStatus)
		require.NotNil(t, found.PaymentIntent)
	}
	w.awaitTypes("checkout.session.completed", "checkout.session.completed")
	first, _ := embedded(t, w.shop.got()[0].event)
	require.Equal(t, stripe.CheckoutSessionPaymentStatusUnpaid, first.PaymentStatus)
	require.Empty(t, w.rows("/sandbox/charges"), "nothing was taken yet")

	settle := func(id, outcome string) int {
		return w.do(http.MethodPost, "/sandbox/sessions/"+id+"/settle", url.Values{"outcome": {outcome}}).status
	}
	require.Equal(t, http.StatusBadRequest, settle(paid.ID, "maybe"))
	require.Equal(t, http.StatusOK, settle(paid.ID, "paid"))
	require.Equal(t, http.StatusConflict, settle(paid.ID, "failed"), "settled once")
	w.awaitTypes("checkout.session.completed", "checkout.session.completed", "checkout.session.async_payment_succeeded")
	require.Equal(t, http.StatusOK, settle(failed.ID, "failed"))
	w.eventually("failure", func() bool { return len(w.shop.got()) == 4 })
	require.Equal(t, "checkout.session.async_payment_failed", w.shop.types()[3])
	require.Equal(t, stripe.CheckoutSessionPaymentStatusPaid, w.session(paid.ID).PaymentStatus)
	require.Equal(t, stripe.CheckoutSessionPaymentStatusUnpaid, w.session(failed.ID).PaymentStatus)
	require.Len(t, w.rows("/sandbox/charges"), 1)
}

func TestALatePaymentSettlesByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(options *stripesandbox.Options) { options.SettleDelay = time.Hour })
	made := w.newSession()
	w.pay(made.ID, lateCard)
	w.awaitTypes("checkout.session.completed")
	w.clock.forward(61 * time.Minute)
	w.awaitTypes("checkout.session.completed", "checkout.session.async_payment_succeeded")

	require.Equal(t, http.StatusOK, w.do(http.MethodPost, "/sandbox/settlement", url.Values{"delay": {"manual"}}).status)
	onDemand := w.newSession()
	w.pay(onDemand.ID, lateCard)
	w.clock.forward(2 * time.Hour)
	require.Equal(t, stripe.CheckoutSessionPaymentStatusUnpaid, w.session(onDemand.ID).PaymentStatus)
}

func TestPromotionCodesLowerWhatIsPaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tenth, free := w.newSession(), w.newSession()
	require.Equal(t, http.StatusBadRequest, w.pay(tenth.ID, goodCard, "promotion_code", "NOSUCH").status)
	require.Equal(t, http.StatusSeeOther, w.pay(tenth.ID, goodCard, "promotion_code", "tenoff").status)
	params := &stripe.CheckoutSessionParams{}
	params.AddExpand("line_items")
	params.AddExpand("total_details.breakdown")
	paid, err := w.stripe.CheckoutSessions.Get(tenth.ID, params)
	require.NoError(t, err)
	require.EqualValues(t, 316, paid.TotalDetails.AmountDiscount, "315.5 rounded up")
	require.EqualValues(t, orderTotal-316, paid.AmountTotal)
	require.EqualValues(t, orderTotal, paid.AmountSubtotal)
	require.Equal(t, "TENOFF", paid.TotalDetails.Breakdown.Discounts[0].Discount.Coupon.ID)
	var lines int64
	for _, line := range paid.LineItems.Data {
		lines += line.AmountTotal
	}
	require.Equal(t, paid.AmountTotal, lines)
	require.EqualValues(t, orderTotal-316, w.charged(tenth.ID)[0]["amount"])

	require.Equal(t, http.StatusSeeOther, w.pay(free.ID, "", "promotion_code", "FREE100").status)
	nothing := w.session(free.ID)
	require.Equal(t, stripe.CheckoutSessionPaymentStatusNoPaymentRequired, nothing.PaymentStatus)
	require.Nil(t, nothing.PaymentIntent)
	require.Zero(t, nothing.AmountTotal)

	unasked := w.newSession(func(params *stripe.CheckoutSessionParams) { params.AllowPromotionCodes = nil })
	require.Equal(t, http.StatusBadRequest, w.pay(unasked.ID, goodCard, "promotion_code", "TENOFF").status)
}

func TestARestartForgetsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	open, paid := w.newSession(), w.newSession()
	w.mode("drop")
	w.pay(paid.ID, goodCard)
	before := w.session(paid.ID)
	w.restart()
	require.Equal(t, before.PaymentIntent.ID, w.session(paid.ID).PaymentIntent.ID)
	require.Len(t, w.rows("/sandbox/events"), 1)
	require.NotEmpty(t, w.rows("/sandbox/requests"))
	require.Contains(t, w.do(http.MethodGet, "/sandbox/webhooks", nil).body, `"mode": "drop"`)
	require.Equal(t, http.StatusSeeOther, w.pay(open.ID, goodCard).status)
	require.Len(t, w.rows("/sandbox/charges"), 2)
	require.Contains(t, w.do(http.MethodGet, "/", nil).body, open.ID)
}
