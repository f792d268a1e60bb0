package books

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/order/books/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/money"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

const (
	// defaultPatience is how long a mail, a refund or a due checkout may wait before the audit complains.
	defaultPatience = 15 * time.Minute
	// reservedLonger is how long after its session's end a checkout may still promise goods.
	reservedLonger = time.Hour
	// oneMoment has every statement see the same books; large ones take longer than a request may.
	oneMoment = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
	noHurry   = "SET LOCAL statement_timeout = '10min'"
)

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
	Subject string // a checkout's reference, an order's identifier, a SKU
	Detail  string
}

// Audit checks the books against the promise of design section 4: completed checkouts and orders belong together one to
// one, every order is what was frozen and what was paid, nothing of it is missing, discounts are spread to the cent, refunds
// stay within the payment, stock is what moved, every mail was handed over, nothing waits for an operator, no checkout is
// forgotten. What began less than patience ago may still be on its way. It reads one moment and locks nothing.
func Audit(ctx context.Context, db *postgres.Database, now time.Time, patience time.Duration) (Report, error) {
	var report Report
	err := db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		for _, setting := range []string{oneMoment, noHurry} {
			if _, err := tx.Exec(ctx, setting); err != nil {
				return fmt.Errorf("read one moment: %w", err)
			}
		}
		report, err = audit(ctx, dbgen.New(tx), now.Add(-patience), now.Add(-reservedLonger))
		return err
	})
	if err != nil {
		return Report{}, fmt.Errorf("audit: %w", err)
	}
	return report, nil
}

func audit(ctx context.Context, queries *dbgen.Queries, tooOld, reservedUntil time.Time) (Report, error) {
	counts, err := queries.CountBooks(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("count: %w", err)
	}
	report := Report{Checkouts: counts.Checkouts, Orders: counts.Orders, TotalMinor: counts.TotalMinor}
	orders, err := queries.AuditOrders(ctx, tooOld)
	if err != nil {
		return Report{}, fmt.Errorf("orders: %w", err)
	}
	for _, row := range orders {
		report.Violations = append(report.Violations, Violation{Rule: row.Rule, Subject: row.Subject, Detail: row.Detail})
	}
	later, err := queries.AuditMoneyAndStock(ctx, dbgen.AuditMoneyAndStockParams{TooOld: tooOld, ReservedUntil: reservedUntil})
	if err != nil {
		return Report{}, fmt.Errorf("refunds and stock: %w", err)
	}
	for _, row := range later {
		report.Violations = append(report.Violations, Violation{Rule: row.Rule, Subject: row.Subject, Detail: row.Detail})
	}
	slices.SortStableFunc(report.Violations, func(a, b Violation) int { return cmp.Compare(a.Rule, b.Rule) })
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
	patience := flags.Duration("patience", defaultPatience, "how long mails, refunds and checks may be under way")
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
