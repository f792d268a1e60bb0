package postgres_test

import (
	"context"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

// waysToRead are all ways to read the results of a batch of one statement.
func waysToRead() map[string]func(ctx context.Context, db *postgres.Database, sql string) error {
	send := func(ctx context.Context, db *postgres.Database, sql string, read func(pgx.BatchResults) error) error {
		batch := &pgx.Batch{}
		batch.Queue(sql)
		results := db.SendBatch(ctx, batch)
		defer func() { _ = results.Close() }()
		return read(results)
	}
	return map[string]func(ctx context.Context, db *postgres.Database, sql string) error{
		"Close": func(ctx context.Context, db *postgres.Database, sql string) error {
			batch := &pgx.Batch{}
			batch.Queue(sql).Query(func(rows pgx.Rows) error {
				_, err := pgx.CollectRows(rows, pgx.RowTo[string])
				return err
			})
			return db.SendBatch(ctx, batch).Close()
		},
		"Exec": func(ctx context.Context, db *postgres.Database, sql string) error {
			return send(ctx, db, sql, func(results pgx.BatchResults) error {
				_, err := results.Exec()
				return err
			})
		},
		"Query": func(ctx context.Context, db *postgres.Database, sql string) error {
			return send(ctx, db, sql, func(results pgx.BatchResults) error {
				rows, err := results.Query()
				if err != nil {
					return err
				}
				_, err = pgx.CollectRows(rows, pgx.RowTo[string])
				return err
			})
		},
		"QueryRow": func(ctx context.Context, db *postgres.Database, sql string) error {
			return send(ctx, db, sql, func(results pgx.BatchResults) error { return results.QueryRow().Scan(new(string)) })
		},
	}
}

func TestBatchesSayWhatACallerCanDo(t *testing.T) {
	t.Parallel()
	target := dbtest.URL(t, accounts)
	parsed, err := url.Parse(target)
	require.NoError(t, err)
	query := parsed.Query()
	query.Set("statement_timeout", "50")
	parsed.RawQuery = query.Encode()
	for name, read := range waysToRead() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t, parsed.String(), 1)
			require.NoError(t, read(t.Context(), db, "SELECT 'fine'"))
			err := read(t.Context(), db, "SELECT pg_sleep(20)::text")
			require.True(t, fault.HasReason(err, "database-timeout"), "%v", err)
			require.Equal(t, fault.DeadlineExceeded, fault.KindOf(err))

			require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, _ pgx.Tx) error {
				err := read(ctx, db, "SELECT 'no connection is free'")
				require.True(t, fault.HasReason(err, "database-busy"), "%v", err)
				require.Equal(t, fault.Unavailable, fault.KindOf(err))
				return nil
			}))
			require.NoError(t, read(t.Context(), db, "SELECT 'given back'"))
			require.Equal(t, fault.Internal, fault.KindOf(read(t.Context(), db, "SELECT nonsense")), "our defect stays one")
		})
	}
}
