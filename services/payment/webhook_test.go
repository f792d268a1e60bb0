package payment_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76/webhook"
	"google.golang.org/protobuf/types/known/timestamppb"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

func signed(payload, secret string, at time.Time) *paymentv1.ReceiveWebhookRequest {
	made := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: []byte(payload), Secret: secret, Timestamp: at})
	return &paymentv1.ReceiveWebhookRequest{Payload: made.Payload, Signature: made.Header}
}

// event is a webhook's payload about a session; API version and shape are those of a newer endpoint than the library's.
func event(id, kind string, session map[string]any) string {
	text, err := json.Marshal(map[string]any{
		"id": id, "object": "event", "type": kind, "api_version": "2025-11-17.clover", "livemode": false,
		"data": map[string]any{"object": session},
	})
	if err != nil {
		panic(err)
	}
	return string(text)
}

func (s *shop) receive(payload string) (*paymentv1.Event, error) {
	response, err := s.client.ReceiveWebhook(s.t.Context(), signed(payload, webhookSecret, time.Now()))
	return response.GetEvent(), err
}

func TestWebhookOfOursIsKeptAndChangesTheBooks(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	_, err := s.client.OpenSession(t.Context(), aCheckout("ref-1"))
	require.NoError(t, err)
	received, err := s.receive(event("evt_1", "checkout.session.completed", paid("ref-1")))
	require.NoError(t, err)
	require.Equal(t, "evt_1 checkout.session.completed cs_test_1 true false", fmt.Sprint(
		received.GetEventId(), " ", received.GetType(), " ", received.GetSessionId(), " ", received.GetConcernsCheckout(), " ", received.GetHandled()))
	require.Equal(t, "complete paid pi_1 1079", s.text("SELECT concat_ws(' ', status, payment_status, payment_intent_id, total_minor) FROM payment_session"))
	require.Equal(t, "2025-11-17.clover", s.text("SELECT api_version FROM webhook_event"))
	for _, private := range []string{"buyer@example.com", "Buyer", "Main St", "5550100"} {
		require.Zero(t, s.number("SELECT count(*) FROM webhook_event WHERE webhook_event::text LIKE '%' || $1 || '%'", private), private)
		require.NotContains(t, s.logs.String(), private)
	}
}

func TestWebhookDeliveredTwiceAndAtOnceIsOneEvent(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	other, _ := s.start()
	_, err := s.client.OpenSession(t.Context(), aCheckout("ref-1"))
	require.NoError(t, err)
	delivery := signed(event("evt_1", "checkout.session.completed", paid("ref-1")), webhookSecret, time.Now())
	var calls sync.WaitGroup
	failures := make([]error, 20)
	for n := range failures {
		client := []paymentv1.PaymentServiceClient{s.client, other}[n%2]
		calls.Go(func() { _, failures[n] = client.ReceiveWebhook(t.Context(), delivery) })
	}
	calls.Wait()
	for _, err := range failures {
		require.NoError(t, err)
	}
	require.Equal(t, 1, s.number("SELECT count(*) FROM webhook_event"))
	require.Equal(t, 20, s.number("SELECT deliveries FROM webhook_event"))

	_, err = s.client.MarkEventHandled(t.Context(), &paymentv1.MarkEventHandledRequest{EventId: "evt_1"})
	require.NoError(t, err)
	late, err := s.client.ReceiveWebhook(t.Context(), delivery)
	require.NoError(t, err)
	require.True(t, late.GetEvent().GetHandled())
}

func TestWebhooksInAnyOrderEndInTheSameBooks(t *testing.T) {
	t.Parallel()
	completed, succeeded := paid("ref-1"), paid("ref-1")
	completed["payment_status"] = "unpaid" // a delayed method: complete first, paid later
	events := []string{event("evt_1", "checkout.session.completed", completed), event("evt_2", "checkout.session.async_payment_succeeded", succeeded)}
	for _, order := range [][]int{{0, 1}, {1, 0}, {1, 0, 1, 0}} {
		s := newShop(t)
		_, err := s.client.OpenSession(t.Context(), aCheckout("ref-1"))
		require.NoError(t, err)
		for _, n := range order {
			received, err := s.receive(events[n])
			require.NoError(t, err)
			require.True(t, received.GetConcernsCheckout())
		}
		require.Equal(t, "complete paid", s.text("SELECT status || ' ' || payment_status FROM payment_session"), "%v", order)
	}
}

