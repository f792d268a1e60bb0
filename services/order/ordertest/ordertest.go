// Package ordertest opens the demo shop for tests: a database of the test's own with the demo goods, the catalogue that
// follows it, carts, and clients that reach both over real gRPC. Nothing outside tests imports it.
package ordertest

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/cart"
	"github.com/bartgottschalk/startupwebapp/services/order/catalogue"
	"github.com/bartgottschalk/startupwebapp/services/order/demo"
	"github.com/bartgottschalk/startupwebapp/services/order/migrations"
	"github.com/bartgottschalk/startupwebapp/services/platform/config"
	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/rpc"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// Patience is how long a test waits for what happens on its own; far below the catalogue's slow poll, so that a test
// does not pass by it.
const Patience = 20 * time.Second

// Shop is a running demo shop.
type Shop struct {
	DB        *postgres.Database
	Catalogue *catalogue.Catalogue
	Carts     *cart.Carts
	// Clients of a server in this process.
	CatalogueClient orderv1.CatalogueServiceClient
	CartClient      orderv1.CartServiceClient
}

// Open opens the demo shop; it closes when the test ends.
func Open(t testing.TB) *Shop {
	t.Helper()
	db := dbtest.New(t, migrations.Set())
	loaded, err := demo.Load(t.Context(), db)
	require.NoError(t, err)
	require.True(t, loaded)
	goods, err := catalogue.Open(t.Context(), db, telemetry.Silent(), time.Now)
	require.NoError(t, err)
	shop := &Shop{DB: db, Catalogue: goods, Carts: cart.New(db, goods, time.Now)}
	conn := shop.serve(t)
	shop.CatalogueClient = orderv1.NewCatalogueServiceClient(conn)
	shop.CartClient = orderv1.NewCartServiceClient(conn)
	return shop
}

func (s *Shop) serve(t testing.TB) *grpc.ClientConn {
	t.Helper()
	secrets := config.Secrets{"secret-for-tests-only"}
	server, err := rpc.NewServer(rpc.ServerConfig{Addr: "127.0.0.1:0", Secrets: secrets, DrainTimeout: time.Second}, telemetry.Silent(), nil)
	require.NoError(t, err)
	orderv1.RegisterCatalogueServiceServer(server, s.Catalogue)
	orderv1.RegisterCartServiceServer(server, s.Carts)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- server.Serve(ctx) }()
	go func() { ended <- s.Catalogue.Run(ctx) }()
	conn, err := rpc.Dial(server.Addr(), secrets, telemetry.Silent())
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, conn.Close())
		stop()
		for range 2 {
			require.NoError(t, <-ended)
		}
	})
	waitUntilReady(t, conn)
	return conn
}

// waitUntilReady spares the first call the moment before the server's first health report.
func waitUntilReady(t testing.TB, conn *grpc.ClientConn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	for state := conn.GetState(); state != connectivity.Ready; state = conn.GetState() {
		require.True(t, conn.WaitForStateChange(ctx, state), "the server is still %s", state)
	}
}

// Exec changes the database behind the shop's back, in a transaction that is tried again when it meets another.
func (s *Shop) Exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	require.NoError(t, s.DB.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, sql, args...)
		return err
	}))
}

// Count asks for a number, like how many rows there are.
func (s *Shop) Count(t testing.TB, sql string, args ...any) int {
	t.Helper()
	var number int
	require.NoError(t, s.DB.QueryRow(t.Context(), sql, args...).Scan(&number))
	return number
}

// ChangeCatalogue runs sql and waits until the snapshot shows it.
func (s *Shop) ChangeCatalogue(t testing.TB, sql string, shown func(*catalogue.Snapshot) bool) {
	t.Helper()
	s.Exec(t, sql)
	require.Eventually(t, func() bool { return shown(s.Catalogue.Snapshot()) }, Patience, 5*time.Millisecond, "the snapshot never showed: %s", sql)
}
