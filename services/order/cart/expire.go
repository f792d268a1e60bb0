package cart

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/bartgottschalk/startupwebapp/services/order/cart/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const (
	// expiredAtOnce keeps each transaction, and so each lock, short.
	expiredAtOnce = 500
	// traces is how long is remembered what moved and which guest was whom: longer than a checkout may be paid late (30 days).
	traces      = 45 * 24 * time.Hour
	expiryLimit = 5 * time.Minute
)

// Policy is how long carts are kept after their last change. 0: for ever.
type Policy struct{ Guests, Members time.Duration }

// Expired is what an expiry deleted.
type Expired struct{ Guests, Members int }

// Expiry deletes carts that nobody changed for long. To look at a cart is no change: a guest who comes back within the time
// finds it as it was, and the time goes on from the last change. A cart with a checkout that may still be paid stays. Safe
// for any number of processes at once: it waits for nobody.
type Expiry struct {
	db     *postgres.Database
	policy Policy
	tel    telemetry.Telemetry
	now    func() time.Time
	gone   metric.Int64Counter
}

// NewExpiry makes it; it needs no closing.
func NewExpiry(db *postgres.Database, policy Policy, tel telemetry.Telemetry, now func() time.Time) *Expiry {
	return &Expiry{
		db: db, policy: policy, tel: tel, now: func() time.Time { return now().UTC() },
		gone: tel.Counter("order.carts.expired", "{cart}", "Carts deleted because nobody changed them for long, by owner"),
	}
}

// Expire deletes what is due, in portions; what it did not come to is due the next time.
func (e *Expiry) Expire(ctx context.Context) (Expired, error) {
	var expired Expired
	for after := int64(0); ; {
		portion, last, err := e.portion(ctx, after)
		expired.Guests += portion.Guests
		expired.Members += portion.Members
		e.count(ctx, portion)
		if err != nil {
			return expired, fmt.Errorf("expire carts: %w", err)
		}
		if last == 0 {
			return expired, e.forget(ctx)
		}
		after = last
	}
}

// portion answers also the last cart that it looked at, 0 when there was none.
func (e *Expiry) portion(ctx context.Context, after int64) (expired Expired, last int64, err error) {
	err = e.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		expired, last = Expired{}, 0
		queries := dbgen.New(tx)
		ids, err := queries.LockUntouchedCarts(ctx, dbgen.LockUntouchedCartsParams{
			After: after, GuestsBefore: e.before(e.policy.Guests), MembersBefore: e.before(e.policy.Members), Most: expiredAtOnce,
		})
		if err != nil || len(ids) == 0 {
			return err
		}
		last = ids[len(ids)-1]
		guests, err := queries.DeleteUntouchedCarts(ctx, ids)
		for _, wasGuests := range guests {
			if wasGuests {
				expired.Guests++
			} else {
				expired.Members++
			}
		}
		return err
	})
	if err != nil {
		return Expired{}, 0, err
	}
	return expired, last, nil
}

func (e *Expiry) before(kept time.Duration) *time.Time {
	if kept <= 0 {
		return nil
	}
	before := e.now().Add(-kept)
	return &before
}

func (e *Expiry) count(ctx context.Context, expired Expired) {
	e.gone.Add(ctx, int64(expired.Guests), metric.WithAttributes(attribute.String("owner", "guest")))
	e.gone.Add(ctx, int64(expired.Members), metric.WithAttributes(attribute.String("owner", "member")))
}

// forget deletes what carts left behind that nothing can need any more.
func (e *Expiry) forget(ctx context.Context) error {
	queries, before := dbgen.New(e.db), e.now().Add(-traces)
	if _, err := queries.ForgetOldMoves(ctx, before); err != nil {
		return fmt.Errorf("forget what moved: %w", err)
	}
	if _, err := queries.ForgetOldAdoptions(ctx, before); err != nil {
		return fmt.Errorf("forget adopted guests: %w", err)
	}
	return nil
}

// ExpireArgs is the job that deletes carts nobody changed for long.
type ExpireArgs struct{}

// Kind names the job.
func (ExpireArgs) Kind() string { return "cart.expire" }

// InsertOpts makes it one an hour, however many processes start.
func (ExpireArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{UniqueOpts: river.UniqueOpts{ByPeriod: time.Hour}}
}

// ExpireWorker does ExpireArgs.
type ExpireWorker struct {
	river.WorkerDefaults[ExpireArgs]
	expiry *Expiry
}

// NewExpireWorker makes the worker.
func NewExpireWorker(expiry *Expiry) *ExpireWorker { return &ExpireWorker{expiry: expiry} }

// Timeout bounds a run.
func (w *ExpireWorker) Timeout(*river.Job[ExpireArgs]) time.Duration { return expiryLimit }

// Work expires carts and says how many.
func (w *ExpireWorker) Work(ctx context.Context, _ *river.Job[ExpireArgs]) error {
	expired, err := w.expiry.Expire(ctx)
	if expired != (Expired{}) {
		w.expiry.tel.Logger.InfoContext(ctx, "carts expired", "guests", expired.Guests, "members", expired.Members)
	}
	return err
}
