package payment_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
)

// aftermathTypes are the events after which money went back, or may.
func aftermathTypes() []string {
	return []string{
		"charge.refunded", "charge.refund.updated", "refund.created", "refund.updated", "refund.failed", "charge.dispute.created",
		"charge.dispute.updated", "charge.dispute.closed", "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated",
	}
}

// aftermath is the object of an event of such a type, with customer data in it as Stripe sends them.
func aftermath(kind, paymentIntent, reference string) map[string]any {
	common := map[string]any{
		"payment_intent": paymentIntent, "amount": 1199, "currency": "usd", "status": "succeeded",
		"billing_details": map[string]any{"email": "buyer@example.com", "name": "Buyer Name"}, "receipt_email": "buyer@example.com",
	}
	switch {
	case kind == "charge.refunded":
		common["object"], common["id"], common["amount_refunded"] = "charge", "ch_1", 500
		if reference != "" {
			common["metadata"] = map[string]any{"shop": "startupwebapp", "reference": reference}
		}
	case strings.HasPrefix(kind, "charge.dispute."):
		common["object"], common["id"], common["reason"], common["status"] = "dispute", "du_1", "fraudulent", "needs_response"
		common["evidence"] = map[string]any{"customer_name": "Buyer Name", "shipping_address": "1 Main St"}
	default:
		common["object"], common["id"], common["charge"] = "refund", "re_1", "ch_1"
	}
	return common
}

func line(e *paymentv1.Event) string {
	return fmt.Sprint(e.GetType(), " ", e.GetSessionId(), " ", e.GetPaymentIntentId(), " ", e.GetDisputeId(), " ", e.GetConcernsCheckout(), " ", e.GetHandled())
}

func TestNewsOfRefundsAndDisputesNameSessionAndPayment(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	payment := s.sold("ref-1")
	requests := len(s.stripe.Requests())
	for n, kind := range aftermathTypes() {
		received, err := s.receive(event(fmt.Sprint("evt_", n), kind, aftermath(kind, payment, "")))
		require.NoError(t, err)
		dispute := ""
		if strings.HasPrefix(kind, "charge.dispute.") {
			dispute = "du_1"
		}
		require.Equal(t, kind+" cs_test_1 "+payment+" "+dispute+" true false", line(received))
	}
	require.Len(t, s.stripe.Requests(), requests, "the books know whose payment it is")
	listed, err := s.client.ListUnhandledEvents(t.Context(), &paymentv1.ListUnhandledEventsRequest{})
	require.NoError(t, err)
	require.Len(t, listed.GetEvents(), len(aftermathTypes()))
	require.Equal(t, "charge.dispute.closed cs_test_1 "+payment+" du_1 true false", line(listed.GetEvents()[7]))
	for _, private := range []string{"buyer@example.com", "Buyer", "Main St"} {
		require.Zero(t, s.number("SELECT count(*) FROM webhook_event WHERE webhook_event::text LIKE '%' || $1 || '%'", private), private)
	}
	require.Equal(t, "charge 1199 500", s.text("SELECT concat_ws(' ', payload->>'object', payload->>'amount', payload->>'amount_refunded') FROM webhook_event WHERE type = 'charge.refunded'"))
}

func TestNewsOfAPaymentMayComeAsAnObject(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	payment := s.sold("ref-1")
	expanded := aftermath("refund.updated", payment, "")
	expanded["payment_intent"] = map[string]any{"id": payment, "object": "payment_intent", "receipt_email": "buyer@example.com"}
	received, err := s.receive(event("evt_1", "refund.updated", expanded))
	require.NoError(t, err)
	require.Equal(t, "refund.updated cs_test_1 "+payment+"  true false", line(received))
}

// TestNewsThatComeBeforeTheBooksKnowThePayment: a refund may be heard of before its payment.
func TestNewsThatComeBeforeTheBooksKnowThePayment(t *testing.T) {
	t.Parallel()
	for _, kind := range aftermathTypes() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			opened, err := s.client.OpenSession(t.Context(), aCheckout("ref-1"))
			require.NoError(t, err)
			payment := s.stripe.Pay(opened.GetSessionId())
			for range 2 {
				received, err := s.receive(event("evt_1", kind, aftermath(kind, payment, "")))
				require.NoError(t, err)
				require.True(t, received.GetConcernsCheckout())
				require.False(t, received.GetHandled())
				require.Equal(t, opened.GetSessionId()+" "+payment, received.GetSessionId()+" "+received.GetPaymentIntentId())
			}
			require.Len(t, s.stripe.Asked(http.MethodGet, openPath), 1)
			require.Equal(t, "complete paid "+payment, s.text("SELECT concat_ws(' ', status, payment_status, payment_intent_id) FROM payment_session"))
		})
	}
}

