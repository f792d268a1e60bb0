package refund

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
	"github.com/bartgottschalk/startupwebapp/services/platform/money"
	"github.com/bartgottschalk/startupwebapp/services/platform/operator"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
)

// keyLength is that of keys that the command draws.
const keyLength = 12

var (
	errOneOrder = errors.New("expected the identifier of one order")
	errTriedOut = errors.New("only tried out")
	errPairs    = errors.New(`expected "all", or pairs of SKU and quantity, like 1=2,6=1`)
)

// RefundCommand is `order refund-order ORDER [--amount 12.00] [--restock all|1=2,6=1] [--key K] [--note TEXT]`. A key is drawn and shown when
// none is given: with it the command can be repeated, whatever became of it. Should it die, the service goes on with the refund.
func (r *Refunds) RefundCommand(ctx context.Context, args []string) error {
	wanted, request, err := parseRefund(args)
	if err != nil {
		return fmt.Errorf("refund-order: %w", err)
	}
	if err := r.agree(ctx, request, wanted); err != nil {
		return fmt.Errorf("refund-order: %w", err)
	}
	answer, err := r.RefundOrder(ctx, wanted)
	r.tel.Logger.InfoContext(ctx, "[OPERATOR] refund-order", "by", request.By, "order", wanted.GetOrderIdentifier(),
		"key", wanted.GetKey(), "amount_minor", answer.GetRefund().GetAmountMinor(), "error", err)
	if err != nil {
		return fmt.Errorf("refund-order: %w", err)
	}
	_, _ = fmt.Fprintf(process.Output(ctx), "%s of order %s: %s, %s\n", money.Format(answer.GetRefund().GetAmountMinor()),
		wanted.GetOrderIdentifier(), inWords(answer.GetRefund().GetState()), cmp.Or(answer.GetRefund().GetRefundId(), "not known to Stripe yet"))
	return nil
}

// agree says what will happen and asks, unless it cannot happen, or was agreed to before.
func (r *Refunds) agree(ctx context.Context, request operator.Request, wanted *orderv1.RefundOrderRequest) error {
	order, err := r.purchases.Read(ctx, wanted.GetOrderIdentifier())
	if err != nil {
		return err
	}
	planned, err := r.tryOut(ctx, wanted)
	if errors.Is(err, errExceeds) {
		return tooMuch(order, wanted)
	}
	if err != nil {
		return err
	}
	if planned.known {
		_, _ = fmt.Fprintf(process.Output(ctx), "The refund %s of %s was asked for before: nothing more goes back.\n", wanted.GetKey(), money.Format(planned.amountMinor))
		return nil
	}
	return request.Confirm(ctx, intention(order, wanted, planned.amountMinor))
}

// plan is what a refund would be.
type plan struct {
	amountMinor int64
	known       bool // it was asked for before, and goes on, or is over
}

// tryOut does all that comes before Stripe is asked, and takes it back. Faults as those of RefundOrder.
func (r *Refunds) tryOut(ctx context.Context, request *orderv1.RefundOrderRequest) (plan, error) {
	wanted, err := wishOf(request)
	if err != nil {
		return plan{}, err
	}
	var planned plan
	err = r.within(ctx, lockOrder(request.GetOrderIdentifier()), func(ctx context.Context, books *ledger) error {
		before, err := books.find(ctx, wanted.key)
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("find refund: %w", err)
		}
		planned.known = err == nil && !refused(before)
		row, err := books.ask(ctx, wanted)
		planned.amountMinor = row.AmountMinor
		return cmp.Or(err, errTriedOut)
	})
	if errors.Is(err, errTriedOut) {
		return planned, nil
	}
	return plan{}, err
}

