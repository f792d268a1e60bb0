package cart_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/catalogue"
	"github.com/bartgottschalk/startupwebapp/services/order/ordertest"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

const (
	carts = `SELECT count(*) FROM cart`
	lines = `SELECT count(*) FROM cart_line`
)

func guest() *orderv1.Shopper { return &orderv1.Shopper{AnonymousCartId: identifier.New(20)} }
func account(id int64) *orderv1.Shopper {
	return &orderv1.Shopper{AccountId: id, Username: "ann", Email: "ann@example.com"}
}

func add(t *testing.T, shop *ordertest.Shop, shopper *orderv1.Shopper, sku int64, quantity int32) *orderv1.AddToCartResponse {
	t.Helper()
	added, err := shop.CartClient.AddToCart(t.Context(), &orderv1.AddToCartRequest{Shopper: shopper, SkuId: sku, Quantity: quantity})
	require.NoError(t, err)
	return added
}

func get(t *testing.T, shop *ordertest.Shop, shopper *orderv1.Shopper) *orderv1.Cart {
	t.Helper()
	found, err := shop.CartClient.GetCart(t.Context(), &orderv1.GetCartRequest{Shopper: shopper})
	require.NoError(t, err)
	return found.GetCart()
}

// held is SKU and quantity of each line.
func held(cart *orderv1.Cart) map[int64]int32 {
	found := map[int64]int32{}
	for _, line := range cart.GetLines() {
		found[line.GetSkuId()] = line.GetQuantity()
	}
	return found
}

func requireReason(t *testing.T, err error, kind fault.Kind, reason string) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, reason, fault.ReasonOf(err))
	require.Equal(t, kind, fault.KindOf(err))
}

// The recorded life of an anonymous cart (contract cases order-cart.json), with deviations D03, D04, D23 and D24.
func TestCartLife(t *testing.T) {
	t.Parallel()
	shop, ctx := ordertest.Open(t), t.Context()
	first := add(t, shop, nil, 1, 2)
	require.Equal(t, int32(1), first.GetLines())
	require.Regexp(t, `^[A-Za-z0-9]{20}$`, first.GetAnonymousCartId())
	shopper := &orderv1.Shopper{AnonymousCartId: first.GetAnonymousCartId()}

	cart := get(t, shop, shopper)
	require.Equal(t, int64(700+956), cart.GetTotals().GetTotalMinor())
	require.Equal(t, "USPSRetailGround", cart.GetShippingMethod().GetIdentifier())
	require.Len(t, cart.GetShippingMethods(), 4)
	line := cart.GetLines()[0]
	require.Equal(t, "Silver", line.GetColor())
	require.Equal(t, "In Stock", line.GetInventory().GetTitle())
	require.Equal(t, "bSusp6dBHm", line.GetProductIdentifier())
	require.Equal(t, "/img/product/paper_clip_left_2.jpg", line.GetImageUrl())

	again := add(t, shop, shopper, 1, 3)
	require.Equal(t, shopper.GetAnonymousCartId(), again.GetAnonymousCartId(), "the id stays (O-11)")
	require.Equal(t, int32(2), add(t, shop, shopper, 7, 1).GetLines())
	set, err := shop.CartClient.SetCartQuantity(ctx, &orderv1.SetCartQuantityRequest{Shopper: shopper, SkuId: 1, Quantity: 7})
	require.NoError(t, err)
	require.Equal(t, int64(2450), set.GetLineSubtotalMinor())
	require.Equal(t, int64(3949), set.GetCart().GetTotals().GetItemSubtotalMinor())
	require.Equal(t, int64(4905), set.GetCart().GetTotals().GetTotalMinor())

	chosen, err := shop.CartClient.ChooseShippingMethod(ctx, &orderv1.ChooseShippingMethodRequest{Shopper: shopper, Identifier: "FedExGround"})
	require.NoError(t, err)
	require.Equal(t, int64(5034), chosen.GetCart().GetTotals().GetTotalMinor())
	for _, refused := range []string{"None", "Nope", ""} {
		_, err = shop.CartClient.ChooseShippingMethod(ctx, &orderv1.ChooseShippingMethodRequest{Shopper: shopper, Identifier: refused})
		requireReason(t, err, fault.NotFound, "shipping-method-not-found")
	}

	removed, err := shop.CartClient.RemoveFromCart(ctx, &orderv1.RemoveFromCartRequest{Shopper: shopper, SkuId: 7})
	require.NoError(t, err)
	require.Equal(t, "FedExGround", removed.GetCart().GetShippingMethod().GetIdentifier(), "the choice stays (D03)")
	require.Equal(t, int64(2450+1085), removed.GetCart().GetTotals().GetTotalMinor())
	_, err = shop.CartClient.RemoveFromCart(ctx, &orderv1.RemoveFromCartRequest{Shopper: shopper, SkuId: 7})
	requireReason(t, err, fault.NotFound, "cart-sku-not-found")
	emptied, err := shop.CartClient.RemoveFromCart(ctx, &orderv1.RemoveFromCartRequest{Shopper: shopper, SkuId: 1})
	require.NoError(t, err)
	require.Empty(t, emptied.GetCart().GetLines())
	require.Zero(t, emptied.GetCart().GetTotals().GetTotalMinor(), "without a line nothing is shipped")
	require.NotNil(t, get(t, shop, shopper), "an emptied cart stays")

	_, err = shop.CartClient.DeleteCart(ctx, &orderv1.DeleteCartRequest{Shopper: shopper})
	require.NoError(t, err)
	require.Nil(t, get(t, shop, shopper))
	require.Equal(t, shopper.GetAnonymousCartId(), add(t, shop, shopper, 1, 1).GetAnonymousCartId(), "the signed id is kept after its cart is gone")
}

