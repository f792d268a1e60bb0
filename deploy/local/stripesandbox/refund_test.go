package stripesandbox_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"
)

// paidSession is an order that was paid by card, with its payment.
func (w *world) paidSession() (*stripe.CheckoutSession, string) {
	w.t.Helper()
	made := w.newSession()
	require.Equal(w.t, http.StatusSeeOther, w.pay(made.ID, goodCard).status)
	return made, w.session(made.ID).PaymentIntent.ID
}

func (w *world) refund(intent string, amount int64, change ...func(*stripe.RefundParams)) (*stripe.Refund, error) {
	params := &stripe.RefundParams{PaymentIntent: stripe.String(intent)}
	if amount > 0 {
		params.Amount = stripe.Int64(amount)
	}
	for _, apply := range change {
		apply(params)
	}
	return w.stripe.Refunds.New(params)
}

func (w *world) charge(intent string) *stripe.Charge {
	w.t.Helper()
	params := &stripe.PaymentIntentParams{}
	params.AddExpand("latest_charge")
	found, err := w.stripe.PaymentIntents.Get(intent, params)
	require.NoError(w.t, err)
	direct, err := w.stripe.Charges.Get(found.LatestCharge.ID, nil)
	require.NoError(w.t, err)
	require.Equal(w.t, direct.AmountRefunded, found.LatestCharge.AmountRefunded)
	return direct
}

// control turns a switch and returns what it answered.
func (w *world) control(status int, path string, pairs ...string) map[string]any {
	w.t.Helper()
	form := url.Values{}
	for place := 0; place < len(pairs); place += 2 {
		form.Set(pairs[place], pairs[place+1])
	}
	given := w.do(http.MethodPost, path, form)
	require.Equal(w.t, status, given.status, given.body)
	var answer map[string]any
	require.NoError(w.t, json.Unmarshal([]byte(given.body), &answer))
	return answer
}

// sent are the types of all webhooks so far, in alphabetical order: they go out side by side.
func (w *world) awaitSent(types ...string) {
	w.t.Helper()
	slices.Sort(types)
	w.eventually("webhooks", func() bool { return len(w.shop.got()) >= len(types) })
	sent := w.shop.types()
	slices.Sort(sent)
	require.Equal(w.t, types, sent)
}

// told are the objects of the webhooks of a type, as they came.
func (w *world) told(kind string) []map[string]any {
	var found []map[string]any
	for _, one := range w.shop.got() {
		if string(one.event.Type) == kind {
			found = append(found, one.event.Data.Object)
		}
	}
	return found
}

func TestAChargeIsRefundedInParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, intent := w.paidSession()
	first, err := w.refund(intent, 1000, func(params *stripe.RefundParams) {
		params.Reason = stripe.String("requested_by_customer")
		params.AddMetadata("key", "order/1")
	})
	require.NoError(t, err)
	require.Equal(t, stripe.RefundStatusSucceeded, first.Status)
	require.EqualValues(t, 1000, first.Amount)
	require.Equal(t, intent, first.PaymentIntent.ID)
	require.Equal(t, map[string]string{"key": "order/1"}, first.Metadata)
	require.Equal(t, stripe.RefundReasonRequestedByCustomer, first.Reason)
	charge := w.charge(intent)
	require.EqualValues(t, 1000, charge.AmountRefunded)
	require.False(t, charge.Refunded)
	require.Equal(t, map[string]string{"checkout": "checkout-1"}, charge.Metadata, "copied from the payment intent")
	w.restartAfterDelivery()

	_, err = w.refund(intent, orderTotal-999)
	refused := stripeError(t, err)
	require.Equal(t, http.StatusBadRequest, refused.HTTPStatusCode)
	require.Equal(t, "amount", refused.Param)
	require.Contains(t, refused.Msg, "greater than the unrefunded amount")
	rest, err := w.stripe.Refunds.New(&stripe.RefundParams{Charge: stripe.String(charge.ID)})
	require.NoError(t, err)
	require.EqualValues(t, orderTotal-1000, rest.Amount, "all that is left")
	require.True(t, w.charge(intent).Refunded)
	_, err = w.refund(intent, 1)
	require.Equal(t, stripe.ErrorCodeChargeAlreadyRefunded, stripeError(t, err).Code)

	audited := w.charged(made.ID)[0]
	require.EqualValues(t, orderTotal, audited["refunded"])
	require.EqualValues(t, orderTotal, audited["amount"])
	w.awaitSent("checkout.session.completed", "refund.created", "charge.refunded", "refund.created", "charge.refunded")
	for _, refunded := range w.told("charge.refunded") {
		require.Equal(t, "charge", refunded["object"])
		require.Equal(t, intent, refunded["payment_intent"])
		require.Equal(t, refunded["refunded"], refunded["amount_refunded"] == float64(orderTotal))
	}
	found, err := w.stripe.Refunds.Get(first.ID, nil)
	require.NoError(t, err)
	require.EqualValues(t, 1000, found.Amount)
}

