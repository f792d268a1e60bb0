package orderarea_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

func paid() *paymentv1.Event {
	return &paymentv1.Event{EventId: "evt_1", Type: "checkout.session.completed", SessionId: "cs_1", ConcernsCheckout: true}
}

func TestAWebhookIsKeptAndThenHandled(t *testing.T) {
	t.Parallel()
	v := stranger(t)
	v.behind.event = paid()
	answer, err := v.ReceiveStripeWebhook(v.ctx, &storefrontv1.ReceiveStripeWebhookRequest{Payload: []byte("{\xff}")})
	v.sees(`{"received":true,"order_identifier":"Abc1234567"}`, answer, err)
	require.Equal(t, []string{"ReceiveWebhook", "HandlePaymentEvent"}, v.behind.asked)
	require.Zero(t, v.visitor.AnswerStatus(), "200")
	kept, ok := v.behind.requests["ReceiveWebhook"].(*paymentv1.ReceiveWebhookRequest)
	require.True(t, ok)
	require.Equal(t, []byte("{\xff}"), kept.GetPayload(), "byte for byte")
	require.Equal(t, "t=1,v1=abc", kept.GetSignature())
	handled, ok := v.behind.requests["HandlePaymentEvent"].(*orderv1.HandlePaymentEventRequest)
	require.True(t, ok)
	require.Equal(t, []string{"evt_1", "checkout.session.completed", "cs_1"}, []string{handled.GetEventId(), handled.GetEventType(), handled.GetSessionId()})
}

func TestEventsThatMakeNoOrderAreReceivedAllTheSame(t *testing.T) {
	t.Parallel()
	v := stranger(t)
	v.behind.event = &paymentv1.Event{EventId: "evt_2", Type: "payment_intent.created"}
	answer, err := v.ReceiveStripeWebhook(v.ctx, &storefrontv1.ReceiveStripeWebhookRequest{})
	v.sees(`{"received":true}`, answer, err)
	require.Equal(t, []string{"ReceiveWebhook"}, v.behind.asked)

	v.behind.event = &paymentv1.Event{EventId: "evt_3", Type: "checkout.session.expired", ConcernsCheckout: true}
	answer, err = v.ReceiveStripeWebhook(v.ctx, &storefrontv1.ReceiveStripeWebhookRequest{})
	v.sees(`{"received":true}`, answer, err)
	require.Zero(t, v.visitor.AnswerStatus(), "what would stay as it is needs no repetition (payment.md P-11)")
}

// Refunds and disputes name no session: the order service is told what there is.
func TestEventsAboutPaymentsAreHandedOn(t *testing.T) {
	t.Parallel()
	for _, event := range []*paymentv1.Event{
		{EventId: "evt_4", Type: "charge.refunded", PaymentIntentId: "pi_1", ConcernsCheckout: true},
		{EventId: "evt_5", Type: "charge.dispute.created", SessionId: "cs_1", PaymentIntentId: "pi_1", DisputeId: "dp_1", ConcernsCheckout: true},
		{EventId: "evt_6", Type: "charge.dispute.closed", DisputeId: "dp_1", ConcernsCheckout: true},
	} {
		v := stranger(t)
		v.behind.event = event
		answer, err := v.ReceiveStripeWebhook(v.ctx, &storefrontv1.ReceiveStripeWebhookRequest{})
		v.sees(`{"received":true}`, answer, err)
		handled, ok := v.behind.requests["HandlePaymentEvent"].(*orderv1.HandlePaymentEventRequest)
		require.True(t, ok)
		want := &orderv1.HandlePaymentEventRequest{
			EventId: event.GetEventId(), EventType: event.GetType(), SessionId: event.GetSessionId(),
			PaymentIntentId: event.GetPaymentIntentId(), DisputeId: event.GetDisputeId(),
		}
		require.True(t, proto.Equal(want, handled), "%v", handled)
	}
	v := stranger(t)
	v.behind.event = &paymentv1.Event{EventId: "evt_7", Type: "charge.refunded", PaymentIntentId: "pi_of_another_shop"}
	answer, err := v.ReceiveStripeWebhook(v.ctx, &storefrontv1.ReceiveStripeWebhookRequest{})
	v.sees(`{"received":true}`, answer, err)
	require.Equal(t, []string{"ReceiveWebhook"}, v.behind.asked)
}

// The answers of contract payment.md 6.
func TestWebhooksThatAreNotFinished(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		failing string
		failure error
		status  int
		want    string
		logged  bool
	}{
		"signature":      {"ReceiveWebhook", named(fault.Invalid, "invalid-signature"), http.StatusBadRequest, "invalid-signature", false},
		"payload":        {"ReceiveWebhook", named(fault.Invalid, "invalid-payload"), http.StatusBadRequest, "invalid-payload", false},
		"no secret":      {"ReceiveWebhook", named(fault.FailedPrecondition, "webhook-not-configured"), http.StatusInternalServerError, "webhook-not-configured", false},
		"payment away":   {"ReceiveWebhook", named(fault.Unavailable, "unavailable"), http.StatusInternalServerError, "processing-error", true},
		"order away":     {"HandlePaymentEvent", named(fault.Unavailable, "unavailable"), http.StatusInternalServerError, "processing-error", true},
		"order too slow": {"HandlePaymentEvent", named(fault.DeadlineExceeded, "deadline-exceeded"), http.StatusInternalServerError, "processing-error", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := stranger(t)
			v.behind.event = paid()
			v.behind.fails[c.failing] = c.failure
			answer, err := v.ReceiveStripeWebhook(v.ctx, &storefrontv1.ReceiveStripeWebhookRequest{})
			v.sees(`{"error":"`+c.want+`"}`, answer, err)
			require.Equal(t, c.status, v.visitor.AnswerStatus())
			require.Equal(t, c.logged, v.logs.Len() > 0)
		})
	}
}
