package migrations_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/order/migrations"
	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

// ordered writes an order with a discount of 1.00 as the release before shares did; lines are their prices.
func ordered(t *testing.T, db *postgres.Database, lines []int64) {
	t.Helper()
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		var id int64
		err := tx.QueryRow(ctx, `WITH made AS (
				INSERT INTO checkout (reference, cart_id, email, fingerprint, currency, item_subtotal_minor, item_discount_minor, shipping_minor,
					shipping_discount_minor, total_minor, shipping_identifier, shipping_carrier, shipping_tracking_base_url, terms_agreed_at,
					traceparent, created_at, newsletter, state, state_since)
				SELECT 'checkout_' || md5(n::text), n, '', 'f', 'usd', $1, 0, 0, 0, $1, 'm', 'm', '', now(), '', now(), false, 'completed', now()
				FROM (SELECT count(*) + 1 AS n FROM checkout) AS next
				RETURNING id)
			INSERT INTO purchase (identifier, checkout_id, session_id, payment_key, email, customer_name, newsletter,
				currency, item_subtotal_minor, item_discount_minor, shipping_minor, shipping_discount_minor, sales_tax_minor, total_minor,
				terms_agreed_at, ordered_at)
			SELECT right('000000000' || id, 10), id, 'cs_' || id, 'cs_' || id, '', '', false, 'usd', $1, 100, 0, 0, 0, $1 - 100, now(), now()
			FROM made RETURNING id`, sum(lines)).Scan(&id)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO purchase_line (purchase_id, position, sku_id, quantity, price_minor, inventory_identifier, inventory_title,
				product_identifier, product_title, product_title_url, image_url)
			SELECT $1, position, position, 1, price, 'in-stock', '', 'p', 'p', 'p', '' FROM unnest($2::bigint[]) WITH ORDINALITY AS line (price, position)`, id, lines)
		return err
	}))
}

func sum(amounts []int64) (sum int64) {
	for _, amount := range amounts {
		sum += amount
	}
	return sum
}

func shares(t *testing.T, db *postgres.Database) []int64 {
	t.Helper()
	rows, err := db.Query(t.Context(), "SELECT discount_minor FROM purchase_line ORDER BY purchase_id, position")
	require.NoError(t, err)
	shares, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	require.NoError(t, err)
	return shares
}

func TestAnOrderOfTheReleaseBeforeSharesGetsThem(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, migrations.Set())
	lines := []int64{100, 100, 100, 0, 1}

	ordered(t, db, lines)

	require.Equal(t, []int64{33, 33, 34, 0, 0}, shares(t, db), "as package discount spreads it")
}

func TestSharesThatAreThereStay(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, migrations.Set())
	ordered(t, db, []int64{300, 100})
	_, err := db.Exec(t.Context(), "UPDATE purchase_line SET discount_minor = CASE position WHEN 1 THEN 0 ELSE 100 END")
	require.NoError(t, err)
	spread := func() {
		_, err := db.Exec(t.Context(), "SELECT spread_discount(ARRAY(SELECT id FROM purchase))")
		require.NoError(t, err)
	}
	spread()
	require.Equal(t, []int64{0, 100}, shares(t, db))
	_, err = db.Exec(t.Context(), "UPDATE purchase_line SET discount_minor = 0")
	require.NoError(t, err)
	spread()
	spread()
	require.Equal(t, []int64{75, 25}, shares(t, db))
}