func TestRefundsAreListedByPayment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, intent := w.paidSession()
	_, other := w.paidSession()
	var made []string
	for range 5 {
		refunded, err := w.refund(intent, 100)
		require.NoError(t, err)
		made = append([]string{refunded.ID}, made...)
	}
	_, err := w.refund(other, 0)
	require.NoError(t, err)
	list := func(change func(*stripe.RefundListParams)) []string {
		params := &stripe.RefundListParams{}
		params.Limit = stripe.Int64(2)
		change(params)
		var ids []string
		refunds := w.stripe.Refunds.List(params)
		for refunds.Next() {
			ids = append(ids, refunds.Refund().ID)
		}
		require.NoError(t, refunds.Err())
		return ids
	}
	require.Equal(t, made, list(func(params *stripe.RefundListParams) { params.PaymentIntent = stripe.String(intent) }))
	charge := w.charge(intent).ID
	require.Equal(t, made, list(func(params *stripe.RefundListParams) { params.Charge = stripe.String(charge) }))
	require.Len(t, list(func(*stripe.RefundListParams) {}), 6)
	for _, unknown := range []string{"payment_intent=pi_none", "charge=ch_none"} {
		given := w.send(http.MethodGet, "/v1/refunds?"+unknown, "", bearer())
		require.Equal(t, http.StatusNotFound, given.status)
		require.Contains(t, given.body, "resource_missing")
	}
}

func TestWhatCannotBeRefundedIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, intent := w.paidSession()
	for _, missing := range []url.Values{{"payment_intent": {"pi_none"}}, {"charge": {"ch_none"}}} {
		given := w.send(http.MethodPost, "/v1/refunds", missing.Encode(), bearer())
		require.Equal(t, http.StatusNotFound, given.status, given.body)
		require.Contains(t, given.body, `"code": "resource_missing"`)
	}
	for _, bad := range []url.Values{
		{}, {"payment_intent": {intent}, "charge": {w.charge(intent).ID}}, {"payment_intent": {intent}, "amount": {"0"}},
		{"payment_intent": {intent}, "amount": {"-1"}}, {"payment_intent": {intent}, "amount": {"1.5"}},
		{"payment_intent": {intent}, "reason": {"bored"}}, {"payment_intent": {intent}, "surprise": {"1"}},
	} {
		require.Equal(t, http.StatusBadRequest, w.send(http.MethodPost, "/v1/refunds", bad.Encode(), bearer()).status, bad)
	}
	_, err := w.stripe.Refunds.Get("re_none", nil)
	require.Equal(t, stripe.ErrorCodeResourceMissing, stripeError(t, err).Code)
	_, err = w.stripe.Charges.Get("ch_none", nil)
	require.Equal(t, stripe.ErrorCodeResourceMissing, stripeError(t, err).Code)
	late := w.newSession()
	w.pay(late.ID, lateCard)
	_, err = w.refund(w.session(late.ID).PaymentIntent.ID, 0)
	require.Equal(t, http.StatusBadRequest, stripeError(t, err).HTTPStatusCode, "nothing was taken yet")
	require.Zero(t, w.charge(intent).AmountRefunded)
}

