package order_test

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order"
	"github.com/bartgottschalk/startupwebapp/services/order/demo"
	"github.com/bartgottschalk/startupwebapp/services/order/migrations"
	"github.com/bartgottschalk/startupwebapp/services/platform/config"
	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/migration"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/platform/rpc"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const patience = 20 * time.Second

var secrets = config.Secrets{"secret-for-tests-only"}

func settings(databaseURL string) order.Config {
	return order.Config{
		ServerConfig: rpc.ServerConfig{Addr: "127.0.0.1:0", Secrets: secrets, DrainTimeout: 5 * time.Second},
		Config:       postgres.Config{URL: databaseURL, MaxConns: 4},
		PaymentAddr:  "127.0.0.1:1", UserAddr: "127.0.0.1:1", // nobody is there
		SiteOrigin: "http://localhost:8080", SweepInterval: time.Minute,
	}
}

func open(t *testing.T, databaseURL string) *postgres.Database {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Config{URL: databaseURL, MaxConns: 8}, telemetry.Silent())
	require.NoError(t, err)
	t.Cleanup(db.Close)
	return db
}

// running is a service under test and a way to stop it.
type running struct {
	*grpc.ClientConn
	stop  context.CancelFunc
	ended chan error
}

func start(t *testing.T, databaseURL string) running {
	t.Helper()
	service, err := order.New(t.Context(), settings(databaseURL), telemetry.Silent())
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- service.Run(ctx) }()
	conn, err := rpc.Dial(service.Addr(), secrets, telemetry.Silent())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(); stop() })
	limited, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for state := conn.GetState(); state != connectivity.Ready; state = conn.GetState() {
		require.True(t, conn.WaitForStateChange(limited, state))
	}
	return running{conn, stop, ended}
}

func (r running) requireEnd(t *testing.T) {
	t.Helper()
	r.stop()
	select {
	case err := <-r.ended:
		require.NoError(t, err)
	case <-time.After(patience):
		t.Fatal("the service did not end")
	}
}

func TestServiceServesAndEndsCleanly(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t, migrations.Set())
	_, err := demo.Load(t.Context(), open(t, url))
	require.NoError(t, err)
	service := start(t, url)

	watch, err := orderv1.NewCatalogueServiceClient(service).WatchCatalogue(t.Context(), &orderv1.WatchCatalogueRequest{})
	require.NoError(t, err)
	first, err := watch.Recv()
	require.NoError(t, err)
	require.Len(t, first.GetCatalogue().GetProducts(), 3)
	shopper := &orderv1.Shopper{AccountId: 1, Username: "ann"}
	_, err = orderv1.NewCartServiceClient(service).AddToCart(t.Context(), &orderv1.AddToCartRequest{Shopper: shopper, SkuId: 1, Quantity: 1})
	require.NoError(t, err)
	allowed, err := orderv1.NewCheckoutServiceClient(service).CheckoutAllowed(t.Context(), &orderv1.CheckoutAllowedRequest{Shopper: shopper})
	require.NoError(t, err)
	require.True(t, allowed.GetAllowed())
	_, err = orderv1.NewOrderServiceClient(service).GetOrder(t.Context(), &orderv1.GetOrderRequest{Identifier: "none"})
	require.Equal(t, "order-not-found", fault.ReasonOf(err))

	service.requireEnd(t) // in spite of the open stream
	_, err = watch.Recv()
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
}

func TestTwoInstancesAreOneShop(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t, migrations.Set())
	db := open(t, url)
	_, err := demo.Load(t.Context(), db)
	require.NoError(t, err)
	one, two := start(t, url), start(t, url)

	shopper := &orderv1.Shopper{AccountId: 1, Username: "ann"}
	all := sync.WaitGroup{}
	failures := make([]error, 20)
	for i := range failures {
		all.Go(func() {
			instance := []running{one, two}[i%2]
			_, failures[i] = orderv1.NewCartServiceClient(instance).AddToCart(t.Context(), &orderv1.AddToCartRequest{Shopper: shopper, SkuId: 1, Quantity: 1})
		})
	}
	all.Wait()
	for _, err := range failures {
		require.NoError(t, err)
	}
	found, err := orderv1.NewCartServiceClient(two).GetCart(t.Context(), &orderv1.GetCartRequest{Shopper: shopper})
	require.NoError(t, err)
	require.Equal(t, int32(20), found.GetCart().GetLines()[0].GetQuantity())

	_, err = db.Exec(t.Context(), `UPDATE product SET title = 'changed' WHERE id = 1`)
	require.NoError(t, err)
	for _, instance := range []running{one, two} {
		require.Eventually(t, func() bool {
			answer, err := orderv1.NewCatalogueServiceClient(instance).GetCatalogue(t.Context(), &orderv1.GetCatalogueRequest{})
			return err == nil && answer.GetCatalogue().GetProducts()[0].GetTitle() == "changed"
		}, patience, 10*time.Millisecond)
	}
	one.requireEnd(t)
	two.requireEnd(t)
}

