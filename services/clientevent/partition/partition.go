// Package partition keeps the event tables' months: it makes them ahead of the calendar and drops them when they are older
// than anybody may want to know.
package partition

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/bartgottschalk/startupwebapp/services/clientevent/partition/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

const (
	monthsAhead = 3 // this one and two more: a service that is down for a month still finds its partitions
	every       = 24 * time.Hour
	retryAfter  = 5 * time.Minute
	makeLimit   = 30 * time.Second
)

// Make makes the missing partitions of this month (UTC) and the next two and says how many. It may run on several
// instances at once.
func Make(ctx context.Context, db *postgres.Database, now time.Time) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, makeLimit)
	defer cancel()
	made, err := dbgen.New(db).MakeEventPartitions(ctx, dbgen.MakeEventPartitionsParams{FirstMonth: now.UTC(), Months: monthsAhead})
	if err != nil {
		return 0, fmt.Errorf("make partitions: %w", err)
	}
	return int(made), nil
}

// Keep makes and drops months now and about every day until ctx is done, sooner again when something failed. Until months
// are made events go into the default partition, from where they are moved later.
func Keep(ctx context.Context, db *postgres.Database, logger *slog.Logger, now func() time.Time, keep Retention) {
	for {
		wait := every
		if err := keepOnce(ctx, db, logger, now(), keep); err != nil {
			if ctx.Err() != nil {
				return
			}
			logger.WarnContext(ctx, "partitions not in order, trying again", slog.Any("error", err))
			wait = retryAfter
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait - rand.N(wait/10)): //nolint:gosec // not a secret: instances that started together drift apart
		}
	}
}

// keepOnce does the one also when the other fails.
func keepOnce(ctx context.Context, db *postgres.Database, logger *slog.Logger, now time.Time, keep Retention) error {
	made, makeErr := Make(ctx, db, now)
	dropped, deleted, dropErr := Drop(ctx, db, now, keep)
	if made > 0 || len(dropped) > 0 || deleted > 0 {
		logger.InfoContext(ctx, "partitions looked after", slog.Int("made", made), slog.Any("dropped", dropped), slog.Int64("deleted_events", deleted))
	}
	return errors.Join(makeErr, dropErr)
}
