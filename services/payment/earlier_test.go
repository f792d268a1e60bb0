package payment_test

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/payment/migrations"
	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/migration"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// writeAsEarlier is how a program of the release before writes an event that is about no session: without a look at its payment.
const writeAsEarlier = `INSERT INTO webhook_event (event_id, type, payload, api_version, livemode, concerns_checkout, received_at, last_received_at, handled_at)
	VALUES ($1, $2, '{}', '2023-10-16', false, false, now() - $3::interval, now(), now())`

// heldByEarlier is an event that the release before has taken, and that Stripe still knows.
func (s *shop) heldByEarlier(id, kind string, object map[string]any, age string) {
	s.t.Helper()
	_, err := s.db.Exec(s.t.Context(), writeAsEarlier, id, kind, age)
	require.NoError(s.t, err)
	var told map[string]any
	require.NoError(s.t, json.Unmarshal([]byte(event(id, kind, object)), &told))
	s.stripe.AddEvent(told)
}

func TestNewsThatAnEarlierReleaseTookAreNotLost(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.cfg.Webhook.Interval = time.Second
	payment := s.sold("ref-1")
	opened, err := s.client.OpenSession(t.Context(), aCheckout("ref-2"))
	require.NoError(t, err)
	unheard := s.stripe.Pay(opened.GetSessionId())
	for _, kind := range aftermathTypes() {
		s.heldByEarlier("evt_"+strings.ReplaceAll(kind, ".", "_"), kind, aftermath(kind, payment, ""), "29 days")
	}
	s.heldByEarlier("evt_unheard", "charge.refunded", aftermath("charge.refunded", unheard, "ref-2"), "1 hour")
	s.heldByEarlier("evt_foreign", "charge.refunded", aftermath("charge.refunded", "pi_foreign", ""), "1 hour")
	s.heldByEarlier("evt_no_payment", "charge.refunded", map[string]any{"id": "ch_1", "object": "charge"}, "1 hour")
	s.heldByEarlier("evt_old", "charge.refunded", aftermath("charge.refunded", payment, ""), "31 days")
	s.heldByEarlier("evt_other_type", "charge.succeeded", aftermath("charge.refunded", payment, ""), "1 hour")
	s.heldByEarlier("evt_other_object", "customer.created", map[string]any{"id": "cus_1", "object": "customer"}, "1 hour")
	_, err = s.db.Exec(t.Context(), writeAsEarlier, "evt_unknown_to_stripe", "charge.refunded", "1 hour")
	require.NoError(t, err)
	_, err = s.db.Exec(t.Context(), writeAsEarlier, "evt_../../v1/balance", "charge.refunded", "1 hour")
	require.NoError(t, err)
	_, err = s.receive(event("evt_unheard", "charge.refunded", aftermath("charge.refunded", unheard, "ref-2")))
	require.NoError(t, err, "a further delivery is only counted")
	s.stripe.Fail(http.MethodGet, "/v1/events/", http.StatusTooManyRequests, serverError, false)

	s.start() // two processes do so at once
	s.start()
	require.Eventually(t, func() bool { return len(s.unhandled()) == len(aftermathTypes())+1 }, 20*time.Second, 20*time.Millisecond)
	require.Eventually(t, func() bool { return s.number("SELECT count(*) FROM webhook_event WHERE attribution_pending") == 0 }, 20*time.Second, 20*time.Millisecond)
	require.Len(t, s.unhandled(), len(aftermathTypes())+1)
	require.Contains(t, s.unhandled(), "charge.dispute.created cs_test_1 "+payment+" du_1 true false")
	require.Contains(t, s.unhandled(), "charge.refunded "+opened.GetSessionId()+" "+unheard+"  true false")
	require.Equal(t, "charge 1199 500", s.text("SELECT concat_ws(' ', payload->>'object', payload->>'amount', payload->>'amount_refunded') FROM webhook_event WHERE event_id = 'evt_charge_refunded'"))
	require.Zero(t, s.number("SELECT count(*) FROM webhook_event WHERE webhook_event::text LIKE '%buyer@%'"))
	for _, asked := range s.stripe.Requests() {
		require.NotContains(t, asked.Path, "balance")
	}

	s.heldByEarlier("evt_meanwhile", "charge.refunded", aftermath("charge.refunded", payment, ""), "0") // while the deploy is under way
	require.Eventually(t, func() bool { return len(s.unhandled()) == len(aftermathTypes())+2 }, 20*time.Second, 20*time.Millisecond)
}

// TestTheSchemaOfAnEarlierReleaseIsTakenOver with what is in it.
func TestTheSchemaOfAnEarlierReleaseIsTakenOver(t *testing.T) {
	t.Parallel()
	earlier := fstest.MapFS{}
	for _, name := range []string{"00001_payment_session.sql", "00002_webhook_event.sql"} {
		text, err := fs.ReadFile(migrations.FS, name)
		require.NoError(t, err)
		earlier[name] = &fstest.MapFile{Data: text}
	}
	url := dbtest.URL(t, migration.Set{Schema: migrations.Schema, Files: earlier})
	db, err := postgres.Open(t.Context(), postgres.Config{URL: url, MaxConns: 2}, telemetry.Silent())
	require.NoError(t, err)
	t.Cleanup(db.Close)
	_, err = db.Exec(t.Context(), writeAsEarlier, "evt_1", "charge.refunded", "1 day")
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, migration.Up(t.Context(), os.Getenv("ADMIN_DATABASE_URL"), url, migrations.Set()))
	}
	s := newShop(t)
	s.cfg.Config.URL, s.cfg.Webhook.Interval, s.db = url, time.Second, db
	s.stripe.Change("cs_1", map[string]any{"metadata": map[string]any{"shop": "startupwebapp", "reference": "ref-1"}, "client_reference_id": "ref-1"})
	_, err = db.Exec(t.Context(), `INSERT INTO payment_session (reference, content_digest, status, currency, expected_total_minor, session_id, payment_intent_id, created_at, updated_at)
		VALUES ('ref-1', sha256('x'), 'complete', 'usd', 1199, 'cs_1', 'pi_1', now(), now())`)
	require.NoError(t, err)
	var told map[string]any
	require.NoError(t, json.Unmarshal([]byte(event("evt_1", "charge.refunded", aftermath("charge.refunded", "pi_1", ""))), &told))
	s.stripe.AddEvent(told)
	s.start()
	require.Eventually(t, func() bool {
		return s.number("SELECT count(*) FROM webhook_event WHERE concerns_checkout AND handled_at IS NULL AND session_id = 'cs_1' AND payment_intent_id = 'pi_1'") == 1
	}, 20*time.Second, 20*time.Millisecond)
}
