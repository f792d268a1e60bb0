// Package demo holds the goods of the demo shop and puts them into an empty catalogue, and the discount codes of the old shop's
// recordings, which it puts into a shop that has no others. Rows that every shop needs
// (inventory texts, order statuses, the configuration) are the migrations' business.
package demo

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

//go:embed goods.sql
var goods string

// Load puts the demo goods into a shop that has no product and tells whether it did. Safe to repeat and to race.
func Load(ctx context.Context, db *postgres.Database) (loaded bool, err error) {
	err = db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		loaded = false
		if _, err := tx.Exec(ctx, "LOCK TABLE product IN SHARE ROW EXCLUSIVE MODE"); err != nil {
			return fmt.Errorf("lock products: %w", err)
		}
		var empty bool
		if err := tx.QueryRow(ctx, "SELECT NOT EXISTS (SELECT 1 FROM product)").Scan(&empty); err != nil || !empty {
			return err
		}
		// Only the simple protocol takes a file of many statements.
		if _, err := tx.Exec(ctx, goods, pgx.QueryExecModeSimpleProtocol); err != nil {
			return fmt.Errorf("load demo goods: %w", err)
		}
		loaded = true
		return nil
	})
	return loaded, err
}