func TestWithoutCart(t *testing.T) {
	t.Parallel()
	shop, ctx := ordertest.Open(t), t.Context()
	for _, shopper := range []*orderv1.Shopper{nil, {}, guest(), account(1), {AccountId: 1, AnonymousCartId: identifier.New(20)}, {AccountId: -1}} {
		require.Nil(t, get(t, shop, shopper))
		counted, err := shop.CartClient.CountCartLines(ctx, &orderv1.CountCartLinesRequest{Shopper: shopper})
		require.NoError(t, err)
		require.Zero(t, counted.GetLines())
		_, err = shop.CartClient.SetCartQuantity(ctx, &orderv1.SetCartQuantityRequest{Shopper: shopper, SkuId: 1, Quantity: 100})
		requireReason(t, err, fault.NotFound, "cart-not-found")
		_, err = shop.CartClient.RemoveFromCart(ctx, &orderv1.RemoveFromCartRequest{Shopper: shopper, SkuId: 1})
		requireReason(t, err, fault.NotFound, "cart-not-found")
		_, err = shop.CartClient.ChooseShippingMethod(ctx, &orderv1.ChooseShippingMethodRequest{Shopper: shopper, Identifier: "Nope"})
		requireReason(t, err, fault.NotFound, "cart-not-found")
		_, err = shop.CartClient.DeleteCart(ctx, &orderv1.DeleteCartRequest{Shopper: shopper})
		requireReason(t, err, fault.NotFound, "cart-not-found")
	}
	require.Zero(t, shop.Count(t, carts), "no read and no failed change makes a cart (O-08)")
}

func TestWhatCannotBeAdded(t *testing.T) {
	t.Parallel()
	shop, ctx := ordertest.Open(t), t.Context()
	cases := []struct {
		sku      int64
		quantity int32
		kind     fault.Kind
		reason   string
	}{
		{1, 0, fault.Invalid, "quantity-out-of-range"},
		{1, -3, fault.Invalid, "quantity-out-of-range"},
		{1, 100, fault.Invalid, "quantity-out-of-range"},
		{1, -2147483648, fault.Invalid, "quantity-out-of-range"},
		{999, 1, fault.NotFound, "sku-not-found"},
		{0, 1, fault.NotFound, "sku-not-found"},
		{-1, 1, fault.NotFound, "sku-not-found"},
		{2, 1, fault.NotFound, "sku-not-found"}, // back-ordered (D10)
		{5, 1, fault.NotFound, "sku-not-found"}, // out of stock
	}
	for _, c := range cases {
		for _, shopper := range []*orderv1.Shopper{nil, guest(), account(1)} {
			_, err := shop.CartClient.AddToCart(ctx, &orderv1.AddToCartRequest{Shopper: shopper, SkuId: c.sku, Quantity: c.quantity})
			requireReason(t, err, c.kind, c.reason)
		}
	}
	require.Zero(t, shop.Count(t, carts))
}

