package cart_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/ordertest"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

// atOnce starts all works together and gives their errors.
func atOnce(works ...func() error) []error {
	failures, start, all := make([]error, len(works)), make(chan struct{}), sync.WaitGroup{}
	for i, work := range works {
		all.Go(func() {
			<-start
			failures[i] = work()
		})
	}
	close(start)
	all.Wait()
	return failures
}

func times(count int, work func() error) []func() error {
	works := make([]func() error, count)
	for i := range works {
		works[i] = work
	}
	return works
}

func TestParallelFirstAddsMakeOneCart(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	both := &orderv1.Shopper{AccountId: 2, AnonymousCartId: identifier.New(20)}
	for i, shopper := range []*orderv1.Shopper{account(1), guest(), both} {
		failures := atOnce(times(20, func() error {
			_, err := shop.CartClient.AddToCart(t.Context(), &orderv1.AddToCartRequest{Shopper: shopper, SkuId: 1, Quantity: 2})
			return err
		})...)
		for _, err := range failures {
			require.NoError(t, err)
		}
		require.Equal(t, i+1, shop.Count(t, carts))
		require.Equal(t, map[int64]int32{1: 40}, held(get(t, shop, shopper)), "no add is lost")
	}
}

func TestParallelAddsStopAt99(t *testing.T) {
	t.Parallel()
	shop, shopper := ordertest.Open(t), account(1)
	failures := atOnce(times(20, func() error {
		_, err := shop.CartClient.AddToCart(t.Context(), &orderv1.AddToCartRequest{Shopper: shopper, SkuId: 1, Quantity: 10})
		return err
	})...)
	refused := 0
	for _, err := range failures {
		if err != nil {
			require.Equal(t, "quantity-out-of-range", fault.ReasonOf(err))
			refused++
		}
	}
	require.Equal(t, 11, refused)
	require.Equal(t, map[int64]int32{1: 90}, held(get(t, shop, shopper)))
}

func TestParallelChangesOfAllKinds(t *testing.T) {
	t.Parallel()
	shop, ctx, shopper := ordertest.Open(t), t.Context(), guest()
	expected := map[string]bool{"": true, "cart-not-found": true, "cart-sku-not-found": true}
	for range 5 {
		works := []func() error{}
		for range 4 {
			works = append(works,
				func() error {
					_, err := shop.CartClient.AddToCart(ctx, &orderv1.AddToCartRequest{Shopper: shopper, SkuId: 1, Quantity: 1})
					return err
				},
				func() error {
					_, err := shop.CartClient.AddToCart(ctx, &orderv1.AddToCartRequest{Shopper: shopper, SkuId: 7, Quantity: 1})
					return err
				},
				func() error {
					_, err := shop.CartClient.SetCartQuantity(ctx, &orderv1.SetCartQuantityRequest{Shopper: shopper, SkuId: 1, Quantity: 3})
					return err
				},
				func() error {
					_, err := shop.CartClient.RemoveFromCart(ctx, &orderv1.RemoveFromCartRequest{Shopper: shopper, SkuId: 7})
					return err
				},
				func() error {
					_, err := shop.CartClient.DeleteCart(ctx, &orderv1.DeleteCartRequest{Shopper: shopper})
					return err
				},
				func() error {
					_, err := shop.CartClient.GetCart(ctx, &orderv1.GetCartRequest{Shopper: shopper})
					return err
				},
			)
		}
		for _, err := range atOnce(works...) {
			require.True(t, expected[fault.ReasonOf(err)], "%v", err)
		}
		require.LessOrEqual(t, shop.Count(t, carts), 1)
	}
}

