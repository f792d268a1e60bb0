package stripesandbox_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"
	"github.com/stripe/stripe-go/v76/webhook"

	"github.com/bartgottschalk/startupwebapp/deploy/local/stripesandbox"
)

const (
	secretKey     = "sk_test_harness"
	webhookSecret = "whsec_harness"
	patience      = 10 * time.Second
	polling       = 10 * time.Millisecond
)

// clock is a clock that a test may set forward.
type clock struct {
	mutex sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) forward(by time.Duration) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.ahead += by
}

// received is a webhook that the shop got and whose signature was right.
type received struct {
	event stripe.Event
	proto string
}

// shop stands for the receiving end of the webhooks.
type shop struct {
	mutex    sync.Mutex
	refusals int // answers with 500 that are still to be given
	requests int
	accepted []received
	bad      []error
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	payload, _ := io.ReadAll(r.Body)
	event, err := webhook.ConstructEventWithOptions(payload, r.Header.Get("Stripe-Signature"), webhookSecret,
		webhook.ConstructEventOptions{IgnoreAPIVersionMismatch: true})
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.requests++
	if err != nil {
		s.bad = append(s.bad, err)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if s.refusals > 0 {
		s.refusals--
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	s.accepted = append(s.accepted, received{event: event, proto: r.Header.Get("X-Forwarded-Proto")})
}

func (s *shop) refuse(times int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.refusals = times
}

func (s *shop) got() []received {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return append([]received(nil), s.accepted...)
}

func (s *shop) types() []string {
	types := []string{}
	for _, one := range s.got() {
		types = append(types, string(one.event.Type))
	}
	return types
}

// world is a running sandbox with a shop behind it and stripe-go in front.
type world struct {
	t       *testing.T
	clock   *clock
	shop    *shop
	shopURL string
	dir     string
	tune    func(*stripesandbox.Options)

	base   string
	stripe *client.API
	stop   func()
}

func newWorld(t *testing.T, tune ...func(*stripesandbox.Options)) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{}, shop: &shop{}, dir: t.TempDir()}
	w.tune = func(options *stripesandbox.Options) {
		for _, change := range tune {
			change(options)
		}
	}
	endpoint := httptest.NewServer(w.shop)
	t.Cleanup(endpoint.Close)
	w.shopURL = endpoint.URL + "/order/stripe-webhook"
	w.start()
	t.Cleanup(func() {
		w.stop()
		w.shop.mutex.Lock()
		defer w.shop.mutex.Unlock()
		require.Empty(t, w.shop.bad, "every webhook must be signed right")
	})
	return w
}

func (w *world) start() {
	w.t.Helper()
	server := httptest.NewUnstartedServer(nil)
	w.base = "http://" + server.Listener.Addr().String()
	options := stripesandbox.Options{
		StateDir: w.dir, PublicURL: w.base, SecretKey: secretKey, WebhookSecret: webhookSecret, WebhookURL: w.shopURL,
		Now: w.clock.now, Retry: []time.Duration{20 * time.Millisecond, 40 * time.Millisecond, 80 * time.Millisecond},
		SettleDelay: -1,
	}
	w.tune(&options)
	sandbox, err := stripesandbox.New(options)
	require.NoError(w.t, err)
	server.Config.Handler = sandbox.Handler()
	server.Start()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- sandbox.Run(ctx) }()
	w.stop = sync.OnceFunc(func() {
		server.Close()
		cancel()
		require.NoError(w.t, <-ended)
		require.NoError(w.t, sandbox.Close())
	})
	w.stripe = apiClient(w.base, secretKey)
}

func (w *world) restart() {
	w.t.Helper()
	w.stop()
	w.start()
}

// restartAfterDelivery waits before for the webhooks under way: an interrupted one would be sent once more.
func (w *world) restartAfterDelivery() {
	w.t.Helper()
	w.eventually("delivered", func() bool {
		return !strings.Contains(w.do(http.MethodGet, "/sandbox/events", nil).body, `"delivery_success": false`)
	})
	w.restart()
}

func apiClient(base, key string) *client.API {
	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		URL: stripe.String(base), MaxNetworkRetries: stripe.Int64(0), LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
	})
	return client.New(key, &stripe.Backends{API: backend, Connect: backend, Uploads: backend})
}

