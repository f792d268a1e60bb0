package migration

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	lockPoll    = 50 * time.Millisecond
	unlockLimit = 5 * time.Second
)

// locked runs work while conn's session holds the advisory lock of that name in conn's database. It asks again and again
// instead of waiting inside one statement, which would block CREATE INDEX CONCURRENTLY of whoever holds the lock. The lock
// ends with the session at the latest, so a killed process leaves none.
func locked(ctx context.Context, conn *pgx.Conn, name string, work func() error) error {
	if err := lock(ctx, conn, name); err != nil {
		return fmt.Errorf("lock %s: %w", name, err)
	}
	return errors.Join(work(), unlock(ctx, conn, name))
}

func lock(ctx context.Context, conn *pgx.Conn, name string) error {
	for {
		var mine bool
		if err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock(hashtextextended($1, 0))", name).Scan(&mine); err != nil {
			return err
		}
		if mine {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lockPoll):
		}
	}
}

func unlock(ctx context.Context, conn *pgx.Conn, name string) error {
	if conn.IsClosed() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unlockLimit)
	defer cancel()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_unlock(hashtextextended($1, 0))", name); err != nil {
		return fmt.Errorf("unlock %s: %w", name, err)
	}
	return nil
}

func closeConn(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), unlockLimit)
	defer cancel()
	_ = conn.Close(ctx) // all work is done, nothing is lost with it
}
