// Package demo holds the goods of the demo shop and puts them into an empty catalogue, and the discount codes of the old shop's
// recordings. Rows that every shop needs
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

//go:embed discounts.sql
var discounts string

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

// LoadDiscountCodes puts the eight discount codes of the old shop's recordings into any shop, under their ids 1 to 8. Codes that are
// there under these ids become those; it fails, changing nothing, when one of the texts is taken by another id. Safe to repeat and to race.
func LoadDiscountCodes(ctx context.Context, db *postgres.Database) error {
	if _, err := db.Exec(ctx, discounts, pgx.QueryExecModeSimpleProtocol); err != nil {
		return fmt.Errorf("load demo discount codes: %w", err)
	}
	return nil
}
