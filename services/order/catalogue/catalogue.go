package catalogue

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const (
	channel     = "catalogue"      // notified by the triggers of migration 00001
	pollEvery   = time.Minute      // for a notification that was lost in spite of all
	retryAfter  = time.Second      // after a read that failed
	readLimit   = 10 * time.Second // of one read
	shortestNap = 20 * time.Millisecond
)

// Catalogue keeps the newest snapshot and answers the catalogue's calls from it. Safe for concurrent use.
type Catalogue struct {
	orderv1.UnimplementedCatalogueServiceServer
	db       *postgres.Database
	tel      telemetry.Telemetry
	now      func() time.Time
	current  atomic.Pointer[Snapshot]
	watchers atomic.Int32
}

// Open reads the first snapshot; it stays as it is unless Run is called. The clock decides which prices are in force.
func Open(ctx context.Context, db *postgres.Database, tel telemetry.Telemetry, now func() time.Time) (*Catalogue, error) {
	c := &Catalogue{db: db, tel: tel, now: now}
	snapshot, err := c.read(ctx)
	if err != nil {
		return nil, err
	}
	c.current.Store(snapshot)
	return c, nil
}

// Snapshot is the newest one; never nil.
func (c *Catalogue) Snapshot() *Snapshot { return c.current.Load() }

// Run keeps the snapshot up to date until ctx is done, and then returns nil: it reads again whenever the tables change,
// after every reconnect, when a price comes into force, and once a minute. While the database is away the last snapshot
// stays. Call it once.
func (c *Catalogue) Run(ctx context.Context) error {
	changes := make(chan struct{}, 1) // one pending read is enough for any number of changes
	listening := make(chan error, 1)
	go func() {
		listening <- c.db.Listen(ctx, channel, func(context.Context, string) {
			select {
			case changes <- struct{}{}:
			default:
			}
		})
	}()
	c.follow(ctx, changes)
	return <-listening
}

func (c *Catalogue) follow(ctx context.Context, changes <-chan struct{}) {
	pause := c.untilNextRead()
	for {
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-changes:
			timer.Stop()
		case <-timer.C:
		}
		pause = c.refresh(ctx)
	}
}

// refresh puts a new snapshot in place and says when to look again.
func (c *Catalogue) refresh(ctx context.Context) time.Duration {
	snapshot, err := c.read(ctx)
	if err != nil {
		if ctx.Err() == nil {
			c.tel.Logger.ErrorContext(ctx, "could not read the catalogue again, the last one stays", slog.Any("error", err))
		}
		return retryAfter
	}
	close(c.current.Swap(snapshot).replaced)
	return c.untilNextRead()
}

func (c *Catalogue) read(ctx context.Context) (*Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	found, err := read(ctx, c.db, c.now())
	if err != nil {
		return nil, err
	}
	return build(found)
}

func (c *Catalogue) untilNextRead() time.Duration {
	next := c.Snapshot().nextPriceAt
	if next.IsZero() {
		return pollEvery
	}
	return min(pollEvery, max(shortestNap, next.Sub(c.now())))
}
