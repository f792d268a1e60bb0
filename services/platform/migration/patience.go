package migration

import (
	"context"
	"fmt"
	"time"
)

// patience is how often, and after which pause, work that waited too long for a table is tried.
type patience struct {
	tries int
	pause time.Duration
}

// patienceOrDefault is about a minute in all: as long as a report or a slow request may keep a table. Whatever takes longer is
// for a person to look at.
func (s Set) patienceOrDefault() patience {
	if s.patience.tries > 0 {
		return s.patience
	}
	return patience{tries: 12, pause: 2 * time.Second}
}

// limitWaits sets what holds for every statement of migrations, unless DATABASE_URL or a migration itself says otherwise.
//
// A statement that waits for a table has everybody else who wants it queue behind: it gives up after 3 s. One that runs for a
// quarter of an hour has lost its way. A connection whose program was cut off in a transaction keeps its locks for a minute at most.
func limitWaits(settings map[string]string) {
	for name, value := range map[string]string{
		"lock_timeout": "3s", "statement_timeout": "15min", "idle_in_transaction_session_timeout": "1min",
	} {
		if settings[name] == "" {
			settings[name] = value
		}
	}
}

// patiently tries work again while tables are in use. Migrations bear that: a file's transaction was rolled back, and those
// without one are written to be repeated (deploy/local/migrationlint, rule not-repeatable).
func patiently(ctx context.Context, patience patience, work func() error) error {
	for try := 1; ; try++ {
		err := work()
		if !hasState(err, lockNotAvailable, deadlockDetected) {
			return err
		}
		if try == patience.tries {
			return fmt.Errorf("a table stayed in use through %d tries: run this again when whoever uses it "+
				"(pg_stat_activity, oldest xact_start) is done: %w", try, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w while a table was in use: %w", ctx.Err(), err)
		case <-time.After(patience.pause):
		}
	}
}
