package demo_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/order/demo"
	"github.com/bartgottschalk/startupwebapp/services/order/ordertest"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const (
	allCodes = "SELECT string_agg(id || ' ' || code || ' ' || ends_at::date || ' ' || coalesce(usage_limit, 0), ', ' ORDER BY id) FROM discount_code"
	loaded   = "1 WELCOME10 2099-01-01 0, 2 SAVER10 2099-01-01 0, 3 FREE3MONTHS 2099-01-01 0, 4 FREESHIPPING 2099-01-01 0, " +
		"5 HALF50 2099-01-01 0, 6 OLDCODE 2020-01-01 0, 7 SOONCODE 2099-01-01 0, 8 THIRD33 2099-01-01 0"
)

// command runs the subcommand as an operator does.
func command(t *testing.T, shop *ordertest.Shop, line string) (code int, said, errs string) {
	t.Helper()
	task := process.Task[struct{}]{Run: func(ctx context.Context, _ struct{}, tel telemetry.Telemetry, args []string) error {
		return demo.Counter{DB: shop.DB, Logger: tel.Logger, Now: time.Now}.LoadDiscountCodes(ctx, args)
	}}
	program := process.Program[struct{}]{Name: "order", Tasks: map[string]process.Task[struct{}]{"load-demo-discount-codes": task}}
	var out, problems bytes.Buffer
	code = process.Run(t.Context(), program, strings.Fields("load-demo-discount-codes "+line), nil, &out, &problems)
	return code, out.String(), problems.String()
}

func text(t *testing.T, shop *ordertest.Shop, sql string) (text string) {
	t.Helper()
	require.NoError(t, shop.DB.QueryRow(t.Context(), sql).Scan(&text))
	return text
}

func TestTheCodesOfTheRecordingsAreAskedForAndNoted(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	code, said, errs := command(t, shop, "-by ada")
	require.Equal(t, 1, code)
	require.Contains(t, said, "WELCOME10")
	require.Contains(t, errs, "-yes")
	require.Zero(t, shop.Count(t, "SELECT count(*) FROM discount_code"))
	for _, line := range []string{"now -by ada -yes", "-force -by ada -yes"} {
		code, _, _ = command(t, shop, line)
		require.Equal(t, 1, code, line)
	}

	for range 2 {
		code, said, errs = command(t, shop, "-by ada -yes")
		require.Zero(t, code, errs)
		require.Contains(t, said, "THIRD33")
		require.Contains(t, errs, `"msg":"[OPERATOR] load-demo-discount-codes","service":"order","by":"ada"`)
		require.Equal(t, loaded, text(t, shop, allCodes))
		shop.Exec(t, "UPDATE discount_code SET ends_at = now() WHERE id = 1") // an operator may have ended it
	}
	require.Equal(t, 2, shop.Count(t, "SELECT count(*) FROM operator_action WHERE done_by = 'ada' AND command = 'load-demo-discount-codes'"))
	require.Positive(t, shop.Count(t, `WITH made AS (INSERT INTO discount_code (code, description, starts_at, ends_at, discount_type_id, amount_hundredths, created_at)
		VALUES ('NEXT', '', now(), now(), 1, 1, now()) RETURNING id) SELECT id - 8 FROM made`), "the next code gets an id of its own")
}

func TestAShopWithCodesOfItsOwnIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, values := range map[string]string{
		"another code":                  "(9, 'SUMMER', now())",
		"another code under an id":      "(1, 'SUMMER', now())",
		"a code of ours by another id":  "(2, 'WELCOME10', '2019-04-01Z')",
		"a code of ours that they made": "(1, 'WELCOME10', now())",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := ordertest.Open(t)
			shop.Exec(t, `INSERT INTO discount_code (id, code, description, starts_at, ends_at, discount_type_id, amount_hundredths, usage_limit, created_at)
				SELECT id, code, '', now(), now(), 1, 1, 5, created_at::timestamptz FROM (VALUES `+values+`) AS theirs (id, code, created_at)`)
			before := text(t, shop, allCodes)

			code, said, errs := command(t, shop, "-by ada -yes")

			require.Equal(t, 1, code)
			require.Contains(t, errs, "codes of its own")
			require.Empty(t, said, "it does not even ask")
			require.ErrorContains(t, shop.DB.InTx(t.Context(), demo.LoadDiscountCodes), "codes of its own")
			require.Equal(t, before, text(t, shop, allCodes))
			require.Zero(t, shop.Count(t, "SELECT count(*) FROM operator_action"))
		})
	}
}

func TestManyLoadTheCodesAtOnce(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			if code, _, errs := command(t, shop, "-by ada -yes"); code != 0 {
				t.Error(errs)
			}
		})
	}
	all.Wait()
	require.Equal(t, loaded, text(t, shop, allCodes))
}
