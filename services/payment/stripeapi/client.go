// Package stripeapi is the only code that speaks with Stripe: it sets up the client, asks, and turns Stripe's answers
// and errors into the shop's words. When to ask, and what an answer changes in our books, is the business of the
// rooms session, refund, dispute and inbox.
package stripeapi

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	stripe "github.com/stripe/stripe-go/v76"
	checkoutsession "github.com/stripe/stripe-go/v76/checkout/session"
	"github.com/stripe/stripe-go/v76/coupon"
	"github.com/stripe/stripe-go/v76/dispute"
	"github.com/stripe/stripe-go/v76/form"
	"github.com/stripe/stripe-go/v76/refund"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const (
	mostTries = 2
	tryPause  = 150 * time.Millisecond
	pageSize  = 100 // Stripe's largest
)

// Client asks Stripe. Every request ends within 20 s or with ctx; every error is a *Failure. Safe for concurrent use.
type Client struct {
	sessions checkoutsession.Client
	coupons  coupon.Client
	refunds  refund.Client
	disputes dispute.Client
	backend  stripe.Backend
	key      string
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
	key := string(cfg.SecretKey)
	return &Client{
		sessions: checkoutsession.Client{B: backend, Key: key},
		coupons:  coupon.Client{B: backend, Key: key},
		refunds:  refund.Client{B: backend, Key: key},
		disputes: dispute.Client{B: backend, Key: key},
		backend:  backend,
		key:      key,
		tracer:   tel.Tracers.Tracer("stripe"),
	}, nil
}

// ask asks a second time when mayRepeat allows it.
func ask[A any](ctx context.Context, c *Client, span string, mayRepeat func(*Failure) bool, once func(ctx context.Context) (A, error)) (A, error) {
	ctx, asking := c.tracer.Start(ctx, span, trace.WithSpanKind(trace.SpanKindClient))
	defer asking.End()
	for try := 1; ; try++ {
		answer, failure := tryOnce(ctx, once)
		if failure == nil {
			return answer, nil
		}
		if try == mostTries || !mayRepeat(failure) || !pause(ctx) {
			asking.SetStatus(codes.Error, failure.Error())
			return answer, failure
		}
	}
}

func tryOnce[A any](ctx context.Context, once func(ctx context.Context) (A, error)) (A, *Failure) {
	ctx, cancel := context.WithTimeout(ctx, tryLimit)
	defer cancel()
	ctx, status := notingStatus(ctx)
	answer, err := once(ctx)
	if err != nil {
		return answer, failureOf(err, *status)
	}
	return answer, nil
}

// listOnce reads one page of a list. The library's own iterators read on by themselves, without limit.
func listOnce[L stripe.LastResponseSetter](ctx context.Context, c *Client, path string, parameters any, into L) (L, error) {
	query := &form.Values{}
	form.AppendTo(query, parameters)
	err := c.backend.CallRaw(http.MethodGet, path, c.key, query, &stripe.Params{Context: ctx}, into)
	return into, err
}

func pageAfter(id string) stripe.ListParams {
	return stripe.ListParams{Limit: stripe.Int64(pageSize), StartingAfter: unlessEmpty(id)}
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
