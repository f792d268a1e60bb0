package cart_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/cart"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const day = 24 * time.Hour

func usual() cart.Policy { return cart.Policy{Guests: 90 * day, Members: 365 * day} }

func expire(t *testing.T, shop *checkouttest.Shop, policy cart.Policy) cart.Expired {
	t.Helper()
	expired, err := cart.NewExpiry(shop.DB, policy, telemetry.Silent(), shop.Clock.Now).Expire(t.Context())
	require.NoError(t, err)
	return expired
}

func TestCartsThatNobodyChangedExpire(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	idle, reader, active, member := checkouttest.Guest(), checkouttest.Guest(), checkouttest.Guest(), checkouttest.Member(7)
	for _, shopper := range []*orderv1.Shopper{idle, reader, active, member} {
		shop.Fill(t, shopper, checkouttest.PaperClips, 2)
	}
	shop.Clock.Advance(90 * day)
	require.Equal(t, map[int64]int32{checkouttest.PaperClips: 2}, shop.Cart(t, reader))
	require.Zero(t, expire(t, shop, usual()), "a guest who comes back within 90 days finds it")

	_, err := shop.Carts.SetCartQuantity(t.Context(), &orderv1.SetCartQuantityRequest{Shopper: active, SkuId: checkouttest.PaperClips, Quantity: 0})
	require.NoError(t, err)
	shop.Clock.Advance(time.Second)
	require.Equal(t, cart.Expired{Guests: 2}, expire(t, shop, usual()), "to look is no change")
	require.Empty(t, shop.Cart(t, idle))
	require.Equal(t, map[int64]int32{checkouttest.PaperClips: 0}, shop.Cart(t, active))
	require.Zero(t, expire(t, shop, usual()))

	shop.Fill(t, idle, checkouttest.PaperClips, 1)
	require.Equal(t, map[int64]int32{checkouttest.PaperClips: 1}, shop.Cart(t, idle), "the cookie's id is good for a new one")

	shop.Clock.Advance(275 * day)
	require.Equal(t, cart.Expired{Guests: 2, Members: 1}, expire(t, shop, usual()))
	require.Zero(t, shop.Count(t, "SELECT count(*) FROM cart_line"))
}

func TestNoPolicyKeepsCarts(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	shop.Fill(t, checkouttest.Guest(), checkouttest.PaperClips, 1)
	shop.Fill(t, checkouttest.Member(7), checkouttest.PaperClips, 1)
	shop.Clock.Advance(3650 * day)
	require.Zero(t, expire(t, shop, cart.Policy{}))
	require.Equal(t, cart.Expired{Members: 1}, expire(t, shop, cart.Policy{Members: day}))
	require.Equal(t, cart.Expired{Guests: 1}, expire(t, shop, cart.Policy{Guests: day}))
}

func TestACartThatMayStillBePaidStays(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	shop.Start(t, guest)
	shop.Clock.Advance(100 * day)
	for _, state := range []string{"open", "superseded"} {
		shop.Exec(t, "UPDATE checkout SET state = $1", state)
		require.Zero(t, expire(t, shop, usual()), state)
	}
	shop.Exec(t, "UPDATE checkout SET state = 'expired', next_check_at = NULL")
	require.Equal(t, cart.Expired{Guests: 1}, expire(t, shop, usual()))
}

func TestManyCartsExpireInPortionsAndAtOnce(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	shop.Exec(t, `INSERT INTO cart (anonymous_id, created_at, updated_at)
		SELECT lpad(n::text, 20, '0'), $1, $1 FROM generate_series(1, 1201) n`, shop.Clock.Now().Add(-91*day))
	var group sync.WaitGroup
	gone := make([]cart.Expired, 4)
	for i := range gone {
		group.Go(func() { gone[i] = expire(t, shop, usual()) })
	}
	group.Wait()
	sum := expire(t, shop, usual()).Guests // what one left to another that had it locked
	for _, each := range gone {
		sum += each.Guests
	}
	require.Equal(t, 1201, sum)
	require.Zero(t, shop.Count(t, "SELECT count(*) FROM cart"))
}

func TestACartThatSomebodyWorksWithIsLeftAlone(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	shop.Clock.Advance(100 * day)
	err := shop.DB.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		if _, err := shop.Carts.LockForCheckout(ctx, tx, guest); err != nil {
			return err
		}
		require.Zero(t, expire(t, shop, usual()), "and it does not wait")
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, cart.Expired{Guests: 1}, expire(t, shop, usual()))
}

func TestWhatCartsLeftBehindIsForgotten(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	var guests []*orderv1.Shopper
	for i, account := range []int64{7, 8} {
		guest, member := checkouttest.Guest(), checkouttest.Member(account)
		guests = append(guests, guest)
		shop.Fill(t, guest, checkouttest.PaperClips, 1)
		shop.Fill(t, member, checkouttest.RubberBands, 1)
		if i == 1 {
			shop.Start(t, guest)
		}
		_, err := shop.Carts.AdoptCart(t.Context(), &orderv1.AdoptCartRequest{AccountId: account, AnonymousCartId: guest.GetAnonymousCartId()})
		require.NoError(t, err)
	}
	left := func() [2]int {
		return [2]int{shop.Count(t, "SELECT count(*) FROM cart_line_moved"), shop.Count(t, "SELECT count(*) FROM guest_adopted")}
	}
	shop.Clock.Advance(45 * day)
	expire(t, shop, usual())
	require.Equal(t, [2]int{2, 2}, left())

	shop.Clock.Advance(time.Second)
	expire(t, shop, usual())
	require.Equal(t, [2]int{1, 1}, left(), "the other guest's checkout may still be paid")

	shop.Exec(t, "UPDATE checkout SET state = 'expired', next_check_at = NULL")
	expire(t, shop, usual())
	require.Equal(t, [2]int{0, 1}, left(), "a checkout still names the guest")
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM guest_adopted WHERE anonymous_id = $1", guests[1].GetAnonymousCartId()))

	shop.Exec(t, "UPDATE checkout SET anonymous_cart_id = NULL")
	expire(t, shop, usual())
	require.Equal(t, [2]int{0, 0}, left())
}
