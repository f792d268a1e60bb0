package checkout_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
)

// The old page posts 0 for an emptied box: the line stays in the cart, and that is all (contract order.md 4.8).
func TestALineWithNothingOfItIsNeitherChargedNorOrdered(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	member := checkouttest.Member(7)
	shop.Fill(t, member, checkouttest.PaperClips, 2)
	shop.Fill(t, member, checkouttest.RubberBands, 99)
	set, err := shop.Carts.SetCartQuantity(t.Context(), &orderv1.SetCartQuantityRequest{Shopper: member, SkuId: checkouttest.RubberBands, Quantity: 0})
	require.NoError(t, err)
	require.Zero(t, set.GetLineSubtotalMinor())
	require.Equal(t, map[int64]int32{checkouttest.PaperClips: 2, checkouttest.RubberBands: 0}, shop.Cart(t, member))

	session := shop.Start(t, member)
	asked := shop.Payment.Opened(t, session)
	require.Len(t, asked.GetLines(), 2, "paper clips and shipping")
	require.Equal(t, 2*checkouttest.PaperClipsMinor+checkouttest.GroundMinor, asked.GetExpectedTotalMinor())

	require.True(t, shop.Payment.Pay(session))
	order := shop.Order(t, shop.Complete(t, session), 7)
	require.Len(t, order.GetLines(), 1)
	require.Equal(t, "USPSRetailGround", order.GetShippingMethod().GetIdentifier(), "one is always chosen")
	require.Empty(t, shop.Violations(t))
}
