package payment_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/payment"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// undelivered is an event in Stripe's list that no webhook brought.
func (s *shop) undelivered(payload string, age time.Duration) {
	s.t.Helper()
	var told map[string]any
	require.NoError(s.t, json.Unmarshal([]byte(payload), &told))
	told["created"] = time.Now().Add(-age).Unix()
	s.stripe.AddEvent(told)
}

// received waits until the inbox has so many events.
func (s *shop) received(events int) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return s.number("SELECT count(*) FROM webhook_event") == events }, 20*time.Second, 20*time.Millisecond)
}

func (s *shop) unhandled() (lines []string) {
	s.t.Helper()
	listed, err := s.client.ListUnhandledEvents(s.t.Context(), &paymentv1.ListUnhandledEventsRequest{Limit: 500})
	require.NoError(s.t, err)
	for _, each := range listed.GetEvents() {
		lines = append(lines, line(each))
	}
	return lines
}

func TestUndeliveredEventsAreTakenAsIfAWebhookHadBroughtThem(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.cfg.Webhook.Interval = time.Second
	_, err := s.client.OpenSession(t.Context(), aCheckout("ref-1"))
	require.NoError(t, err)
	paymentIntent := s.stripe.Pay("cs_test_1")
	s.stripe.Change("cs_test_1", map[string]any{"customer_details": map[string]any{"email": "buyer@example.com"}})
	arrived := event("evt_arrived", "checkout.session.expired", maps.Clone(paid("ref-2")))
	_, err = s.receive(arrived)
	require.NoError(t, err)
	_, err = s.client.MarkEventHandled(t.Context(), &paymentv1.MarkEventHandledRequest{EventId: "evt_arrived"})
	require.NoError(t, err)

	s.undelivered(event("evt_old", "checkout.session.completed", s.stripe.Session("cs_test_1")), 31*24*time.Hour)
	s.undelivered(event("evt_paid", "checkout.session.completed", s.stripe.Session("cs_test_1")), 29*24*time.Hour)
	s.undelivered(event("evt_dispute", "charge.dispute.created", aftermath("charge.dispute.created", paymentIntent, "")), time.Hour)
	s.undelivered(event("evt_foreign", "charge.refunded", aftermath("charge.refunded", "pi_foreign", "")), time.Hour)
	s.undelivered(event("evt_other_type", "customer.created", map[string]any{"id": "cus_1", "object": "customer"}), time.Hour)
	s.undelivered(arrived, time.Minute)
	s.stripe.AddEvent(map[string]any{"id": "evt_odd", "type": "charge.refunded", "created": time.Now().Unix(), "data": []any{1}})
	s.start() // two processes do so at once
	s.start()
	s.received(5)
	require.Eventually(t, func() bool { return len(s.stripe.Asked(http.MethodGet, "/v1/events")) >= 6 }, 20*time.Second, 20*time.Millisecond)
	require.Equal(t, 5, s.number("SELECT count(*) FROM webhook_event"))
	require.Equal(t, 1, s.number("SELECT deliveries FROM webhook_event WHERE event_id = 'evt_arrived'"), "nothing is done about what is here")
	require.ElementsMatch(t, []string{
		"checkout.session.completed cs_test_1   true false", "charge.dispute.created cs_test_1 " + paymentIntent + " du_1 true false",
	}, s.unhandled())
	require.Equal(t, "complete paid", s.text("SELECT status || ' ' || payment_status FROM payment_session"))
	require.Zero(t, s.number("SELECT count(*) FROM webhook_event WHERE webhook_event::text LIKE '%buyer@%'"))

	late, err := s.receive(event("evt_paid", "checkout.session.completed", s.stripe.Session("cs_test_1"))) // its webhook at last
	require.NoError(t, err)
	require.Equal(t, "checkout.session.completed cs_test_1   true false", line(late))
	require.Equal(t, 5, s.number("SELECT count(*) FROM webhook_event"))
}

func TestUndeliveredEventsComeInPages(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.cfg.Webhook.Interval = time.Second
	paymentIntent := s.sold("ref-1")
	for n := range 230 {
		s.undelivered(event(fmt.Sprint("evt_", n), "refund.updated", aftermath("refund.updated", paymentIntent, "")), time.Hour)
	}
	s.start()
	s.received(230)
	require.Len(t, s.unhandled(), 230)
}

func TestUndeliveredEventsAreAskedForAgainAfterAFailure(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.cfg.Webhook.Interval = time.Second
	paymentIntent := s.sold("ref-1")
	s.undelivered(event("evt_1", "refund.updated", aftermath("refund.updated", paymentIntent, "")), time.Hour)
	for _, status := range []int{http.StatusUnauthorized, http.StatusTooManyRequests} {
		s.stripe.Fail(http.MethodGet, "/v1/events", status, serverError, false)
	}
	client, _ := s.start()
	s.received(1)
	require.Contains(t, s.logs.String(), "undelivered events")
	_, err := client.ListUnhandledEvents(t.Context(), &paymentv1.ListUnhandledEventsRequest{})
	require.NoError(t, err, "the service goes on meanwhile")
}

