package discount

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/order/discount/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/order/operation"
	"github.com/bartgottschalk/startupwebapp/services/platform/money"
	"github.com/bartgottschalk/startupwebapp/services/platform/operator"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
)

// The subcommands of the order program.
const (
	createCommand = "create-discount-code"
	endCommand    = "end-discount-code"
	listCommand   = "discount-codes"
)

// Counter is where operators make and end discount codes.
type Counter struct {
	DB     *postgres.Database
	Logger *slog.Logger
	Now    func() time.Time
}

// Create is `order create-discount-code CODE --type percent-off --amount 10.00`. What a code is never changes, and no code is made
// twice: end it and make another.
func (c Counter) Create(ctx context.Context, args []string) error {
	var wish wish
	request, err := operator.Parse(createCommand, args, wish.define)
	if err != nil {
		return err
	}
	if wish.code, err = oneCode(request.Args); err != nil {
		return fmt.Errorf("%s: %w", createCommand, err)
	}
	made, err := wish.plan(c.Now())
	if err != nil {
		return fmt.Errorf("%s: %w", createCommand, err)
	}
	if err := request.Confirm(ctx, made.String()+made.warning()); err != nil {
		return fmt.Errorf("%s: %w", createCommand, err)
	}
	if err := c.do(ctx, request.By, createCommand, made.code, made.String(), func(queries *dbgen.Queries) error { return made.create(ctx, queries, c.Now()) }); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(process.Output(ctx), made.announced(c.Now()))
	return nil
}

// announced says from when on customers can use the code.
func (p plan) announced(now time.Time) string {
	if p.startsAt.After(now) {
		return p.code + " is made; it is good from " + moment(p.startsAt) + " until " + moment(p.endsAt)
	}
	return p.code + " can be used"
}

// leastCharge is what Stripe charges at least, in US dollars (docs.stripe.com/currencies, "Minimum and maximum charge amounts").
const leastCharge = 50

// warning tells of a code with which an order can come to a total that Stripe refuses: above 0, and below its least charge. Free
// shipping may be all that is paid besides.
func (p plan) warning() string {
	left := int64(leastCharge)
	switch {
	case p.action == amountOff:
		left = p.minimumMinor - p.amountHundredths
	case p.action == percentOff && p.amountHundredths > nearlyWholly && p.amountHundredths < wholly:
		left = p.minimumMinor - halfUp(p.minimumMinor, p.amountHundredths, wholly)
	}
	if left >= leastCharge {
		return ""
	}
	return "\nWith it an order can come to 0.01 to " + money.Format(leastCharge-1) + ", which Stripe does not charge: such a customer cannot pay. A higher --minimum avoids that."
}

func (p plan) create(ctx context.Context, queries *dbgen.Queries, now time.Time) error {
	created, err := queries.CreateCode(ctx, dbgen.CreateCodeParams{
		Code: p.code, Description: p.description, StartsAt: p.startsAt, EndsAt: p.endsAt, Action: p.action,
		AmountHundredths: p.amountHundredths, OrderMinimumMinor: p.minimumMinor,
		UsageLimit: p.limit, UsageLimitPerCustomer: p.limitPerCustomer, CreatedAt: now,
	})
	if err != nil {
		return fmt.Errorf("create code: %w", err)
	}
	if created == 0 {
		return fmt.Errorf("there is, or was, a code %s: choose another", p.code)
	}
	return nil
}

// String is the code for people.
func (p plan) String() string {
	parts := []string{p.code + ": " + worth(p.action, p.amountHundredths), fmt.Sprintf("customers read %q", p.shown())}
	if p.minimumMinor > 0 {
		parts = append(parts, "from "+money.Format(p.minimumMinor)+" of goods")
	}
	parts = append(parts, "from "+moment(p.startsAt)+" until "+moment(p.endsAt))
	if p.limit != nil {
		parts = append(parts, fmt.Sprintf("at most %d in all", *p.limit))
	}
	if p.limitPerCustomer != nil {
		parts = append(parts, fmt.Sprintf("at most %d by one customer", *p.limitPerCustomer))
	}
	return strings.Join(parts, ", ")
}

// shown is the description as mails have it (purchase/confirmation.go) and, but for zeros at the end, the pages.
func (p plan) shown() string {
	return strings.ReplaceAll(p.description, "{}", strings.TrimSuffix(money.Format(p.amountHundredths), ".00"))
}