func TestARefundIsMadeOncePerKeyAndNeverTooMuchAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, intent := w.paidSession()
	underKey := func(params *stripe.RefundParams) { params.SetIdempotencyKey("refund-1") }
	first, err := w.refund(intent, 155, underKey)
	require.NoError(t, err)
	w.restartAfterDelivery()
	again, err := w.refund(intent, 155, underKey)
	require.NoError(t, err)
	require.Equal(t, first.ID, again.ID)
	_, err = w.refund(intent, 156, underKey)
	require.Equal(t, stripe.ErrorTypeIdempotency, stripeError(t, err).Type)

	var calls sync.WaitGroup
	for range 20 { // 30.00 left, 5.00 each: six may
		calls.Go(func() { _, _ = w.refund(intent, 500) })
	}
	calls.Wait()
	require.EqualValues(t, orderTotal, w.charge(intent).AmountRefunded)
	_, err = w.refund(intent, 1, func(params *stripe.RefundParams) { params.SetIdempotencyKey("refund-2") })
	require.Equal(t, stripe.ErrorCodeChargeAlreadyRefunded, stripeError(t, err).Code)
}

func TestRefundsMayWaitAndFail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, intent := w.paidSession()
	w.control(http.StatusOK, "/sandbox/refunds", "mode", "pending")
	w.restartAfterDelivery()
	waiting, err := w.refund(intent, 0)
	require.NoError(t, err)
	require.Equal(t, stripe.RefundStatusPending, waiting.Status)
	require.EqualValues(t, orderTotal, w.charge(intent).AmountRefunded, "on its way")
	w.awaitSent("checkout.session.completed", "refund.created", "charge.refunded")

	settle := "/sandbox/refunds/" + waiting.ID + "/settle"
	w.control(http.StatusBadRequest, settle, "outcome", "maybe")
	w.control(http.StatusNotFound, "/sandbox/refunds/re_none/settle", "outcome", "failed")
	require.Equal(t, "succeeded", w.control(http.StatusOK, settle, "outcome", "succeeded")["status"])
	w.control(http.StatusConflict, settle, "outcome", "succeeded")
	require.Equal(t, "failed", w.control(http.StatusOK, settle, "outcome", "failed")["status"], "banks send money back later, too")
	w.control(http.StatusConflict, settle, "outcome", "succeeded")
	require.Zero(t, w.charge(intent).AmountRefunded)
	w.awaitSent("checkout.session.completed", "refund.created", "charge.refunded", "refund.updated", "charge.refund.updated",
		"refund.updated", "charge.refund.updated", "refund.failed")
	failed := w.told("refund.failed")[0]
	require.Equal(t, waiting.ID, failed["id"])
	require.Equal(t, intent, failed["payment_intent"])
	require.NotEmpty(t, failed["failure_reason"])

	w.control(http.StatusOK, "/sandbox/refunds", "mode", "fail")
	refused, err := w.refund(intent, 100)
	require.NoError(t, err)
	require.Equal(t, stripe.RefundStatusFailed, refused.Status)
	require.Zero(t, w.charge(intent).AmountRefunded)
	w.control(http.StatusOK, "/sandbox/refunds", "mode", "normal")
	w.control(http.StatusBadRequest, "/sandbox/refunds", "mode", "sometimes")
	again, err := w.refund(intent, 0)
	require.NoError(t, err)
	require.EqualValues(t, orderTotal, again.Amount)
	require.Contains(t, w.do(http.MethodGet, "/", nil).body, "2 failed 1 succeeded")
}

func TestSomebodyRefundsAtTheDashboard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, intent := w.paidSession()
	path := "/sandbox/charges/" + intent + "/refund"
	made := w.control(http.StatusOK, path, "amount", "100")
	require.Equal(t, "succeeded", made["status"])
	require.EqualValues(t, 100, made["amount"])
	w.control(http.StatusConflict, path, "amount", "99999")
	w.control(http.StatusBadRequest, path, "amount", "x")
	w.control(http.StatusBadRequest, path, "reason", "bored")
	w.control(http.StatusNotFound, "/sandbox/charges/pi_none/refund", "amount", "1")
	require.EqualValues(t, orderTotal-100, w.control(http.StatusOK, path)["amount"], "the rest")
	w.control(http.StatusConflict, path)
	found, err := w.stripe.Refunds.Get(made["id"].(string), nil)
	require.NoError(t, err)
	require.EqualValues(t, 100, found.Amount)
	require.Contains(t, w.do(http.MethodGet, "/sandbox/refunds", nil).body, made["id"])
	w.awaitSent("checkout.session.completed", "refund.created", "charge.refunded", "refund.created", "charge.refunded")
}