func TestAChargeWithOurReferenceNeedsNoQuestion(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	opened, err := s.client.OpenSession(t.Context(), aCheckout("ref-1"))
	require.NoError(t, err)
	payment := s.stripe.Pay(opened.GetSessionId())
	charge := s.stripe.Charge(payment)
	require.Equal(t, map[string]any{"shop": "startupwebapp", "reference": "ref-1"}, charge["metadata"], "the session's request asks Stripe to put it there")
	received, err := s.receive(event("evt_1", "charge.refunded", charge))
	require.NoError(t, err)
	require.Equal(t, "charge.refunded "+opened.GetSessionId()+" "+payment+"  true false", line(received))
	require.Empty(t, s.stripe.Asked(http.MethodGet, openPath))
	require.Equal(t, payment, s.text("SELECT payment_intent_id FROM payment_session"))
}

func TestNewsOfOtherSystemsPaymentsAreBornHandled(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	ours := s.sold("ref-1")
	s.stripe.Change("cs_foreign", map[string]any{"status": "complete", "metadata": map[string]any{"cart_id": "1"}, "amount_total": int64(500)})
	foreign := s.stripe.Pay("cs_foreign")
	// Another installation of this shop on the same account has our marker and references of its own.
	s.stripe.Change("cs_sister", map[string]any{"status": "complete", "metadata": map[string]any{"shop": "startupwebapp", "reference": "of-the-sister"}, "amount_total": int64(500)})
	sister := s.stripe.Pay("cs_sister")
	change := func(kind string, fields map[string]any) map[string]any {
		object := aftermath(kind, ours, "")
		for name, value := range fields {
			object[name] = value
		}
		return object
	}
	payloads := map[string]string{
		"a charge":                event("evt_1", "charge.refunded", aftermath("charge.refunded", foreign, "")),
		"a refund":                event("evt_2", "refund.failed", aftermath("refund.failed", foreign, "")),
		"a dispute":               event("evt_3", "charge.dispute.created", aftermath("charge.dispute.created", foreign, "")),
		"of no session":           event("evt_4", "charge.dispute.created", aftermath("charge.dispute.created", "pi_invoice", "")),
		"of a sister shop":        event("evt_5", "charge.refunded", aftermath("charge.refunded", sister, "of-the-sister")),
		"without a payment":       event("evt_6", "charge.refunded", change("charge.refunded", map[string]any{"payment_intent": nil})),
		"the payment a number":    event("evt_7", "charge.refunded", change("charge.refunded", map[string]any{"payment_intent": 7})),
		"the payment a list":      event("evt_8", "charge.refunded", change("charge.refunded", map[string]any{"payment_intent": []any{ours}})),
		"the payment with a NUL":  event("evt_9", "charge.refunded", change("charge.refunded", map[string]any{"payment_intent": "pi_\x00"})),
		"the payment an address":  event("evt_10", "charge.refunded", change("charge.refunded", map[string]any{"payment_intent": "pi_../../v1/balance"})),
		"the payment long":        event("evt_11", "charge.refunded", change("charge.refunded", map[string]any{"payment_intent": "pi_" + strings.Repeat("x", 300)})),
		"no id":                   event("evt_12", "charge.refunded", change("charge.refunded", map[string]any{"id": nil})),
		"another object":          event("evt_13", "charge.refunded", change("charge.refunded", map[string]any{"object": "payout"})),
		"no object":               `{"id":"evt_14","type":"charge.refunded","data":{"object":null}}`,
		"a type we do not know":   event("evt_15", "charge.captured", aftermath("charge.refunded", ours, "")),
		"a type close to ours":    event("evt_16", "charge.refunded.x", aftermath("charge.refunded", ours, "")),
		"a session as a refund":   event("evt_17", "charge.refunded", map[string]any{"id": "cs_foreign", "object": "checkout.session", "payment_intent": ours}),
		"metadata of a stranger":  event("evt_18", "charge.refunded", change("charge.refunded", map[string]any{"payment_intent": foreign, "metadata": map[string]any{"shop": "another", "reference": "ref-1"}})),
		"our reference, not ours": event("evt_19", "charge.refunded", aftermath("charge.refunded", foreign, "ref-1")),
	}
	for name, payload := range payloads {
		received, err := s.receive(payload)
		require.NoError(t, err, name)
		require.False(t, received.GetConcernsCheckout(), name)
		require.True(t, received.GetHandled(), name)
	}
	require.Zero(t, s.number("SELECT count(*) FROM webhook_event WHERE attribution_pending"))
	require.Equal(t, ours, s.text("SELECT payment_intent_id FROM payment_session"), "a payment is not taken over")
	asked := len(s.stripe.Requests())
	for _, payload := range payloads { // once more: counted, not asked again
		_, err := s.receive(payload)
		require.NoError(t, err)
	}
	require.Len(t, s.stripe.Requests(), asked)
}

