// Package catalogue answers /order/products and /order/product/{identifier} from bytes that are encoded once per version
// of the catalogue (contract order.md 4.2, 4.3).
//
// What is for sale, at which price, is the order service's business; it pushes every change. Here the newest version is
// kept as an edition: JSON, its compressed form and their tags, swapped as a whole.
package catalogue

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/dialect"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const (
	firstPause  = 100 * time.Millisecond
	longestWait = 5 * time.Second
	askTimeout  = 3 * time.Second
)

// errEmpty is what a request gets before the first edition.
var errEmpty = fault.New(fault.Unavailable, "catalogue-not-loaded", "The catalogue is not there yet.")

// Keeper keeps the newest edition. It is safe for concurrent use; Run must be running.
type Keeper struct {
	service  orderv1.CatalogueServiceClient
	renderer *dialect.Renderer
	logger   *slog.Logger
	newest   atomic.Pointer[edition]
	asking   sync.Mutex
}

// NewKeeper makes a keeper without an edition.
func NewKeeper(service orderv1.CatalogueServiceClient, renderer *dialect.Renderer, tel telemetry.Telemetry) *Keeper {
	return &Keeper{service: service, renderer: renderer, logger: tel.Logger}
}

// Loaded tells whether there is an edition to answer from.
func (k *Keeper) Loaded() bool { return k.newest.Load() != nil }

// Run follows the order service until ctx is done. When the stream breaks it asks once and opens the stream again, with
// growing pauses; meanwhile the last edition stays.
func (k *Keeper) Run(ctx context.Context) {
	pause := firstPause
	for ctx.Err() == nil {
		if received := k.watch(ctx); received {
			pause = firstPause
		}
		if ctx.Err() != nil {
			return
		}
		if made, err := k.ask(ctx); err == nil {
			k.newest.Store(made) // nothing is pushed meanwhile
		}
		wait(ctx, pause/2+rand.N(pause)) //nolint:gosec // not a secret
		pause = min(2*pause, longestWait)
	}
}

// watch takes what is pushed until the stream ends, and tells whether anything came.
func (k *Keeper) watch(ctx context.Context) (received bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := k.service.WatchCatalogue(ctx, &orderv1.WatchCatalogueRequest{})
	if err != nil {
		k.report(ctx, "catalogue cannot be watched", err)
		return false
	}
	for {
		pushed, err := stream.Recv()
		if err != nil {
			k.report(ctx, "catalogue stream ended", err)
			return received
		}
		received = true
		k.take(ctx, pushed.GetCatalogue())
	}
}

// ask fetches the catalogue once.
func (k *Keeper) ask(ctx context.Context) (*edition, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	answer, err := k.service.GetCatalogue(ctx, &orderv1.GetCatalogueRequest{})
	if err != nil {
		k.report(ctx, "catalogue cannot be fetched", err)
		return nil, err
	}
	made, err := newEdition(k.renderer, answer.GetCatalogue())
	if err != nil {
		k.report(ctx, "catalogue cannot be encoded", err)
	}
	return made, err
}

// take makes an edition of a pushed catalogue unless it is the one already there.
func (k *Keeper) take(ctx context.Context, catalogue *orderv1.Catalogue) {
	if present := k.newest.Load(); present != nil && present.version == catalogue.GetVersion() {
		return
	}
	made, err := newEdition(k.renderer, catalogue)
	if err != nil {
		k.report(ctx, "catalogue cannot be encoded", err)
		return
	}
	k.newest.Store(made)
	k.logger.InfoContext(ctx, "catalogue taken", "version", made.version, "products", len(made.products))
}

// edition is the newest one. The first request that comes before there is one asks for it; what it gets gives way to
// anything pushed in the meantime.
func (k *Keeper) edition(ctx context.Context) (*edition, error) {
	if present := k.newest.Load(); present != nil {
		return present, nil
	}
	if !k.asking.TryLock() {
		return nil, errEmpty
	}
	defer k.asking.Unlock()
	made, err := k.ask(ctx)
	if err != nil {
		return nil, errEmpty.Because(err)
	}
	k.newest.CompareAndSwap(nil, made)
	return k.newest.Load(), nil
}

func (k *Keeper) report(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		k.logger.WarnContext(ctx, what, "error", err)
	}
}

func wait(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
