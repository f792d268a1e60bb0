package stock_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/order/catalogue"
	"github.com/bartgottschalk/startupwebapp/services/order/operation"
	"github.com/bartgottschalk/startupwebapp/services/order/ordertest"
	"github.com/bartgottschalk/startupwebapp/services/order/stock"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// command runs a subcommand as an operator does.
func command(t *testing.T, shop *ordertest.Shop, line string) (code int, said, errs string) {
	t.Helper()
	task := func(run func(stock.Counter, context.Context, []string) error) process.Task[struct{}] {
		return process.Task[struct{}]{Run: func(ctx context.Context, _ struct{}, tel telemetry.Telemetry, args []string) error {
			return run(stock.Counter{DB: shop.DB, Logger: tel.Logger, Now: time.Now}, ctx, args)
		}}
	}
	program := process.Program[struct{}]{Name: "order", Tasks: map[string]process.Task[struct{}]{
		"set-stock": task(stock.Counter.Set), "stock": task(stock.Counter.List),
		"operator-actions": task(func(counter stock.Counter, ctx context.Context, args []string) error {
			return operation.List(ctx, counter.DB, args, time.Now())
		}),
	}}
	var out, problems bytes.Buffer
	code = process.Run(t.Context(), program, strings.Fields(line), nil, &out, &problems)
	return code, out.String(), problems.String()
}

func works(t *testing.T, shop *ordertest.Shop, line string) string {
	t.Helper()
	code, said, errs := command(t, shop, line)
	require.Zero(t, code, errs)
	return said
}

// promise lets somebody be at the payment page with pieces of a SKU.
func promise(t *testing.T, shop *ordertest.Shop, state, session string, skuID, pieces int) {
	t.Helper()
	shop.Exec(t, `WITH made AS (
			INSERT INTO checkout (reference, cart_id, anonymous_cart_id, email, fingerprint, currency, item_subtotal_minor,
				item_discount_minor, shipping_minor, shipping_discount_minor, total_minor, shipping_identifier, shipping_carrier,
				shipping_tracking_base_url, terms_agreed_at, traceparent, created_at, newsletter, state, state_since, next_check_at,
				session_id, session_url, session_expires_at)
			SELECT $1, (random() * 1000000000)::bigint, 'a', '', 'f', 'usd', 100, 0, 0, 0, 100, 'm', 'm', '', now(), '', now(), false, $2, now(),
				CASE WHEN $2 IN ('open', 'superseded') THEN now() END, nullif($3, ''), CASE WHEN $3 <> '' THEN 'u' END, CASE WHEN $3 <> '' THEN now() END
			RETURNING id)
		INSERT INTO checkout_line (checkout_id, position, sku_id, quantity, price_minor, inventory_identifier, inventory_title,
			product_identifier, product_title, product_title_url, image_url)
		SELECT id, 1, $4, $5, 1, 'in-stock', '', 'p', 'p', 'p', '' FROM made`,
		"checkout_"+identifier.New(32), state, session, skuID, pieces)
}

func TestStockIsSetByCommand(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	code, said, errs := command(t, shop, "set-stock 1 5 -by ada")
	require.Equal(t, 1, code)
	require.Contains(t, errs, "-yes")
	require.Contains(t, said, ": uncounted until now, 5 from now on\n")
	require.Zero(t, shop.Count(t, "SELECT count(*) FROM stock"))

	code, said, errs = command(t, shop, "set-stock 1 5 -by ada -yes")
	require.Zero(t, code, errs)
	require.Contains(t, said, "5 from now on\ndone\n")
	require.Contains(t, errs, `"msg":"[OPERATOR] set-stock","service":"order","by":"ada","sku_id":1,"on_hand":"5"`)
	require.Contains(t, works(t, shop, "set-stock 1 5 -by ada"), "nothing to do")
	require.Contains(t, works(t, shop, "set-stock 1 3 -by bob -yes"), ": 5 until now, 3 from now on")
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM stock_movement WHERE change = -2 AND on_hand_after = 3 AND reason = 'set' AND moved_by = 'bob'"))

	gone := func(s *catalogue.Snapshot) bool { sku, _ := s.Sku(1); return !sku.Available() }
	require.Contains(t, works(t, shop, "set-stock 1 0 -by ada -yes"), ": 3 until now, 0 from now on")
	require.Eventually(t, func() bool { return gone(shop.Catalogue.Snapshot()) }, ordertest.Patience, 5*time.Millisecond, "the running service hears of it")
	require.Contains(t, works(t, shop, "set-stock -yes 1 uncounted -by ada"), ": 0 until now, uncounted from now on")
	require.Eventually(t, func() bool { return !gone(shop.Catalogue.Snapshot()) }, ordertest.Patience, 5*time.Millisecond)
	require.Contains(t, works(t, shop, "set-stock 1 uncounted -by ada"), "nothing to do")
	require.Equal(t, 4, shop.Count(t, "SELECT count(*) FROM operator_action WHERE command = 'set-stock' AND subject = '1'"))
}

