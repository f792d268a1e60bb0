package cart_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/cart"
	"github.com/bartgottschalk/startupwebapp/services/order/ordertest"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

const pauseBetweenLooks = 5 * time.Millisecond

func freeze(t *testing.T, shop *ordertest.Shop, shopper *orderv1.Shopper) cart.Contents {
	t.Helper()
	var contents cart.Contents
	require.NoError(t, shop.DB.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) (err error) {
		contents, err = shop.Carts.LockForCheckout(ctx, tx, shopper)
		return err
	}))
	return contents
}

func remove(ctx context.Context, shop *ordertest.Shop, contents cart.Contents) error {
	bought := []cart.Purchased{}
	for _, line := range contents.Lines {
		bought = append(bought, cart.Purchased{SkuID: line.SkuID, Quantity: line.Quantity})
	}
	return shop.DB.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		return shop.Carts.RemovePurchased(ctx, tx, contents.CartID, bought)
	})
}

func TestCheckoutReadsWhatWouldBeBought(t *testing.T) {
	t.Parallel()
	shop, visitor := ordertest.Open(t), guest()
	add(t, shop, visitor, 1, 2)
	add(t, shop, visitor, 7, 1)
	_, err := shop.CartClient.SetCartQuantity(t.Context(), &orderv1.SetCartQuantityRequest{Shopper: visitor, SkuId: 7, Quantity: 0})
	require.NoError(t, err)

	contents := freeze(t, shop, visitor)
	require.Positive(t, contents.CartID)
	require.Equal(t, visitor.GetAnonymousCartId(), contents.AnonymousID)
	require.Zero(t, contents.AccountID)
	require.Len(t, contents.Lines, 1, "a line with 0 is not bought")
	require.Equal(t, "Silver", *contents.Lines[0].Sku.Color)
	require.Equal(t, cart.Totals{ItemSubtotalMinor: 700, ShippingMinor: 956, TotalMinor: 1656}, contents.Totals)
	require.Equal(t, "USPSRetailGround", contents.ShippingMethod.Identifier)

	merged := freeze(t, shop, signedIn(1, visitor))
	require.Equal(t, int64(1), merged.AccountID)
	require.Len(t, merged.Lines, 1)

	err = shop.DB.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		_, err := shop.Carts.LockForCheckout(ctx, tx, visitor)
		return err
	})
	requireReason(t, err, fault.NotFound, "cart-not-found")
}

func TestCheckoutHoldsTheCart(t *testing.T) {
	t.Parallel()
	shop, visitor := ordertest.Open(t), guest()
	add(t, shop, visitor, 1, 2)
	added := make(chan error, 1)
	require.NoError(t, shop.DB.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		if _, err := shop.Carts.LockForCheckout(ctx, tx, visitor); err != nil {
			return err
		}
		go func() {
			_, err := shop.CartClient.AddToCart(t.Context(), &orderv1.AddToCartRequest{Shopper: visitor, SkuId: 1, Quantity: 1})
			added <- err
		}()
		require.Eventually(t, func() bool {
			return shop.Count(t, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) == 1
		}, ordertest.Patience, pauseBetweenLooks, "the add waits")
		again, err := shop.Carts.LockForCheckout(ctx, tx, visitor)
		require.Equal(t, int32(2), again.Lines[0].Quantity)
		return err
	}))
	require.NoError(t, <-added)
	require.Equal(t, map[int64]int32{1: 3}, held(get(t, shop, visitor)))
}

func TestPurchaseEmptiesTheCart(t *testing.T) {
	t.Parallel()
	for name, shopper := range map[string]*orderv1.Shopper{"guest": guest(), "account": account(1)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := ordertest.Open(t)
			add(t, shop, shopper, 1, 2)
			add(t, shop, shopper, 7, 1)
			contents := freeze(t, shop, shopper)
			require.NoError(t, remove(t.Context(), shop, contents))
			require.Nil(t, get(t, shop, shopper))
			require.Zero(t, shop.Count(t, lines))

			require.NoError(t, remove(t.Context(), shop, contents), "a cart that is gone is no error")
			add(t, shop, shopper, 1, 2)
			require.NoError(t, remove(t.Context(), shop, contents))
			require.Equal(t, map[int64]int32{1: 2}, held(get(t, shop, shopper)), "a later cart is another one")
		})
	}
}

func TestPurchaseTakesOnlyWhatWasBought(t *testing.T) {
	t.Parallel()
	shop, visitor := ordertest.Open(t), guest()
	add(t, shop, visitor, 1, 2)
	add(t, shop, visitor, 7, 1)
	contents := freeze(t, shop, visitor)
	// While the customer pays: one more of 1, less of 7 than was bought, and something new.
	add(t, shop, visitor, 1, 1)
	_, err := shop.CartClient.SetCartQuantity(t.Context(), &orderv1.SetCartQuantityRequest{Shopper: visitor, SkuId: 7, Quantity: 0})
	require.NoError(t, err)
	add(t, shop, visitor, 6, 4)
	require.NoError(t, remove(t.Context(), shop, contents))
	require.Equal(t, map[int64]int32{1: 1, 6: 4}, held(get(t, shop, visitor)))
}

