package discount_test

import (
	"context"
	"regexp"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/order/discount"
	"github.com/bartgottschalk/startupwebapp/services/order/discount/dbgen"
)

// order lets the newest checkout be an order of the account, which claimed it if the checkout was a guest's; 0: still the guest's.
func (s shop) order(t *testing.T, email string, accountID int64) {
	t.Helper()
	_, err := s.Exec(t.Context(), `INSERT INTO purchase (identifier, checkout_id, session_id, payment_key, account_id, email, customer_name, newsletter,
			currency, item_subtotal_minor, item_discount_minor, shipping_minor, shipping_discount_minor, sales_tax_minor, total_minor,
			terms_agreed_at, ordered_at)
		SELECT right('000000000' || id, 10), id, 'cs_' || id, 'cs_' || id, nullif($1::bigint, 0), $2, '', false, 'usd', 100, 10, 0, 0, 0, 90, created_at, created_at
		FROM checkout ORDER BY id DESC LIMIT 1`, accountID, email)
	require.NoError(t, err)
}

func TestACustomerIsKnownByWhatHeClaimed(t *testing.T) {
	t.Parallel()
	shop := openShop(t)
	one := 1
	code := shop.code(t, "EACH", nil, &one)
	asGuest := discount.Customer{Email: "guest@example.com"}
	shop.used(t, code, asGuest, "completed")
	require.NoError(t, shop.hold(t.Context(), member(7), noon(), code), "he is somebody else yet")
	shop.order(t, "typed@example.com", 7)
	require.ErrorIs(t, shop.hold(t.Context(), member(7), noon(), code), discount.ErrNotAvailable, "the order is his now")
	require.ErrorIs(t, shop.hold(t.Context(), discount.Customer{Email: "Typed@example.com"}, noon(), code), discount.ErrNotAvailable)
	require.NoError(t, shop.hold(t.Context(), asGuest, noon(), code), "the order's address counts")
	require.NoError(t, shop.hold(t.Context(), member(8), noon(), code))
}

var explained = regexp.MustCompile(`(?:actual [^)]*rows=([\d.]+) loops=(\d+)|Rows Removed by \w+: (\d+))`)

// rowsRead adds up what all steps of the statement gave on or threw away.
func rowsRead(t *testing.T, tx pgx.Tx, sql string, args ...any) (read float64) {
	t.Helper()
	rows, err := tx.Query(t.Context(), "EXPLAIN (ANALYZE, TIMING OFF) "+sql, args...)
	require.NoError(t, err)
	plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	steps := 0
	for _, line := range plan {
		for _, found := range explained.FindAllStringSubmatch(line, -1) {
			count, _ := strconv.ParseFloat(found[1]+found[3], 64)
			loops, _ := strconv.ParseFloat("0"+found[2], 64)
			read += count * max(loops, 1)
			steps++
		}
	}
	require.Greater(t, steps, 5, plan)
	return read
}

// What a code was used for years must not be read at every look at a cart, and not while everybody else waits for the code.
func TestUsesAreCountedUpToTheLimitOnly(t *testing.T) {
	t.Parallel()
	shop := openShop(t)
	five, one := 5, 1
	limited, each, free := shop.code(t, "FIVE", &five, nil), shop.code(t, "EACH", nil, &one), shop.code(t, "FREE", nil, nil)
	_, err := shop.Exec(t.Context(), `WITH made AS (
			INSERT INTO checkout (reference, cart_id, account_id, email, fingerprint, currency, item_subtotal_minor,
				item_discount_minor, shipping_minor, shipping_discount_minor, total_minor, shipping_identifier, shipping_carrier,
				shipping_tracking_base_url, terms_agreed_at, traceparent, created_at, newsletter, state, state_since, discount_codes)
			SELECT 'checkout_' || md5(n::text), 1000 + n, 1000 + n, n || '@example.com', 'f', 'usd', 100, 10, 0, 0, 90, 'm', 'm', '', now(), '', now(), false, 'completed', now(), 3
			FROM generate_series(1, 20000) AS n RETURNING id)
		INSERT INTO checkout_discount (checkout_id, position, discount_code_id, code, description, starts_at, ends_at,
			combinable, amount_hundredths, order_minimum_minor, type_title, type_description, applies_to, action, applied, discount_minor)
		SELECT made.id, position, code, 'C', '', now(), now(), false, 1000, 0, '', '', 'item_total', 'percent-off', true, 0
		FROM made, unnest($1::bigint[]) WITH ORDINALITY AS used (code, position)`, []int64{limited, each, free})
	require.NoError(t, err)
	_, err = shop.Exec(t.Context(), `INSERT INTO cart (id, account_id, created_at, updated_at) VALUES (1, 1500, now(), now())`)
	require.NoError(t, err)
	_, err = shop.Exec(t.Context(), `INSERT INTO cart_discount (cart_id, discount_code_id) SELECT 1, unnest($1::bigint[])`, []int64{limited, each, free})
	require.NoError(t, err)
	_, err = shop.Exec(t.Context(), "ANALYZE checkout, checkout_discount, purchase, cart, cart_discount, discount_code")
	require.NoError(t, err)

	require.NoError(t, shop.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		for _, mode := range []string{"force_custom_plan", "force_generic_plan"} {
			_, err := tx.Exec(ctx, "SET LOCAL plan_cache_mode = "+mode)
			require.NoError(t, err)
			for _, code := range []int64{limited, each, free} {
				require.Less(t, rowsRead(t, tx, dbgen.CountUses, int64(1500), "500@example.com", code), 200.0, mode)
			}
			require.Less(t, rowsRead(t, tx, dbgen.CodesOfCart, int64(1)), 200.0, mode)
		}
		return nil
	}))
	codes, err := discount.OfCart(t.Context(), shop, 1)
	require.NoError(t, err)
	require.Equal(t, []bool{true, true, false}, []bool{codes[0].UsedUp, codes[1].UsedUp, codes[2].UsedUp})
	require.ErrorIs(t, shop.hold(t.Context(), member(7), noon(), limited), discount.ErrNotAvailable)
	require.ErrorIs(t, shop.hold(t.Context(), discount.Customer{Email: "20000@EXAMPLE.com"}, noon(), each), discount.ErrNotAvailable)
	require.NoError(t, shop.hold(t.Context(), member(7), noon(), each, free))
}
