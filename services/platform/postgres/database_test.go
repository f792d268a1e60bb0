package postgres_test

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/migration"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

var accounts = migration.Set{Schema: "postgrestests", Files: fstest.MapFS{"00001_accounts.sql": {Data: []byte(`-- +goose Up
CREATE TABLE accounts (id integer PRIMARY KEY, balance integer NOT NULL CHECK (balance >= 0), opened timestamptz NOT NULL DEFAULT now());
CREATE TABLE entries (account integer NOT NULL CONSTRAINT entries_account REFERENCES accounts, line integer NOT NULL,
	CONSTRAINT entries_line UNIQUE (account, line));
INSERT INTO accounts (id, balance) VALUES (1, 100), (2, 100);
-- +goose Down
DROP TABLE entries;
DROP TABLE accounts;
`)}}}

// open opens the database at target with as many connections.
func open(t *testing.T, target string, connections int32) *postgres.Database {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Config{URL: target, MaxConns: connections}, telemetry.Silent())
	require.NoError(t, err)
	t.Cleanup(db.Close)
	return db
}

func balance(t *testing.T, db *postgres.Database, id int) int {
	t.Helper()
	var amount int
	require.NoError(t, db.QueryRow(t.Context(), "SELECT balance FROM accounts WHERE id = $1", id).Scan(&amount))
	return amount
}

func TestTimesArriveInUTC(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, accounts)
	var one time.Time
	var several []time.Time
	require.NoError(t, db.QueryRow(t.Context(), "SELECT '2026-01-02 03:04:05+02'::timestamptz, ARRAY['2026-07-02 03:04:05+02'::timestamptz]").Scan(&one, &several))
	require.Equal(t, time.Date(2026, 1, 2, 1, 4, 5, 0, time.UTC), one)
	require.Equal(t, []time.Time{time.Date(2026, 7, 2, 1, 4, 5, 0, time.UTC)}, several)
}

func TestSessionsHaveTimeLimitsUnlessTheURLSaysOtherwise(t *testing.T) {
	t.Parallel()
	target := dbtest.URL(t, accounts)
	setting := func(db *postgres.Database, name string) string {
		var value string
		require.NoError(t, db.QueryRow(t.Context(), "SELECT current_setting($1)", name).Scan(&value))
		return value
	}
	db := open(t, target, 1)
	require.Equal(t, "15s", setting(db, "statement_timeout"))
	require.Equal(t, "5s", setting(db, "lock_timeout"))
	require.Equal(t, "30s", setting(db, "idle_in_transaction_session_timeout"))
	parsed, err := url.Parse(target)
	require.NoError(t, err)
	query := parsed.Query()
	query.Set("statement_timeout", "50")
	parsed.RawQuery = query.Encode()
	db = open(t, parsed.String(), 1)
	_, err = db.Exec(t.Context(), "SELECT pg_sleep(20)")
	require.Equal(t, fault.DeadlineExceeded, fault.KindOf(err))
	require.True(t, fault.HasReason(err, "database-timeout"))
}

func TestNoFreeConnectionIsUnavailableWithinSeconds(t *testing.T) {
	t.Parallel()
	db := open(t, dbtest.URL(t, accounts), 1)
	err := db.InTx(t.Context(), func(ctx context.Context, _ pgx.Tx) error {
		began := time.Now()
		_, err := db.Exec(ctx, "SELECT 1")
		require.True(t, fault.HasReason(err, "database-busy"), "%v", err)
		require.Equal(t, fault.Unavailable, fault.KindOf(err))
		require.Less(t, time.Since(began), 10*time.Second)
		short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
		err = db.QueryRow(short, "SELECT 1").Scan(new(int))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotEqual(t, "database-busy", fault.ReasonOf(err), "the caller's own deadline is not our limit")
		return nil
	})
	require.NoError(t, err)
	require.NoError(t, db.Ping(t.Context()))
}

func TestServerAwayIsUnavailable(t *testing.T) {
	t.Parallel()
	_, err := postgres.Open(t.Context(), postgres.Config{URL: "postgres://role:hunter2@127.0.0.1:1/none"}, telemetry.Silent())
	require.True(t, fault.HasReason(err, "database-unavailable"), "%v", err)
	require.NotContains(t, err.Error(), "hunter2")
}

func TestMalformedConfigurationIsRefusedByName(t *testing.T) {
	t.Parallel()
	_, err := postgres.Open(t.Context(), postgres.Config{URL: "postgres://role:hunter2@host:none/db"}, telemetry.Silent())
	require.ErrorContains(t, err, "DATABASE_URL: expected")
	require.NotContains(t, err.Error(), "hunter2")
	_, err = postgres.Open(t.Context(), postgres.Config{URL: "postgres://127.0.0.1/db", MaxConns: -1}, telemetry.Silent())
	require.ErrorContains(t, err, "DATABASE_MAX_CONNS")
}

