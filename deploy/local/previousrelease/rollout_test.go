package previousrelease

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/local/shopper"
	"github.com/bartgottschalk/startupwebapp/deploy/local/stack"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

const (
	repository = "../../.."
	patience   = 10 * time.Minute
	// goods of the demo catalogue.
	goods = 1
	// auditPatience covers the last mails being handed over.
	auditPatience = time.Minute
)

// rollout is one deploy from release to release.
type rollout struct {
	t         *testing.T
	shop      *stack.Stack
	customers int
	bought    []string // identifiers of all orders
	waiting   []pending
	member    string
}

// pending is a customer at the payment page, who pays later, when other programs serve.
type pending struct {
	customer *shopper.Shopper
	payment  shopper.Payment
	since    string
}

func TestDeployFromThePreviousRelease(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	commit, missing := find(ctx, repository, os.Getenv("PREVIOUS_RELEASE"))
	if missing != "" {
		t.Skip(missing)
	}
	before, now := build(ctx, t, repository, commit), programs(t)
	r := &rollout{t: t, shop: start(ctx, t, before)}
	r.register(ctx)
	r.stage(ctx, "the release before")

	require.NoError(t, r.shop.MigrateFrom(ctx, now), "migrate while the release before serves")
	r.stage(ctx, "the release before, on the new schema")
	for _, program := range order() {
		require.NoError(t, r.shop.Replace(ctx, program, 1, before), "the release before starts on the new schema")
	}
	r.stage(ctx, "the release before, started on the new schema")

	for _, program := range order() {
		require.NoError(t, r.shop.Replace(ctx, program, 1, now))
		r.stage(ctx, "old and new "+program)
		require.NoError(t, r.shop.Replace(ctx, program, 0, now))
		r.stage(ctx, "new "+program)
	}
	r.payAll(ctx, "the end")
	r.settle(ctx, now)
}

// order is how programs are deployed: servers before their clients.
func order() []string { return []string{"user", "payment", "clientevent", "order", "gateway"} }

// programs is where scripts/build puts those of this commit.
func programs(t *testing.T) string {
	folder := os.Getenv("SHOP_BIN_DIR")
	if folder == "" {
		folder = filepath.Join(repository, ".local", "bin")
	}
	absolute, err := filepath.Abs(folder)
	require.NoError(t, err)
	return absolute
}

func start(ctx context.Context, t *testing.T, binDir string) *stack.Stack {
	t.Helper()
	adminURL := os.Getenv("ADMIN_DATABASE_URL")
	require.NotEmpty(t, adminURL, "run this with scripts/test ./deploy/local/previousrelease")
	options := stack.Options{
		BinDir: binDir, DataDir: t.TempDir(), Instances: 2, AdminURL: adminURL, Out: t.Output(),
		Database: "previousrelease_" + strings.ToLower(identifier.New(8)),
		Environ:  append(os.Environ(), "TRUSTED_PROXY_HOPS=1", "SWEEP_INTERVAL=1s"),
	}
	require.NoError(t, options.UseFreePorts())
	shop, err := stack.Start(ctx, options)
	require.NoError(t, err)
	t.Cleanup(func() {
		ctx := context.Background() // the test's is over; both bound themselves
		if err := errors.Join(shop.Stop(ctx), stack.DropDatabase(ctx, adminURL, options.Database)); err != nil {
			t.Error(err)
		}
	})
	return shop
}

// stage buys through both gateways, twice each so that round robin reaches both processes of a service, and lets those pay who were at the
// payment page when other programs served. One more customer stays there.
func (r *rollout) stage(ctx context.Context, name string) {
	r.t.Helper()
	r.t.Log(name)
	r.payAll(ctx, name)
	for _, gateway := range r.shop.Processes("gateway") {
		for range 2 {
			customer := r.newCustomer(gateway.Address)
			r.payFor(ctx, name, r.checkOut(ctx, name, customer))
		}
		r.waiting = append(r.waiting, r.checkOut(ctx, name, r.newCustomer(gateway.Address)))
		r.buyAsMember(ctx, name, gateway.Address)
	}
}

func (r *rollout) newCustomer(address string) *shopper.Shopper {
	r.t.Helper()
	r.customers++
	email := fmt.Sprintf("buyer-%d-%s@example.com", r.customers, strings.ToLower(identifier.New(6)))
	client := fmt.Sprintf("10.20.%d.%d", r.customers/250, r.customers%250+1)
	customer, err := shopper.New("http://"+strings.Replace(address, "127.0.0.1", "localhost", 1), client, email, shopper.Transport())
	require.NoError(r.t, err)
	return customer
}

func (r *rollout) register(ctx context.Context) {
	r.t.Helper()
	r.member = "member-" + identifier.New(8)
	require.NoError(r.t, r.newCustomer(r.shop.Processes("gateway")[0].Address).Register(ctx, r.member))
}

// buyAsMember signs in to the account that the release before made.
func (r *rollout) buyAsMember(ctx context.Context, stage, address string) {
	r.t.Helper()
	customer := r.newCustomer(address)
	require.NoError(r.t, customer.LogIn(ctx, r.member), stage)
	r.payFor(ctx, stage, r.checkOut(ctx, stage, customer))
}

func (r *rollout) checkOut(ctx context.Context, stage string, customer *shopper.Shopper) pending {
	r.t.Helper()
	require.NoError(r.t, customer.Add(ctx, goods, 2), stage)
	payment, err := customer.CheckOut(ctx)
	require.NoError(r.t, err, stage)
	return pending{customer, payment, stage}
}

func (r *rollout) payFor(ctx context.Context, stage string, p pending) {
	r.t.Helper()
	status, err := p.customer.Pay(ctx, p.payment.Page, shopper.GoodCard, "")
	require.NoError(r.t, err, "%s, checked out with %s", stage, p.since)
	require.Equal(r.t, http.StatusSeeOther, status, "%s, checked out with %s", stage, p.since)
	ordered, err := p.customer.Arrive(ctx, p.payment.Session)
	require.NoError(r.t, err, "%s, checked out with %s", stage, p.since)
	lines, err := p.customer.Lines(ctx)
	require.NoError(r.t, err, stage)
	require.Empty(r.t, lines, "%s: the cart is empty", stage)
	r.bought = append(r.bought, ordered)
}

func (r *rollout) payAll(ctx context.Context, stage string) {
	r.t.Helper()
	for _, each := range r.waiting {
		r.payFor(ctx, stage, each)
	}
	r.waiting = nil
}

// settle: every purchase is one order, and the new program finds the books right.
func (r *rollout) settle(ctx context.Context, now string) {
	r.t.Helper()
	distinct := map[string]bool{}
	for _, ordered := range r.bought {
		require.NotEmpty(r.t, ordered)
		distinct[ordered] = true
	}
	require.Len(r.t, distinct, len(r.bought), "each purchase is an order of its own")
	require.EventuallyWithT(r.t, func(try *assert.CollectT) {
		assert.NoError(try, r.shop.RunFrom(ctx, now, "order", "audit", "-patience", "0s"))
	}, auditPatience, time.Second)
	r.t.Logf("%d orders", len(r.bought))
}
