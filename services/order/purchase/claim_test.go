package purchase_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

// buyAs lets a guest buy who gives the address at Stripe.
func buyAs(t *testing.T, shop *checkouttest.Shop, email string) string {
	t.Helper()
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	session := shop.Start(t, guest)
	require.True(t, shop.Payment.Pay(session, func(s *paymentv1.Session) { s.CustomerEmail = email }))
	return shop.Complete(t, session)
}

// list are the account's orders after it claimed an address.
func list(t *testing.T, shop *checkouttest.Shop, accountID int64, claimed string) []string {
	t.Helper()
	answer, err := shop.Purchases.ListOrders(t.Context(), &orderv1.ListOrdersRequest{AccountId: accountID, ClaimedEmail: claimed})
	require.NoError(t, err)
	identifiers := []string{}
	for _, order := range answer.GetOrders() {
		identifiers = append(identifiers, order.GetIdentifier())
	}
	return identifiers
}

func reason(t *testing.T, shop *checkouttest.Shop, identifier string, accountID int64) string {
	t.Helper()
	_, err := shop.Purchases.GetOrder(t.Context(), &orderv1.GetOrderRequest{Identifier: identifier, AccountId: accountID})
	return fault.ReasonOf(err)
}

func TestGuestOrdersOfAClaimedAddressBecomeTheAccounts(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	first := buyAs(t, shop, "Ann@Example.com")
	shop.Clock.Advance(time.Minute)
	second := buyAs(t, shop, "ann@example.COM")
	others := buyAs(t, shop, "anna@example.com")
	nameless := buyAs(t, shop, "")

	require.Empty(t, list(t, shop, 7, ""), "nothing is claimed without an address")
	require.Equal(t, []string{second, first}, list(t, shop, 7, "aNN@example.com"))
	require.Equal(t, []string{second, first}, list(t, shop, 7, "ann@example.com"), "twice is once")
	require.Equal(t, []string{second, first}, list(t, shop, 7, ""), "for good")

	require.Equal(t, first, shop.Order(t, first, 7).GetIdentifier())
	require.Equal(t, "log-in-required-to-view-order", reason(t, shop, first, 0))
	require.Equal(t, "order-not-in-account", reason(t, shop, first, 8))
	require.Empty(t, reason(t, shop, others, 0))
	require.Empty(t, reason(t, shop, nameless, 0))
	require.Empty(t, list(t, shop, 8, "ann@example.com"), "who comes later gets nothing")
	require.Empty(t, shop.Violations(t))

	shop.Clock.Advance(time.Minute)
	third := buyAs(t, shop, "ann@example.com")
	require.Equal(t, []string{third, second, first}, list(t, shop, 7, "ann@example.com"), "later orders come with the next list")
	require.Empty(t, shop.Violations(t))
}

func TestAnAuditStillNoticesAnOrderOfTheWrongAccount(t *testing.T) {
	t.Parallel()
	for name, wrong := range map[string]string{
		"a guest's that nobody claimed": "UPDATE purchase SET account_id = 9",
		"a member's at another account": "UPDATE checkout SET account_id = 8; UPDATE purchase SET account_id = 9, claimed_at = now()",
		"a member's that lost its own":  "UPDATE checkout SET account_id = 8",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := checkouttest.Open(t)
			buyAs(t, shop, "ann@example.com")
			require.Empty(t, shop.Violations(t))
			shop.Exec(t, wrong)
			require.Len(t, shop.Violations(t), 1)
			require.Equal(t, "order-is-not-what-was-frozen", shop.Violations(t)[0].Rule)
		})
	}
}

func TestManyClaimsAtOnceGiveAllOrdersToOneAccount(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	for range 5 {
		buyAs(t, shop, "ann@example.com")
	}
	var group sync.WaitGroup
	failures := make([]error, 20)
	for i := range failures {
		group.Go(func() {
			_, failures[i] = shop.Purchases.ListOrders(t.Context(), &orderv1.ListOrdersRequest{AccountId: int64(1 + i%4), ClaimedEmail: "ann@example.com"})
		})
	}
	group.Wait()
	require.NoError(t, errors.Join(failures...))
	require.Equal(t, 1, shop.Count(t, "SELECT count(DISTINCT account_id) FROM purchase"))
	require.Equal(t, 5, shop.Count(t, "SELECT count(*) FROM purchase WHERE claimed_at IS NOT NULL"))
	require.Empty(t, shop.Violations(t))
}

