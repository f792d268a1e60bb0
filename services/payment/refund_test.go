package payment_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

const refundPath = "/v1/refunds"

// sold opens a session of 11.99, has it paid, and lets the books hear of it.
func (s *shop) sold(reference string) (paymentIntent string) {
	s.t.Helper()
	opened, err := s.client.OpenSession(s.t.Context(), aCheckout(reference))
	require.NoError(s.t, err)
	paymentIntent = s.stripe.Pay(opened.GetSessionId())
	_, err = s.client.GetSession(s.t.Context(), &paymentv1.GetSessionRequest{SessionId: opened.GetSessionId()})
	require.NoError(s.t, err)
	return paymentIntent
}

func aRefund(key, paymentIntent string, amount int64) *paymentv1.CreateRefundRequest {
	return &paymentv1.CreateRefundRequest{Key: key, PaymentIntentId: paymentIntent, AmountMinor: amount, Currency: "usd"}
}

// refunded is how much Stripe gave back of a payment.
func (s *shop) refunded(paymentIntent string) int64 {
	amount, _ := s.stripe.Charge(paymentIntent)["amount_refunded"].(int64)
	return amount
}

// daysPass moves the attempts of all refunds into the past.
func (s *shop) daysPass(by time.Duration) {
	s.t.Helper()
	_, err := s.db.Exec(s.t.Context(), "UPDATE payment_refund SET attempt_began_at = attempt_began_at - $1::interval, spoiled_at = spoiled_at - $1::interval", by.String())
	require.NoError(s.t, err)
}

func TestRefundAsksStripeForExactlyThis(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	payment := s.sold("ref-1")
	made, err := s.client.CreateRefund(t.Context(), aRefund("order/AbC123/1", payment, 500))
	require.NoError(t, err)
	asked := oneRequest(t, s.stripe.Asked(http.MethodPost, refundPath))
	require.Equal(t, "refund/order/AbC123/1/1", asked.IdempotencyKey)
	require.Equal(t, map[string]string{
		"payment_intent": payment, "amount": "500", "metadata[shop]": "startupwebapp", "metadata[refund_key]": "order/AbC123/1",
	}, flat(t, asked))
	refund := made.GetRefund()
	require.Equal(t, "re_1 order/AbC123/1 "+payment+" 500 usd REFUND_STATUS_SUCCEEDED", fmt.Sprint(refund.GetRefundId(), " ", refund.GetKey(), " ",
		refund.GetPaymentIntentId(), " ", refund.GetAmountMinor(), " ", refund.GetCurrency(), " ", refund.GetStatus()))
	require.WithinDuration(t, time.Now(), refund.GetCreatedAt().AsTime(), time.Minute)
}

func TestRefundAgainIsTheSameRefundAsItIsNow(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	payment := s.sold("ref-1")
	_, err := s.client.CreateRefund(t.Context(), aRefund("key", payment, 500))
	require.NoError(t, err)
	s.stripe.ForgetKeys()
	s.stripe.ChangeRefund("re_1", map[string]any{"status": "failed"})
	other, _ := s.start()
	again, err := other.CreateRefund(t.Context(), aRefund("key", payment, 500))
	require.NoError(t, err)
	require.Equal(t, "re_1", again.GetRefund().GetRefundId())
	require.Equal(t, paymentv1.RefundStatus_REFUND_STATUS_FAILED, again.GetRefund().GetStatus())

	s.stripe.Fail(http.MethodGet, refundPath+"/re_1", http.StatusTooManyRequests, serverError, false)
	blind, err := other.CreateRefund(t.Context(), aRefund("key", payment, 500))
	require.NoError(t, err, "what was given back is known without Stripe")
	require.Equal(t, "re_1 key "+payment, blind.GetRefund().GetRefundId()+" "+blind.GetRefund().GetKey()+" "+blind.GetRefund().GetPaymentIntentId())
	require.Equal(t, []string{"re_1"}, s.stripe.RefundIDs())
}

