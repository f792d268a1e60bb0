package checkout_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/catalogue"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/order/stock"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// count sets how many paper clips there are.
func count(t *testing.T, shop *checkouttest.Shop, pieces int64) {
	t.Helper()
	require.NoError(t, stock.Set(t.Context(), shop.DB, checkouttest.PaperClips, pieces, "test", shop.Clock.Now()))
}

func onHand(t *testing.T, shop *checkouttest.Shop) int {
	t.Helper()
	return shop.Count(t, "SELECT on_hand FROM stock WHERE sku_id = 1")
}

// guests are shoppers with one paper clip each.
func guests(t *testing.T, shop *checkouttest.Shop, many int) []*orderv1.Shopper {
	t.Helper()
	shoppers := make([]*orderv1.Shopper, many)
	for i := range shoppers {
		shoppers[i] = checkouttest.Guest()
		shop.Fill(t, shoppers[i], checkouttest.PaperClips, 1)
	}
	return shoppers
}

// startAll lets all press pay at once and tells the sessions of those who may.
func startAll(t *testing.T, shop *checkouttest.Shop, shoppers []*orderv1.Shopper) (sessions []string) {
	t.Helper()
	processes := []*checkouttest.Process{shop.Process, shop.Another(t, nil)}
	var mutex sync.Mutex
	var group sync.WaitGroup
	for i, shopper := range shoppers {
		group.Go(func() {
			answer, err := processes[i%2].Checkouts.StartCheckout(t.Context(), checkouttest.Request(shopper))
			mutex.Lock()
			defer mutex.Unlock()
			if err == nil {
				sessions = append(sessions, answer.GetSessionId())
				return
			}
			if fault.ReasonOf(err) != "sku-not-available" || fault.KindOf(err) != fault.FailedPrecondition {
				t.Errorf("refused with %v", err)
			}
		})
	}
	group.Wait()
	return sessions
}

func TestTwelveBuyersOfFivePieces(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	count(t, shop, 5)

	sessions := startAll(t, shop, guests(t, shop, 12))

	require.Len(t, sessions, 5)
	for _, session := range sessions {
		require.True(t, shop.Payment.Pay(session))
		shop.Complete(t, session)
	}
	require.Zero(t, onHand(t, shop))
	require.Empty(t, shop.Violations(t))
}

func TestStockCutWhileTwelveAreAtThePaymentPage(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	count(t, shop, 12)
	sessions := startAll(t, shop, guests(t, shop, 12))
	require.Len(t, sessions, 12)
	count(t, shop, 5)
	orders, soldOut := 0, 0
	var mutex sync.Mutex
	var group sync.WaitGroup
	for _, session := range sessions {
		require.True(t, shop.Payment.Pay(session))
		group.Go(func() {
			_, err := shop.Checkouts.CompleteCheckout(t.Context(), &orderv1.CompleteCheckoutRequest{SessionId: session})
			mutex.Lock()
			defer mutex.Unlock()
			if err == nil {
				orders++
			}
			if fault.HasReason(err, "payment-exception") {
				soldOut++
			}
		})
	}
	group.Wait()

	require.Equal(t, 5, orders)
	require.Equal(t, 7, soldOut)
	require.Zero(t, onHand(t, shop))
	require.Equal(t, 7, shop.Count(t, `SELECT count(*) FROM payment_exception
		WHERE reason = 'out-of-stock' AND proposed_refund_minor = total_minor AND total_minor > 0 AND resolved_at IS NULL`))
	require.Equal(t, 7, shop.Count(t, "SELECT count(*) FROM checkout WHERE state = 'exception'"))
	require.Equal(t, 7, shop.Count(t, "SELECT count(*) FROM cart_line"), "who got nothing keeps the cart")
}

func TestACheckoutThatEndsGivesBackWhatItPromised(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	count(t, shop, 1)
	two := guests(t, shop, 2)
	first := shop.Start(t, two[0])
	require.Empty(t, startAll(t, shop, two[1:]))

	shop.Payment.Expire(t, first)
	shop.Clock.Advance(checkouttest.SessionLifetime + 2*time.Minute)
	require.NoError(t, shop.Checkouts.Sweep(t.Context()))

	require.Len(t, startAll(t, shop, two[1:]), 1)
	require.Equal(t, 1, onHand(t, shop), "nothing is sold before it is paid")
}

