package discount_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/order/discount"
	"github.com/bartgottschalk/startupwebapp/services/order/migrations"
	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

// shop is a database with codes.
type shop struct{ *postgres.Database }

func openShop(t *testing.T) shop {
	t.Helper()
	return shop{dbtest.New(t, migrations.Set())}
}

// code puts a tenth off into the shop, which is good at noon.
func (s shop) code(t *testing.T, name string, limit, perCustomer *int) int64 {
	t.Helper()
	var id int64
	require.NoError(t, s.QueryRow(t.Context(), `INSERT INTO discount_code
		(code, description, starts_at, ends_at, discount_type_id, amount_hundredths, usage_limit, usage_limit_per_customer, created_at)
		VALUES ($1, '', $2, $3, 1, 1000, $4, $5, $2) RETURNING id`,
		name, noon().Add(-time.Hour), noon().Add(time.Hour), limit, perCustomer).Scan(&id))
	return id
}

// use is a checkout that has the codes applied; "abandoned": replaced before it had a session.
func use(ctx context.Context, tx pgx.Tx, codeIDs []int64, customer discount.Customer, state string) error {
	var checkout int64
	var session *string
	switch state {
	case "abandoned":
		state = "superseded"
	case "superseded":
		stripes := "cs_" + identifier.New(20)
		session = &stripes
	}
	if err := tx.QueryRow(ctx, `INSERT INTO checkout (reference, cart_id, account_id, email, fingerprint, currency, item_subtotal_minor,
			item_discount_minor, shipping_minor, shipping_discount_minor, total_minor, shipping_identifier, shipping_carrier,
			shipping_tracking_base_url, terms_agreed_at, traceparent, created_at, newsletter, state, state_since, next_check_at, discount_codes,
			session_id, session_url, session_expires_at)
		VALUES ($1, 1 + (SELECT count(*) FROM checkout) + (random() * 1000000000)::bigint, nullif($2::bigint, 0), $3, 'f', 'usd', 100, 10, 0, 0, 90, 'm', 'm', '', $4, '', $4, false, $5, $4,
			CASE WHEN $5 IN ('open', 'superseded') THEN $4::timestamptz END, $6, $7::text, $7::text, CASE WHEN $7::text <> '' THEN $4::timestamptz END) RETURNING id`,
		"checkout_"+identifier.New(32), customer.AccountID, customer.Email, noon(), state, len(codeIDs), session).Scan(&checkout); err != nil {
		return fmt.Errorf("make a checkout: %w", err)
	}
	for i, id := range codeIDs {
		if _, err := tx.Exec(ctx, `INSERT INTO checkout_discount (checkout_id, position, discount_code_id, code, description, starts_at, ends_at,
				combinable, amount_hundredths, order_minimum_minor, type_title, type_description, applies_to, action, applied, discount_minor)
			VALUES ($1, $2, $3, 'C', '', now(), now(), false, 1000, 0, '', '', 'item_total', 'percent-off', true, 10)`, checkout, i+1, id); err != nil {
			return fmt.Errorf("use a code: %w", err)
		}
	}
	return nil
}

func (s shop) used(t *testing.T, codeID int64, customer discount.Customer, state string) {
	t.Helper()
	require.NoError(t, s.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error { return use(ctx, tx, []int64{codeID}, customer, state) }))
}

func (s shop) hold(ctx context.Context, customer discount.Customer, now time.Time, codeIDs ...int64) error {
	return s.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error { return discount.Hold(ctx, tx, codeIDs, customer, now) })
}

// holdAndUse is what a checkout does.
func (s shop) holdAndUse(ctx context.Context, customer discount.Customer, codeIDs ...int64) error {
	return s.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := discount.Hold(ctx, tx, codeIDs, customer, noon()); err != nil {
			return err
		}
		return use(ctx, tx, codeIDs, customer, "open")
	})
}

func member(id int64) discount.Customer {
	return discount.Customer{AccountID: id, Email: fmt.Sprintf("member%d@example.com", id)}
}

// atOnce gives how many of the works went through; the others must have been refused as the code being gone.
func atOnce(t *testing.T, works []func() error) (through int) {
	t.Helper()
	failures, start, all := make([]error, len(works)), make(chan struct{}), sync.WaitGroup{}
	for i, work := range works {
		all.Go(func() {
			<-start
			failures[i] = work()
		})
	}
	close(start)
	all.Wait()
	for _, err := range failures {
		if err == nil {
			through++
			continue
		}
		require.ErrorIs(t, err, discount.ErrNotAvailable)
	}
	return through
}

func TestManyCustomersAtOnceUseACodeNoMoreOftenThanItMayBe(t *testing.T) {
	t.Parallel()
	shop := openShop(t)
	five := 5
	code := shop.code(t, "FIVE", &five, nil)
	var works []func() error
	for i := range int64(40) {
		works = append(works, func() error { return shop.holdAndUse(t.Context(), member(i+1), code) })
	}
	require.Equal(t, 5, atOnce(t, works))
}

func TestOneCustomerInManyWindowsUsesACodeOnce(t *testing.T) {
	t.Parallel()
	shop := openShop(t)
	one := 1
	code := shop.code(t, "ONCE", nil, &one)
	asGuest := discount.Customer{Email: "MEMBER7@example.com"}
	var works []func() error
	for i := range 20 {
		customer := []discount.Customer{member(7), asGuest}[i%2]
		works = append(works, func() error { return shop.holdAndUse(t.Context(), customer, code) })
	}
	require.Equal(t, 1, atOnce(t, works))
	require.NoError(t, shop.holdAndUse(t.Context(), member(8), code))
}