func TestTenRefundsAtOnceOnTwoInstancesAreOne(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	payment := s.sold("ref-1")
	other, _ := s.start()
	release := s.stripe.Hold()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var calls sync.WaitGroup
	ids, failures := make([]string, 10), make([]error, 10)
	for n := range ids {
		client := []paymentv1.PaymentServiceClient{s.client, other}[n%2]
		calls.Go(func() {
			made, err := client.CreateRefund(ctx, aRefund("key", payment, 100))
			ids[n], failures[n] = made.GetRefund().GetRefundId(), err
		})
	}
	require.Eventually(t, func() bool { return len(s.stripe.Asked(http.MethodPost, refundPath)) >= 10 }, 20*time.Second, 10*time.Millisecond)
	release()
	calls.Wait()
	for n := range ids {
		require.NoError(t, failures[n])
		require.Equal(t, "re_1", ids[n])
	}
	require.Equal(t, int64(100), s.refunded(payment))
	require.Equal(t, 1, s.number("SELECT count(*) FROM payment_refund"))
}

func TestRefundsUnderOtherKeysAreOtherRefunds(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	payment := s.sold("ref-1")
	var calls sync.WaitGroup
	failures := make([]error, 5)
	for n := range failures {
		calls.Go(func() {
			_, failures[n] = s.client.CreateRefund(t.Context(), aRefund(fmt.Sprint("key-", n), payment, 300))
		})
	}
	calls.Wait()
	refused := 0
	for _, err := range failures {
		if err != nil {
			require.True(t, fault.HasReason(err, "stripe-refused"), "%v", err)
			refused++
		}
	}
	require.Equal(t, 2, refused, "11.99 is three times 3.00 and no more")
	require.Equal(t, int64(900), s.refunded(payment))
}

func TestRefundAfterFaultsIsOneRefund(t *testing.T) {
	t.Parallel()
	tooMany := `{"error":{"type":"invalid_request_error","code":"rate_limit"}}`
	faults := map[string]struct {
		happen func(*shop)
		later  time.Duration // how much time passes before the next call
	}{
		"one answer lost":           {happen: func(s *shop) { s.stripe.CutAnswers(1) }},
		"both answers lost":         {happen: func(s *shop) { s.stripe.CutAnswers(2) }},
		"answers lost, a day later": {happen: func(s *shop) { s.stripe.CutAnswers(2) }, later: 25 * time.Hour},
		"too many calls":            {happen: func(s *shop) { s.stripe.Fail(http.MethodPost, refundPath, 429, tooMany, false) }},
		"our key refused":           {happen: func(s *shop) { s.stripe.Fail(http.MethodPost, refundPath, 401, tooMany, false) }},
		"never asked, a day later":  {happen: func(s *shop) { s.stripe.Fail(http.MethodPost, refundPath, 429, tooMany, false) }, later: 25 * time.Hour},
		"the key is in use":         {happen: func(s *shop) { s.stripe.Fail(http.MethodPost, refundPath, 409, serverError, false) }},
		"a gateway fails once":      {happen: func(s *shop) { s.stripe.Fail(http.MethodPost, refundPath, 502, "<html>", false) }},
		"Stripe fails and keeps it": {happen: func(s *shop) { s.stripe.Fail(http.MethodPost, refundPath, 500, serverError, true) }, later: 2 * time.Minute},
		"Stripe gives back, and fails": {
			happen: func(s *shop) { s.stripe.FailAfter(http.MethodPost, refundPath, 500, serverError) }, later: 2 * time.Minute,
		},
		"parameters of a deploy": {
			happen: func(s *shop) {
				s.stripe.FailAfter(http.MethodPost, refundPath, 400, `{"error":{"type":"idempotency_error"}}`)
			}, later: 2 * time.Minute,
		},
		"an answer nobody can read": {happen: func(s *shop) { s.stripe.FailAfter(http.MethodPost, refundPath, 200, `{"id":`) }, later: 25 * time.Hour},
	}
	for name, each := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			payment := s.sold("ref-1")
			each.happen(s)
			client, stop := s.start()
			made, err := client.CreateRefund(t.Context(), aRefund("key", payment, 500))
			if err != nil {
				require.True(t, fault.HasReason(err, "stripe-unavailable"), "%v", err)
			}
			stop() // and a restart in between
			if each.later > 0 {
				s.daysPass(each.later)
			}
			if each.later > 24*time.Hour {
				s.stripe.ForgetKeys()
			}
			for range 3 {
				if made, err = s.client.CreateRefund(t.Context(), aRefund("key", payment, 500)); err == nil {
					break
				}
			}
			require.NoError(t, err)
			require.Equal(t, "re_1", made.GetRefund().GetRefundId())
			require.Equal(t, int64(500), s.refunded(payment))
			require.Equal(t, []string{"re_1"}, s.stripe.RefundIDs())
			require.NotContains(t, s.logs.String(), "buyer@example.com")
		})
	}
}

