package catalogue_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/catalogue"
	"github.com/bartgottschalk/startupwebapp/services/order/migrations"
	"github.com/bartgottschalk/startupwebapp/services/order/ordertest"
	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

func TestDemoGoodsAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	answer, err := shop.CatalogueClient.GetCatalogue(t.Context(), &orderv1.GetCatalogueRequest{})
	require.NoError(t, err)

	products := answer.GetCatalogue().GetProducts()
	require.Len(t, products, 3)
	require.NotEmpty(t, answer.GetCatalogue().GetVersion())
	prices := map[int64]int64{}
	for i, identifier := range []string{"bSusp6dBHm", "ITHJW3mytn", "v26ujdy3N1"} {
		require.Equal(t, identifier, products[i].GetIdentifier(), "products come by id")
		require.NotEmpty(t, products[i].GetHeadline())
		require.True(t, products[i].GetImages()[0].GetMain())
		for _, sku := range products[i].GetSkus() {
			prices[sku.GetSkuId()] = sku.GetPriceMinor()
		}
	}
	require.Equal(t, map[int64]int64{1: 350, 2: 350, 4: 599, 5: 499, 6: 399, 7: 1499}, prices)
	require.Equal(t, "https://player.vimeo.com/video/334006583", products[0].GetVideos()[0].GetUrl())
	require.NotNil(t, products[2].DescriptionPart_2, "empty, not missing")
	require.Empty(t, products[2].GetDescriptionPart_2())
}

func TestSnapshotFindsWhatCartsNeed(t *testing.T) {
	t.Parallel()
	snapshot := ordertest.Open(t).Catalogue.Snapshot()

	clip, found := snapshot.Sku(1)
	require.True(t, found)
	require.True(t, clip.Available())
	require.Equal(t, "/img/product/paper_clip_left_2.jpg", clip.ImageURL)
	require.Equal(t, "PaperClips", clip.ProductTitleURL)
	band, _ := snapshot.Sku(7)
	require.Equal(t, "/img/product/rubber_bands_2.jpg", band.ImageURL, "without a picture of its own it shows the product's")
	for _, id := range []int64{2, 4, 5} {
		sku, found := snapshot.Sku(id)
		require.True(t, found)
		require.False(t, sku.Available(), "sku %d", id)
	}
	_, found = snapshot.Sku(3)
	require.False(t, found)

	identifiers := []string{}
	for _, method := range snapshot.ShippingMethods() {
		identifiers = append(identifiers, method.Identifier)
	}
	require.Equal(t, []string{"USPSPriorityMail2Day", "UPSGround", "FedExGround", "USPSRetailGround"}, identifiers)
	inactive, found := snapshot.ShippingMethod("None")
	require.True(t, found)
	require.False(t, inactive.Active)
	byDefault, found := snapshot.DefaultShippingMethod()
	require.True(t, found)
	require.Equal(t, "USPSRetailGround", byDefault.Identifier)

	status, found := snapshot.Status(snapshot.Configuration().InitialOrderStatus)
	require.True(t, found)
	require.Equal(t, int64(1), status.ID)
	require.Equal(t, "gvREoqen93ffZsmBIc8zl", snapshot.Configuration().OrderConfirmationEmCdMember)
	require.Equal(t, "FpGyZy6kld9R2XTjqvBQN", snapshot.Configuration().OrderConfirmationEmCdProspect)
}

func TestEveryTableIsFollowed(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	product := func(s *catalogue.Snapshot) *orderv1.Product { return s.Proto().GetProducts()[0] }
	sku := func(s *catalogue.Snapshot) catalogue.Sku { found, _ := s.Sku(1); return found }
	changes := map[string]func(*catalogue.Snapshot) bool{
		`UPDATE product SET title = 'new' WHERE id = 1`:           func(s *catalogue.Snapshot) bool { return sku(s).ProductTitle == "new" },
		`UPDATE product_image SET caption = 'new' WHERE id = 1`:   func(s *catalogue.Snapshot) bool { return product(s).GetImages()[0].GetCaption() == "new" },
		`DELETE FROM product_video WHERE id = 1`:                  func(s *catalogue.Snapshot) bool { return len(product(s).GetVideos()) == 0 },
		`UPDATE sku SET size = 'new' WHERE id = 1`:                func(s *catalogue.Snapshot) bool { return *sku(s).Size == "new" },
		`UPDATE sku_price SET price_minor = 351 WHERE sku_id = 1`: func(s *catalogue.Snapshot) bool { return sku(s).PriceMinor == 351 },
		`UPDATE sku_image SET image_url = '/new' WHERE id = 1`:    func(s *catalogue.Snapshot) bool { return sku(s).ImageURL == "/new" },
		`UPDATE inventory SET title = 'new' WHERE id = 1`:         func(s *catalogue.Snapshot) bool { return sku(s).Inventory.Title == "new" },
		`UPDATE status SET title = 'new' WHERE id = 1`: func(s *catalogue.Snapshot) bool {
			status, _ := s.Status("accepted")
			return status.Title == "new"
		},
		`UPDATE shipping_method SET active = true WHERE identifier = 'None'`: func(s *catalogue.Snapshot) bool { return len(s.ShippingMethods()) == 5 },
		`UPDATE configuration SET usernames_allowed_to_checkout = 'ann'`:     func(s *catalogue.Snapshot) bool { return !s.Allows(&orderv1.Shopper{AccountId: 1, Username: "bob"}) },
	}
	for sql, shown := range changes {
		require.False(t, shown(shop.Catalogue.Snapshot()), "before: %s", sql)
		shop.ChangeCatalogue(t, sql, shown)
	}
}