func TestOddNewsOfOursAreKept(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	payment := s.sold("ref-1")
	odd := aftermath("charge.dispute.created", payment, "")
	odd["amount"], odd["currency"], odd["reason"], odd["status"], odd["metadata"] = 1e300, "a\x00b", []int{1}, nil, "x"
	received, err := s.receive(event("evt_1", "charge.dispute.created", odd))
	require.NoError(t, err)
	require.True(t, received.GetConcernsCheckout())
	require.Equal(t, "du_1", s.text("SELECT dispute_id FROM webhook_event"))
}

// TestNewsAreNotLostWhileStripeIsAway: whose payment it is, only Stripe could say, and it does not.
func TestNewsAreNotLostWhileStripeIsAway(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.cfg.Webhook.Interval = time.Second
	opened, err := s.client.OpenSession(t.Context(), aCheckout("ref-1"))
	require.NoError(t, err)
	payment := s.stripe.Pay(opened.GetSessionId())
	for range 2 {
		s.stripe.Fail(http.MethodGet, openPath, http.StatusTooManyRequests, serverError, false)
	}
	for n, of := range []string{payment, "pi_foreign"} {
		received, err := s.receive(event(fmt.Sprint("evt_", n), "refund.failed", aftermath("refund.failed", of, "")))
		require.NoError(t, err, "Stripe need not send it again")
		require.Equal(t, "refund.failed  "+of+"  false true", line(received))
	}
	require.Equal(t, 2, s.number("SELECT count(*) FROM webhook_event WHERE attribution_pending"))
	var starts sync.WaitGroup
	for range 2 {
		starts.Go(func() { s.start() })
	}
	starts.Wait()
	require.Eventually(t, func() bool {
		return s.number("SELECT count(*) FROM webhook_event WHERE attribution_pending") == 0
	}, 20*time.Second, 20*time.Millisecond)
	listed, err := s.client.ListUnhandledEvents(t.Context(), &paymentv1.ListUnhandledEventsRequest{})
	require.NoError(t, err)
	require.Len(t, listed.GetEvents(), 1)
	require.Equal(t, "refund.failed "+opened.GetSessionId()+" "+payment+"  true false", line(listed.GetEvents()[0]))
}

func TestTwentyDeliveriesAtOnceOfNewsAreOneEvent(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	other, _ := s.start()
	opened, err := s.client.OpenSession(t.Context(), aCheckout("ref-1"))
	require.NoError(t, err)
	payment := s.stripe.Pay(opened.GetSessionId())
	delivery := signed(event("evt_1", "charge.dispute.created", aftermath("charge.dispute.created", payment, "")), webhookSecret, time.Now())
	var calls sync.WaitGroup
	told := make([]string, 20)
	for n := range told {
		client := []paymentv1.PaymentServiceClient{s.client, other}[n%2]
		calls.Go(func() {
			received, err := client.ReceiveWebhook(t.Context(), delivery)
			told[n] = fmt.Sprint(line(received.GetEvent()), err)
		})
	}
	calls.Wait()
	require.Equal(t, slices.Repeat([]string{"charge.dispute.created cs_test_1 " + payment + " du_1 true false<nil>"}, 20), told)
	require.Equal(t, 20, s.number("SELECT deliveries FROM webhook_event"))
}
