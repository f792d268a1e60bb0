// Package stripeapi is the only code that speaks with Stripe: it sets up the client, asks, and turns Stripe's answers
// and errors into the shop's words. When to ask, and what an answer changes in our books, is the business of the
// rooms session and inbox.
package stripeapi

import (
	"context"
	"math/rand/v2"
	"time"

	stripe "github.com/stripe/stripe-go/v76"
	checkoutsession "github.com/stripe/stripe-go/v76/checkout/session"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const (
	mostTries = 2
	tryPause  = 150 * time.Millisecond
)

// Client asks Stripe. Every call ends within 20 s or with ctx; every error is a *Failure. Safe for concurrent use.
type Client struct {
	sessions checkoutsession.Client
	tracer   trace.Tracer
}

// New makes a client; it asks nothing yet. It fails when cfg.URL is no address.
func New(cfg Config, tel telemetry.Telemetry) (*Client, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	// The library's own retries sleep through a cancelled context and its logger quotes answers: neither is used.
	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		URL:               stripe.String(cfg.URL),
		HTTPClient:        newHTTPClient(),
		LeveledLogger:     &stripe.LeveledLogger{Level: stripe.LevelNull},
		MaxNetworkRetries: stripe.Int64(0),
		EnableTelemetry:   stripe.Bool(false),
	})
	return &Client{
		sessions: checkoutsession.Client{B: backend, Key: string(cfg.SecretKey)},
		tracer:   tel.Tracers.Tracer("stripe"),
	}, nil
}

// Open makes a Checkout session. Calls with the same key and the same request make one session between them, for as
// long as Stripe remembers the key (at least 24 h). Outcomes: Refused, KeyReused, Busy, Broken, Away.
func (c *Client) Open(ctx context.Context, request *paymentv1.OpenSessionRequest, key string) (Opened, error) {
	answer, err := c.ask(ctx, "stripe open session", isUnanswered, func(ctx context.Context) (*stripe.CheckoutSession, error) {
		parameters := parametersOf(request)
		parameters.Context, parameters.IdempotencyKey = ctx, stripe.String(key)
		return c.sessions.New(parameters)
	})
	if err != nil {
		return Opened{}, err
	}
	return openedOf(answer), nil
}

// Get reads a session as it is now. Outcomes: Missing, Refused, Broken, Away.
func (c *Client) Get(ctx context.Context, sessionID string) (*paymentv1.Session, error) {
	answer, err := c.ask(ctx, "stripe read session", isUnansweredOrBroken, func(ctx context.Context) (*stripe.CheckoutSession, error) {
		return c.sessions.Get(sessionID, &stripe.CheckoutSessionParams{Params: stripe.Params{Context: ctx}})
	})
	if err != nil {
		return nil, err
	}
	return sessionOf(answer), nil
}

// Expire ends an open session. Outcomes: Refused (it is not open), Missing, Broken, Away.
func (c *Client) Expire(ctx context.Context, sessionID string) (*paymentv1.Session, error) {
	answer, err := c.ask(ctx, "stripe expire session", isUnanswered, func(ctx context.Context) (*stripe.CheckoutSession, error) {
		return c.sessions.Expire(sessionID, &stripe.CheckoutSessionExpireParams{Params: stripe.Params{Context: ctx}})
	})
	if err != nil {
		return nil, err
	}
	return sessionOf(answer), nil
}

type askOnce func(ctx context.Context) (*stripe.CheckoutSession, error)

// ask asks a second time when mayRepeat allows it.
func (c *Client) ask(ctx context.Context, span string, mayRepeat func(*Failure) bool, once askOnce) (*stripe.CheckoutSession, error) {
	ctx, asking := c.tracer.Start(ctx, span, trace.WithSpanKind(trace.SpanKindClient))
	defer asking.End()
	for try := 1; ; try++ {
		answer, failure := c.tryOnce(ctx, once)
		if failure == nil {
			return answer, nil
		}
		if try == mostTries || !mayRepeat(failure) || !pause(ctx) {
			asking.SetStatus(codes.Error, failure.Error())
			return nil, failure
		}
	}
}

func (c *Client) tryOnce(ctx context.Context, once askOnce) (*stripe.CheckoutSession, *Failure) {
	ctx, cancel := context.WithTimeout(ctx, tryLimit)
	defer cancel()
	ctx, status := notingStatus(ctx)
	answer, err := once(ctx)
	if err != nil {
		return nil, failureOf(err, *status)
	}
	return answer, nil
}

// isUnanswered: a call that makes or ends something is repeated only when no answer came; an answer of failure is for
// the caller, who knows whether another idempotency key is needed.
func isUnanswered(failure *Failure) bool { return failure.Status == 0 }

func isUnansweredOrBroken(failure *Failure) bool {
	return failure.Status == 0 || failure.Outcome == Broken
}

func pause(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(tryPause + rand.N(tryPause)): //nolint:gosec // not a secret
		return true
	}
}
