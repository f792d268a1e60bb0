package catalogue_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/order/catalogue"
	"github.com/bartgottschalk/startupwebapp/services/order/ordertest"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// command runs a subcommand as an operator does.
func command(t *testing.T, shop *ordertest.Shop, line string) (code int, said, errs string) {
	var out, problems bytes.Buffer
	task := func(run func(catalogue.Counter, context.Context, []string) error) process.Task[struct{}] {
		return process.Task[struct{}]{Run: func(ctx context.Context, _ struct{}, tel telemetry.Telemetry, args []string) error {
			return run(catalogue.Counter{DB: shop.DB, Logger: tel.Logger, Now: time.Now}, ctx, args)
		}}
	}
	program := process.Program[struct{}]{Name: "order", Tasks: map[string]process.Task[struct{}]{
		"set-price": task(catalogue.Counter.SetPrice), "shipping-methods": task(catalogue.Counter.ListShipping),
		"enable-shipping-method": task(catalogue.Counter.EnableShipping), "disable-shipping-method": task(catalogue.Counter.DisableShipping),
	}}
	t.Helper()
	args := strings.Fields(line)
	if args[0] != "shipping-methods" && !slices.Contains(args, "--") {
		args = append(args, "-by", "ada")
	}
	code = process.Run(t.Context(), program, args, nil, &out, &problems)
	return code, out.String(), problems.String()
}

func works(t *testing.T, shop *ordertest.Shop, line string) string {
	t.Helper()
	code, said, errs := command(t, shop, line)
	require.Zero(t, code, errs)
	return said
}

func seen(t *testing.T, shop *ordertest.Shop, shown func(*catalogue.Snapshot) bool) {
	t.Helper()
	require.Eventually(t, func() bool { return shown(shop.Catalogue.Snapshot()) }, ordertest.Patience, pause)
}

func priceIs(minor int64) func(*catalogue.Snapshot) bool {
	return func(s *catalogue.Snapshot) bool {
		sku, found := s.Sku(1)
		return found && sku.PriceMinor == minor
	}
}

func TestPricesChangeByCommand(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	code, said, errs := command(t, shop, "set-price 1 4.25")
	require.Equal(t, 1, code)
	require.Contains(t, errs, "-yes")
	require.Contains(t, said, ": price 3.50 until now, 4.25 from now on\n")
	require.True(t, priceIs(350)(shop.Catalogue.Snapshot()))

	code, said, errs = command(t, shop, "set-price 1 -yes 4.25")
	require.Zero(t, code, errs)
	require.Contains(t, said, ": price 3.50 until now, 4.25 from now on\ndone\n")
	require.Contains(t, errs, `"msg":"[OPERATOR] set-price","service":"order","by":"ada","sku_id":1,"price_minor":425`)
	seen(t, shop, priceIs(425))
	const noted = "SELECT count(*) FROM operator_action WHERE done_by = 'ada' AND command = 'set-price' AND subject = '1'"
	require.Equal(t, 1, shop.Count(t, noted))

	require.Contains(t, works(t, shop, "set-price 1 4.25"), "nothing to do", "nobody has to be asked")
	require.Equal(t, 2, shop.Count(t, "SELECT count(*) FROM sku_price WHERE sku_id = 1"))
	require.Equal(t, 1, shop.Count(t, noted))
}

func TestPricesComeIntoForceInTheirTime(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	from := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	require.Contains(t, works(t, shop, "set-price 1 5 -yes -from "+from), "price 3.50 until now, 5.00 from "+from+" on")
	require.Contains(t, works(t, shop, "set-price 1 5.00 -yes -from "+from), "nothing to do")
	require.Contains(t, works(t, shop, "set-price 1 6 -yes -from "+from), "price 5.00 until now, 6.00 from", "what is only planned can be planned anew")
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM sku_price WHERE sku_id = 1 AND valid_from > now() AND price_minor = 600"))
	require.Contains(t, works(t, shop, "set-price 1 4 -yes"), "planned before: 6.00 from "+from+" on")
	seen(t, shop, priceIs(400))

	require.Contains(t, works(t, shop, "set-price 1 7 -yes -from 2099-12-01"), "7.00 from 2099-12-01T00:00:00Z on", "a day is its first moment")

	soon := time.Now().Add(3 * time.Second).UTC().Truncate(time.Second).Format(time.RFC3339)
	works(t, shop, "set-price 1 4.50 -yes -from "+soon)
	seen(t, shop, priceIs(450))
}

func TestASkuWithoutAPriceGetsOne(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	shop.ChangeCatalogue(t, "DELETE FROM sku_price WHERE sku_id = 1", func(s *catalogue.Snapshot) bool { _, found := s.Sku(1); return !found })
	require.Contains(t, works(t, shop, "set-price 1 0 -yes"), "price none until now, 0.00 from now on\nThe SKU is then free")
	seen(t, shop, priceIs(0))
}