func TestWebhookThatDoesNotConcernUsIsBornHandled(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	_, err := s.client.OpenSession(t.Context(), aCheckout("ref-1"))
	require.NoError(t, err)
	foreign := func(metadata any) map[string]any {
		session := paid("ref-1")
		session["metadata"] = metadata
		return session
	}
	payloads := map[string]string{
		"a customer":              `{"id":"evt_0","object":"event","type":"customer.created","data":{"object":{"id":"cus_1","object":"customer"}}}`,
		"old style, no cart":      `{"id":"evt_1","object":"event","type":"checkout.session.completed","data":{"object":{"id":"cs_paid1","object":"checkout.session","payment_status":"paid","payment_intent":"pi_cs_paid1","metadata":{}}}}`,
		"old style, unknown cart": `{"id":"evt_2","object":"event","type":"checkout.session.completed","data":{"object":{"id":"cs_paid1","object":"checkout.session","payment_status":"paid","payment_intent":"pi_cs_paid1","metadata":{"cart_id":"1999999999"}}}}`,
		"metadata null":           event("evt_3", "checkout.session.completed", foreign(nil)),
		"metadata a text":         event("evt_4", "checkout.session.completed", foreign("shop")),
		"metadata of numbers":     event("evt_5", "checkout.session.completed", foreign(map[string]any{"shop": 1, "reference": []int{2}})),
		"another shop":            event("evt_6", "checkout.session.completed", foreign(map[string]any{"shop": "another", "reference": "ref-1"})),
		"ours, another type":      event("evt_7", "checkout.session.created", paid("ref-1")),
		"data null":               `{"id":"evt_8","type":"checkout.session.completed","data":null}`,
		"object a list":           `{"id":"evt_9","type":"checkout.session.completed","data":{"object":[1]}}`,
		"no data":                 `{"id":"evt_10","type":"checkout.session.completed"}`,
		"odd envelope":            `{"id":"evt_11","type":"checkout.session.completed","livemode":"yes","api_version":7,"data":{"object":{"id":5,"object":"checkout.session"}}}`,
		"NUL in the session's id": `{"id":"evt_13","type":"checkout.session.completed","data":{"object":{"id":"cs_\u0000","object":"checkout.session","metadata":{"shop":"startupwebapp","reference":"ref-1"}}}}`,
		"half a surrogate":        `{"id":"evt_14","type":"checkout.session.completed","data":{"object":{"id":"cs_\ud800","object":"checkout.session","metadata":{"shop":"startupwebapp","reference":"ref-1"}}}}`,
	}
	for name, payload := range payloads {
		received, err := s.receive(payload)
		require.NoError(t, err, name)
		require.False(t, received.GetConcernsCheckout(), name)
		require.True(t, received.GetHandled(), name)
	}
	listed, err := s.client.ListUnhandledEvents(t.Context(), &paymentv1.ListUnhandledEventsRequest{})
	require.NoError(t, err)
	require.Empty(t, listed.GetEvents())
	require.Equal(t, "open unpaid", s.text("SELECT status || ' ' || payment_status FROM payment_session"))
	require.Equal(t, len(payloads), s.number("SELECT count(*) FROM webhook_event"))
}

func TestWebhookOfOursWithOddFieldsIsKept(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	odd := paid("ref-1")
	odd["amount_total"], odd["currency"], odd["status"], odd["payment_intent"] = 1e300, "a\x00b", 5, map[string]any{"id": "pi_9"}
	received, err := s.receive(event("evt_1", "checkout.session.expired", odd))
	require.NoError(t, err)
	require.True(t, received.GetConcernsCheckout(), "a session that is not in the books is still ours to look at")
	require.Equal(t, "pi_9", s.text("SELECT payload->>'payment_intent' FROM webhook_event"))
}

func TestWebhookRefusals(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	good := event("evt_1", "checkout.session.completed", paid("ref-1"))
	now := time.Now()
	tampered := signed(good, webhookSecret, now)
	tampered.Payload = []byte(strings.Replace(good, "evt_1", "evt_2", 1))
	cases := map[string]struct {
		request *paymentv1.ReceiveWebhookRequest
		reason  string
	}{
		"no header":             {&paymentv1.ReceiveWebhookRequest{Payload: []byte(good)}, "invalid-signature"},
		"garbage":               {&paymentv1.ReceiveWebhookRequest{Payload: []byte(good), Signature: "garbage"}, "invalid-signature"},
		"no timestamp":          {&paymentv1.ReceiveWebhookRequest{Payload: []byte(good), Signature: "v1=00"}, "invalid-signature"},
		"hostile timestamp":     {&paymentv1.ReceiveWebhookRequest{Payload: []byte(good), Signature: "t=99999999999999999999,v1=00"}, "invalid-signature"},
		"wrong secret":          {signed(good, "whsec_wrong", now), "invalid-signature"},
		"too old":               {signed(good, webhookSecret, now.Add(-302*time.Second)), "invalid-signature"},
		"other bytes":           {tampered, "invalid-signature"},
		"not UTF-8":             {signed("{\"id\":\"evt_1\xff\"}", webhookSecret, now), "invalid-payload"},
		"not UTF-8, not signed": {&paymentv1.ReceiveWebhookRequest{Payload: []byte("\xff")}, "invalid-payload"},
		"not JSON":              {signed("hello", webhookSecret, now), "invalid-payload"},
		"empty":                 {signed("", webhookSecret, now), "invalid-payload"},
		"null":                  {signed("null", webhookSecret, now), "invalid-payload"},
		"a list":                {signed("[]", webhookSecret, now), "invalid-payload"},
		"something follows":     {signed(good+"{}", webhookSecret, now), "invalid-payload"},
		"no id":                 {signed(`{"object":"event"}`, webhookSecret, now), "invalid-payload"},
		"no type":               {signed(`{"id":"evt_1"}`, webhookSecret, now), "invalid-payload"},
		"id of another shape":   {signed(`{"id":{},"type":"x"}`, webhookSecret, now), "invalid-payload"},
		"NUL in the id":         {signed(`{"id":"evt_\u0000","type":"x"}`, webhookSecret, now), "invalid-payload"},
		"long id":               {signed(`{"id":"`+strings.Repeat("e", 256)+`","type":"x"}`, webhookSecret, now), "invalid-payload"},
		"deep":                  {signed(`{"id":"evt_1","type":"x","data":`+strings.Repeat("[", 20000)+strings.Repeat("]", 20000)+`}`, webhookSecret, now), "invalid-payload"},
	}
	for name, each := range cases {
		_, err := s.client.ReceiveWebhook(t.Context(), each.request)
		require.True(t, fault.HasReason(err, each.reason), "%s: %v", name, err)
		require.Equal(t, fault.Invalid, fault.KindOf(err), name)
	}
	require.Zero(t, s.number("SELECT count(*) FROM webhook_event"))
}

