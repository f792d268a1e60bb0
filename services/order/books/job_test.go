package books_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/order/books"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
)

// days are the periods that the job has compared from where it ended, in hours before now. Those of older orders begin at midnight.
func days(t *testing.T, shop *checkouttest.Shop) [][2]int {
	t.Helper()
	rows, err := shop.DB.Query(t.Context(), "SELECT from_at, until_at FROM reconciliation WHERE from_at <> date_trunc('day', from_at, 'UTC') ORDER BY id")
	require.NoError(t, err)
	defer rows.Close()
	var compared [][2]int
	for rows.Next() {
		var from, until time.Time
		require.NoError(t, rows.Scan(&from, &until))
		compared = append(compared, [2]int{int(shop.Clock.Now().Sub(from).Hours()), int(shop.Clock.Now().Sub(until).Hours())})
	}
	require.NoError(t, rows.Err())
	shop.Exec(t, "DELETE FROM reconciliation WHERE until_at < (SELECT max(until_at) FROM reconciliation)")
	return compared
}

func TestTheDailyJobTakesUpWhereItEnded(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	worker := books.NewWorker(books.NewReconciler(needs(shop)))
	require.NoError(t, worker.Work(t.Context(), nil))
	require.Equal(t, [][2]int{{48, 24}, {24, 0}}, days(t, shop), "two days in any case")

	session := paid(t, shop)
	shop.Clock.Advance(100 * time.Hour)
	calls := 0
	shop.Client.Before = func(_ context.Context, method string) error {
		if calls++; method == "ListPayments" && calls > 4 {
			return checkouttest.Unavailable()
		}
		return nil
	}
	require.Error(t, worker.Work(t.Context(), nil))
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM purchase WHERE session_id = $1", session))
	half := days(t, shop)
	require.Equal(t, [2]int{100, 76}, half[1], "all of what was missed, and it stays done")
	require.Less(t, len(half), 6)

	shop.Client.Before = nil
	require.NoError(t, worker.Work(t.Context(), nil))
	done := days(t, shop)
	require.Equal(t, max(48, half[len(half)-1][1]), done[1][0], "where it ended, and two days in any case")
	require.Zero(t, done[len(done)-1][1])

	shop.Clock.Advance(365 * 24 * time.Hour)
	require.NoError(t, worker.Work(t.Context(), nil))
	require.Equal(t, 30*24, days(t, shop)[1][0], "no more than a month")
}

// ordersEveryDay makes orders, one a day, and answers their sessions, oldest first. Now is then a day after the last.
func ordersEveryDay(t *testing.T, shop *checkouttest.Shop, number int) []string {
	t.Helper()
	sessions := make([]string, number)
	for i := range sessions {
		sessions[i] = paid(t, shop)
		shop.Complete(t, sessions[i])
		shop.Clock.Advance(24 * time.Hour)
	}
	return sessions
}

func TestWhatHappensToOldOrdersIsFoundWithoutEvents(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	sessions := ordersEveryDay(t, shop, 12)
	worker := books.NewWorker(books.NewReconciler(needs(shop)))
	for range 9 {
		require.NoError(t, worker.Work(t.Context(), nil))
		shop.Clock.Advance(24 * time.Hour)
	}
	shop.Payment.RefundAtStripe(t, sessions[0], 1000) // of an order of three weeks ago
	shop.Payment.Dispute(t, "dp_1", sessions[5], "needs_response")

	for range 7 {
		shop.Clock.Advance(24 * time.Hour)
		require.NoError(t, worker.Work(t.Context(), nil))
	}

	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM refund WHERE state = 'succeeded' AND amount_minor = 1000"))
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM payment_exception WHERE reason = 'dispute'"))
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM payment_exception"))
}

func TestOldOrdersAreLookedAtOnceAWeekForFourMonths(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	shop.Complete(t, paid(t, shop))
	worker := books.NewWorker(books.NewReconciler(needs(shop)))
	for range 150 {
		shop.Clock.Advance(24*time.Hour - time.Minute) // no two runs come at the same time of the day
		require.NoError(t, worker.Work(t.Context(), nil))
	}
	const looks = "FROM reconciliation WHERE from_at = '2026-11-23T00:00:00Z' AND until_at = '2026-11-24T00:00:00Z'"
	require.Equal(t, 17, shop.Count(t, "SELECT count(*) "+looks))
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) "+looks+" AND finished_at < '2026-11-29'"), "the first within the week")
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) "+looks+" AND finished_at > '2027-03-15'"), "the last after nearly four months")
}

func TestTheDailyJobLooksAtAFewOldDaysAtATime(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	ordersEveryDay(t, shop, 30)
	worker := books.NewWorker(books.NewReconciler(needs(shop)))
	old := func() int {
		return shop.Count(t, "SELECT count(DISTINCT from_at) FROM reconciliation WHERE from_at = date_trunc('day', from_at, 'UTC')")
	}
	calls := 0
	shop.Client.Before = func(_ context.Context, method string) error {
		if method != "ListPayments" {
			return nil
		}
		if calls++; calls == 5 { // one of the old days
			return checkouttest.Unavailable()
		}
		return nil
	}

	require.Error(t, worker.Work(t.Context(), nil), "one of them was not compared")
	require.Equal(t, 19, old(), "the others were")
	require.NoError(t, worker.Work(t.Context(), nil), "and what was not, is in the next run")
	require.Equal(t, 28, old())
	require.NoError(t, worker.Work(t.Context(), nil))
	require.Equal(t, 28, shop.Count(t, "SELECT count(*) FROM reconciliation WHERE from_at = date_trunc('day', from_at, 'UTC')"), "none twice a week")
}

func TestADayThatCannotBeComparedHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	stuck := paid(t, shop)
	shop.Clock.Advance(26 * time.Hour)
	good := paid(t, shop)
	shop.Clock.Advance(time.Hour)
	with := needs(shop)
	with.Completer = picky{Completer: shop.Checkouts, only: good}

	require.Error(t, books.NewWorker(books.NewReconciler(with)).Work(t.Context(), nil))

	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM purchase WHERE session_id = $1", good))
	require.Zero(t, shop.Count(t, "SELECT count(*) FROM purchase WHERE session_id = $1", stuck))
	require.Equal(t, [][2]int{{24, 0}}, days(t, shop), "what was not compared is not said to be")
}
