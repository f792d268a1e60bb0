// Package visitor is the customer behind one request: what the cookies say about them, where they call from, and which
// cookies the answer sends back (contract user.md 1.3, encodings.md 2).
//
// It knows cookie names, signatures and attributes, so that nobody else has to. Who the customer is (accounts, carts)
// is the services' business; whether a request may pass (CSRF, hosts, origins) is decided in package web.
package visitor

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
)

// Policy is how a gateway writes and believes cookies and addresses. It is immutable and safe for concurrent use.
type Policy struct {
	domain      string // of all cookies; "" makes them host-only
	secure      bool
	proxyHops   int
	cartCookie  signing.TimestampSigner
	eventCookie signing.TimestampSigner
	now         func() time.Time
}

// Settings are what the environment says about visitors.
type Settings struct {
	CookieDomain     string // Domain attribute of all cookies, "" for host-only ones
	CookieSecure     bool
	TrustedProxyHops int // 0: the peer is the client; n: the n-th entry of X-Forwarded-For from the right
	Key              signing.Key
}

// NewPolicy makes the policy of one gateway; now is the clock.
func NewPolicy(settings Settings, now func() time.Time) *Policy {
	return &Policy{
		domain:      settings.CookieDomain,
		secure:      settings.CookieSecure,
		proxyHops:   settings.TrustedProxyHops,
		cartCookie:  signing.NewCookieSigner(settings.Key, cartCookieName, "anonymouscartcookieisthis", now),
		eventCookie: signing.NewCookieSigner(settings.Key, eventCookieName, "clienteventanonymousclienteventoccurrence", now),
		now:         now,
	}
}

// Visitor is the customer of one request. It is not safe for concurrent use: ask it before starting goroutines.
type Visitor struct {
	policy  *Policy
	request *http.Request
	cookies map[string]string // as sent; nil until first read
	answers []cookie          // to be sent, at most one per name
	status  int
	touched bool // whether the answer depends on cookies
	csrf    string
}

// Meet begins the visit of one request.
func (p *Policy) Meet(request *http.Request) *Visitor {
	return &Visitor{policy: p, request: request}
}

type contextKey struct{}

// In returns a context in which From finds the visitor.
func (v *Visitor) In(ctx context.Context) context.Context {
	return context.WithValue(ctx, contextKey{}, v)
}

// From is the visitor of the request that ctx belongs to. Outside of a request it is a stranger without cookies, whose
// answers go nowhere; it is never nil.
func From(ctx context.Context) *Visitor {
	if met, ok := ctx.Value(contextKey{}).(*Visitor); ok {
		return met
	}
	return NewPolicy(Settings{}, time.Now).Meet(&http.Request{Header: http.Header{}})
}

// UserAgent is the User-Agent header, "" when there is none.
func (v *Visitor) UserAgent() string { return v.header("User-Agent") }

// StripeSignature is the Stripe-Signature header, "" when there is none.
func (v *Visitor) StripeSignature() string { return v.header("Stripe-Signature") }

// IdempotencyKeys are the Idempotency-Key headers as sent, none when the client chose no key. They may hold anything.
func (v *Visitor) IdempotencyKeys() []string { return v.request.Header["Idempotency-Key"] }

// header makes UTF-8 of what a client sent, for no message to a service can hold anything else.
func (v *Visitor) header(name string) string {
	return strings.ToValidUTF8(v.request.Header.Get(name), "\uFFFD")
}

// Status sets the HTTP status of an answer that is not 200 (payment.md: the webhook's answers).
func (v *Visitor) Status(code int) { v.status = code }

// AnswerStatus is what Status was told, 0 when nothing was said.
func (v *Visitor) AnswerStatus() int { return v.status }

// WriteHeaders adds the cookies to an answer. An answer that depends on cookies says so to caches, and is kept by none.
func (v *Visitor) WriteHeaders(header http.Header) {
	if !v.touched && len(v.answers) == 0 {
		return
	}
	header.Add("Vary", "Cookie")
	if header.Get("Cache-Control") == "" {
		header.Set("Cache-Control", "private, no-store")
	}
	for _, answer := range v.answers {
		header.Add("Set-Cookie", answer.text(v.policy))
	}
}
