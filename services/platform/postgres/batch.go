package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// results explains the errors of a batch: those of getting a connection and of sending it arrive only here too.
type results struct {
	pgx.BatchResults
	ctx context.Context //nolint:containedctx // the results belong to the call that sent the batch
}

// Exec reads the result of the next statement, which gives no rows.
func (r results) Exec() (pgconn.CommandTag, error) {
	tag, err := r.BatchResults.Exec()
	return tag, explain(r.ctx, err)
}

// Query reads the rows of the next statement.
func (r results) Query() (pgx.Rows, error) {
	found, err := r.BatchResults.Query()
	return rows{Rows: found, ctx: r.ctx}, explain(r.ctx, err)
}

// QueryRow reads one row of the next statement.
func (r results) QueryRow() pgx.Row {
	return row{Row: r.BatchResults.QueryRow(), ctx: r.ctx}
}

// Close runs what was queued with a function, and gives the connection back.
func (r results) Close() error {
	return explain(r.ctx, r.BatchResults.Close())
}
