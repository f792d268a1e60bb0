package books

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/bartgottschalk/startupwebapp/services/order/exception"
	"github.com/bartgottschalk/startupwebapp/services/platform/money"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
)

const (
	defaultDays = 2
	mostDays    = 3660
)

var errUnresolved = errors.New("reconcile: there is something to resolve")

// ReconcileCommand is `order reconcile [-from 2026-11-01] [-until 2026-11-08] [-days 2] [-grace 15m]`: it compares a period with Stripe, prints
// every exception about it that nobody resolved and the counts, and fails when there is one or not everything was compared.
func (r *Reconciler) ReconcileCommand(ctx context.Context, args []string) error {
	out := process.Output(ctx)
	period, err := periodOf(args, r.needs.Now().UTC(), out)
	if err != nil {
		return fmt.Errorf("reconcile: %w", err)
	}
	outcome, failed := r.Reconcile(ctx, period)
	outcome.Print(out, r.needs.Now().UTC())
	if failed != nil {
		return fmt.Errorf("reconcile: not everything was compared: %w", failed)
	}
	if len(outcome.Unresolved) > 0 {
		return errUnresolved
	}
	return nil
}

// periodOf reads the flags. A day is its first moment in UTC; without -from the period is so many days long, without -until it
// ends now.
func periodOf(args []string, now time.Time, out io.Writer) (Period, error) {
	period, days := Period{Until: now}, defaultDays
	flags := flag.NewFlagSet("reconcile", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.Func("from", "first day, like 2026-11-01, or a moment like 2026-11-01T08:00:00Z", moment(&period.From))
	flags.Func("until", "the day or moment before which it ends; now when not given", moment(&period.Until))
	flags.DurationVar(&period.Grace, "grace", UsualGrace, "how old sessions and refunds must be to be judged; 0s when nothing is under way")
	flags.IntVar(&days, "days", days, "how many days before its end it begins, when -from is not given")
	if err := flags.Parse(args); err != nil {
		return Period{}, err
	}
	if flags.NArg() > 0 {
		return Period{}, fmt.Errorf("%q is not understood", flags.Arg(0))
	}
	if period.Grace < 0 {
		return Period{}, errors.New("-grace must not be below 0")
	}
	if days < 1 || days > mostDays {
		return Period{}, fmt.Errorf("-days must be from 1 to %d", mostDays)
	}
	if period.From.IsZero() {
		period.From = period.Until.Add(-time.Duration(days) * day)
	}
	if !period.From.Before(period.Until) {
		return Period{}, errors.New("the period ends before it begins")
	}
	return period, nil
}

func moment(into *time.Time) func(string) error {
	return func(text string) error {
		for _, layout := range []string{time.DateOnly, time.RFC3339} {
			if at, err := time.Parse(layout, text); err == nil {
				*into = at.UTC()
				return nil
			}
		}
		return errors.New("expected a day like 2026-11-01 or a moment like 2026-11-01T08:00:00Z")
	}
}

// Print writes one line per exception that waits for somebody, and a last one with the counts.
func (o Outcome) Print(out io.Writer, now time.Time) {
	for _, each := range o.Unresolved {
		line := exception.Line(each, now)
		if each.GetDetail() != "" {
			line += "  " + exception.OneLine(each.GetDetail())
		}
		_, _ = fmt.Fprintln(out, line)
	}
	_, _ = fmt.Fprintf(out, "%s to %s: %d payments over %s, %d orders, %d made up for, %d not paid yet, %d too young, %d findings, %d exceptions to resolve\n",
		o.Period.From.Format(time.RFC3339), o.Period.Until.Format(time.RFC3339), o.Payments, money.Format(o.PaidMinor), o.Orders,
		o.MadeUp, o.Waiting, o.Young, o.Findings, len(o.Unresolved))
}