// End is `order end-discount-code CODE`. Payment pages that are open keep what they promised.
func (c Counter) End(ctx context.Context, args []string) error {
	request, err := operator.Parse(endCommand, args, nil)
	if err != nil {
		return err
	}
	text, err := oneCode(request.Args)
	if err != nil {
		return fmt.Errorf("%s: %w", endCommand, err)
	}
	found, err := dbgen.New(c.DB).FindCode(ctx, text)
	if errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("%s: there is no code %q; %s lists them", endCommand, text, listCommand)
	}
	if err != nil {
		return fmt.Errorf("%s: find code: %w", endCommand, err)
	}
	if !found.EndsAt.After(c.Now()) {
		_, _ = fmt.Fprintf(process.Output(ctx), "%s: over since %s\n", text, moment(found.EndsAt))
		return nil
	}
	will := fmt.Sprintf("%s: over from now on, not at %s. Customers who are at the payment page keep it.", text, moment(found.EndsAt))
	if err := request.Confirm(ctx, will); err != nil {
		return fmt.Errorf("%s: %w", endCommand, err)
	}
	if err := c.do(ctx, request.By, endCommand, text, "was to end at "+moment(found.EndsAt), func(queries *dbgen.Queries) error {
		_, err := queries.EndCode(ctx, dbgen.EndCodeParams{Code: text, At: c.Now()})
		return err
	}); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(process.Output(ctx), "%s is over\n", text)
	return nil
}

// do changes a code and notes who did it, both or neither.
func (c Counter) do(ctx context.Context, by, command, code, detail string, change func(queries *dbgen.Queries) error) error {
	err := c.DB.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := change(dbgen.New(tx)); err != nil {
			return err
		}
		return operation.Note(ctx, tx, by, command, code, detail, c.Now())
	})
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	c.Logger.InfoContext(ctx, "[OPERATOR] "+command, slog.String("by", by), slog.String("code", code))
	return nil
}

// List is `order discount-codes`: all codes, how often they were ordered with, are at a payment page, and what they took off.
func (c Counter) List(ctx context.Context, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s: %q is not understood", listCommand, args[0])
	}
	codes, err := dbgen.New(c.DB).ListCodes(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", listCommand, err)
	}
	table := tabwriter.NewWriter(process.Output(ctx), 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ID\tCODE\tWHAT\tMINIMUM\tSTARTS\tENDS\tSTATE\tORDERED\tPAYING\tLIMIT\tEACH\tTAKEN OFF")
	for _, code := range codes {
		printCode(table, code, c.Now())
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("%s: %w", listCommand, err)
	}
	_, _ = fmt.Fprintf(process.Output(ctx), "%d discount codes\n", len(codes))
	return nil
}

func printCode(out io.Writer, code dbgen.ListCodesRow, now time.Time) {
	_, _ = fmt.Fprintf(out, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\t%s\n",
		code.ID, code.Code, worth(code.Action, code.AmountHundredths), money.Format(code.OrderMinimumMinor), moment(code.StartsAt), moment(code.EndsAt),
		stateOf(code, now), code.Ordered, code.UnderWay, limit(code.UsageLimit), limit(code.UsageLimitPerCustomer), money.Format(code.TakenMinor))
}

func stateOf(code dbgen.ListCodesRow, now time.Time) string {
	switch {
	case now.After(code.EndsAt):
		return "over"
	case now.Before(code.StartsAt):
		return "to come"
	case reached(code.UsageLimit, code.Ordered+code.UnderWay):
		return "used up"
	default:
		return "good"
	}
}

func limit(most *int32) string {
	if most == nil {
		return "-"
	}
	return strconv.Itoa(int(*most))
}

func worth(action string, hundredths int64) string {
	switch action {
	case percentOff:
		return money.Format(hundredths) + " % off"
	case amountOff:
		return money.Format(hundredths) + " off"
	default:
		return action
	}
}

// moment is to the second, which is what operators type.
func moment(at time.Time) string { return at.UTC().Format(time.RFC3339) }

func oneCode(args []string) (string, error) {
	if len(args) != 1 {
		return "", errors.New("expected one code")
	}
	return args[0], nil
}