func TestAnOlderSchemaIsRefused(t *testing.T) {
	t.Parallel()
	first, err := migrations.FS.ReadFile("00001_catalogue.sql")
	require.NoError(t, err)
	older := migration.Set{Schema: migrations.Schema, Files: fstest.MapFS{"00001_catalogue.sql": {Data: first}}, Jobs: true}
	_, err = order.New(t.Context(), settings(dbtest.URL(t, older)), telemetry.Silent())
	require.ErrorContains(t, err, "migrate")
}

func TestSettingsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	odd := settings("postgres://order_service:x@127.0.0.1:1/shop")
	odd.SweepInterval = 0
	_, err := order.New(t.Context(), odd, telemetry.Silent())
	require.ErrorContains(t, err, "SWEEP_INTERVAL")
	for _, origin := range []string{"", "localhost:8080", "ftp://x", "http://", "://"} {
		odd := settings("postgres://order_service:x@127.0.0.1:1/shop")
		odd.SiteOrigin = config.Origin(origin)
		_, err := order.New(t.Context(), odd, telemetry.Silent())
		require.ErrorContains(t, err, "SITE_ORIGIN", origin)
	}
}

func TestLoadDemoIsATaskThatMayBeRepeated(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t, migrations.Set())
	environ := []string{"DATABASE_URL=" + url, "SERVICE_SECRETS=" + secrets[0], "PAYMENT_ADDR=127.0.0.1:1", "USER_ADDR=127.0.0.1:1"}
	for range 2 {
		var output bytes.Buffer
		require.Zero(t, process.Run(t.Context(), order.Program(), []string{"load-demo"}, environ, &output, &output), "%s", &output)
	}
	db := open(t, url)
	var products int
	require.NoError(t, db.QueryRow(t.Context(), `SELECT count(*) FROM product`).Scan(&products))
	require.Equal(t, 3, products)
}

func TestAccountTasksAreSubcommands(t *testing.T) {
	t.Parallel()
	var help bytes.Buffer
	require.Zero(t, process.Run(t.Context(), order.Program(), []string{"--help"}, nil, &help, &help))
	require.Regexp(t, `(?m)^  export-account +ID: `, help.String())
	require.Regexp(t, `(?m)^  anonymise-account +ID: `, help.String())

	environ := []string{"DATABASE_URL=" + dbtest.URL(t, migrations.Set()), "SERVICE_SECRETS=" + secrets[0], "PAYMENT_ADDR=127.0.0.1:1", "USER_ADDR=127.0.0.1:1"}
	for _, task := range []string{"export-account", "anonymise-account"} {
		var output bytes.Buffer
		require.Zero(t, process.Run(t.Context(), order.Program(), []string{task, "7"}, environ, &output, &output), "%s", &output)
		require.Equal(t, 1, process.Run(t.Context(), order.Program(), []string{task}, environ, &output, &output))
		require.Contains(t, output.String(), "expected the id of one account")
	}
}

func TestDemoGoodsAreLoadedOnce(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, migrations.Set())
	results := make(chan bool, 10)
	for range cap(results) {
		go func() {
			loaded, err := demo.Load(t.Context(), db)
			results <- loaded && err == nil
		}()
	}
	count := 0
	for range cap(results) {
		if <-results {
			count++
		}
	}
	require.Equal(t, 1, count)
}

// Contract order.md O-24: the first row that an operator adds must not meet an id of the seed.
func TestSequencesStandBehindTheSeed(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, migrations.Set())
	_, err := demo.Load(t.Context(), db)
	require.NoError(t, err)
	for _, sql := range []string{
		`INSERT INTO product (identifier, title, title_url) VALUES ('abc', 'x', 'x')`,
		`INSERT INTO product_image (product_id, image_url) VALUES (1, '/x')`,
		`INSERT INTO product_video (product_id, video_url, video_thumbnail_url) VALUES (1, '/x', '/x')`,
		`INSERT INTO sku_type (title) VALUES ('x')`,
		`INSERT INTO inventory (identifier, title) VALUES ('x', 'x')`,
		`INSERT INTO sku (product_id, sku_type_id, inventory_id) VALUES (1, 1, 1)`,
		`INSERT INTO sku_price (sku_id, price_minor, valid_from) VALUES (1, 1, now())`,
		`INSERT INTO sku_image (sku_id, image_url) VALUES (1, '/x')`,
		`INSERT INTO shipping_method (identifier, carrier, cost_minor, tracking_code_base_url) VALUES ('x', 'x', 1, '')`,
		`INSERT INTO status (identifier, title, description) VALUES ('x', 'x', '')`,
	} {
		_, err := db.Exec(t.Context(), sql)
		require.NoError(t, err, sql)
	}
}