func TestCodesInAnyOrderAtOnceDoNotWaitInACircle(t *testing.T) {
	t.Parallel()
	shop := openShop(t)
	many := 1000
	first, second := shop.code(t, "A", &many, nil), shop.code(t, "B", &many, nil)
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	var works []func() error
	for i := range int64(40) {
		ids := []int64{first, second}
		if i%2 == 0 {
			ids = []int64{second, first}
		}
		works = append(works, func() error { return shop.holdAndUse(ctx, member(i+1), ids...) })
	}
	require.Equal(t, 40, atOnce(t, works))
}

func TestWhatCountsAsAUse(t *testing.T) {
	t.Parallel()
	for state, counts := range map[string]bool{"open": true, "superseded": true, "abandoned": false, "completed": true, "expired": false, "exception": false} {
		shop := openShop(t)
		one := 1
		inAll, each := shop.code(t, "INALL", &one, nil), shop.code(t, "EACH", nil, &one)
		shop.used(t, inAll, member(1), state)
		shop.used(t, each, member(1), state)
		want := error(nil)
		if counts {
			want = discount.ErrNotAvailable
		}
		require.ErrorIs(t, shop.hold(t.Context(), member(2), noon(), inAll), want, state)
		require.ErrorIs(t, shop.hold(t.Context(), member(1), noon(), each), want, state)
		require.NoError(t, shop.hold(t.Context(), member(2), noon(), each), state)
	}
}

func TestACodeThatIsOverOrGoneCannotBeHeld(t *testing.T) {
	t.Parallel()
	shop := openShop(t)
	code := shop.code(t, "HOUR", nil, nil)
	require.NoError(t, shop.hold(t.Context(), discount.Customer{}, noon(), code), "nobody has to say who he is for a code without limits")
	require.NoError(t, shop.hold(t.Context(), discount.Customer{}, noon()), "no code, no question")
	require.NoError(t, shop.hold(t.Context(), discount.Customer{}, noon().Add(time.Hour), code), "the bounds are inside")
	require.ErrorIs(t, shop.hold(t.Context(), discount.Customer{}, noon().Add(time.Hour+1), code), discount.ErrNotAvailable)
	require.ErrorIs(t, shop.hold(t.Context(), discount.Customer{}, noon().Add(-time.Hour-1), code), discount.ErrNotAvailable)
	require.ErrorIs(t, shop.hold(t.Context(), discount.Customer{}, noon(), code, code+1), discount.ErrNotAvailable)
	one := 1
	require.ErrorIs(t, shop.hold(t.Context(), discount.Customer{}, noon(), shop.code(t, "EACH", nil, &one)), discount.ErrNotAvailable)
}

func TestFindingACode(t *testing.T) {
	t.Parallel()
	shop := openShop(t)
	code := shop.code(t, "WELCOME10", nil, nil)
	found, err := discount.Find(t.Context(), shop, "WELCOME10", noon())
	require.NoError(t, err)
	require.Equal(t, code, found)
	_, err = discount.Find(t.Context(), shop, "WELCOME10", noon().Add(2*time.Hour))
	require.ErrorIs(t, err, discount.ErrNotActive)
	for _, text := range []string{"", "welcome10", " WELCOME10", "WELCOME10\x00", "W\x00", "\xff", strings.Repeat("W", 101), strings.Repeat("W", 1_000_000), "' OR '1'='1", "%"} {
		_, err := discount.Find(t.Context(), shop, text, noon())
		require.ErrorIs(t, err, discount.ErrNotFound, "%.20q", text)
		require.Equal(t, "discount-code-not-found", fault.ReasonOf(err))
	}
	require.NoError(t, discount.Exists(t.Context(), shop, code))
	for _, id := range []int64{0, -1, code + 1, 1 << 62} {
		require.ErrorIs(t, discount.Exists(t.Context(), shop, id), discount.ErrNotFound)
	}
}

func TestAHeldCodeCostsOneStatementPerCodeWithALimit(t *testing.T) {
	t.Parallel()
	shop := openShop(t)
	one := 1
	free, limited := shop.code(t, "FREE", nil, nil), shop.code(t, "LIMITED", &one, nil)
	for _, c := range []struct {
		codes      []int64
		statements int
	}{{nil, 0}, {[]int64{free}, 1}, {[]int64{free, limited}, 2}} {
		require.NoError(t, shop.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
			counted, queries := postgres.Count(ctx)
			if err := discount.Hold(counted, tx, c.codes, member(1), noon()); err != nil {
				return err
			}
			require.Equal(t, c.statements, queries.N(), c.codes)
			return nil
		}))
	}
}

func TestACodeWithoutLimitsIsInNobodysWay(t *testing.T) {
	t.Parallel()
	shop := openShop(t)
	free := shop.code(t, "FREE", nil, nil)
	outer, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	require.NoError(t, shop.InTx(outer, func(ctx context.Context, tx pgx.Tx) error {
		if err := discount.Hold(ctx, tx, []int64{free}, member(1), noon()); err != nil {
			return err
		}
		return shop.holdAndUse(outer, member(2), free) // beside this transaction
	}))
}
