package books

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/bartgottschalk/startupwebapp/services/order/books/dbgen"
)

const (
	day = 24 * time.Hour
	// lookBack is how much every daily run compares again: what is paid or given back a little later than its session was made.
	lookBack = 2 * day
	// longestLookBack bounds what a run makes up for after the job did not run for long.
	longestLookBack = 30 * day
	jobLimit        = 10 * time.Minute
	jobAttempts     = 5 // the last about six minutes after the first
)

// ReconcileArgs is the job that compares the books with Stripe's, once a day of UTC.
type ReconcileArgs struct{}

// Kind names the job.
func (ReconcileArgs) Kind() string { return "books.reconcile" }

// InsertOpts makes it one a day, however many processes start or ask for it.
func (ReconcileArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{MaxAttempts: jobAttempts, UniqueOpts: river.UniqueOpts{ByPeriod: day}}
}

// Worker does ReconcileArgs.
type Worker struct {
	river.WorkerDefaults[ReconcileArgs]
	reconciler     *Reconciler
	runs, findings metric.Int64Counter
}

// NewWorker makes the worker.
func NewWorker(reconciler *Reconciler) *Worker {
	tel := reconciler.needs.Telemetry
	return &Worker{
		reconciler: reconciler,
		runs:       tel.Counter("order.reconciliation.runs", "{run}", "Days of the books that were compared with Stripe, by outcome"),
		findings:   tel.Counter("order.reconciliation.findings", "{difference}", "Differences between the books and Stripe, as often as they are met"),
	}
}

// Timeout bounds a run; what it did not come to is compared by the next one.
func (w *Worker) Timeout(*river.Job[ReconcileArgs]) time.Duration { return jobLimit }

// Work compares everything since the last run, and two days in any case, a day at a time; then some days of older orders. Each
// that is done stays done. A day of which something could not be compared holds up no other, unless nobody answers at all.
func (w *Worker) Work(ctx context.Context, _ *river.Job[ReconcileArgs]) error {
	now := w.reconciler.needs.Now().UTC()
	failed := w.compareRecent(ctx, now)
	if errors.Is(failed, errBrokenOff) {
		return failed
	}
	return errors.Join(failed, w.compareOlder(ctx, now))
}

func (w *Worker) compareRecent(ctx context.Context, now time.Time) error {
	from, err := w.reconciler.since(ctx, now)
	if err != nil {
		return err
	}
	var failures []error
	for from.Before(now) {
		period := Period{From: from, Until: earlier(from.Add(day), now), Grace: UsualGrace}
		err := w.reconcile(ctx, period)
		failures = append(failures, err)
		if errors.Is(err, errBrokenOff) {
			break
		}
		from = period.Until
	}
	return errors.Join(failures...)
}

func (w *Worker) reconcile(ctx context.Context, period Period) error {
	outcome, err := w.reconciler.Reconcile(ctx, period)
	w.findings.Add(ctx, int64(outcome.Findings))
	logger := w.reconciler.needs.Telemetry.Logger.With("from", period.From, "until", period.Until, "payments", outcome.Payments,
		"orders", outcome.Orders, "made_up", outcome.MadeUp, "findings", outcome.Findings, "unresolved", len(outcome.Unresolved))
	if err != nil {
		w.runs.Add(ctx, 1, metric.WithAttributes(attribute.String("outcome", "failed")))
		logger.WarnContext(ctx, "[RECONCILIATION] not everything could be compared", "error", err)
		return fmt.Errorf("reconcile: %w", err)
	}
	w.runs.Add(ctx, 1, metric.WithAttributes(attribute.String("outcome", "done")))
	logger.InfoContext(ctx, "[RECONCILIATION] books compared with Stripe")
	return w.reconciler.remember(ctx, outcome)
}

// since is where the next run begins.
func (r *Reconciler) since(ctx context.Context, now time.Time) (time.Time, error) {
	last, err := dbgen.New(r.needs.Database).ReconciledUntil(ctx)
	if errors.Is(err, pgx.ErrNoRows) {
		return now.Add(-lookBack), nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("find last reconciliation: %w", err)
	}
	from := earlier(last, now.Add(-lookBack))
	if oldest := now.Add(-longestLookBack); from.Before(oldest) {
		return oldest, nil
	}
	return from, nil
}

func (r *Reconciler) remember(ctx context.Context, outcome Outcome) error {
	err := dbgen.New(r.needs.Database).NoteReconciliation(ctx, dbgen.NoteReconciliationParams{
		FromAt: outcome.Period.From, UntilAt: outcome.Period.Until, FinishedAt: r.needs.Now().UTC(),
		Payments: int32(outcome.Payments), Orders: int32(outcome.Orders), Findings: int32(outcome.Findings), //nolint:gosec // of one day
	})
	if err != nil {
		return fmt.Errorf("note reconciliation: %w", err)
	}
	return nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
