package books

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bartgottschalk/startupwebapp/services/order/books/dbgen"
)

const (
	// watched is how long orders are compared again and again: refunds and disputes come months after a purchase (a bank takes a
	// dispute for 120 days), and the event that told of one may be lost.
	watched = 120 * day
	// lookAgain is how often: weekly, less half a day, as no two runs come at the same time of the day.
	lookAgain = 7*day - day/2
	// mostOldDays are compared in one run; a seventh of those watched is 17, so what a run misses is caught up with in a few.
	mostOldDays = 20
)

// compareOlder compares some of the days that Work's own look back does not reach, those first that were not compared for longest.
// A day that cannot be compared is among the first of the next run, and keeps none of the others waiting.
func (w *Worker) compareOlder(ctx context.Context, now time.Time) error {
	days, err := w.reconciler.daysToCompareAgain(ctx, now)
	if err != nil {
		return err
	}
	var failures []error
	for _, began := range days {
		if ctx.Err() != nil {
			return errors.Join(append(failures, ctx.Err())...)
		}
		failures = append(failures, w.reconcile(ctx, Period{From: began, Until: began.Add(day), Grace: UsualGrace}))
	}
	return errors.Join(failures...)
}

// daysToCompareAgain are days of UTC by their first moment. They are told from other periods by being exactly that.
func (r *Reconciler) daysToCompareAgain(ctx context.Context, now time.Time) ([]time.Time, error) {
	today := now.Truncate(day)
	days, err := dbgen.New(r.needs.Database).ListDaysToCompareAgain(ctx, dbgen.ListDaysToCompareAgainParams{
		Oldest: today.Add(-watched), Newest: today.Add(-lookBack - day), ComparedBy: now.Add(-lookAgain), Most: mostOldDays,
	})
	if err != nil {
		return nil, fmt.Errorf("list days to compare again: %w", err)
	}
	return days, nil
}