// refuse has the database refuse some rows, as one would that holds what the program did not expect.
func (s *shop) refuse(when string) {
	s.t.Helper()
	_, err := s.db.Exec(s.t.Context(), `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$`)
	require.NoError(s.t, err)
	_, err = s.db.Exec(s.t.Context(), "CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON webhook_event FOR EACH ROW WHEN ("+when+") EXECUTE FUNCTION refuse()")
	require.NoError(s.t, err)
}

func TestUndeliveredEventsThatCannotBeTakenHideNone(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.cfg.Webhook.Interval = time.Second
	paymentIntent := s.sold("ref-1")
	s.refuse("NEW.event_id LIKE 'evt_bad_%'")
	tell := func(id string) {
		s.undelivered(event(id, "refund.updated", aftermath("refund.updated", paymentIntent, "")), time.Hour)
	}
	for n := range 130 { // Stripe lists the newest first
		tell(fmt.Sprint("evt_oldest_", n))
	}
	for n := range 150 {
		tell(fmt.Sprint("evt_bad_", n))
	}
	tell("evt_newest")
	s.start()
	s.received(131)
	require.Eventually(t, func() bool { return strings.Contains(s.logs.String(), "and 140 more") }, 20*time.Second, 20*time.Millisecond)
	require.Equal(t, 10, strings.Count(firstLineWith(s.logs.String(), "and 140 more"), "take undelivered event evt_bad_"), "a log line is no list")
}

func firstLineWith(text, part string) string {
	for line := range strings.Lines(text) {
		if strings.Contains(line, part) {
			return line
		}
	}
	return ""
}

func TestPendingEventsThatCannotBeAttributedHideNone(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.cfg.Webhook.Interval = time.Second
	paymentIntent := s.sold("ref-1")
	insert := func(id string) {
		_, err := s.db.Exec(t.Context(), `INSERT INTO webhook_event (event_id, type, payload, api_version, livemode, concerns_checkout, received_at, last_received_at,
			handled_at, payment_intent_id, attribution_pending, payment_read) VALUES ($1, 'refund.failed', '{}', '', false, false, now(), now(), now(), $2, true, true)`, id, paymentIntent)
		require.NoError(t, err)
	}
	for n := range 25 { // more in a row than are tried in a round
		insert(fmt.Sprint("evt_bad_", n))
	}
	insert("evt_good")
	s.refuse("NEW.event_id LIKE 'evt_bad_%'")
	s.start()
	require.Eventually(t, func() bool { return len(s.unhandled()) == 1 }, 60*time.Second, 50*time.Millisecond)
	require.Equal(t, 25, s.number("SELECT count(*) FROM webhook_event WHERE attribution_pending"), "nothing is given up")
}

func TestOldHandledEventsGo(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.cfg.Webhook.Interval, s.cfg.Webhook.RetentionDays = time.Second, 40
	for _, id := range []string{"evt_old", "evt_new", "evt_waiting", "evt_pending"} {
		_, err := s.receive(event(id, "checkout.session.expired", paid("ref-1")))
		require.NoError(t, err)
	}
	_, err := s.db.Exec(t.Context(), `UPDATE webhook_event SET received_at = now() - interval '100 days', last_received_at = now(),
		handled_at = CASE event_id WHEN 'evt_old' THEN now() - interval '41 days' WHEN 'evt_new' THEN now() - interval '39 days' WHEN 'evt_pending' THEN now() - interval '90 days' END,
		concerns_checkout = event_id <> 'evt_pending'`)
	require.NoError(t, err)
	s.stripe.Fail(http.MethodGet, openPath, http.StatusTooManyRequests, serverError, false)
	for range 100 {
		s.stripe.Fail(http.MethodGet, openPath, http.StatusTooManyRequests, serverError, false)
	}
	_, err = s.db.Exec(t.Context(), "UPDATE webhook_event SET attribution_pending = true, payment_intent_id = 'pi_x' WHERE event_id = 'evt_pending'")
	require.NoError(t, err)
	s.start()
	s.received(3)
	require.Zero(t, s.number("SELECT count(*) FROM webhook_event WHERE event_id = 'evt_old'"))
}

func TestSettingsOfTheInboxThatMakeNoSense(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for name, change := range map[string]func(*payment.Config){
		"UNDELIVERED_EVENTS_INTERVAL is not valid: expected a duration of at least 1s, like 10m": func(c *payment.Config) { c.Webhook.Interval = 0 },
		"WEBHOOK_RETENTION_DAYS is not valid: expected a number of days from 31":                 func(c *payment.Config) { c.Webhook.RetentionDays = 30 },
	} {
		cfg := s.cfg
		change(&cfg)
		_, err := payment.New(t.Context(), cfg, telemetry.Silent())
		require.ErrorContains(t, err, name)
	}
}
