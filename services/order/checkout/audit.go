package checkout

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/bartgottschalk/startupwebapp/services/order/checkout/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/money"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

// defaultPatience is how long a confirmation mail or a due checkout may wait before the audit complains.
const defaultPatience = 15 * time.Minute

// Report is what an audit found.
type Report struct {
	Checkouts  int64
	Orders     int64
	TotalMinor int64 // of all orders
	Violations []Violation
}

// Violation is something that must not be. It names nothing personal.
type Violation struct {
	Rule    string // in kebab case, for instance "completed-checkout-without-order"
	Subject string // a checkout's reference or an order's identifier
	Detail  string
}

// Audit checks the books against the promise of design section 4: completed checkouts and orders belong together one to
// one, every order is what was frozen and what was paid, nothing of it is missing, every confirmation was handed over,
// no payment waits for an operator, no checkout is forgotten. What began less than patience ago may still be on its way.
func Audit(ctx context.Context, db *postgres.Database, now time.Time, patience time.Duration) (Report, error) {
	queries := dbgen.New(db)
	counts, err := queries.CountBooks(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("audit: %w", err)
	}
	rows, err := queries.Audit(ctx, now.Add(-patience))
	if err != nil {
		return Report{}, fmt.Errorf("audit: %w", err)
	}
	report := Report{Checkouts: counts.Checkouts, Orders: counts.Orders, TotalMinor: counts.TotalMinor}
	for _, row := range rows {
		report.Violations = append(report.Violations, Violation{Rule: row.Rule, Subject: row.Subject, Detail: row.Detail})
	}
	return report, nil
}

// Print writes one line per violation and a last one with the counts.
func (r Report) Print(out io.Writer) {
	for _, violation := range r.Violations {
		line := strings.TrimSpace(violation.Rule + " " + violation.Subject + " " + violation.Detail)
		_, _ = fmt.Fprintln(out, line)
	}
	_, _ = fmt.Fprintf(out, "%d checkouts, %d orders over %s, %d violations\n", r.Checkouts, r.Orders, money.Format(r.TotalMinor), len(r.Violations))
}

// AuditTask is the subcommand `order audit [-patience 15m]`: it prints the report and fails when anything is wrong.
func AuditTask(ctx context.Context, db *postgres.Database, now time.Time, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("audit", flag.ContinueOnError)
	flags.SetOutput(out)
	patience := flags.Duration("patience", defaultPatience, "how long mails and checks may be under way")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	report, err := Audit(ctx, db, now, *patience)
	if err != nil {
		return err
	}
	report.Print(out)
	if len(report.Violations) > 0 {
		return errors.New("audit: the books are not in order")
	}
	return nil
}
