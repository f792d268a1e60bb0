package purchase_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/catalogue"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// buy lets the shopper buy and answers the order's identifier.
func buy(t *testing.T, shop *checkouttest.Shop, shopper *orderv1.Shopper, skuID int64, quantity int32) string {
	t.Helper()
	shop.Fill(t, shopper, skuID, quantity)
	session := shop.Start(t, shopper)
	require.True(t, shop.Payment.Pay(session))
	return shop.Complete(t, session)
}

func TestWhoMaySeeAnOrder(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guests := buy(t, shop, checkouttest.Guest(), checkouttest.PaperClips, 1)
	members := buy(t, shop, checkouttest.Member(3), checkouttest.PaperClips, 1)
	cases := []struct {
		identifier string
		asks       int64
		reason     string
		kind       fault.Kind
	}{
		{guests, 0, "", 0},
		{guests, 3, "order-not-in-account", fault.PermissionDenied},
		{members, 3, "", 0},
		{members, 0, "log-in-required-to-view-order", fault.Unauthenticated},
		{members, 4, "order-not-in-account", fault.PermissionDenied},
		{"foo", 0, "order-not-found", fault.NotFound},
		{"foo", 3, "order-not-found", fault.NotFound},
		{"", 0, "order-not-found", fault.NotFound},
		{"a\x00b", 0, "order-not-found", fault.NotFound},
		{strings.Repeat("a", 100_000), 0, "order-not-found", fault.NotFound},
		{strings.ToLower(guests) + "x", 0, "order-not-found", fault.NotFound},
	}
	for _, c := range cases {
		answer, err := shop.Purchases.GetOrder(t.Context(), &orderv1.GetOrderRequest{Identifier: c.identifier, AccountId: c.asks})
		if c.reason == "" {
			require.NoError(t, err)
			require.Equal(t, c.identifier, answer.GetOrder().GetIdentifier())
			continue
		}
		require.Equal(t, c.reason, fault.ReasonOf(err))
		require.Equal(t, c.kind, fault.KindOf(err))
		require.Nil(t, answer)
	}
}

func TestNoEditOfTheCatalogueReachesAnOrder(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	identifier := buy(t, shop, checkouttest.Guest(), checkouttest.PaperClips, 2)
	before := shop.Order(t, identifier, 0)
	shop.ChangeCatalogue(t, `UPDATE product SET title = 'Renamed', title_url = 'Renamed'; UPDATE sku_price SET price_minor = 1;
		UPDATE sku SET color = 'Pink', size = NULL; UPDATE sku_image SET image_url = '/elsewhere.jpg';
		UPDATE inventory SET title = 'Whatever'; UPDATE status SET title = 'Renamed', description = 'Renamed';
		UPDATE shipping_method SET carrier = 'Pigeon', cost_minor = 1, tracking_code_base_url = '';
		DELETE FROM sku WHERE id = 1`, func(snapshot *catalogue.Snapshot) bool {
		_, found := snapshot.Sku(checkouttest.PaperClips)
		return !found
	})

	after := shop.Order(t, identifier, 0)

	require.Equal(t, before.String(), after.String())
	require.Equal(t, "Silver", after.GetLines()[0].GetColor())
	require.Equal(t, "/img/product/paper_clip_left_2.jpg", after.GetLines()[0].GetImageUrl())
	require.Equal(t, "bSusp6dBHm", after.GetLines()[0].GetProductIdentifier())
	require.Equal(t, "in-stock", after.GetLines()[0].GetInventory().GetIdentifier())
}

func TestOrdersOfAnAccountNewestFirst(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	member := checkouttest.Member(3)
	first := buy(t, shop, member, checkouttest.PaperClips, 1)
	shop.Clock.Advance(time.Hour)
	second := buy(t, shop, member, checkouttest.RubberBands, 1)
	buy(t, shop, checkouttest.Member(4), checkouttest.PaperClips, 1)
	buy(t, shop, checkouttest.Guest(), checkouttest.PaperClips, 1)

	answer, err := shop.Purchases.ListOrders(t.Context(), &orderv1.ListOrdersRequest{AccountId: 3})

	require.NoError(t, err)
	require.Len(t, answer.GetOrders(), 2)
	require.Equal(t, []string{second, first}, []string{answer.GetOrders()[0].GetIdentifier(), answer.GetOrders()[1].GetIdentifier()})
	require.Positive(t, answer.GetOrders()[0].GetOrderId())
	require.Equal(t, checkouttest.RubberBandsMinor+checkouttest.GroundMinor, answer.GetOrders()[0].GetTotalMinor())

	guests, err := shop.Purchases.ListOrders(t.Context(), &orderv1.ListOrdersRequest{})
	require.NoError(t, err)
	require.Empty(t, guests.GetOrders(), "no account owns the guests' orders")
}

func TestStatusesNewestFirstAndMoreThanOnce(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	identifier := buy(t, shop, checkouttest.Guest(), checkouttest.PaperClips, 1)
	for i, status := range []string{"packing", "shipped", "packing"} {
		shop.Exec(t, `INSERT INTO purchase_status (purchase_id, identifier, title, description, set_at)
			SELECT purchase.id, status.identifier, title, description, $2 FROM purchase, status WHERE status.identifier = $1`,
			status, shop.Clock.Now().Add(time.Duration(i+1)*time.Hour))
	}

	var identifiers []string
	for _, status := range shop.Order(t, identifier, 0).GetStatuses() {
		identifiers = append(identifiers, status.GetIdentifier())
	}

	require.Equal(t, []string{"packing", "shipped", "packing", "accepted"}, identifiers)
}
