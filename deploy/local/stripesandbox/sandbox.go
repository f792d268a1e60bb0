// Package stripesandbox is a Stripe of our own for one machine: the part of Stripe's API that the payment service uses
// (version 2023-10-16), its payment page, and its signed webhooks, with switches that make it misbehave in the ways the
// real one may. It knows nothing of the shop and must stay that way: it is the other side of the wire.
//
// Where things live: form.go and create.go read and check parameters, session.go and sessionjson.go hold a session,
// sessionapi.go the calls on it, total.go what it costs, coupon.go what lowers that, payment.go what a card does to it,
// page.go the customer's page, charge.go, refund.go and dispute.go what becomes of the money, event.go and eventapi.go the
// events, delivery.go and webhookmode.go their way out, controls.go and *control.go the switches, state.go and index.go
// what is remembered; idempotency.go, fault.go, requestlog.go and standin.go the rest.
package stripesandbox

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

// Options configure a Sandbox. StateDir, PublicURL, SecretKey and WebhookSecret are required.
type Options struct {
	StateDir      string           // directory of the state file; made when missing
	PublicURL     string           // origin under which browsers reach the sandbox, as in http://localhost:8090
	SecretKey     string           // the API key that callers must present (sk_test_...)
	WebhookSecret string           // signs the webhooks (whsec_...)
	WebhookURL    string           // where events are sent; empty: nowhere, and they count as delivered, as at Stripe
	Now           func() time.Time // clock; time.Now when nil
	Logger        *slog.Logger     // discards when nil
	Retry         []time.Duration  // waits after failed webhook attempts, the last try follows the last wait; DefaultRetry when nil
	SettleDelay   time.Duration    // how long a late payment takes; 2 s when 0, only on demand when negative
	HTTPClient    *http.Client     // sends the webhooks; one with a 10 s limit when nil
	Keep          int              // sessions that are kept, and twice as many events and answers; DefaultKeep when 0
	StandIn       bool             // unknown session ids are answered by the id rules of standin.go; for the replayer alone
}

// DefaultRetry is a patience of about five minutes: long enough for a shop that is being restarted, short enough to watch.
func DefaultRetry() []time.Duration {
	return []time.Duration{
		500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 10 * time.Second,
		20 * time.Second, 30 * time.Second, time.Minute, time.Minute, 2 * time.Minute,
	}
}

// Sandbox is the whole stand-in. Its handler may serve before, during and after Run; without Run no webhook leaves, no late
// payment settles by itself, and sessions expire only when looked at.
type Sandbox struct {
	options Options
	state   *state
	pages   pages
	usage   keyUsage
	wake    chan struct{}
}

// New opens the state in options.StateDir, or starts with none.
func New(options Options) (*Sandbox, error) {
	if err := options.check(); err != nil {
		return nil, err
	}
	options.PublicURL = strings.TrimRight(options.PublicURL, "/")
	options.fillDefaults()
	pages, err := parsePages()
	if err != nil {
		return nil, fmt.Errorf("stripe sandbox: %w", err)
	}
	state, err := openState(filepath.Join(options.StateDir, "stripe-sandbox.jsonl"), options.Keep)
	if err != nil {
		return nil, fmt.Errorf("stripe sandbox: %w", err)
	}
	return &Sandbox{options: options, state: state, pages: pages, wake: make(chan struct{}, 1)}, nil
}

func (o *Options) check() error {
	if o.StateDir == "" || o.PublicURL == "" || o.SecretKey == "" || o.WebhookSecret == "" {
		return errors.New("stripe sandbox: StateDir, PublicURL, SecretKey and WebhookSecret are required")
	}
	if o.Keep < 0 {
		return fmt.Errorf("stripe sandbox: Keep is %d", o.Keep)
	}
	for _, address := range []string{o.PublicURL, o.WebhookURL} {
		if address != "" && !isWebAddress(address) {
			return fmt.Errorf("stripe sandbox: %q is not an http(s) address", address)
		}
	}
	return nil
}

func (o *Options) fillDefaults() {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Retry == nil {
		o.Retry = DefaultRetry()
	}
	if o.SettleDelay == 0 {
		o.SettleDelay = 2 * time.Second
	}
	if o.Keep == 0 {
		o.Keep = DefaultKeep
	}
	if o.HTTPClient == nil {
		o.HTTPClient = &http.Client{Timeout: 10 * time.Second, CheckRedirect: refuseRedirects}
	}
}

// Handler serves the API under /v1/, the payment page under /pay/ and the switches under /sandbox/.
func (s *Sandbox) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/v1/", s.apiHandler())
	s.routePages(mux)
	s.routeControls(mux)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	return mux
}

// Close closes the state file. Call it after Run has returned and the handler serves no more.
func (s *Sandbox) Close() error { return s.state.journal.Close() }

func (s *Sandbox) now() time.Time { return s.options.Now().UTC() }

// nudge lets Run look at once for something to deliver.
func (s *Sandbox) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func isWebAddress(text string) bool {
	address, err := url.Parse(text)
	return err == nil && (address.Scheme == "http" || address.Scheme == "https") && address.Host != ""
}