// order is a session as our payment service asks for one: 2 x 3.50 + 14.99 + 9.56 shipping = 31.55 USD.
func order() *stripe.CheckoutSessionParams {
	line := func(name, description string, amount, quantity int64, images ...*string) *stripe.CheckoutSessionLineItemParams {
		return &stripe.CheckoutSessionLineItemParams{
			Quantity: stripe.Int64(quantity),
			PriceData: &stripe.CheckoutSessionLineItemPriceDataParams{
				Currency: stripe.String("usd"), UnitAmount: stripe.Int64(amount),
				ProductData: &stripe.CheckoutSessionLineItemPriceDataProductDataParams{
					Name: stripe.String(name), Description: stripe.String(description), Images: images,
				},
			},
		}
	}
	params := &stripe.CheckoutSessionParams{
		Mode: stripe.String("payment"),
		LineItems: []*stripe.CheckoutSessionLineItemParams{
			line("Paper Clips", "Silver - Medium", 350, 2, stripe.String("http://localhost:8080/img/clips.jpg")),
			line("Rubber Bands", "Multi - Multi", 1499, 1, stripe.String("http://localhost:8080/img/bands.jpg")),
			line("Shipping", "Standard", 956, 1),
		},
		SuccessURL:               stripe.String("http://localhost:8080/checkout/success?session_id={CHECKOUT_SESSION_ID}"),
		CancelURL:                stripe.String("http://localhost:8080/checkout/confirm"),
		AllowPromotionCodes:      stripe.Bool(true),
		BillingAddressCollection: stripe.String("required"),
		ShippingAddressCollection: &stripe.CheckoutSessionShippingAddressCollectionParams{
			AllowedCountries: stripe.StringSlice([]string{"US", "CA"}),
		},
		PhoneNumberCollection: &stripe.CheckoutSessionPhoneNumberCollectionParams{Enabled: stripe.Bool(true)},
		ClientReferenceID:     stripe.String("checkout-1"),
		PaymentIntentData: &stripe.CheckoutSessionPaymentIntentDataParams{
			Description: stripe.String("Order of a test"), Metadata: map[string]string{"checkout": "checkout-1"},
		},
	}
	params.AddMetadata("checkout", "checkout-1")
	return params
}

const orderTotal = 3155

func (w *world) newSession(change ...func(*stripe.CheckoutSessionParams)) *stripe.CheckoutSession {
	w.t.Helper()
	params := order()
	for _, apply := range change {
		apply(params)
	}
	made, err := w.stripe.CheckoutSessions.New(params)
	require.NoError(w.t, err)
	return made
}

func (w *world) session(id string) *stripe.CheckoutSession {
	w.t.Helper()
	found, err := w.stripe.CheckoutSessions.Get(id, nil)
	require.NoError(w.t, err)
	return found
}

// payForm is a filled payment page; further pairs override fields.
func payForm(card string, pairs ...string) url.Values {
	form := url.Values{
		"card": {card}, "email": {"ada@example.com"}, "name": {"Ada Buyer"}, "line1": {"1 Main St"}, "line2": {"Apt 2"},
		"city": {"Chicago"}, "state": {"IL"}, "postal_code": {"60601"}, "country": {"US"},
	}
	for place := 0; place < len(pairs); place += 2 {
		form.Set(pairs[place], pairs[place+1])
	}
	return form
}

const (
	goodCard     = "4242 4242 4242 4242"
	declinedCard = "4000000000000002"
	lateCard     = "4000002500003155"
)

// answered is an HTTP answer read to its end; redirects are not followed.
type answered struct {
	status int
	body   string
	header http.Header
}

func (w *world) do(method, path string, form url.Values) answered {
	w.t.Helper()
	return w.send(method, path, form.Encode(), nil)
}

func (w *world) send(method, path, body string, headers map[string]string) answered {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.t.Context(), method, w.base+path, strings.NewReader(body))
	require.NoError(w.t, err)
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	noRedirects := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := noRedirects.Do(request)
	require.NoError(w.t, err)
	defer func() { _ = response.Body.Close() }()
	read, err := io.ReadAll(response.Body)
	require.NoError(w.t, err)
	return answered{status: response.StatusCode, body: string(read), header: response.Header}
}

func (w *world) pay(id, card string, pairs ...string) answered {
	w.t.Helper()
	return w.do(http.MethodPost, "/pay/"+id, payForm(card, pairs...))
}

func (w *world) mode(mode string) {
	w.t.Helper()
	require.Equal(w.t, http.StatusOK, w.do(http.MethodPost, "/sandbox/webhooks", url.Values{"mode": {mode}}).status)
}

func (w *world) rows(path string) []map[string]any {
	w.t.Helper()
	var rows []map[string]any
	given := w.do(http.MethodGet, path, nil)
	require.Equal(w.t, http.StatusOK, given.status)
	require.NoError(w.t, json.Unmarshal([]byte(given.body), &rows))
	return rows
}

func (w *world) eventually(reason string, holds func() bool) {
	w.t.Helper()
	require.Eventually(w.t, holds, patience, polling, reason)
}

func (w *world) awaitTypes(types ...string) {
	w.t.Helper()
	w.eventually("webhooks", func() bool { return len(w.shop.got()) >= len(types) })
	require.Equal(w.t, types, w.shop.types())
}

// embedded is the session inside an event.
func embedded(t *testing.T, event stripe.Event) (*stripe.CheckoutSession, map[string]any) {
	t.Helper()
	var typed stripe.CheckoutSession
	require.NoError(t, json.Unmarshal(event.Data.Raw, &typed))
	return &typed, event.Data.Object
}

func stripeError(t *testing.T, err error) *stripe.Error {
	t.Helper()
	var refused *stripe.Error
	require.ErrorAs(t, err, &refused)
	return refused
}