func TestPriceComesIntoForceAtItsMoment(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	price := func() int64 { sku, _ := shop.Catalogue.Snapshot().Sku(1); return sku.PriceMinor }
	inForce := time.Now().Add(1500 * time.Millisecond)
	shop.Exec(t, `INSERT INTO sku_price (sku_id, price_minor, valid_from) VALUES (1, 777, $1)`, inForce)
	// A second change proves that the future price was read, and not taken for the present one.
	shop.ChangeCatalogue(t, `UPDATE sku SET size = 'marker' WHERE id = 2`, func(s *catalogue.Snapshot) bool {
		sku, _ := s.Sku(2)
		return *sku.Size == "marker"
	})
	if time.Now().Before(inForce) {
		require.Equal(t, int64(350), price())
	}
	require.Eventually(t, func() bool { return price() == 777 }, ordertest.Patience, 5*time.Millisecond)
	require.False(t, time.Now().Before(inForce))
}

func TestFuturePriceIsNotInForce(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	shop.Exec(t, `INSERT INTO sku_price (sku_id, price_minor, valid_from) VALUES (1, 777, now() + interval '1 day')`)
	for at, expected := range map[time.Duration]int64{0: 350, 25 * time.Hour: 777} {
		goods, err := catalogue.Open(t.Context(), shop.DB, telemetry.Silent(), func() time.Time { return time.Now().Add(at) })
		require.NoError(t, err)
		sku, _ := goods.Snapshot().Sku(1)
		require.Equal(t, expected, sku.PriceMinor, "in %s", at)
	}
}

func TestSkuWithoutPriceOrOfAnotherTypeIsLeftOut(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	gone := func(id int64) func(*catalogue.Snapshot) bool {
		return func(s *catalogue.Snapshot) bool { _, found := s.Sku(id); return !found }
	}
	shop.ChangeCatalogue(t, `DELETE FROM sku_price WHERE sku_id IN (1, 2)`, gone(2))
	shop.ChangeCatalogue(t, `WITH made AS (INSERT INTO sku_type (title) VALUES ('subscription') RETURNING id)
		UPDATE sku SET sku_type_id = made.id FROM made WHERE sku.id = 4`, gone(4))
	products := shop.Catalogue.Snapshot().Proto().GetProducts()
	require.Len(t, products, 3, "a product without SKUs is still shown")
	require.Empty(t, products[0].GetSkus())
	require.Len(t, products[1].GetSkus(), 2)
}

func TestChangesDuringALostConnectionAreSeen(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	title := func(s *catalogue.Snapshot) string { return s.Proto().GetProducts()[0].GetTitle() }
	shop.ChangeCatalogue(t, `UPDATE product SET title = 'first' WHERE id = 1`, func(s *catalogue.Snapshot) bool { return title(s) == "first" })
	// In one transaction, so that the notification goes out when nobody listens any more.
	shop.ChangeCatalogue(t, `WITH cut AS (SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
			WHERE datname = current_database() AND query LIKE 'LISTEN%')
		UPDATE product SET title = 'second' FROM (SELECT count(*) AS listeners FROM cut) AS done
		WHERE id = 1 AND listeners = 1`,
		func(s *catalogue.Snapshot) bool { return title(s) == "second" })
}

func TestVersionNamesTheContent(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	before := shop.Catalogue.Snapshot().Proto().GetVersion()
	other, err := catalogue.Open(t.Context(), shop.DB, telemetry.Silent(), time.Now)
	require.NoError(t, err)
	require.Equal(t, before, other.Snapshot().Proto().GetVersion(), "in every process")

	changed := func(s *catalogue.Snapshot) bool { return s.Proto().GetVersion() != before }
	shop.ChangeCatalogue(t, `UPDATE sku_price SET price_minor = 351 WHERE sku_id = 1`, changed)
	shop.ChangeCatalogue(t, `UPDATE sku_price SET price_minor = 350 WHERE sku_id = 1`, func(s *catalogue.Snapshot) bool { return !changed(s) })
}

func TestShippingNeverDependsOnASetting(t *testing.T) {
	t.Parallel()
	shop := ordertest.Open(t)
	byDefault := func(s *catalogue.Snapshot) string { method, _ := s.DefaultShippingMethod(); return method.Identifier }
	shop.ChangeCatalogue(t, `UPDATE shipping_method SET active = false WHERE identifier = 'USPSRetailGround'`,
		func(s *catalogue.Snapshot) bool { return byDefault(s) == "FedExGround" })
	shop.ChangeCatalogue(t, `WITH cleared AS (UPDATE configuration SET default_shipping_method = NULL) UPDATE shipping_method SET active = true`,
		func(s *catalogue.Snapshot) bool { return byDefault(s) == "None" })
	shop.ChangeCatalogue(t, `UPDATE shipping_method SET active = false`,
		func(s *catalogue.Snapshot) bool { _, found := s.DefaultShippingMethod(); return !found })
}

func TestEmptyShop(t *testing.T) {
	t.Parallel()
	goods, err := catalogue.Open(t.Context(), dbtest.New(t, migrations.Set()), telemetry.Silent(), time.Now)
	require.NoError(t, err)
	require.Empty(t, goods.Snapshot().Proto().GetProducts())
	require.NotEmpty(t, goods.Snapshot().Proto().GetVersion())
	require.Empty(t, goods.Snapshot().ShippingMethods())
	require.Equal(t, "accepted", goods.Snapshot().Configuration().InitialOrderStatus)
}
