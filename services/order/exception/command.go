package exception

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
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
	listed, err := e.ListExceptions(ctx, &orderv1.ListExceptionsRequest{ResolvedToo: *all})
	if err != nil {
		return err
	}
	count, err := dbgen.New(e.db).CountExceptions(ctx, *all)
	if err != nil {
		return fmt.Errorf("count exceptions: %w", err)
	}
	for _, each := range listed.GetExceptions() {
		Print(process.Output(ctx), each, e.now())
	}
	if shown := int64(len(listed.GetExceptions())); shown < count {
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
	if strings.TrimSpace(note) == "" {
		return errors.New("resolve-exception: say with --note TEXT how it was resolved")
	}
	found, err := e.find(ctx, id)
	if err != nil {
		return fmt.Errorf("resolve-exception: %w", err)
	}
	Print(process.Output(ctx), protoOf(found), e.now())
	if err := request.Confirm(ctx, intention(protoOf(found), note, refund)); err != nil {
		return fmt.Errorf("resolve-exception: %w", err)
	}
	if _, err := e.ResolveException(ctx, &orderv1.ResolveExceptionRequest{ExceptionId: id, By: request.By, Note: note, Refund: refund}); err != nil {
		return fmt.Errorf("resolve-exception: %w", err)
	}
	_, _ = fmt.Fprintf(process.Output(ctx), "exception %d is resolved\n", id)
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

func intention(found *orderv1.Exception, note string, refund bool) string {
	money := "no money goes back"
	if refund {
		money = amount(found.GetProposedRefundMinor(), found.GetCurrency()) + " of " + found.GetPaymentIntentId() + " goes back to the customer"
	}
	return fmt.Sprintf("Exception %d will be closed, %s. Note: %s", found.GetExceptionId(), money, note)
}

// Print writes an exception for people: what it is, about what, how much, and what is proposed. Nothing personal.
func Print(out io.Writer, shown *orderv1.Exception, now time.Time) {
	_, _ = fmt.Fprintln(out, Line(shown, now))
	if shown.GetDetail() != "" {
		_, _ = fmt.Fprintf(out, "    %s\n", shown.GetDetail())
	}
	if shown.GetResolvedAt() != nil {
		_, _ = fmt.Fprintf(out, "    resolved %s by %s: %s\n", shown.GetResolvedAt().AsTime().Format(time.DateOnly), shown.GetResolvedBy(), shown.GetResolution())
	}
}

// Line is an exception in one line, without its detail.
func Line(shown *orderv1.Exception, now time.Time) string {
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
	if shown.GetProposedRefundMinor() != 0 {
		parts = append(parts, "proposed refund "+amount(shown.GetProposedRefundMinor(), shown.GetCurrency()))
	}
	return strings.Join(append(parts, age(now.Sub(shown.GetNoticedAt().AsTime()))), "  ")
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
