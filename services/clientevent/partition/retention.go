package partition

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/bartgottschalk/startupwebapp/services/clientevent/partition/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

const (
	longestRetention = 120
	dropLimit        = 10 * time.Second // of one partition, the second that it may wait for its lock included
	deleteLimit      = 10 * time.Second // of one batch
	deleteBatch      = 5000
)

// Retention is for how many months events are kept, 1 to 120: those of a calendar month (UTC) go at once, when the whole
// month is older.
type Retention int

// UnmarshalText reads a number of months.
func (r *Retention) UnmarshalText(text []byte) error {
	months, err := strconv.Atoi(string(text))
	if err != nil || !Retention(months).Valid() {
		return errors.New(r.Expects())
	}
	*r = Retention(months)
	return nil
}

// Expects says what text a variable of this type takes.
func (Retention) Expects() string {
	return fmt.Sprintf("a whole number of months from 1 to %d", longestRetention)
}

// Valid tells whether it is within its range.
func (r Retention) Valid() bool { return r >= 1 && r <= longestRetention }

// firstKept is the beginning of the oldest month of which something is not too old.
func (r Retention) firstKept(now time.Time) time.Time {
	now = now.UTC()
	return time.Date(now.Year(), now.Month()-time.Month(r), 1, 0, 0, 0, 0, time.UTC)
}

// Drop drops every month that is wholly older than the retention, and deletes what is as old and in no month. It answers the
// partitions that it dropped and the number of events that it deleted beside them. Each partition has a transaction of its
// own, which gives up rather than make writers wait for more than about a second; what was done until then stays done. It
// may run on several instances at once, and while events are written.
func Drop(ctx context.Context, db *postgres.Database, now time.Time, keep Retention) (partitions []string, events int64, err error) {
	if !keep.Valid() {
		return nil, 0, fmt.Errorf("drop partitions: the retention is not %s", keep.Expects())
	}
	queries, before := dbgen.New(db), keep.firstKept(now)
	for {
		dropped, err := dropOldest(ctx, queries, before)
		if err != nil {
			return partitions, 0, fmt.Errorf("drop partitions: %w", err)
		}
		if dropped == "" {
			break
		}
		partitions = append(partitions, dropped)
	}
	events, err = deleteBefore(ctx, queries, before)
	return partitions, events, err
}

func dropOldest(ctx context.Context, queries *dbgen.Queries, before time.Time) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, dropLimit)
	defer cancel()
	return queries.DropEventPartition(ctx, before)
}

// deleteBefore leaves nothing to the months, which are dropped by then: it empties the default partitions.
func deleteBefore(ctx context.Context, queries *dbgen.Queries, before time.Time) (deleted int64, err error) {
	tables := []func(context.Context) (int64, error){
		func(ctx context.Context) (int64, error) {
			return queries.DeletePageviewsBefore(ctx, dbgen.DeletePageviewsBeforeParams{Before: before, Most: deleteBatch})
		},
		func(ctx context.Context) (int64, error) {
			return queries.DeleteAjaxErrorsBefore(ctx, dbgen.DeleteAjaxErrorsBeforeParams{Before: before, Most: deleteBatch})
		},
		func(ctx context.Context) (int64, error) {
			return queries.DeleteButtonClicksBefore(ctx, dbgen.DeleteButtonClicksBeforeParams{Before: before, Most: deleteBatch})
		},
		func(ctx context.Context) (int64, error) {
			return queries.DeleteLinkEventsBefore(ctx, dbgen.DeleteLinkEventsBeforeParams{Before: before, Most: deleteBatch})
		},
	}
	for _, deleteBatchOf := range tables {
		of, err := inBatches(ctx, deleteBatchOf)
		deleted += of
		if err != nil {
			return deleted, fmt.Errorf("delete old events: %w", err)
		}
	}
	return deleted, nil
}

// inBatches repeats a batch until one is not full.
func inBatches(ctx context.Context, batch func(context.Context) (int64, error)) (total int64, err error) {
	for {
		limited, cancel := context.WithTimeout(ctx, deleteLimit)
		rows, err := batch(limited)
		cancel()
		total += rows
		if err != nil || rows < deleteBatch {
			return total, err
		}
	}
}