func TestQuantitiesStayInRange(t *testing.T) {
	t.Parallel()
	shop, ctx, shopper := ordertest.Open(t), t.Context(), account(7)
	add(t, shop, shopper, 1, 60)
	_, err := shop.CartClient.AddToCart(ctx, &orderv1.AddToCartRequest{Shopper: shopper, SkuId: 1, Quantity: 40})
	requireReason(t, err, fault.Invalid, "quantity-out-of-range")
	require.Equal(t, map[int64]int32{1: 60}, held(get(t, shop, shopper)))
	add(t, shop, shopper, 1, 39)
	require.Equal(t, map[int64]int32{1: 99}, held(get(t, shop, shopper)))

	for _, quantity := range []int32{-1, 100, 2147483647} {
		_, err := shop.CartClient.SetCartQuantity(ctx, &orderv1.SetCartQuantityRequest{Shopper: shopper, SkuId: 1, Quantity: quantity})
		requireReason(t, err, fault.Invalid, "quantity-out-of-range")
	}
	_, err = shop.CartClient.SetCartQuantity(ctx, &orderv1.SetCartQuantityRequest{Shopper: shopper, SkuId: 6, Quantity: 1})
	requireReason(t, err, fault.NotFound, "cart-sku-not-found")
	set, err := shop.CartClient.SetCartQuantity(ctx, &orderv1.SetCartQuantityRequest{Shopper: shopper, SkuId: 1, Quantity: 0})
	require.NoError(t, err)
	require.Zero(t, set.GetLineSubtotalMinor())
	require.Equal(t, map[int64]int32{1: 0}, held(get(t, shop, shopper)), "a line with 0 stays")
}

func TestGuestIdsThatWereNotOurs(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	for _, odd := range []string{"short", "abcdefghij012345678901", "abcdefghij01234567-9", "abcdefghij012345678\x00", "аbcdefghij012345678"} {
		made := add(t, shop, &orderv1.Shopper{AnonymousCartId: odd}, 1, 1).GetAnonymousCartId()
		require.Regexp(t, `^[A-Za-z0-9]{20}$`, made)
		require.NotEqual(t, odd, made)
		require.Nil(t, get(t, shop, &orderv1.Shopper{AnonymousCartId: odd}))
	}
	kept := guest()
	require.Equal(t, kept.GetAnonymousCartId(), add(t, shop, kept, 1, 1).GetAnonymousCartId())
	require.Empty(t, add(t, shop, account(1), 1, 1).GetAnonymousCartId(), "an account has no cookie")
}

func TestNobodySeesAnothersCart(t *testing.T) {
	t.Parallel()
	shop, ann, bob, visitor := ordertest.Open(t), account(1), account(2), guest()
	add(t, shop, ann, 1, 1)
	add(t, shop, visitor, 7, 2)
	require.Equal(t, map[int64]int32{1: 1}, held(get(t, shop, ann)))
	require.Equal(t, map[int64]int32{7: 2}, held(get(t, shop, visitor)))
	require.Nil(t, get(t, shop, bob))
	require.Nil(t, get(t, shop, guest()))
	_, err := shop.CartClient.DeleteCart(t.Context(), &orderv1.DeleteCartRequest{Shopper: bob})
	requireReason(t, err, fault.NotFound, "cart-not-found")
	require.Equal(t, 2, shop.Count(t, carts))
}