func tooMuch(order *orderv1.Order, wanted *orderv1.RefundOrderRequest) error {
	left := order.GetTotalMinor() - order.GetRefundedMinor()
	said := fmt.Sprintf("order %s cost %s, %s was given back", order.GetIdentifier(), money.Format(order.GetTotalMinor()), money.Format(order.GetRefundedMinor()))
	if left <= 0 {
		return errors.New(said + ": nothing is left to give back")
	}
	if wanted.GetAmountMinor() <= left {
		return errors.New(said + ", and the rest is on its way: show-order tells of it")
	}
	return fmt.Errorf("%s: %s is more than the %s that is left", said, money.Format(wanted.GetAmountMinor()), money.Format(left))
}

func parseRefund(args []string) (*orderv1.RefundOrderRequest, operator.Request, error) {
	wanted := &orderv1.RefundOrderRequest{}
	request, err := operator.Parse("refund-order", args, func(flags *flag.FlagSet) {
		flags.Func("amount", "how much goes back, like 12.00; all that is left without it", func(text string) error {
			minor, err := money.Parse(text)
			if err == nil && minor < 1 {
				err = errAmount
			}
			wanted.AmountMinor = minor
			return err
		})
		flags.Func("restock", "what goes back on the shelf, where it is counted: all, or SKU=QUANTITY,...", func(text string) (err error) {
			wanted.RestockAll, wanted.Restock, err = parseRestock(text)
			return err
		})
		flags.StringVar(&wanted.Key, "key", "", "the refund's name: the same again gives nothing back twice")
		flags.StringVar(&wanted.Note, "note", "", "for the books; the customer does not see it")
	})
	if err != nil {
		return nil, request, err
	}
	if len(request.Args) != 1 {
		return nil, request, errOneOrder
	}
	wanted.OrderIdentifier, wanted.By = request.Args[0], request.By
	if wanted.GetKey() == "" {
		wanted.Key = "admin-" + identifier.New(keyLength)
	}
	return wanted, request, nil
}

// parseRestock reads "all", or pairs like "1=2,6=1": two of SKU 1 and one of SKU 6.
func parseRestock(text string) (all bool, lines []*orderv1.RestockLine, err error) {
	if text == "all" {
		return true, nil, nil
	}
	for pair := range strings.SplitSeq(text, ",") {
		sku, quantity, _ := strings.Cut(strings.TrimSpace(pair), "=")
		id, noID := strconv.ParseInt(sku, 10, 64)
		number, noNumber := strconv.ParseInt(quantity, 10, 32)
		if noID != nil || noNumber != nil || id < 1 || number < 1 {
			return false, nil, errPairs
		}
		if slices.ContainsFunc(lines, func(line *orderv1.RestockLine) bool { return line.GetSkuId() == id }) {
			return false, nil, fmt.Errorf("SKU %d stands there twice", id)
		}
		lines = append(lines, &orderv1.RestockLine{SkuId: id, Quantity: int32(number)})
	}
	return false, lines, nil
}

func intention(order *orderv1.Order, wanted *orderv1.RefundOrderRequest, amountMinor int64) string {
	goods := "the goods stay away"
	if wanted.GetRestockAll() {
		goods = "the goods go back on the shelf"
	}
	var pieces []string
	for _, line := range wanted.GetRestock() {
		pieces = append(pieces, fmt.Sprintf("%d of SKU %d", line.GetQuantity(), line.GetSkuId()))
	}
	if len(pieces) > 0 {
		goods = "back on the shelf go " + strings.Join(pieces, " and ")
	}
	return fmt.Sprintf("Order %s cost %s, %s was given back.\n%s goes back to the customer, %s. The key is %s.", order.GetIdentifier(),
		money.Format(order.GetTotalMinor()), money.Format(order.GetRefundedMinor()),
		money.Format(amountMinor), goods, wanted.GetKey())
}

func inWords(state orderv1.RefundState) string {
	switch state {
	case orderv1.RefundState_REFUND_STATE_SUCCEEDED:
		return "given back"
	case orderv1.RefundState_REFUND_STATE_FAILED:
		return "failed"
	default:
		return "on its way"
	}
}