func TestViolationsAreRecognised(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, accounts)
	_, err := db.Exec(t.Context(), "INSERT INTO entries VALUES (1, 1)")
	require.NoError(t, err)
	_, err = db.Exec(t.Context(), "INSERT INTO entries VALUES (1, 1)")
	require.True(t, postgres.IsUniqueViolation(err, ""))
	require.True(t, postgres.IsUniqueViolation(err, "entries_line"))
	require.False(t, postgres.IsUniqueViolation(err, "another"))
	require.False(t, postgres.IsForeignKeyViolation(err, ""))
	_, err = db.Exec(t.Context(), "INSERT INTO entries VALUES (9, 1)")
	require.True(t, postgres.IsForeignKeyViolation(err, "entries_account"))
	require.False(t, postgres.IsUniqueViolation(err, ""))
	require.False(t, postgres.IsUniqueViolation(nil, ""))
	require.False(t, postgres.IsUniqueViolation(errors.New("other"), ""))
	require.Equal(t, fault.Internal, fault.KindOf(err), "a violation nobody handled is our defect, not an outage")
}

func TestCountCountsStatements(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, accounts)
	ctx, count := postgres.Count(t.Context())
	require.NoError(t, db.QueryRow(ctx, "SELECT 1").Scan(new(int)))
	found, err := db.Query(ctx, "SELECT id FROM accounts ORDER BY id")
	require.NoError(t, err)
	ids, err := pgx.CollectRows(found, pgx.RowTo[int])
	require.NoError(t, err)
	require.Equal(t, []int{1, 2}, ids)
	require.Equal(t, 2, count.N())

	batch := &pgx.Batch{}
	for i := range 3 {
		batch.Queue("INSERT INTO entries VALUES (1, $1)", i)
	}
	require.NoError(t, db.SendBatch(ctx, batch).Close())
	require.Equal(t, 5, count.N(), "a batch counts as its statements")

	require.NoError(t, db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE accounts SET balance = 1")
		return err
	}))
	require.Equal(t, 6, count.N(), "begin and commit do not count")

	_, err = db.CopyFrom(ctx, pgx.Identifier{"entries"}, []string{"account", "line"}, pgx.CopyFromRows([][]any{{2, 1}, {2, 2}}))
	require.NoError(t, err)
	require.Equal(t, 7, count.N())
	require.NoError(t, db.Ping(ctx))
	_, err = db.Exec(t.Context(), "SELECT 1")
	require.NoError(t, err)
	require.Equal(t, 7, count.N(), "neither pings nor statements of others")
}

func TestAtMostMaxConnsAtOnce(t *testing.T) {
	t.Parallel()
	db := open(t, dbtest.URL(t, accounts), 3)
	done := make(chan error, 12)
	for i := range cap(done) {
		go func() {
			_, err := db.Exec(t.Context(), "SELECT pg_sleep(0.02), "+strconv.Itoa(i))
			done <- err
		}()
	}
	for range cap(done) {
		require.NoError(t, <-done)
	}
	require.LessOrEqual(t, db.Pool().Stat().TotalConns(), int32(3))
}

func TestHostTakesThePlaceOfTheURLs(t *testing.T) {
	t.Parallel()
	target := dbtest.URL(t, accounts)
	parsed, err := url.Parse(target)
	require.NoError(t, err)
	there := parsed.Host
	for _, elsewhere := range []string{"127.0.0.1:1", "127.0.0.1:" + parsed.Port()} {
		parsed.Host = elsewhere
		query := parsed.Query()
		query.Set("host", "host-in-the-query.invalid")
		parsed.RawQuery = query.Encode()
		hosts := []string{there}
		if elsewhere != "127.0.0.1:1" {
			hosts = append(hosts, "127.0.0.1") // the port stays the URL's
		}
		for _, host := range hosts {
			db, err := postgres.Open(t.Context(), postgres.Config{URL: parsed.String(), Host: host}, telemetry.Silent())
			require.NoError(t, err)
			require.NoError(t, db.Ping(t.Context()))
			db.Close()
		}
	}
	_, err = postgres.Open(t.Context(), postgres.Config{URL: target, Host: "127.0.0.1:1"}, telemetry.Silent())
	require.Error(t, err, "the URL's own host is not asked")

	for _, host := range []string{"a,b", "a/b", "user@host", "host?sslmode=disable", ":5432", "a b"} {
		_, err = postgres.Open(t.Context(), postgres.Config{URL: target, Host: host}, telemetry.Silent())
		require.ErrorContains(t, err, "DATABASE_HOST: expected", host)
	}
	for _, address := range []string{"host=/tmp password=hunter2", "postgres://role:hunter2@a,b/db"} {
		_, err = postgres.Open(t.Context(), postgres.Config{URL: address, Host: "host"}, telemetry.Silent())
		require.ErrorContains(t, err, "DATABASE_URL: expected")
		require.NotContains(t, err.Error(), "hunter2")
	}
}
