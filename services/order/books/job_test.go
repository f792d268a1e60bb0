package books_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/order/books"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
)

// days are the periods that the job has compared, in hours before now.
func days(t *testing.T, shop *checkouttest.Shop) [][2]int {
	t.Helper()
	rows, err := shop.DB.Query(t.Context(), "SELECT from_at, until_at FROM reconciliation ORDER BY id")
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