func TestConstraintsGuardAgainstCodeThatForgets(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	shop.Exec(t, `INSERT INTO cart (account_id, shipping_method_id, created_at, updated_at) VALUES (1, 2, now(), now())`)
	shop.Exec(t, `INSERT INTO cart (anonymous_id, shipping_method_id, created_at, updated_at) VALUES ('abcdefghij0123456789', 2, now(), now())`)
	shop.Exec(t, `INSERT INTO cart_line (cart_id, sku_id, quantity) SELECT id, 1, 1 FROM cart WHERE account_id = 1`)
	for _, refused := range []string{
		`INSERT INTO cart (account_id, shipping_method_id, created_at, updated_at) VALUES (1, 2, now(), now())`,
		`INSERT INTO cart (anonymous_id, shipping_method_id, created_at, updated_at) VALUES ('abcdefghij0123456789', 2, now(), now())`,
		`INSERT INTO cart (shipping_method_id, created_at, updated_at) VALUES (2, now(), now())`,
		`INSERT INTO cart (account_id, anonymous_id, shipping_method_id, created_at, updated_at) VALUES (2, 'bbcdefghij0123456789', 2, now(), now())`,
		`INSERT INTO cart (account_id, shipping_method_id, created_at, updated_at) VALUES (3, 99, now(), now())`,
		`INSERT INTO cart (anonymous_id, shipping_method_id, created_at, updated_at) VALUES ('', 2, now(), now())`,
		`INSERT INTO cart_line (cart_id, sku_id, quantity) SELECT id, 1, 1 FROM cart WHERE account_id = 1`,
		`INSERT INTO cart_line (cart_id, sku_id, quantity) SELECT id, 6, 100 FROM cart WHERE account_id = 1`,
		`UPDATE cart_line SET quantity = -1`,
	} {
		_, err := shop.DB.Exec(t.Context(), refused)
		require.Error(t, err, refused)
	}
	require.Equal(t, 1, shop.Count(t, lines))
}

func TestAnAddThatComesAfterItsGuestSignedInGoesToTheAccount(t *testing.T) {
	t.Parallel()
	shop, member := ordertest.Open(t), account(7)
	for _, before := range []int32{0, 3} {
		shopper := guest()
		if before > 0 {
			add(t, shop, shopper, 1, before)
		}
		_, err := shop.CartClient.AdoptCart(t.Context(), &orderv1.AdoptCartRequest{AccountId: 7, AnonymousCartId: shopper.GetAnonymousCartId()})
		require.NoError(t, err)

		add(t, shop, shopper, 1, 2) // sent before the login was answered

		require.Equal(t, 1, shop.Count(t, carts), "the guest has no cart of its own again")
	}
	require.Equal(t, map[int64]int32{1: 2 + 2}, held(get(t, shop, member)), "existing quantities win at a merge, adds add up")
}

func TestAGuestWhoWasAdoptedLongAgoIsAGuest(t *testing.T) {
	t.Parallel()
	shop, shopper := ordertest.Open(t), guest()
	_, err := shop.CartClient.AdoptCart(t.Context(), &orderv1.AdoptCartRequest{AccountId: 7, AnonymousCartId: shopper.GetAnonymousCartId()})
	require.NoError(t, err)
	_, err = shop.DB.Exec(t.Context(), "UPDATE guest_adopted SET adopted_at = adopted_at - interval '2 minutes'")
	require.NoError(t, err)

	add(t, shop, shopper, 1, 2)

	require.Nil(t, get(t, shop, account(7)))
}

// hold begins a transaction that keeps others waiting at what the statements lock, until its end.
func hold(t *testing.T, shop *ordertest.Shop, statements ...string) pgx.Tx {
	t.Helper()
	tx, err := shop.DB.Pool().Begin(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	for _, statement := range statements {
		_, err := tx.Exec(t.Context(), statement)
		require.NoError(t, err)
	}
	return tx
}

// addMeanwhile adds to a cart and waits until that has to wait for a lock; what it answers comes over the channel.
func addMeanwhile(t *testing.T, shop *ordertest.Shop, shopper *orderv1.Shopper, skuID int64, quantity int32) <-chan int32 {
	t.Helper()
	answer := make(chan int32, 1)
	go func() {
		added, err := shop.CartClient.AddToCart(t.Context(), &orderv1.AddToCartRequest{Shopper: shopper, SkuId: skuID, Quantity: quantity})
		if err != nil {
			t.Errorf("add: %v", err)
		}
		answer <- added.GetLines()
	}()
	waits := func() bool {
		return shop.Count(t, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == 1
	}
	require.Eventually(t, waits, ordertest.Patience, time.Millisecond)
	return answer
}

func TestAddsThatAreUnderWayTogetherAllGoToTheAccount(t *testing.T) {
	t.Parallel()
	for name, has := range map[string]bool{"account without a cart": false, "account with a cart": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop, member, shopper := ordertest.Open(t), account(7), guest()
			want := map[int64]int32{1: 2, 6: 98}
			if has {
				add(t, shop, member, 1, 5)
				add(t, shop, member, 6, 3)
				want = map[int64]int32{1: 7, 6: 99}
			}
			adopt(t, shop, 7, shopper)

			nobodyLooks := hold(t, shop, "LOCK TABLE guest_adopted IN ACCESS EXCLUSIVE MODE")
			first := addMeanwhile(t, shop, shopper, 1, 2) // has made the guest a cart
			add(t, shop, shopper, 6, 98)                  // goes into it, and is told that it worked
			require.NoError(t, nobodyLooks.Commit(t.Context()))

			require.EqualValues(t, 2, <-first)
			require.Equal(t, want, held(get(t, shop, member)))
			require.Equal(t, 1, shop.Count(t, carts))
		})
	}
}

