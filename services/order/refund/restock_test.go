package refund_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/order/stock"
)

func TestRestockIsBoundedByWhatWasBought(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	require.NoError(t, stock.Set(t.Context(), shop.DB, checkouttest.PaperClips, 10, "ann", shop.Clock.Now()))
	s := sell(t, shop)
	onHand := func() int { return s.Count(t, "SELECT on_hand FROM stock") }
	require.Equal(t, 8, onHand())
	one := []*orderv1.RestockLine{{SkuId: checkouttest.PaperClips, Quantity: 1}}

	for range 2 {
		_, reason := s.ask(t.Context(), s.Process, &orderv1.RefundOrderRequest{Key: "a", AmountMinor: 100, Restock: one})
		require.Empty(t, reason)
	}
	require.Equal(t, 9, onHand())
	_, reason := s.ask(t.Context(), s.Process, &orderv1.RefundOrderRequest{Key: "a", AmountMinor: 100})
	require.Equal(t, "refund-key-reused", reason)
	_, reason = s.ask(t.Context(), s.Process, &orderv1.RefundOrderRequest{Key: "b", AmountMinor: 100, Restock: []*orderv1.RestockLine{{SkuId: checkouttest.PaperClips, Quantity: 2_000_000_000}}})
	require.Empty(t, reason)
	require.Equal(t, 10, onHand(), "two were bought")
	_, reason = s.ask(t.Context(), s.Process, &orderv1.RefundOrderRequest{Key: "c", AmountMinor: 100, RestockAll: true})
	require.Empty(t, reason)
	require.Equal(t, 10, onHand())
	require.Equal(t, 2, s.Count(t, "SELECT count(*) FROM stock_movement WHERE reason = 'restocked' AND moved_by = 'ann' AND order_identifier = $1", s.order))
	s.booksAreInOrder(t)
}

func TestGoodsThatAreNotCountedAreLeftAlone(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	_, reason := s.ask(t.Context(), s.Process, &orderv1.RefundOrderRequest{Key: "a", RestockAll: true})
	require.Empty(t, reason)
	require.Zero(t, s.Count(t, "SELECT count(*) FROM stock_movement"))
	s.booksAreInOrder(t)
}
