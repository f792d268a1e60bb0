package stripesandbox_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"

	"github.com/bartgottschalk/startupwebapp/deploy/local/stripesandbox"
)

func TestAWebhookTellsOfThePayment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.newSession()
	w.pay(made.ID, goodCard)
	w.awaitTypes("checkout.session.completed")
	got := w.shop.got()[0]
	require.Equal(t, "https", got.proto)
	require.Equal(t, stripe.APIVersion, got.event.APIVersion)
	typed, raw := embedded(t, got.event)
	require.Equal(t, made.ID, typed.ID)
	require.Equal(t, "checkout-1", typed.Metadata["checkout"])
	require.Equal(t, stripe.CheckoutSessionPaymentStatusPaid, typed.PaymentStatus)
	require.Equal(t, "Ada Buyer", typed.ShippingDetails.Name)
	require.NotContains(t, raw, "collected_information")
	w.eventually("delivered", func() bool { return w.rows("/sandbox/events")[0]["delivery_success"] == true })

	found, err := w.stripe.Events.Get(got.event.ID, nil)
	require.NoError(t, err)
	require.Zero(t, found.PendingWebhooks)
}

func TestTheEndpointMayHaveANewerVersion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	given := w.do(http.MethodPost, "/sandbox/webhooks", url.Values{"api_version": {"2025-11-17.clover"}})
	require.Equal(t, http.StatusOK, given.status)
	w.pay(w.newSession().ID, goodCard)
	w.awaitTypes("checkout.session.completed")
	got := w.shop.got()[0].event
	require.Equal(t, "2025-11-17.clover", got.APIVersion)
	_, raw := embedded(t, got)
	require.NotContains(t, raw, "shipping_details")
	collected := raw["collected_information"].(map[string]any)["shipping_details"].(map[string]any)
	require.Equal(t, "Ada Buyer", collected["name"])
	require.NotNil(t, w.session(raw["id"].(string)).ShippingDetails, "calls keep the version they ask for")
}

func TestAWebhookIsRetriedUntilItIsAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.shop.refuse(2)
	w.pay(w.newSession().ID, goodCard)
	w.awaitTypes("checkout.session.completed")
	w.eventually("attempts kept", func() bool {
		deliveries := w.rows("/sandbox/events")[0]["deliveries"].([]any)
		return deliveries[0].(map[string]any)["tries"] == 3.0
	})
}

func TestRetriesEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.shop.refuse(1000)
	w.pay(w.newSession().ID, goodCard)
	state := func() any { return w.rows("/sandbox/events")[0]["deliveries"].([]any)[0].(map[string]any)["state"] }
	w.eventually("given up", func() bool { return state() == "failed" })
	w.shop.mutex.Lock()
	require.Equal(t, 4, w.shop.requests, "the first try and one after each wait")
	w.shop.mutex.Unlock()
	w.shop.refuse(0)
	event := w.rows("/sandbox/events")[0]["id"].(string)
	require.Equal(t, http.StatusOK, w.do(http.MethodPost, "/sandbox/events/"+event+"/resend", nil).status)
	w.awaitTypes("checkout.session.completed")
}

func TestDuplicateSendsEachEventTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mode("duplicate")
	w.shop.refuse(1)
	w.pay(w.newSession().ID, goodCard)
	w.awaitTypes("checkout.session.completed", "checkout.session.completed")
	got := w.shop.got()
	require.Equal(t, got[0].event.ID, got[1].event.ID)
	w.mode("normal")
	w.pay(w.newSession().ID, goodCard)
	w.eventually("third", func() bool { return len(w.shop.got()) == 3 })
	w.eventually("all delivered", func() bool {
		for _, event := range w.rows("/sandbox/events") {
			if event["delivery_success"] != true {
				return false
			}
		}
		return true
	})
	require.Len(t, w.shop.got(), 3)
}

func TestReverseSendsTheNewestFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mode("duplicate,reverse,window=1h")
	made := w.newSession()
	w.pay(made.ID, lateCard)
	w.do(http.MethodPost, "/sandbox/sessions/"+made.ID+"/settle", url.Values{"outcome": {"paid"}})
	w.clock.forward(30 * time.Minute)
	require.Empty(t, w.shop.got(), "held")
	w.restart()
	w.clock.forward(31 * time.Minute)
	w.eventually("all four", func() bool { return len(w.shop.got()) == 4 })
	require.Equal(t, "checkout.session.async_payment_succeeded", w.shop.types()[0])
	require.Equal(t, "checkout.session.completed", w.shop.types()[3])

	w.pay(w.newSession().ID, goodCard)
	w.clock.forward(61 * time.Minute)
	w.eventually("a single one comes too", func() bool { return len(w.shop.got()) == 6 })
	w.pay(w.newSession().ID, goodCard)
	w.mode("normal")
	w.eventually("the end of the mode releases what it held", func() bool { return len(w.shop.got()) == 8 })
}

func TestADroppedEventIsFoundInTheListAndCanBeResent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pay(w.newSession().ID, goodCard)
	w.awaitTypes("checkout.session.completed")
	w.mode("drop")
	dropped := w.newSession()
	w.pay(dropped.ID, goodCard)
	w.mode("normal")
	undelivered := func() []string {
		params := &stripe.EventListParams{DeliverySuccess: stripe.Bool(false), Types: stripe.StringSlice([]string{"checkout.session.completed"})}
		params.CreatedRange = &stripe.RangeQueryParams{GreaterThanOrEqual: time.Now().Add(-time.Hour).Unix()}
		var sessions []string
		list := w.stripe.Events.List(params)
		for list.Next() {
			about, _ := embedded(t, *list.Event())
			sessions = append(sessions, about.ID)
		}
		require.NoError(t, list.Err())
		return sessions
	}
	w.eventually("only the dropped one", func() bool { found := undelivered(); return len(found) == 1 && found[0] == dropped.ID })
	event := w.rows("/sandbox/events")[0]["id"].(string)
	require.Equal(t, http.StatusOK, w.do(http.MethodPost, "/sandbox/events/"+event+"/resend", nil).status)
	w.eventually("resent", func() bool { return len(undelivered()) == 0 })
	require.Len(t, w.shop.got(), 2)
	require.Equal(t, http.StatusConflict, w.do(http.MethodPost, "/sandbox/events/evt_none/resend", nil).status)

	old := w.send(http.MethodGet, "/v1/events?created[lt]=1000", "", bearer())
	require.Contains(t, old.body, `"data": []`)
}

func TestDelayHoldsBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mode("delay=1h")
	w.pay(w.newSession().ID, goodCard)
	w.clock.forward(59 * time.Minute)
	require.Empty(t, w.shop.got())
	w.clock.forward(2 * time.Minute)
	w.awaitTypes("checkout.session.completed")
	for _, bad := range []string{"sometimes", "delay=soon", "delay=-1s", ""} {
		require.Equal(t, http.StatusBadRequest, w.do(http.MethodPost, "/sandbox/webhooks", url.Values{"mode": {bad}}).status, bad)
	}
	both := w.do(http.MethodPost, "/sandbox/webhooks", url.Values{"mode": {"delay"}, "delay": {"2s"}})
	require.Contains(t, both.body, `"mode": "delay=2s"`)
}

func TestWhatWasNotDeliveredIsDeliveredAfterARestart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(options *stripesandbox.Options) { options.Retry = []time.Duration{time.Hour} })
	w.shop.refuse(1)
	w.pay(w.newSession().ID, goodCard)
	w.eventually("first try", func() bool { w.shop.mutex.Lock(); defer w.shop.mutex.Unlock(); return w.shop.requests == 1 })
	w.restart()
	w.clock.forward(61 * time.Minute)
	w.awaitTypes("checkout.session.completed")
}

func TestWithoutAnAddressEventsAreKeptOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(options *stripesandbox.Options) { options.WebhookURL = "" })
	w.pay(w.newSession().ID, goodCard)
	events := w.rows("/sandbox/events")
	require.Len(t, events, 1)
	require.Equal(t, true, events[0]["delivery_success"])
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	_, err := stripesandbox.New(stripesandbox.Options{StateDir: t.TempDir()})
	require.Error(t, err)
	_, err = stripesandbox.New(stripesandbox.Options{
		StateDir: t.TempDir(), PublicURL: "localhost:8090", SecretKey: secretKey, WebhookSecret: webhookSecret,
	})
	require.ErrorContains(t, err, "localhost:8090")
}
