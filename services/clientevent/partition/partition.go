// Package partition keeps the event tables' months ahead of the calendar. It only makes months; dropping old ones is where
// retention will come in.
package partition

import (
	"context"
	"fmt"
	"log/slog"
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

// Keep calls Make now and every day until ctx is done, sooner again when it failed. Until then events go into the
// default partition, from where they are moved later.
func Keep(ctx context.Context, db *postgres.Database, logger *slog.Logger, now func() time.Time) {
	for {
		wait := every
		made, err := Make(ctx, db, now())
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			logger.WarnContext(ctx, "partitions not made, trying again", slog.Any("error", err))
			wait = retryAfter
		case made > 0:
			logger.InfoContext(ctx, "partitions made", slog.Int("partitions", made))
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}
