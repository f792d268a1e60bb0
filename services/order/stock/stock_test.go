package stock_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/order/ordertest"
	"github.com/bartgottschalk/startupwebapp/services/order/stock"
)

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func number(t *testing.T, shop *ordertest.Shop, query string) (number int) {
	t.Helper()
	require.NoError(t, shop.DB.QueryRow(t.Context(), query).Scan(&number))
	return number
}

func TestACountIsTheSumOfItsMovements(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	require.NoError(t, stock.Set(t.Context(), shop.DB, 1, 10, "olga", now))
	require.NoError(t, shop.DB.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		shelf, err := stock.Lock(ctx, tx, []int64{6, 1})
		require.NoError(t, err)
		require.Equal(t, stock.Shelf{1: 10}, shelf, "the other one is not counted")
		require.Equal(t, []int64{1}, shelf.Counted())
		return shelf.Sell(ctx, tx, "order00001", []stock.Pieces{{SkuID: 1, Quantity: 4}, {SkuID: 6, Quantity: 99}}, now)
	}))
	require.NoError(t, shop.DB.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		return stock.Restock(ctx, tx, "order00001", []stock.Pieces{{SkuID: 1, Quantity: 1}, {SkuID: 6, Quantity: 1}}, "olga", now)
	}))
	require.NoError(t, stock.Set(t.Context(), shop.DB, 1, 3, "olga", now))

	require.Equal(t, 3, number(t, shop, "SELECT on_hand FROM stock"))
	require.Equal(t, 3, number(t, shop, "SELECT sum(change)::integer FROM stock_movement WHERE sku_id = 1"))
	require.Equal(t, 4, number(t, shop, "SELECT count(*) FROM stock_movement"))
}

func TestSetRefusesWhatIsNoCount(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	require.ErrorIs(t, stock.Set(t.Context(), shop.DB, 1, -1, "olga", now), stock.ErrCount)
	require.ErrorIs(t, stock.Set(t.Context(), shop.DB, 1, stock.MostPieces+1, "olga", now), stock.ErrCount)
	require.ErrorIs(t, stock.Set(t.Context(), shop.DB, 12345, 1, "olga", now), stock.ErrSkuNotFound)
	require.Zero(t, number(t, shop, "SELECT count(*) FROM stock_movement"))
}

func TestCountsSetAtOnceStillAddUp(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	require.NoError(t, stock.Set(t.Context(), shop.DB, 1, 100, "olga", now))
	var group sync.WaitGroup
	for count := range int64(20) {
		group.Go(func() {
			if err := stock.Set(t.Context(), shop.DB, 1, count, "olga", now); err != nil {
				t.Errorf("set: %v", err)
			}
		})
	}
	group.Wait()

	require.Equal(t, number(t, shop, "SELECT on_hand FROM stock"), number(t, shop, "SELECT sum(change)::integer FROM stock_movement"))
}

func TestACountCanBeGivenUp(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	require.NoError(t, stock.Set(t.Context(), shop.DB, 1, 5, "olga", now))
	require.NoError(t, stock.StopCounting(t.Context(), shop.DB, 1, "olga", now))
	require.NoError(t, stock.StopCounting(t.Context(), shop.DB, 1, "olga", now), "once more is no error")

	require.Zero(t, number(t, shop, "SELECT count(*) FROM stock"))
	require.Zero(t, number(t, shop, "SELECT sum(change)::integer FROM stock_movement"))
}

func TestAShelfHasWhatIsNotPromised(t *testing.T) {
	t.Parallel()
	shelf := stock.Shelf{1: 5}
	wanted := func(quantity int32) []stock.Pieces {
		return []stock.Pieces{{SkuID: 2, Quantity: 99}, {SkuID: 1, Quantity: quantity}}
	}
	require.True(t, shelf.Has(wanted(5), nil))
	require.False(t, shelf.Has(wanted(6), nil))
	require.True(t, shelf.Has(wanted(2), map[int64]int64{1: 3}))
	require.False(t, shelf.Has(wanted(3), map[int64]int64{1: 3}))
	require.False(t, shelf.Has(wanted(1), map[int64]int64{1: 7}), "more is promised than there is")
}
