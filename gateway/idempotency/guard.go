// Package idempotency lets pages and programs repeat a payment request without fear: a POST that carries an Idempotency-Key
// is done once, and every repetition within 24 hours is answered as the first was.
//
// The order service keeps keys and answers. This room knows which paths are guarded, whose a key is, which requests are the
// same, and which answers are worth keeping. A request without the header passes untouched. It stands behind the front
// door's stations, so that nothing refused there (CSRF, methods, unreadable forms) is ever kept.
package idempotency

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/shopper"
	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
)

// storeTimeout bounds each call about a key, within the deadline of the request while that is still under way.
const storeTimeout = 3 * time.Second

// exposed is what pages of other origins may read of a guarded answer.
const exposed = "Idempotent-Replayed, Retry-After"

// Peers are whom the guard asks.
type Peers struct {
	Store  orderv1.IdempotencyServiceClient
	Finder *shopper.Finder
	Logger *slog.Logger
}

// Guard is a handler in front of another one. Safe for concurrent use.
type Guard struct {
	Peers
	next http.Handler
}

// New puts a guard in front of next, which gets requests as web.Door forwards them.
func New(peers Peers, next http.Handler) *Guard { return &Guard{Peers: peers, next: next} }

// held is a key whose request goes on here.
type held struct {
	key   *orderv1.RequestKey
	claim string
}

// ServeHTTP answers from what is kept, or lets the request go on under its key. While the store cannot say which, nothing is
// done and the answer is 503: better asked again than paid twice.
func (g *Guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var keys []string
	if isGuarded(r.URL.Path) {
		keys = visitor.From(r.Context()).IdempotencyKeys()
	}
	if len(keys) == 0 {
		g.next.ServeHTTP(w, r)
		return
	}
	w.Header()["Access-Control-Expose-Headers"] = []string{exposed}
	request, err := g.identify(r, keys)
	if err != nil {
		fail(w, r, err)
		return
	}
	begun, err := g.begin(r.Context(), request)
	switch {
	case err != nil:
		fail(w, r, err)
	case begun.GetAnswer() != nil:
		replay(w, r, begun.GetAnswer())
	default:
		answer := &recording{header: w.Header()}
		g.proceed(answer, r, held{request.GetKey(), begun.GetClaim()})
		answer.writeTo(w)
	}
}

func (g *Guard) begin(ctx context.Context, request *orderv1.BeginRequestRequest) (*orderv1.BeginRequestResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	return g.Store.BeginRequest(ctx, request)
}

// proceed has the request answered and settles its key before the client hears of it.
func (g *Guard) proceed(answer *recording, r *http.Request, request held) {
	defer g.settle(r.Context(), request, answer)
	g.next.ServeHTTP(answer, r)
	answer.worthKeeping = answer.isFinal(r.URL.Path)
}

// settle keeps the answer, or gives the key free: also of a handler that panicked, of a client that is gone, and after the
// request's deadline.
func (g *Guard) settle(ctx context.Context, request held, answer *recording) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	if answer.worthKeeping {
		g.finish(ctx, request, answer)
		return
	}
	g.abandon(ctx, request)
}

// finish need not succeed: the claim then dies by itself, and the order service knows the cart's open session.
func (g *Guard) finish(ctx context.Context, request held, answer *recording) {
	_, err := g.Store.FinishRequest(ctx, &orderv1.FinishRequestRequest{Key: request.key, Claim: request.claim, Answer: answer.kept()})
	if err != nil {
		g.Logger.WarnContext(ctx, "answer not kept under its idempotency key", "operation", request.key.GetOperation(), "error", err)
	}
}

func (g *Guard) abandon(ctx context.Context, request held) {
	_, err := g.Store.AbandonRequest(ctx, &orderv1.AbandonRequestRequest{Key: request.key, Claim: request.claim})
	if err != nil {
		g.Logger.WarnContext(ctx, "idempotency key not given free", "operation", request.key.GetOperation(), "error", err)
	}
}