func TestACustomerDoesNotStandInTheOwnWay(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	count(t, shop, 2)
	shopper := checkouttest.Guest()
	shop.Fill(t, shopper, checkouttest.PaperClips, 2)
	old := shop.Start(t, shopper)
	shop.Fill(t, shopper, checkouttest.RubberBands, 1)

	renewed := shop.Start(t, shopper)

	require.NotEqual(t, old, renewed)
	require.False(t, shop.Payment.Pay(old), "it was ended first")
	require.True(t, shop.Payment.Pay(renewed))
	shop.Complete(t, renewed)
	require.Zero(t, onHand(t, shop))
}

func TestAReplacedSessionThatWasPaidIsServedFirst(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	count(t, shop, 1)
	shopper := guests(t, shop, 1)[0]
	old := shop.Start(t, shopper)
	require.True(t, shop.Payment.Pay(old))
	shop.Fill(t, shopper, checkouttest.RubberBands, 1)

	renewed := shop.Start(t, shopper)

	require.True(t, shop.Payment.Pay(renewed))
	shop.Complete(t, renewed)
	require.Equal(t, 2, shop.Count(t, "SELECT count(*) FROM purchase"), "one with the clip, one with the bands")
	require.Zero(t, onHand(t, shop))
	require.Empty(t, shop.Violations(t))
}

func TestAStartThatDiedPromisesNothingToItsSuccessor(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	count(t, shop, 1)
	shopper := guests(t, shop, 1)[0]
	shop.Client.Before = func(context.Context, string) error { return checkouttest.Unavailable() }
	_, err := shop.Checkouts.StartCheckout(t.Context(), checkouttest.Request(shopper))
	require.Error(t, err)
	shop.Client.Before = nil
	shop.Fill(t, shopper, checkouttest.RubberBands, 1)

	require.NotEmpty(t, shop.Start(t, shopper))
}

func TestSlowMoneyKeepsItsGoods(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	count(t, shop, 1)
	two := guests(t, shop, 2)
	slow := shop.Start(t, two[0])
	require.True(t, shop.Payment.Pay(slow, checkouttest.Later))
	shop.Clock.Advance(26 * time.Hour)
	require.NoError(t, shop.Checkouts.Sweep(t.Context()))
	require.Empty(t, startAll(t, shop, two[1:]), "they are promised to who has paid")

	shop.Payment.Change(t, slow, checkouttest.Arrived)
	shop.Complete(t, slow)

	require.Zero(t, onHand(t, shop))
	require.Empty(t, shop.Violations(t))
}

func TestLateMoneyOfAnEndedCheckoutLeavesOthersTheirGoods(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	count(t, shop, 1)
	two := guests(t, shop, 2)
	late := shop.Start(t, two[0])
	shop.Payment.Expire(t, late)
	shop.Clock.Advance(checkouttest.SessionLifetime + 2*time.Minute)
	require.NoError(t, shop.Checkouts.Sweep(t.Context()))
	held := shop.Start(t, two[1])
	shop.Payment.Reopen(t, late)
	require.True(t, shop.Payment.Pay(late))

	_, err := shop.Checkouts.CompleteCheckout(t.Context(), &orderv1.CompleteCheckoutRequest{SessionId: late})

	require.Equal(t, "payment-exception", fault.ReasonOf(err))
	require.True(t, shop.Payment.Pay(held))
	shop.Complete(t, held)
	require.Zero(t, onHand(t, shop))
}

func TestWhatIsNotCountedNeverRunsOut(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	require.Len(t, startAll(t, shop, guests(t, shop, 12)), 12)
}

func TestTheCatalogueShowsWhatRanOut(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	inventory := func(snapshot *catalogue.Snapshot) string {
		sku, _ := snapshot.Sku(checkouttest.PaperClips)
		return sku.Inventory.Identifier
	}
	shop.ChangeCatalogue(t, "INSERT INTO stock (sku_id, on_hand, updated_at) VALUES (1, 1, now())", func(snapshot *catalogue.Snapshot) bool {
		return inventory(snapshot) == catalogue.InStock
	})
	shop.ChangeCatalogue(t, "UPDATE stock SET on_hand = 0", func(snapshot *catalogue.Snapshot) bool { return inventory(snapshot) == "out-of-stock" })
	shop.ChangeCatalogue(t, "UPDATE stock SET on_hand = 7", func(snapshot *catalogue.Snapshot) bool { return inventory(snapshot) == catalogue.InStock })
}
