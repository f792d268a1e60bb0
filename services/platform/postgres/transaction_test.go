package postgres_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

func TestInTxCommitsOrLeavesNothing(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, accounts)
	take := func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE accounts SET balance = balance - 10 WHERE id = 1")
		return err
	}
	require.NoError(t, db.InTx(t.Context(), take))
	require.Equal(t, 90, balance(t, db, 1))

	refused := errors.New("refused")
	err := db.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		return errors.Join(take(ctx, tx), refused)
	})
	require.ErrorIs(t, err, refused)
	require.Panics(t, func() {
		_ = db.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
			_ = take(ctx, tx)
			panic("in the middle")
		})
	})
	ctx, cancel := context.WithCancel(t.Context())
	err = db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		defer cancel()
		return take(ctx, tx)
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 90, balance(t, db, 1))
	require.Zero(t, db.Pool().Stat().AcquiredConns(), "no connection is left behind")
}

// A statement's error that work swallows must not end in a silent rollback.
func TestInTxTellsOfASwallowedError(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, accounts)
	err := db.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		_, _ = tx.Exec(ctx, "SELECT 1 / 0")
		return nil
	})
	require.ErrorIs(t, err, pgx.ErrTxCommitRollback)
}

func TestInTxRunsAgainAfterADeadlock(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, accounts)
	var runs atomic.Int32
	var bothHoldOne sync.WaitGroup
	bothHoldOne.Add(2)
	move := func(from, to int) error {
		firstRun := sync.OnceFunc(func() { bothHoldOne.Done(); bothHoldOne.Wait() })
		return db.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
			runs.Add(1)
			if _, err := tx.Exec(ctx, "UPDATE accounts SET balance = balance - 1 WHERE id = $1", from); err != nil {
				return err
			}
			firstRun()
			_, err := tx.Exec(ctx, "UPDATE accounts SET balance = balance + 1 WHERE id = $1", to)
			return err
		})
	}
	results := make(chan error, 2)
	go func() { results <- move(1, 2) }()
	go func() { results <- move(2, 1) }()
	require.NoError(t, <-results)
	require.NoError(t, <-results)
	require.Equal(t, int32(3), runs.Load(), "the victim ran twice")
	require.Equal(t, []int{100, 100}, []int{balance(t, db, 1), balance(t, db, 2)})
}

func TestInTxGivesUpAfterFiveRuns(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, accounts)
	lost := &pgconn.PgError{Code: "40001"}
	runs := 0
	err := db.InTx(t.Context(), func(context.Context, pgx.Tx) error {
		runs++
		return lost
	})
	require.Equal(t, 5, runs)
	require.ErrorIs(t, err, lost)
	require.True(t, fault.HasReason(err, "database-conflict"))

	runs = 0
	ctx, cancel := context.WithCancel(t.Context())
	err = db.InTx(ctx, func(context.Context, pgx.Tx) error {
		runs++
		cancel()
		return lost
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 1, runs, "no more runs once the caller has gone")
}

func TestInTxIsNotNested(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, accounts)
	err := db.InTx(t.Context(), func(ctx context.Context, _ pgx.Tx) error {
		return db.InTx(ctx, func(context.Context, pgx.Tx) error { return nil })
	})
	require.ErrorContains(t, err, "InTx inside InTx")
}

func TestListenHearsAndReconnects(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, accounts)
	ctx, cancel := context.WithCancel(t.Context())
	heard, ended := make(chan string, 10), make(chan error, 1)
	go func() {
		ended <- db.Listen(ctx, "post-grestests", func(_ context.Context, payload string) { heard <- payload })
	}()
	next := func() string {
		select {
		case payload := <-heard:
			return payload
		case <-time.After(10 * time.Second):
			t.Fatal("nothing heard")
			return ""
		}
	}
	notify := func(payload string) {
		_, err := db.Exec(t.Context(), "SELECT pg_notify('post-grestests', $1)", payload)
		require.NoError(t, err)
	}
	require.Empty(t, next(), "told of the connect")
	notify("one")
	notify("two")
	require.Equal(t, []string{"one", "two"}, []string{next(), next()})

	var killed int
	require.NoError(t, db.QueryRow(t.Context(), `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
		WHERE datname = current_database() AND query LIKE 'LISTEN%'`).Scan(&killed))
	require.Equal(t, 1, killed, "one connection listens, and it is not of the pool")
	require.Empty(t, next(), "told of the reconnect")
	notify("three")
	require.Equal(t, "three", next())
	cancel()
	require.NoError(t, <-ended)
}