func TestAnotherKeyIsOnlyUsedWhenNobodyCanBeAsking(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	payment := s.sold("ref-1")
	s.stripe.Fail(http.MethodPost, refundPath, http.StatusInternalServerError, serverError, true)
	create := func() error {
		_, err := s.client.CreateRefund(t.Context(), aRefund("key", payment, 500))
		return err
	}
	posted := func() int { return len(s.stripe.Asked(http.MethodPost, refundPath)) }
	require.Error(t, create())
	require.Error(t, create())
	require.Equal(t, 2, posted(), "at first under the same key")
	s.daysPass(31 * time.Second)
	err := create()
	require.True(t, fault.HasReason(err, "stripe-unavailable"), "%v", err)
	require.Equal(t, 2, posted(), "then not at all, however often it is tried")
	s.daysPass(60 * time.Second)
	require.NoError(t, create())
	require.Len(t, s.stripe.Asked(http.MethodGet, refundPath), 1, "after a look at what was given back")
	require.Equal(t, "refund/key/2", s.stripe.Asked(http.MethodPost, refundPath)[2].IdempotencyKey)
	require.Equal(t, int64(500), s.refunded(payment))
}

func TestAnotherKeyWaitsForTheLook(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	payment := s.sold("ref-1")
	s.stripe.FailAfter(http.MethodPost, refundPath, http.StatusInternalServerError, serverError)
	_, err := s.client.CreateRefund(t.Context(), aRefund("key", payment, 500))
	require.Error(t, err)
	s.daysPass(2 * time.Minute)
	s.stripe.Fail(http.MethodGet, refundPath, http.StatusTooManyRequests, serverError, false)
	_, err = s.client.CreateRefund(t.Context(), aRefund("key", payment, 500))
	require.True(t, fault.HasReason(err, "stripe-unavailable"), "%v", err)
	_, err = s.client.CreateRefund(t.Context(), aRefund("key", payment, 500))
	require.NoError(t, err)
	require.Len(t, s.stripe.Asked(http.MethodPost, refundPath), 1, "the money was back already")
	require.Equal(t, int64(500), s.refunded(payment))
}

func TestTheLookGoesThroughAllPages(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	payment := s.sold("ref-1")
	s.stripe.FailAfter(http.MethodPost, refundPath, http.StatusInternalServerError, serverError)
	_, err := s.client.CreateRefund(t.Context(), aRefund("key", payment, 1))
	require.Error(t, err)
	for range 250 { // all newer than ours, which is on the last page
		s.stripe.AddRefund(payment, 1, nil)
	}
	s.daysPass(2 * time.Minute)
	made, err := s.client.CreateRefund(t.Context(), aRefund("key", payment, 1))
	require.NoError(t, err)
	require.Equal(t, "re_1", made.GetRefund().GetRefundId())
	require.Equal(t, int64(251), s.refunded(payment))
	listed, err := s.client.ListRefunds(t.Context(), &paymentv1.ListRefundsRequest{PaymentIntentId: payment})
	require.NoError(t, err)
	require.Len(t, listed.GetRefunds(), 251)
	require.Equal(t, "re_1 re_2 re_251", listed.GetRefunds()[0].GetRefundId()+" "+listed.GetRefunds()[1].GetRefundId()+" "+listed.GetRefunds()[250].GetRefundId())
}