func TestLinesWithNothingToBuyDoNotKeepACart(t *testing.T) {
	t.Parallel()
	shop, visitor := ordertest.Open(t), guest()
	add(t, shop, visitor, 1, 2)
	add(t, shop, visitor, 7, 1)
	_, err := shop.CartClient.SetCartQuantity(t.Context(), &orderv1.SetCartQuantityRequest{Shopper: visitor, SkuId: 7, Quantity: 0})
	require.NoError(t, err)
	require.NoError(t, remove(t.Context(), shop, freeze(t, shop, visitor)))
	require.Nil(t, get(t, shop, visitor))
}

func TestPurchaseFollowsAGivenCart(t *testing.T) {
	t.Parallel()
	shop, visitor := ordertest.Open(t), guest()
	add(t, shop, visitor, 1, 2)
	contents := freeze(t, shop, visitor)
	adopt(t, shop, 1, visitor)
	require.NoError(t, remove(t.Context(), shop, contents))
	require.Nil(t, get(t, shop, account(1)))
}

func TestPurchaseFollowsAMergedCart(t *testing.T) {
	t.Parallel()
	shop, visitor, ann := ordertest.Open(t), guest(), account(1)
	add(t, shop, ann, 1, 5)
	add(t, shop, visitor, 1, 2)
	add(t, shop, visitor, 7, 3)
	contents := freeze(t, shop, visitor)
	adopt(t, shop, 1, visitor) // between going to pay and having paid
	add(t, shop, ann, 7, 1)
	require.NoError(t, remove(t.Context(), shop, contents))
	require.Equal(t, map[int64]int32{1: 5, 7: 1}, held(get(t, shop, ann)), "what moved was bought, what ann had herself was not")

	add(t, shop, ann, 7, 9)
	require.NoError(t, remove(t.Context(), shop, contents), "the same purchase again")
	require.Equal(t, map[int64]int32{1: 5, 7: 10}, held(get(t, shop, ann)))
}

func TestPurchaseOfAMergedCartEmptiesTheAccounts(t *testing.T) {
	t.Parallel()
	shop, visitor, ann := ordertest.Open(t), guest(), account(1)
	add(t, shop, ann, 1, 5)
	_, err := shop.CartClient.RemoveFromCart(t.Context(), &orderv1.RemoveFromCartRequest{Shopper: ann, SkuId: 1})
	require.NoError(t, err)
	add(t, shop, visitor, 7, 3)
	contents := freeze(t, shop, visitor)
	adopt(t, shop, 1, visitor)
	require.NoError(t, remove(t.Context(), shop, contents))
	require.Nil(t, get(t, shop, ann))
	require.Zero(t, shop.Count(t, `SELECT count(*) FROM cart_line_moved`))
}

func TestPurchaseOfACartMergedIntoADeletedOne(t *testing.T) {
	t.Parallel()
	shop, visitor, ann := ordertest.Open(t), guest(), account(1)
	add(t, shop, ann, 1, 5)
	add(t, shop, visitor, 7, 3)
	contents := freeze(t, shop, visitor)
	adopt(t, shop, 1, visitor)
	_, err := shop.CartClient.DeleteCart(t.Context(), &orderv1.DeleteCartRequest{Shopper: ann})
	require.NoError(t, err)
	add(t, shop, ann, 7, 3)
	require.NoError(t, remove(t.Context(), shop, contents))
	require.Equal(t, map[int64]int32{7: 3}, held(get(t, shop, ann)))
}

// Whatever comes first, merge or purchase, what was bought is in no cart afterwards.
func TestPurchaseWhileMerging(t *testing.T) {
	t.Parallel()
	shop, ctx := ordertest.Open(t), t.Context()
	for round := range int64(10) {
		visitor, ann := guest(), account(400+round)
		add(t, shop, ann, 1, 5)
		add(t, shop, visitor, 7, 3)
		contents := freeze(t, shop, visitor)
		failures := atOnce(
			func() error { return remove(ctx, shop, contents) },
			func() error {
				_, err := shop.CartClient.AdoptCart(ctx, &orderv1.AdoptCartRequest{AccountId: ann.GetAccountId(), AnonymousCartId: visitor.GetAnonymousCartId()})
				return err
			},
			func() error {
				_, err := shop.CartClient.AddToCart(ctx, &orderv1.AddToCartRequest{Shopper: ann, SkuId: 6, Quantity: 1})
				return err
			},
		)
		for _, err := range failures {
			require.NoError(t, err)
		}
		require.Equal(t, map[int64]int32{1: 5, 6: 1}, held(get(t, shop, ann)))
		require.Nil(t, get(t, shop, visitor))
	}
}

func TestRolledBackPurchaseLeavesTheCart(t *testing.T) {
	t.Parallel()
	shop, visitor := ordertest.Open(t), guest()
	add(t, shop, visitor, 1, 2)
	contents := freeze(t, shop, visitor)
	err := shop.DB.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		require.NoError(t, shop.Carts.RemovePurchased(ctx, tx, contents.CartID, []cart.Purchased{{SkuID: 1, Quantity: 2}}))
		return context.Canceled
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, map[int64]int32{1: 2}, held(get(t, shop, visitor)))
}