func TestStockIsListedWithWhatIsPromised(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	promise(t, shop, "open", "", 1, 2)
	promise(t, shop, "open", "cs_1", 1, 3)
	promise(t, shop, "superseded", "cs_2", 1, 4)
	promise(t, shop, "superseded", "", 1, 50)
	promise(t, shop, "expired", "cs_3", 1, 60)
	promise(t, shop, "completed", "cs_4", 1, 70)
	said := works(t, shop, "set-stock 1 8 -by ada -yes")
	require.Contains(t, said, "\n9 are promised to customers at the payment page.")
	require.NotContains(t, works(t, shop, "set-stock 1 9 -by ada -yes"), "promised")

	listed := works(t, shop, "stock")
	require.Regexp(t, `(?m)^SKU +PRODUCT +PRICE +STATUS +ON HAND +PROMISED +DESCRIPTION$`, listed)
	require.Regexp(t, `(?m)^1 +Desk-Tidy Paper Clips, .* 3\.50 +in-stock +9 +9 +Leaning left, .*$`, listed)
	require.Regexp(t, `(?m)^6 +.* uncounted +0 +Three`, listed)
	require.Regexp(t, `(?m)^2 +Desk-Tidy .* 3\.50 +\S+ +uncounted +0 +Leaning right`, listed, "told from SKU 1")
	require.Equal(t, 1+shop.Count(t, "SELECT count(*) FROM sku"), strings.Count(listed, "\n"))
	code, _, _ := command(t, shop, "stock all")
	require.Equal(t, 1, code)
}

func TestCountsThatCannotBe(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	for _, line := range []string{"", "1", "1 2 3", "99 1", "0 1", "-- -1 1", "x 1", "1 many", "1 1.5", "-- 1 -1", "1 1000000001", "1 99999999999999999999", "1 UNCOUNTED", "1 5 -force", "1 -1", "-1 1"} {
		code, _, errs := command(t, shop, "set-stock -yes -by ada "+line)
		require.Equal(t, 1, code, line)
		require.NotEmpty(t, errs, line)
	}
	_, _, errs := command(t, shop, "set-stock 1 -1 -by ada")
	require.Contains(t, errs, "expected a whole number from 0 to")
	require.Zero(t, shop.Count(t, "SELECT count(*) FROM stock"))
	require.Zero(t, shop.Count(t, "SELECT count(*) FROM operator_action"))
	works(t, shop, "set-stock -yes -by ada 1 1000000000")
}

func TestManySetOneCountAtOnce(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	var all sync.WaitGroup
	for _, count := range []string{"3", "4", "5", "6", "uncounted", "7"} {
		all.Go(func() {
			if code, _, errs := command(t, shop, "set-stock -yes -by ada 1 "+count); code != 0 {
				t.Error(errs)
			}
		})
	}
	all.Wait()
	require.Zero(t, shop.Count(t, "SELECT coalesce((SELECT on_hand FROM stock WHERE sku_id = 1), 0) - sum(change) FROM stock_movement WHERE sku_id = 1"),
		"the movements prove the count")
}

func TestWhatWasDoneIsListed(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	works(t, shop, "set-stock 1 5 -by ada -yes")
	works(t, shop, "set-stock 2 6 -by bob -yes")
	listed := strings.Split(works(t, shop, "operator-actions"), "\n")
	require.Len(t, listed, 3)
	require.Regexp(t, `Z\tbob\tset-stock\t2\tSKU 2, `, listed[0], "newest first")
	require.Regexp(t, `Z\tada\tset-stock\t1\tSKU 1, `, listed[1])
	shop.Exec(t, "UPDATE operator_action SET done_at = done_at - interval '8 days' WHERE done_by = 'bob'")
	require.NotContains(t, works(t, shop, "operator-actions"), "bob")
	require.Contains(t, works(t, shop, "operator-actions --days 9"), "bob")
}
