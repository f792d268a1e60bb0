package migration

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// dropBrokenIndexes removes what a CREATE INDEX CONCURRENTLY left that was cut off: PostgreSQL keeps such an index up to date and
// never reads it, and IF NOT EXISTS would take it for a whole one. The migration that wanted it has not counted as applied, so it
// makes it again.
func dropBrokenIndexes(ctx context.Context, conn *pgx.Conn, schema string) error {
	// Indexes of partitioned tables (relkind I) may be without parts on purpose.
	const broken = `SELECT index.relname, tab.relname
		FROM pg_index JOIN pg_class index ON index.oid = indexrelid JOIN pg_class tab ON tab.oid = indrelid
		WHERE NOT indisvalid AND index.relkind = 'i' AND index.relnamespace = to_regnamespace(quote_ident($1)) ORDER BY 1`
	rows, err := conn.Query(ctx, broken, schema)
	if err != nil {
		return fmt.Errorf("look for broken indexes: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[brokenIndex])
	if err != nil {
		return fmt.Errorf("look for broken indexes: %w", err)
	}
	for _, each := range found {
		if err := each.drop(ctx, conn, schema); err != nil {
			return fmt.Errorf("drop the broken index %s of %s: %w", each.Name, each.Table, err)
		}
	}
	return nil
}

type brokenIndex struct{ Name, Table string }

// drop takes the lock that every build of an index holds (SHARE UPDATE EXCLUSIVE), so that it waits for one that somebody has under way, and
// then looks again: what is whole by then stays.
func (b brokenIndex) drop(ctx context.Context, conn *pgx.Conn, schema string) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL lock_timeout = '3s'"); err != nil {
			return err
		}
		table := pgx.Identifier{schema, b.Table}.Sanitize()
		if _, err := tx.Exec(ctx, "LOCK TABLE "+table+" IN SHARE UPDATE EXCLUSIVE MODE"); err != nil {
			return err
		}
		index := pgx.Identifier{schema, b.Name}.Sanitize()
		var isBroken bool
		const look = "SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid)"
		if err := tx.QueryRow(ctx, look, index).Scan(&isBroken); err != nil || !isBroken {
			return err
		}
		_, err := tx.Exec(ctx, "DROP INDEX "+index)
		return err
	})
}