func TestCartFollowsTheCatalogue(t *testing.T) {
	t.Parallel()
	shop, shopper := ordertest.Open(t), guest()
	add(t, shop, shopper, 7, 1)
	add(t, shop, shopper, 1, 2)
	_, err := shop.CartClient.ChooseShippingMethod(t.Context(), &orderv1.ChooseShippingMethodRequest{Shopper: shopper, Identifier: "UPSGround"})
	require.NoError(t, err)

	shop.ChangeCatalogue(t, `UPDATE shipping_method SET active = false WHERE identifier = 'UPSGround'`,
		func(s *catalogue.Snapshot) bool { return len(s.ShippingMethods()) == 3 })
	cart := get(t, shop, shopper)
	require.Equal(t, "USPSRetailGround", cart.GetShippingMethod().GetIdentifier(), "a method that is not offered any more gives way to the default")
	require.Equal(t, int64(1499+700+956), cart.GetTotals().GetTotalMinor())

	shop.ChangeCatalogue(t, `DELETE FROM sku_price WHERE sku_id = 7`, func(s *catalogue.Snapshot) bool { _, found := s.Sku(7); return !found })
	cart = get(t, shop, shopper)
	require.Equal(t, map[int64]int32{1: 2}, held(cart), "what left the catalogue is hidden")
	require.Equal(t, int64(700+956), cart.GetTotals().GetTotalMinor())
	counted, err := shop.CartClient.CountCartLines(t.Context(), &orderv1.CountCartLinesRequest{Shopper: shopper})
	require.NoError(t, err)
	require.Equal(t, int32(1), counted.GetLines())

	shop.ChangeCatalogue(t, `DELETE FROM sku WHERE id = 1`, func(s *catalogue.Snapshot) bool { _, found := s.Sku(1); return !found })
	cart = get(t, shop, shopper)
	require.NotNil(t, cart)
	require.Empty(t, cart.GetLines())
	require.Zero(t, cart.GetTotals().GetTotalMinor())
}

func TestLinesKeepTheirOrder(t *testing.T) {
	t.Parallel()
	shop, shopper := ordertest.Open(t), guest()
	for _, sku := range []int64{7, 1, 6, 7, 1} {
		add(t, shop, shopper, sku, 1)
	}
	order := []int64{}
	for _, line := range get(t, shop, shopper).GetLines() {
		order = append(order, line.GetSkuId())
	}
	require.Equal(t, []int64{7, 1, 6}, order)
}

func TestReadsTakeOneStatement(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	member := &orderv1.Shopper{AccountId: 1, AnonymousCartId: identifier.New(20)}
	for _, shopper := range []*orderv1.Shopper{guest(), account(2), member} {
		add(t, shop, shopper, 1, 1)
		add(t, shop, shopper, 7, 1)
		ctx, statements := postgres.Count(t.Context())
		found, err := shop.Carts.GetCart(ctx, &orderv1.GetCartRequest{Shopper: shopper})
		require.NoError(t, err)
		require.Len(t, found.GetCart().GetLines(), 2)
		require.Equal(t, 1, statements.N())
		counted, err := shop.Carts.CountCartLines(ctx, &orderv1.CountCartLinesRequest{Shopper: shopper})
		require.NoError(t, err)
		require.Equal(t, int32(2), counted.GetLines())
		require.Equal(t, 2, statements.N())
	}
	ctx, statements := postgres.Count(t.Context())
	_, err := shop.Carts.GetCart(ctx, &orderv1.GetCartRequest{Shopper: &orderv1.Shopper{}})
	require.NoError(t, err)
	require.Zero(t, statements.N(), "who has neither account nor cookie cannot have a cart")
}

func TestACartWithNothingToSendCostsNoShipping(t *testing.T) {
	t.Parallel()
	shop, shopper := ordertest.Open(t), account(1)
	add(t, shop, shopper, 1, 2)
	answer, err := shop.CartClient.SetCartQuantity(t.Context(), &orderv1.SetCartQuantityRequest{Shopper: shopper, SkuId: 1, Quantity: 0})
	require.NoError(t, err)
	require.Len(t, answer.GetCart().GetLines(), 1, "the line stays")
	require.Zero(t, answer.GetCart().GetTotals().GetTotalMinor())
}
