package exception

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strconv"
	"strings"
	"time"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/exception/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/money"
	"github.com/bartgottschalk/startupwebapp/services/platform/operator"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
)

// ListCommand is `order exceptions [--all]`: those that nobody resolved, or all of the newest.
func (e *Exceptions) ListCommand(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("exceptions", flag.ContinueOnError)
	flags.SetOutput(process.Output(ctx))
	all := flags.Bool("all", false, "those that are resolved, too")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("exceptions: %w", err)
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("exceptions: %q is not understood", flags.Arg(0))
	}
	rows, err := dbgen.New(e.db).ListExceptions(ctx, dbgen.ListExceptionsParams{ResolvedToo: *all, Most: mostListed})
	if err != nil {
		return fmt.Errorf("list exceptions: %w", err)
	}
	count, err := dbgen.New(e.db).CountExceptions(ctx, *all)
	if err != nil {
		return fmt.Errorf("count exceptions: %w", err)
	}
	if err := e.print(ctx, rows...); err != nil {
		return err
	}
	if shown := int64(len(rows)); shown < count {
		_, _ = fmt.Fprintf(process.Output(ctx), "the newest %d of ", shown)
	}
	_, _ = fmt.Fprintf(process.Output(ctx), "%d exceptions\n", count)
	return nil
}

// ResolveCommand is `order resolve-exception ID --note TEXT [--refund]`.
func (e *Exceptions) ResolveCommand(ctx context.Context, args []string) error {
	var note string
	var refund bool
	request, err := operator.Parse("resolve-exception", args, func(flags *flag.FlagSet) {
		flags.StringVar(&note, "note", "", "how it was resolved")
		flags.BoolVar(&refund, "refund", false, "give the proposed sum back first")
	})
	if err != nil {
		return err
	}
	id, err := exceptionID(request.Args)
	if err != nil {
		return fmt.Errorf("resolve-exception: %w", err)
	}
	wanted := &orderv1.ResolveExceptionRequest{ExceptionId: id, By: request.By, Note: strings.TrimSpace(note), Refund: refund}
	if !storable(wanted.GetNote(), longestNote) {
		return errors.New("resolve-exception: say with --note TEXT, in 1 to 2,000 characters on one line, how it was resolved")
	}
	found, err := e.find(ctx, id)
	if err != nil {
		return fmt.Errorf("resolve-exception: %w", err)
	}
	if err := e.print(ctx, found); err != nil {
		return fmt.Errorf("resolve-exception: %w", err)
	}
	if found.ResolvedAt != nil {
		return e.alreadyResolved(ctx, found, wanted)
	}
	if refund && (found.ProposedRefundMinor == 0 || found.PaymentIntent == "") {
		return fmt.Errorf("resolve-exception: nothing is proposed to go back for exception %d: leave --refund out; refund-order gives back money of an order", id)
	}
	if err := request.Confirm(ctx, intention(protoOf(found), wanted)); err != nil {
		return fmt.Errorf("resolve-exception: %w", err)
	}
	if _, err := e.ResolveException(ctx, wanted); err != nil {
		return fmt.Errorf("resolve-exception: %w", err)
	}
	_, _ = fmt.Fprintf(process.Output(ctx), "exception %d is resolved\n", id)
	return nil
}

// alreadyResolved ends a command that has nothing left to do. The same once more is no failure, and finishes the books of an
// earlier one that died.
func (e *Exceptions) alreadyResolved(ctx context.Context, found dbgen.PaymentException, wanted *orderv1.ResolveExceptionRequest) error {
	_, err := e.ResolveException(ctx, wanted)
	said := fmt.Sprintf("exception %d was resolved by %s at %s", found.ID, OneLine(*found.ResolvedBy), found.ResolvedAt.UTC().Format("2006-01-02 15:04 UTC"))
	if err != nil {
		return fmt.Errorf("resolve-exception: %s; nothing was changed: %w", said, err)
	}
	_, _ = fmt.Fprintln(process.Output(ctx), said+", with the same note; nothing changes")
	return nil
}

func exceptionID(args []string) (int64, error) {
	if len(args) != 1 {
		return 0, errors.New("expected the number of one exception, as `exceptions` lists them")
	}
	id, err := strconv.ParseInt(strings.TrimPrefix(args[0], "#"), 10, 64)
	if err != nil || id <= 0 {
		return 0, fmt.Errorf("%q is not the number of an exception", args[0])
	}
	return id, nil
}

func intention(found *orderv1.Exception, wanted *orderv1.ResolveExceptionRequest) string {
	money := "no money goes back"
	if wanted.GetRefund() {
		money = amount(found.GetProposedRefundMinor(), found.GetCurrency()) + " of " + found.GetPaymentIntentId() + " goes back to the customer"
	}
	return OneLine(fmt.Sprintf("Exception %d will be closed, %s. Note: %s", found.GetExceptionId(), money, wanted.GetNote()))
}

// Line is an unresolved exception in one line, without its detail.
func Line(shown *orderv1.Exception, now time.Time) string { return line(shown, 0, now) }

func line(shown *orderv1.Exception, givenMinor int64, now time.Time) string {
	return OneLine(strings.Join(append(partsOf(shown, givenMinor), age(now.Sub(shown.GetNoticedAt().AsTime()))), "  "))
}

func partsOf(shown *orderv1.Exception, givenMinor int64) []string {
	parts := []string{fmt.Sprintf("#%d", shown.GetExceptionId()), shown.GetReason()}
	if shown.GetOrderIdentifier() != "" {
		parts = append(parts, "order "+shown.GetOrderIdentifier())
	}
	for _, name := range []string{shown.GetReference(), shown.GetSessionId(), shown.GetPaymentIntentId()} {
		if name != "" {
			parts = append(parts, name)
		}
	}
	parts = append(parts, "paid "+amount(shown.GetPaidMinor(), shown.GetCurrency()))
	if shown.GetExpectedMinor() != 0 {
		parts = append(parts, "expected "+amount(shown.GetExpectedMinor(), shown.GetCurrency()))
	}
	switch resolved := shown.GetResolvedAt() != nil; {
	case resolved && givenMinor != 0:
		parts = append(parts, "gave back "+amount(givenMinor, shown.GetCurrency()))
	case resolved:
		parts = append(parts, "gave nothing back")
	case shown.GetProposedRefundMinor() != 0:
		parts = append(parts, "proposed refund "+amount(shown.GetProposedRefundMinor(), shown.GetCurrency()))
	}
	return parts
}

func amount(minor int64, currency string) string {
	return strings.TrimSpace(money.Format(minor) + " " + currency)
}

func age(since time.Duration) string {
	switch {
	case since < time.Hour:
		return fmt.Sprintf("%d min ago", max(0, int(since.Minutes())))
	case since < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(since.Hours()))
	default:
		return fmt.Sprintf("%d days ago", int(since.Hours()/24))
	}
}
