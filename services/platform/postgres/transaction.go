package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	transactionAttempts = 5
	firstPause          = 10 * time.Millisecond
	rollbackLimit       = 5 * time.Second
)

type inTxKey struct{}

// InTx runs work in a READ COMMITTED transaction: committed when work returns nil, else rolled back. When the database
// ends it for a serialization failure or a deadlock, work runs again in a new transaction, five times at most with growing
// random pauses; so work must have no effect outside tx that may not happen twice. A panic in work rolls back too.
//
// Not to be nested: work has its tx. A second InTx under work's context is refused, as it would wait for a connection
// while holding one.
func (d *Database) InTx(ctx context.Context, work func(ctx context.Context, tx pgx.Tx) error) error {
	if ctx.Value(inTxKey{}) != nil {
		return errors.New("postgres: InTx inside InTx")
	}
	for attempt := 1; ; attempt++ {
		err := d.once(ctx, work)
		if !mayRunAgain(err) || attempt == transactionAttempts {
			return explain(ctx, err)
		}
		if stopped := pause(ctx, attempt); stopped != nil {
			return errors.Join(stopped, err)
		}
	}
}

func (d *Database) once(ctx context.Context, work func(ctx context.Context, tx pgx.Tx) error) (err error) {
	tx, err := d.pool(ctx).BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		if rollbackErr := rollback(ctx, tx); rollbackErr != nil {
			err = errors.Join(err, rollbackErr)
		}
	}()
	if err := work(context.WithValue(ctx, inTxKey{}, true), tx); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// rollback does nothing after a commit. It has its own limit, as ctx may be what ended the work.
func rollback(ctx context.Context, tx pgx.Tx) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackLimit)
	defer cancel()
	if err := tx.Rollback(ctx); err != nil && !errors.Is(err, pgx.ErrTxClosed) {
		return fmt.Errorf("rollback: %w", err)
	}
	return nil
}

// pause waits between half and all of 10, 20, 40, 80 ms, so that two that collided do not collide again.
func pause(ctx context.Context, attempt int) error {
	longest := firstPause << (attempt - 1)
	timer := time.NewTimer(longest/2 + rand.N(longest/2)) //nolint:gosec // not a secret
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