func TestRefundThatStripeRefusesMayBeAskedForAgain(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	payment := s.sold("ref-1")
	_, err := s.client.CreateRefund(t.Context(), aRefund("first", payment, 1100))
	require.NoError(t, err)
	create := func() error {
		_, err := s.client.CreateRefund(t.Context(), aRefund("second", payment, 1199))
		return err
	}
	for _, after := range []time.Duration{0, 0, 40 * time.Second, 2 * time.Minute} {
		s.daysPass(after)
		err := create()
		require.True(t, fault.HasReason(err, "stripe-refused"), "%s: %v", after, err)
		require.Equal(t, fault.Invalid, fault.KindOf(err))
		require.NotContains(t, fault.Of(err).Detail, "quotes")
	}
	require.Equal(t, int64(1100), s.refunded(payment))
	s.stripe.Fail(http.MethodPost, refundPath, http.StatusPaymentRequired, `{"error":{"type":"invalid_request_error","code":"insufficient_funds"}}`, true)
	third := func() error {
		_, err := s.client.CreateRefund(t.Context(), aRefund("third", payment, 99))
		return err
	}
	require.True(t, fault.HasReason(third(), "stripe-refused"))
	s.daysPass(2 * time.Minute) // and money is there again
	require.NoError(t, third())
	require.Equal(t, int64(1199), s.refunded(payment))
}

func TestRefundRefusals(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	payment := s.sold("ref-1")
	_, err := s.client.CreateRefund(t.Context(), aRefund("taken", payment, 100))
	require.NoError(t, err)
	other := s.sold("ref-2")
	s.stripe.Change("cs_foreign", map[string]any{"status": "complete", "metadata": map[string]any{"cart_id": "1"}, "amount_total": int64(500), "currency": "usd"})
	foreign := s.stripe.Pay("cs_foreign")
	asked := len(s.stripe.Asked(http.MethodPost, refundPath))
	cases := map[string]struct {
		request *paymentv1.CreateRefundRequest
		kind    fault.Kind
		reason  string
	}{
		"no key":            {aRefund("", payment, 1), fault.Invalid, "invalid-request"},
		"a long key":        {aRefund(strings.Repeat("k", 201), payment, 1), fault.Invalid, "invalid-request"},
		"a key with a NUL":  {aRefund("a\x00b", payment, 1), fault.Invalid, "invalid-request"},
		"a key with space":  {aRefund("a b", payment, 1), fault.Invalid, "invalid-request"},
		"nothing":           {aRefund("new", payment, 0), fault.Invalid, "invalid-request"},
		"less than nothing": {aRefund("new", payment, -100), fault.Invalid, "invalid-request"},
		"far too much":      {aRefund("new", payment, 1<<62), fault.Invalid, "invalid-request"},
		"another currency": {
			&paymentv1.CreateRefundRequest{Key: "new", PaymentIntentId: payment, AmountMinor: 1, Currency: "eur"}, fault.Invalid, "invalid-request",
		},
		"other amount":               {aRefund("taken", payment, 101), fault.Conflict, "refund-key-reused"},
		"other payment":              {aRefund("taken", other, 100), fault.Conflict, "refund-key-reused"},
		"no payment":                 {aRefund("new", "", 1), fault.NotFound, "payment-not-found"},
		"unknown payment":            {aRefund("new", "pi_unknown", 1), fault.NotFound, "payment-not-found"},
		"no payment intent":          {aRefund("new", "ch_1", 1), fault.NotFound, "payment-not-found"},
		"hostile payment":            {aRefund("new", "pi_\x00'; --", 1), fault.NotFound, "payment-not-found"},
		"payment of another system":  {aRefund("new", foreign, 1), fault.NotFound, "payment-not-found"},
		"a session instead of money": {aRefund("new", "cs_test_1", 1), fault.NotFound, "payment-not-found"},
	}
	for name, each := range cases {
		_, err := s.client.CreateRefund(t.Context(), each.request)
		require.True(t, fault.HasReason(err, each.reason), "%s: %v", name, err)
		require.Equal(t, each.kind, fault.KindOf(err), name)
	}
	require.Len(t, s.stripe.Asked(http.MethodPost, refundPath), asked, "Stripe was not asked for any")
	require.Equal(t, 1, s.number("SELECT count(*) FROM payment_refund"))
	for _, id := range []string{"", "pi_unknown", foreign} {
		_, err := s.client.ListRefunds(t.Context(), &paymentv1.ListRefundsRequest{PaymentIntentId: id})
		require.True(t, fault.HasReason(err, "payment-not-found"), "%q: %v", id, err)
	}
}