func TestWebhookSignaturesThatPass(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	good := event("evt_1", "customer.created", nil)
	now := time.Now()
	rolled := signed(good, webhookSecret, now)
	rolled.Signature = strings.Replace(rolled.Signature, ",v1=", ",v0=aa,v1=deadbeef,v1=nothex,v1=", 1)
	for name, request := range map[string]*paymentv1.ReceiveWebhookRequest{
		"just young enough": signed(good, webhookSecret, now.Add(-290*time.Second)),
		"from the future":   signed(good, webhookSecret, now.Add(600*time.Second)),
		"the older secret":  signed(good, "whsec_older", now),
		"any of several v1": rolled,
	} {
		_, err := s.client.ReceiveWebhook(t.Context(), request)
		require.NoError(t, err, name)
	}
}

func TestWebhookWithoutASecretIsRefused(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.cfg.Webhook.Secrets = nil
	client, _ := s.start()
	_, err := client.ReceiveWebhook(t.Context(), signed("\xff", "", time.Now()))
	require.True(t, fault.HasReason(err, "webhook-not-configured"), "%v", err)
	require.Equal(t, fault.FailedPrecondition, fault.KindOf(err))
}

func TestListUnhandledEventsOldestFirst(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for n := range 5 {
		_, err := s.receive(event(fmt.Sprintf("evt_%d", n), "checkout.session.completed", paid("ref-1")))
		require.NoError(t, err)
	}
	for range 2 { // again is no error
		_, err := s.client.MarkEventHandled(t.Context(), &paymentv1.MarkEventHandledRequest{EventId: "evt_1"})
		require.NoError(t, err)
	}
	list := func(request *paymentv1.ListUnhandledEventsRequest) (ids []string) {
		listed, err := s.client.ListUnhandledEvents(t.Context(), request)
		require.NoError(t, err)
		for _, each := range listed.GetEvents() {
			require.True(t, each.GetConcernsCheckout())
			ids = append(ids, each.GetEventId())
		}
		return ids
	}
	require.Equal(t, []string{"evt_0", "evt_2", "evt_3", "evt_4"}, list(&paymentv1.ListUnhandledEventsRequest{}))
	require.Equal(t, []string{"evt_0", "evt_2"}, list(&paymentv1.ListUnhandledEventsRequest{Limit: 2}))
	require.Empty(t, list(&paymentv1.ListUnhandledEventsRequest{ReceivedBefore: timestamppb.New(time.Now().Add(-time.Hour))}))
	for _, limit := range []int32{-1, 501} {
		_, err := s.client.ListUnhandledEvents(t.Context(), &paymentv1.ListUnhandledEventsRequest{Limit: limit})
		require.Equal(t, fault.Invalid, fault.KindOf(err), limit)
	}
	for _, id := range []string{"evt_unknown", "", "a\x00"} {
		_, err := s.client.MarkEventHandled(t.Context(), &paymentv1.MarkEventHandledRequest{EventId: id})
		require.True(t, fault.HasReason(err, "event-not-found"), "%q: %v", id, err)
	}
}

func TestTheEventAndItsEffectOnTheBooksAreOneTransaction(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	_, err := s.client.OpenSession(t.Context(), aCheckout("ref-1"))
	require.NoError(t, err)
	_, err = s.db.Exec(t.Context(), "ALTER TABLE payment_session ADD CONSTRAINT broken CHECK (status <> 'complete')")
	require.NoError(t, err)
	payload := event("evt_1", "checkout.session.completed", paid("ref-1"))
	_, err = s.receive(payload)
	require.Equal(t, fault.Internal, fault.KindOf(err))
	require.Zero(t, s.number("SELECT count(*) FROM webhook_event"))

	_, err = s.db.Exec(t.Context(), "ALTER TABLE payment_session DROP CONSTRAINT broken")
	require.NoError(t, err)
	_, err = s.receive(payload)
	require.NoError(t, err)
	require.Equal(t, "complete", s.text("SELECT status FROM payment_session"))
}
