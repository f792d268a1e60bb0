// Package postgres is the one handle through which every query of a process goes.
package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

var errNotBuilt = errors.New("not built yet")

// Config is what a process must be told about its database.
type Config struct {
	URL      string `env:"DATABASE_URL,required" help:"the service's own role and database" expects:"postgres://role:password@host:port/database"`
	MaxConns int32  `env:"DATABASE_MAX_CONNS" envDefault:"6" help:"most connections this process opens" expects:"a number from 1 to 200"`
}

// Database is the handle.
type Database struct{ pool *pgxpool.Pool }

// Open connects.
func Open(ctx context.Context, cfg Config, tel telemetry.Telemetry) (*Database, error) {
	return nil, errNotBuilt
}

// Exec runs a statement.
func (d *Database) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return d.pool.Exec(ctx, sql, args...)
}

// Query runs a query.
func (d *Database) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return d.pool.Query(ctx, sql, args...)
}

// QueryRow runs a query of at most one row.
func (d *Database) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return d.pool.QueryRow(ctx, sql, args...)
}

// SendBatch sends several statements at once.
func (d *Database) SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults {
	return d.pool.SendBatch(ctx, batch)
}

// CopyFrom bulk-loads rows.
func (d *Database) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error) {
	return d.pool.CopyFrom(ctx, table, columns, rows)
}

// InTx runs work in a transaction.
func (d *Database) InTx(ctx context.Context, work func(ctx context.Context, tx pgx.Tx) error) error {
	return errNotBuilt
}

// Listen follows a notification channel.
func (d *Database) Listen(ctx context.Context, channel string, onEvent func(ctx context.Context, payload string)) error {
	return errNotBuilt
}

// Ping asks whether the database answers.
func (d *Database) Ping(ctx context.Context) error { return d.pool.Ping(ctx) }

// Pool is for River.
func (d *Database) Pool() *pgxpool.Pool { return d.pool }

// Close closes all connections.
func (d *Database) Close() { d.pool.Close() }

// IsUniqueViolation tells whether err is one.
func IsUniqueViolation(err error, constraint string) bool { return false }

// IsForeignKeyViolation tells whether err is one.
func IsForeignKeyViolation(err error, constraint string) bool { return false }

// QueryCount counts statements.
type QueryCount struct{}

// N is the count so far.
func (c *QueryCount) N() int { return 0 }

// Count counts the statements sent under the returned context.
func Count(ctx context.Context) (context.Context, *QueryCount) { return ctx, &QueryCount{} }
