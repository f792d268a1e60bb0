// Package shoptest buys things in the whole shop as it runs: real processes, two of each service, a real PostgreSQL,
// the Stripe sandbox and the mailbox. It knows the shop only from outside, but for the books that it checks afterwards.
package shoptest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bartgottschalk/startupwebapp/deploy/local/stack"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

// shop is started once for all tests of the package; each test buys as a customer of its own.
var shop *stack.Stack

// books are connections to what the services have written, by service.
var books map[string]*pgxpool.Pool

func TestMain(m *testing.M) {
	code, err := runInShop(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func runInShop(m *testing.M) (int, error) {
	adminURL := os.Getenv("ADMIN_DATABASE_URL")
	if adminURL == "" {
		return 1, errors.New("shoptest needs ADMIN_DATABASE_URL: run it with scripts/test ./deploy/local/shoptest")
	}
	data, err := os.MkdirTemp("", "shoptest-")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(data) }()
	options := stack.Options{
		BinDir: programs(), DataDir: data, Instances: 2, AdminURL: adminURL, Out: os.Stderr,
		Database: "shoptest_" + strings.ToLower(identifier.New(8)),
		Environ:  append(os.Environ(), "TRUSTED_PROXY_HOPS=1", "SWEEP_INTERVAL=1s"),
	}
	if err := options.UseFreePorts(); err != nil {
		return 1, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if shop, err = stack.Start(ctx, options); err != nil {
		return 1, err
	}
	if err := openBooks(ctx); err != nil {
		return 1, errors.Join(err, shop.Stop(context.Background()))
	}
	code := m.Run()
	closeBooks()
	err = auditBooks()
	ctx = context.Background() // both bound themselves
	return code, errors.Join(err, shop.Stop(ctx), stack.DropDatabase(ctx, adminURL, options.Database))
}

// openBooks keeps few connections: the cluster's are shared with every other test.
func openBooks(ctx context.Context) error {
	books = map[string]*pgxpool.Pool{}
	for _, service := range []string{"user", "payment", "order"} {
		address, err := shop.ServiceURL(service)
		if err != nil {
			return err
		}
		settings, err := pgxpool.ParseConfig(address)
		if err != nil {
			return err
		}
		settings.MaxConns = 3
		if books[service], err = pgxpool.NewWithConfig(ctx, settings); err != nil {
			return err
		}
	}
	return nil
}

func closeBooks() {
	for _, pool := range books {
		pool.Close()
	}
}

// auditPatience covers a job whose process was killed last of all: it is tried again up to 75 s after it began
// (services/platform/README.md, Jobs).
const auditPatience = 2 * time.Minute

// auditBooks asks the order service whether its books add up; the last mails may need a moment to be handed over.
func auditBooks() error {
	ctx, cancel := context.WithTimeout(context.Background(), auditPatience)
	defer cancel()
	for {
		err := shop.Run(ctx, "order", "audit", "-patience", "0s")
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// programs is where scripts/build puts the built programs.
func programs() string {
	if folder := os.Getenv("SHOP_BIN_DIR"); folder != "" {
		return folder
	}
	return filepath.Join("..", "..", "..", ".local", "bin")
}

// guest is a customer of the first gateway who has not signed in.
func guest(t testing.TB) *customer {
	return newCustomer(t, shop.APIURL())
}

// otherGateway sends the customer's further requests through the second gateway; both share one host, so cookies stay.
func (c *customer) otherGateway() {
	c.api = strings.Replace("http://"+shop.Processes("gateway")[1].Address, "127.0.0.1", "localhost", 1) // one site, one cookie jar
}
