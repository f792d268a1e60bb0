// Package postgres is the one handle through which every query of a process goes: limits, time limits, transactions with
// bounded retries, notifications, and errors that say what a caller can do about them.
//
// SQL does not live here but beside the concept it serves; schemas are made by package migration, jobs by package jobs.
package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// Database is a process's handle. It has the methods that sqlc's generated code asks of a connection. Each call takes a
// connection for its own duration; what belongs together goes through InTx. Safe for concurrent use.
//
// Errors keep their *pgconn.PgError inside. Those that mean "not now" (no connection free, server away, conflict, lock or
// statement time limit) are *fault.Error of kind Unavailable or DeadlineExceeded.
type Database struct {
	pools map[tenant]*pgxpool.Pool // today exactly one
	tel   telemetry.Telemetry
}

// tenant names one shop among those that a process serves, each with its own database.
type tenant string

const onlyTenant tenant = ""

// tenantOf says whose request ctx belongs to. Today a process serves one shop; when one fleet serves several, this
// function and Open are all that change (design section 1).
func tenantOf(context.Context) tenant {
	return onlyTenant
}

func (d *Database) pool(ctx context.Context) *pgxpool.Pool {
	return d.pools[tenantOf(ctx)]
}

// Exec runs a statement that gives no rows.
func (d *Database) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	tag, err := d.pool(ctx).Exec(ctx, sql, args...)
	return tag, explain(ctx, err)
}

// Query runs a statement that gives rows. The caller closes them, which gives the connection back.
func (d *Database) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	found, err := d.pool(ctx).Query(ctx, sql, args...)
	return rows{Rows: found, ctx: ctx}, explain(ctx, err)
}

// QueryRow runs a statement of which one row is read; without one, Scan answers pgx.ErrNoRows.
func (d *Database) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return row{Row: d.pool(ctx).QueryRow(ctx, sql, args...), ctx: ctx}
}

// SendBatch sends several statements in one round trip and one implicit transaction. The caller closes the results.
func (d *Database) SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults {
	return results{BatchResults: d.pool(ctx).SendBatch(ctx, batch), ctx: ctx}
}

// CopyFrom loads many rows with COPY and gives their number.
func (d *Database) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, source pgx.CopyFromSource) (int64, error) {
	copied, err := d.pool(ctx).CopyFrom(ctx, table, columns, source)
	return copied, explain(ctx, err)
}

// Ping asks whether the database answers.
func (d *Database) Ping(ctx context.Context) error {
	return explain(ctx, d.pool(ctx).Ping(ctx))
}

// Pool is the pool itself. It is there for River (package jobs) and for nothing else: queries through it go round the
// tenant and the errors explained here.
func (d *Database) Pool() *pgxpool.Pool {
	return d.pools[onlyTenant]
}

// Close waits for connections in use to be given back and closes all. The handle is of no use afterwards.
func (d *Database) Close() {
	for _, pool := range d.pools {
		pool.Close()
	}
}

// row and rows explain the errors that arrive only while reading.
type row struct {
	pgx.Row
	ctx context.Context //nolint:containedctx // the row belongs to the call that asked for it
}

// Scan reads the row.
func (r row) Scan(into ...any) error {
	return explain(r.ctx, r.Row.Scan(into...))
}

type rows struct {
	pgx.Rows
	ctx context.Context //nolint:containedctx // the rows belong to the call that asked for them
}

// Err is the error that ended the rows.
func (r rows) Err() error {
	return explain(r.ctx, r.Rows.Err())
}