func TestClaimsWhileTheirOrdersAreBeingMade(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	var group sync.WaitGroup
	failures := make([]error, 8)
	for i := range 4 {
		guest := checkouttest.Guest()
		shop.Fill(t, guest, checkouttest.PaperClips, 1)
		session := shop.Start(t, guest)
		require.True(t, shop.Payment.Pay(session))
		group.Go(func() {
			_, failures[i] = shop.Checkouts.CompleteCheckout(t.Context(), &orderv1.CompleteCheckoutRequest{SessionId: session})
		})
		group.Go(func() {
			_, failures[4+i] = shop.Purchases.ListOrders(t.Context(), &orderv1.ListOrdersRequest{AccountId: 7, ClaimedEmail: "buyer@example.com"})
		})
	}
	group.Wait()
	require.NoError(t, errors.Join(failures...))
	require.Len(t, list(t, shop, 7, "BUYER@example.com"), 4)
	require.Empty(t, shop.Violations(t))
}

func TestAnImpossibleAddressClaimsNothing(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guests := buyAs(t, shop, "ann@example.com")
	mine := buy(t, shop, checkouttest.Member(7), checkouttest.PaperClips, 1)
	for _, odd := range []string{"a\x00b", "\xff@example.com", strings.Repeat("a", 1_000_000), "%", "' OR true --", " ann@example.com"} {
		require.Equal(t, []string{mine}, list(t, shop, 7, odd))
	}
	for _, nobody := range []int64{0, -1} {
		require.Empty(t, list(t, shop, nobody, "ann@example.com"))
	}
	require.Empty(t, reason(t, shop, guests, 0), "still a guest's")
}

func TestAClaimCostsOneStatementMore(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	buyAs(t, shop, "ann@example.com")
	for claimed, statements := range map[string]int{"": 1, "ann@example.com": 2} {
		ctx, count := postgres.Count(t.Context())
		_, err := shop.Purchases.ListOrders(ctx, &orderv1.ListOrdersRequest{AccountId: 7, ClaimedEmail: claimed})
		require.NoError(t, err)
		require.Equal(t, statements, count.N())
	}
}

func TestAClaimIsFoundByAnIndex(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	var plan strings.Builder
	rows, err := shop.DB.Query(t.Context(), `EXPLAIN SELECT id FROM purchase WHERE account_id IS NULL AND lower(email) = lower('Ann@example.com') ORDER BY id FOR UPDATE`)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var line string
		require.NoError(t, rows.Scan(&line))
		plan.WriteString(line)
	}
	require.NoError(t, rows.Err())
	require.Contains(t, plan.String(), "purchase_of_guest_email")
}

// The mail of an order that was claimed on its way goes out once, as a member's.
func TestAConfirmationUnderWayWhileItsOrderIsClaimed(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	var away atomic.Bool
	away.Store(true)
	shop.Mail.Before = func(context.Context) error {
		if away.Load() {
			return fault.New(fault.Unavailable, "unavailable", "")
		}
		return nil
	}
	shop.WorkJobs(t)
	identifier := buyAs(t, shop, "ann@example.com")
	require.Eventually(t, func() bool { return shop.Mail.Asked() > 0 }, patience, 5*time.Millisecond)

	require.Equal(t, []string{identifier}, list(t, shop, 7, "ann@example.com"))
	away.Store(false)

	require.Eventually(t, func() bool {
		return shop.Count(t, "SELECT count(*) FROM purchase WHERE confirmation_accepted_at IS NOT NULL AND prospect_id IS NULL") == 1
	}, patience, 20*time.Millisecond)
	require.Len(t, shop.Mail.Sent(), 1)
	mail := shop.Mail.Sent()[identifier]
	require.EqualValues(t, 7, mail.GetAccountId())
	require.Equal(t, "gvREoqen93ffZsmBIc8zl", mail.GetTemplateCode())
	require.Equal(t, "ann@example.com", mail.GetEmail())
	require.Empty(t, shop.Violations(t))
}

// The prospect that a guest's confirmation made stays noted when the order is claimed (contract order.md 2.3).
func TestAClaimedOrderKeepsItsProspect(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	shop.WorkJobs(t)
	buyAs(t, shop, "ann@example.com")
	require.Eventually(t, func() bool { return shop.Count(t, "SELECT count(*) FROM purchase WHERE prospect_id = 77") == 1 }, patience, 5*time.Millisecond)

	require.Len(t, list(t, shop, 7, "ann@example.com"), 1)

	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM purchase WHERE prospect_id = 77 AND account_id = 7"))
	require.Len(t, shop.Mail.Sent(), 1)
}