func TestAnAddThatFollowsItsGuestLocksCartsInTheirOrder(t *testing.T) {
	t.Parallel()
	shop, member, shopper := ordertest.Open(t), account(7), guest()
	add(t, shop, member, 1, 1)
	adopt(t, shop, 7, shopper)
	other := hold(t, shop, "SELECT FROM cart WHERE account_id = 7 FOR UPDATE")
	first := addMeanwhile(t, shop, shopper, 1, 2) // has made a cart of a later id

	_, err := other.Exec(t.Context(), "SELECT FROM cart WHERE anonymous_id IS NOT NULL FOR UPDATE")
	require.NoError(t, err, "as everyone does who needs both")
	require.NoError(t, other.Commit(t.Context()))

	require.EqualValues(t, 1, <-first)
	require.Equal(t, map[int64]int32{1: 3}, held(get(t, shop, member)))
}

func TestAnAddWhoseCartGoesToTheAccountMeanwhileCountsItThere(t *testing.T) {
	t.Parallel()
	shop, shopper := ordertest.Open(t), guest()
	add(t, shop, shopper, 1, 1)
	nobodyReads := hold(t, shop, "LOCK TABLE cart_discount IN ACCESS EXCLUSIVE MODE")
	second := addMeanwhile(t, shop, shopper, 6, 2) // is in the cart, and about to be counted
	adopt(t, shop, 7, shopper)
	require.NoError(t, nobodyReads.Commit(t.Context()))

	require.EqualValues(t, 2, <-second)
}

func TestACartMadeWhileTheLoginIsUnderWayIsFound(t *testing.T) {
	t.Parallel()
	shop, member, shopper := ordertest.Open(t), account(7), guest()
	add(t, shop, member, 1, 1)
	lock := hold(t, shop, "SELECT FROM cart WHERE account_id = 7 FOR UPDATE")
	login := make(chan error, 1)
	go func() {
		_, err := shop.CartClient.AdoptCart(t.Context(), &orderv1.AdoptCartRequest{AccountId: 7, AnonymousCartId: shopper.GetAnonymousCartId()})
		login <- err
	}()
	const waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
	require.Eventually(t, func() bool { return shop.Count(t, waiting) == 1 }, ordertest.Patience, time.Millisecond, "it has looked for carts")
	added := make(chan struct{})
	go func() {
		defer close(added)
		_, err := shop.CartClient.AddToCart(t.Context(), &orderv1.AddToCartRequest{Shopper: shopper, SkuId: 6, Quantity: 2})
		if err != nil {
			t.Errorf("add: %v", err)
		}
	}()
	require.Eventually(t, func() bool { return shop.Count(t, waiting) == 2 || closed(added) }, ordertest.Patience, time.Millisecond)
	require.NoError(t, lock.Commit(t.Context()))
	require.NoError(t, <-login)
	<-added

	require.Equal(t, map[int64]int32{1: 1, 6: 2}, held(get(t, shop, member)))
}

func closed(channel <-chan struct{}) bool {
	select {
	case <-channel:
		return true
	default:
		return false
	}
}