func TestPricesThatCannotBe(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	before := shop.Count(t, "SELECT count(*) FROM sku_price")
	for _, line := range []string{
		"", "1", "1 2 3", "99 1.00", "0 1.00", "-- -1 1.00", "x 1.00", "9223372036854775808 1.00", "1 free", "1 1.005", "1 1e3", "-- 1 -1.00", "1 100000000.00",
		"1 1.00 -from 2020-01-01T00:00:00Z", "1 1.00 -from tomorrow", "1 1.00 -from 2099-01-01T00:00:00", "1 1.00 -force",
	} {
		code, _, errs := command(t, shop, "set-price -yes -by ada "+line)
		require.Equal(t, 1, code, line)
		require.NotEmpty(t, errs, line)
	}
	_, _, errs := command(t, shop, "set-price -yes 99 1.00")
	require.Contains(t, errs, "there is no SKU 99; the command stock lists them")
	require.Equal(t, before, shop.Count(t, "SELECT count(*) FROM sku_price"))
	require.Zero(t, shop.Count(t, "SELECT count(*) FROM operator_action"))
}

func TestManySetOnePriceAtOnce(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if code, _, errs := command(t, shop, "set-price 1 9.99 -yes"); code != 0 {
				t.Error(errs)
			}
		})
	}
	all.Wait()
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM sku_price WHERE sku_id = 1 AND price_minor = 999"))
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM operator_action"))
}

func offered(s *catalogue.Snapshot) int { return len(s.ShippingMethods()) }

func TestShippingMethodsAreSwitchedByCommand(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	all := offered(shop.Catalogue.Snapshot())
	require.Regexp(t, `(?m)^USPSRetailGround +USPS Retail Ground +\d+\.\d\d +yes`, works(t, shop, "shipping-methods"))

	code, _, errs := command(t, shop, "disable-shipping-method USPSRetailGround")
	require.Equal(t, 1, code)
	require.Contains(t, errs, "-yes")
	code, said, errs := command(t, shop, "disable-shipping-method -yes USPSRetailGround")
	require.Zero(t, code, errs)
	require.Contains(t, said, "USPSRetailGround (USPS Retail Ground, ")
	require.Contains(t, errs, `"msg":"[OPERATOR] disable-shipping-method","service":"order","by":"ada","shipping_method":"USPSRetailGround"`)
	seen(t, shop, func(s *catalogue.Snapshot) bool { return offered(s) == all-1 })
	require.Regexp(t, `(?m)^USPSRetailGround +USPS Retail Ground +\d+\.\d\d +- +-$`, works(t, shop, "shipping-methods"))
	require.Contains(t, works(t, shop, "disable-shipping-method USPSRetailGround"), "nothing to do")

	works(t, shop, "enable-shipping-method -yes USPSRetailGround")
	seen(t, shop, func(s *catalogue.Snapshot) bool { return offered(s) == all })
	require.Equal(t, 2, shop.Count(t, "SELECT count(*) FROM operator_action WHERE done_by = 'ada' AND subject = 'USPSRetailGround'"))
	for _, line := range []string{
		"enable-shipping-method -yes Pigeon", "disable-shipping-method -yes", "enable-shipping-method -yes A B", "enable-shipping-method -yes -force USPSRetailGround",
		"shipping-methods all",
	} {
		code, _, errs := command(t, shop, line)
		require.Equal(t, 1, code, line)
		require.NotEmpty(t, errs, line)
	}
}

func TestTheLastShippingMethodStays(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	shop.Exec(t, "UPDATE shipping_method SET active = identifier IN ('USPSRetailGround', (SELECT min(identifier) FROM shipping_method WHERE identifier <> 'USPSRetailGround'))")
	other := "SELECT count(*) FROM shipping_method WHERE active"
	require.Equal(t, 2, shop.Count(t, other))
	methods, err := shop.DB.Query(t.Context(), "SELECT identifier FROM shipping_method WHERE active")
	require.NoError(t, err)
	var names []string
	for methods.Next() {
		var name string
		require.NoError(t, methods.Scan(&name))
		names = append(names, name)
	}
	require.NoError(t, methods.Err())
	codes := make([]int, 2)
	var both sync.WaitGroup
	for i, name := range names {
		both.Go(func() { codes[i], _, _ = command(t, shop, "disable-shipping-method -yes "+name) })
	}
	both.Wait()
	require.Equal(t, 1, codes[0]+codes[1], "one of two is refused")
	require.Equal(t, 1, shop.Count(t, other))

	var last string
	require.NoError(t, shop.DB.QueryRow(t.Context(), "SELECT identifier FROM shipping_method WHERE active").Scan(&last))
	_, _, errs := command(t, shop, "disable-shipping-method -yes "+last)
	require.Contains(t, errs, "--force")
	require.Contains(t, works(t, shop, "disable-shipping-method -yes --force "+last), "It is the last one")
	require.Zero(t, shop.Count(t, other))
}

func TestRefusedCommandsAreNotLoggedAsDone(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	shop := ordertest.Open(t)
	counter := catalogue.Counter{DB: shop.DB, Logger: slog.New(slog.NewJSONHandler(&log, nil)), Now: time.Now}
	require.Error(t, counter.SetPrice(t.Context(), []string{"1", "7.77", "-by", "ada"}), "there is no terminal")
	require.Empty(t, log.String())
}
