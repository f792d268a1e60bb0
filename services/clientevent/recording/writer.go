package recording

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/bartgottschalk/startupwebapp/services/clientevent/recording/dbgen"
)

const (
	gatherTime   = 200 * time.Millisecond // an event waits at most so long for company
	writeLimit   = 10 * time.Second       // of one batch
	firstBackoff = 100 * time.Millisecond
	longestPause = 5 * time.Second
	drainBackoff = 500 * time.Millisecond // with the end near, tries come closer together

	// SQLSTATE classes of values that a table does not take.
	classData       = "22"
	classConstraint = "23"
)

// Run writes what is recorded until ctx is done, and then what is left, for at most drainTime. While the database is away
// it keeps its batch and tries again with growing pauses. Call it once; record nothing after ctx is done.
func (r *Recorder) Run(ctx context.Context, drainTime time.Duration) {
	for r.gather(ctx) {
		if left := r.write(ctx, r.queue.take(), longestPause); len(left) > 0 {
			r.drain(ctx, left, drainTime)
			return
		}
		r.tellDropped(ctx)
	}
	r.drain(ctx, nil, drainTime)
}

// gather waits until there is something, then for more of it. It is false when ctx is done.
func (r *Recorder) gather(ctx context.Context) bool {
	for r.queue.len() == 0 {
		select {
		case <-ctx.Done():
			return false
		case <-r.queue.arrived:
		}
	}
	enough := time.NewTimer(gatherTime)
	defer enough.Stop()
	for r.queue.len() < mostInBatch {
		select {
		case <-ctx.Done():
			return false
		case <-enough.C:
			return true
		case <-r.queue.arrived:
		}
	}
	return ctx.Err() == nil
}

// drain writes what is left when nothing more comes.
func (r *Recorder) drain(ctx context.Context, batch []entry, drainTime time.Duration) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	for {
		if len(batch) == 0 {
			batch = r.queue.take()
		}
		if len(batch) == 0 {
			break
		}
		if batch = r.write(ctx, batch, drainBackoff); len(batch) > 0 {
			r.giveUp(ctx, len(batch)+r.queue.len(), ctx.Err())
			return
		}
	}
	r.tellDropped(ctx)
}

// write tries until the batch is written; what is left is not empty only when ctx ended first.
func (r *Recorder) write(ctx context.Context, batch []entry, longestPause time.Duration) (left []entry) {
	pause := firstBackoff
	for {
		left, err := r.store(ctx, batch)
		if err == nil {
			return nil
		}
		batch = left
		r.logger.WarnContext(ctx, "events not written, trying again", slog.Int("events", len(batch)), slog.Any("error", err))
		select {
		case <-ctx.Done():
			return batch
		case <-time.After(pause/2 + rand.N(pause/2)): //nolint:gosec // not a secret
		}
		pause = min(2*pause, longestPause)
	}
}

// store writes a batch in one transaction, and says what is left of it when it cannot. Values that a table refuses would
// hold up all others for ever: the batch is halved until the refused event is alone, and that one is dropped. Cleaning
// should leave none.
func (r *Recorder) store(ctx context.Context, batch []entry) (left []entry, err error) {
	err = r.copy(ctx, batch)
	switch {
	case err == nil:
		r.written.Add(ctx, int64(len(batch)))
		return nil, nil
	case !isRefusedValue(err):
		return batch, err
	case len(batch) == 1:
		r.giveUp(ctx, 1, err)
		return nil, nil
	}
	half := len(batch) / 2
	if left, err := r.store(ctx, batch[:half]); err != nil {
		return batch[half-len(left):], err
	}
	return r.store(ctx, batch[half:])
}

// copy is not ended with ctx when Run's ends: a batch cut off while it commits would be written again. When the last answer
// of a commit is lost all the same, its events are there twice; they are counts, not money.
func (r *Recorder) copy(ctx context.Context, batch []entry) error {
	limit := writeLimit
	if deadline, set := ctx.Deadline(); set {
		limit = min(limit, time.Until(deadline))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	rows := sorted(batch)
	err := r.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		return rows.copyTo(ctx, dbgen.New(tx))
	})
	if err != nil {
		return fmt.Errorf("write %d events: %w", len(batch), err)
	}
	return nil
}

// tables are the rows of a batch, by table.
type tables struct {
	pageviews    []dbgen.AddPageviewsParams
	ajaxErrors   []dbgen.AddAjaxErrorsParams
	buttonClicks []dbgen.AddButtonClicksParams
	linkEvents   []dbgen.AddLinkEventsParams
}

func sorted(batch []entry) tables {
	var rows tables
	for _, each := range batch {
		switch row := each.row.(type) {
		case dbgen.AddPageviewsParams:
			rows.pageviews = append(rows.pageviews, row)
		case dbgen.AddAjaxErrorsParams:
			rows.ajaxErrors = append(rows.ajaxErrors, row)
		case dbgen.AddButtonClicksParams:
			rows.buttonClicks = append(rows.buttonClicks, row)
		case dbgen.AddLinkEventsParams:
			rows.linkEvents = append(rows.linkEvents, row)
		}
	}
	return rows
}

func (t tables) copyTo(ctx context.Context, to *dbgen.Queries) error {
	if err := copyRows(ctx, t.pageviews, to.AddPageviews); err != nil {
		return err
	}
	if err := copyRows(ctx, t.ajaxErrors, to.AddAjaxErrors); err != nil {
		return err
	}
	if err := copyRows(ctx, t.buttonClicks, to.AddButtonClicks); err != nil {
		return err
	}
	return copyRows(ctx, t.linkEvents, to.AddLinkEvents)
}

func copyRows[Row any](ctx context.Context, rows []Row, add func(context.Context, []Row) (int64, error)) error {
	if len(rows) == 0 {
		return nil
	}
	_, err := add(ctx, rows)
	return err
}

func isRefusedValue(err error) bool {
	var refusal *pgconn.PgError
	if !errors.As(err, &refusal) {
		return false
	}
	return strings.HasPrefix(refusal.Code, classData) || strings.HasPrefix(refusal.Code, classConstraint)
}

func (r *Recorder) giveUp(ctx context.Context, events int, why error) {
	r.lost.Add(ctx, int64(events))
	r.logger.ErrorContext(ctx, "events lost", slog.Int("events", events), slog.Any("error", why))
}

// tellDropped logs once per batch how many events found no room, however many calls they came in.
func (r *Recorder) tellDropped(ctx context.Context) {
	if dropped := r.droppedSince.Swap(0); dropped > 0 {
		r.logger.WarnContext(ctx, "events dropped", slog.Int64("events", dropped))
	}
}
