package order_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/order"
	"github.com/bartgottschalk/startupwebapp/services/order/migrations"
	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// Two processes lead to one run of each chore: carts go, old keys go, and the books are compared as soon as payment answers.
func TestChoresAreDoneOnceByWhoeverLeads(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t, migrations.Set())
	db := open(t, url)
	_, err := db.Exec(t.Context(), `INSERT INTO cart (anonymous_id, created_at, updated_at) VALUES
		(repeat('a', 20), now() - interval '91 days', now() - interval '91 days'), (repeat('b', 20), now() - interval '91 days', now() - interval '89 days')`)
	require.NoError(t, err)
	_, err = db.Exec(t.Context(), `INSERT INTO idempotent_request (owner, operation, key, fingerprint, claim, claimed_until, began_at)
		VALUES ('o', 'POST /x', 'k', sha256('x'), 'c', now(), now() - interval '25 hours')`)
	require.NoError(t, err)
	cfg := settings(url)
	cfg.GuestCart = 90
	for range 2 {
		run(t, cfg)
	}
	count := func(sql string) int {
		var number int
		require.NoError(t, db.QueryRow(t.Context(), sql).Scan(&number))
		return number
	}
	require.Eventually(t, func() bool {
		return count("SELECT count(*) FROM cart WHERE anonymous_id LIKE 'a%'") == 0 && count("SELECT count(*) FROM idempotent_request") == 0 &&
			count("SELECT count(*) FROM river_job WHERE kind = 'books.reconcile' AND attempt > 0") > 0
	}, 2*patience, 50*time.Millisecond)
	require.Equal(t, 1, count("SELECT count(*) FROM cart"))
	require.LessOrEqual(t, count("SELECT count(*) FROM river_job WHERE kind = 'cart.expire'"), 2, "an hour may have ended meanwhile")
}

func TestCartPoliciesThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*order.Config){
		"GUEST_CART_DAYS":  func(cfg *order.Config) { cfg.GuestCart = -1 },
		"MEMBER_CART_DAYS": func(cfg *order.Config) { cfg.MemberCart = 36501 },
	} {
		cfg := settings("postgres://nobody@127.0.0.1:1/none")
		change(&cfg)
		_, err := order.New(t.Context(), cfg, telemetry.Silent())
		require.ErrorContains(t, err, name)
	}
}

// run runs a service until the test ends.
func run(t *testing.T, cfg order.Config) {
	t.Helper()
	service, err := order.New(t.Context(), cfg, telemetry.Silent())
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- service.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})
}