// TestRefundOfAPaymentThatTheBooksHaveNotHeardOf: the books may have missed it, Stripe knows.
func TestRefundOfAPaymentThatTheBooksHaveNotHeardOf(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	opened, err := s.client.OpenSession(t.Context(), aCheckout("ref-1"))
	require.NoError(t, err)
	payment := s.stripe.Pay(opened.GetSessionId())
	s.stripe.Fail(http.MethodGet, openPath, http.StatusTooManyRequests, serverError, false)
	_, err = s.client.CreateRefund(t.Context(), aRefund("key", payment, 1199))
	require.True(t, fault.HasReason(err, "stripe-unavailable"), "%v", err)
	_, err = s.client.CreateRefund(t.Context(), aRefund("key", payment, 1199))
	require.NoError(t, err)
	require.Equal(t, "complete paid "+payment, s.text("SELECT concat_ws(' ', status, payment_status, payment_intent_id) FROM payment_session"))
}

func TestListRefundsTellsAllOfThem(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	payment := s.sold("ref-1")
	s.stripe.AddRefund(payment, 100, map[string]any{"status": "pending"})
	_, err := s.client.CreateRefund(t.Context(), aRefund("order/A/1", payment, 200))
	require.NoError(t, err)
	s.stripe.AddRefund(payment, 300, map[string]any{"status": "canceled", "metadata": map[string]any{"refund_key": "order/A/2"}})
	s.stripe.AddRefund(payment, 50, map[string]any{"status": "requires_action", "metadata": nil})
	listed, err := s.client.ListRefunds(t.Context(), &paymentv1.ListRefundsRequest{PaymentIntentId: payment})
	require.NoError(t, err)
	told := []string{}
	for _, refund := range listed.GetRefunds() {
		require.Equal(t, payment, refund.GetPaymentIntentId())
		told = append(told, fmt.Sprintf("%s %q %d %s", refund.GetRefundId(), refund.GetKey(), refund.GetAmountMinor(), refund.GetStatus()))
	}
	require.Equal(t, []string{
		`re_1 "" 100 REFUND_STATUS_PENDING`, `re_2 "order/A/1" 200 REFUND_STATUS_SUCCEEDED`,
		`re_3 "" 300 REFUND_STATUS_FAILED`, `re_4 "" 50 REFUND_STATUS_PENDING`,
	}, told, "a key without our marker is not ours")
	s.stripe.Fail(http.MethodGet, refundPath, http.StatusForbidden, serverError, false)
	_, err = s.client.ListRefunds(t.Context(), &paymentv1.ListRefundsRequest{PaymentIntentId: payment})
	require.True(t, fault.HasReason(err, "stripe-unavailable"), "%v", err)
}
