package fulfilment

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/fulfilment/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/order/purchase"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/money"
	"github.com/bartgottschalk/startupwebapp/services/platform/operator"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
)

var (
	errOneOrder       = errors.New("expected the identifier of one order")
	errOrderAndStatus = errors.New("expected an order and a status, like: 4Xb2Tq9Zrk shipped")
	errOrderAndNumber = errors.New("expected an order and the carrier's number")
)

// StatusCommand is `order set-order-status ORDER STATUS`.
func (f *Fulfilments) StatusCommand(ctx context.Context, args []string) error {
	request, order, err := f.parse(ctx, "set-order-status", args, 2, errOrderAndStatus, nil)
	if err != nil {
		return err
	}
	same, err := f.checkStatus(ctx, order, request.Args[1])
	if err != nil {
		return fmt.Errorf("set-order-status: %w", err)
	}
	if same {
		return nothingChanges(ctx, "Order %s is %s already", order.GetIdentifier(), request.Args[1])
	}
	will := fmt.Sprintf("Order %s is %s. It becomes %q, and the customer is mailed.", order.GetIdentifier(), current(order), request.Args[1])
	return f.carryOut(ctx, "set-order-status", request, will, func(ctx context.Context) (*orderv1.Order, error) {
		answer, err := f.SetOrderStatus(ctx, &orderv1.SetOrderStatusRequest{OrderIdentifier: request.Args[0], Status: request.Args[1], By: request.By})
		return answer.GetOrder(), err
	})
}

// TrackingCommand is `order set-tracking ORDER NUMBER`.
func (f *Fulfilments) TrackingCommand(ctx context.Context, args []string) error {
	request, order, err := f.parse(ctx, "set-tracking", args, 2, errOrderAndNumber, nil)
	if err != nil {
		return err
	}
	switch {
	case !trackingForm.MatchString(request.Args[1]):
		return fmt.Errorf("set-tracking: %w", errTracking)
	case historyOf(order).cancelled():
		return fmt.Errorf("set-tracking: %w", errCancelled)
	case order.GetTrackingNumber() == request.Args[1]:
		return nothingChanges(ctx, "Order %s has the tracking number %s already", order.GetIdentifier(), request.Args[1])
	}
	will := fmt.Sprintf("Order %s, sent by %s, gets the tracking number %s.", order.GetIdentifier(), order.GetShippingMethod().GetCarrier(), request.Args[1])
	if before := order.GetTrackingNumber(); before != "" {
		will += " It had " + before + "."
	}
	return f.carryOut(ctx, "set-tracking", request, will, func(ctx context.Context) (*orderv1.Order, error) {
		answer, err := f.SetTrackingNumber(ctx, &orderv1.SetTrackingNumberRequest{OrderIdentifier: request.Args[0], TrackingNumber: request.Args[1], By: request.By})
		return answer.GetOrder(), err
	})
}

// CancelCommand is `order cancel-order ORDER [--refund] [--restock] [--note TEXT]`. Should it die, it can be repeated; the service
// goes on with the refund in any case.
func (f *Fulfilments) CancelCommand(ctx context.Context, args []string) error {
	wanted := &orderv1.CancelOrderRequest{}
	request, order, err := f.parse(ctx, "cancel-order", args, 1, errOneOrder, func(flags *flag.FlagSet) {
		flags.BoolVar(&wanted.Refund, "refund", false, "give back what was paid and not given back yet")
		flags.BoolVar(&wanted.Restock, "restock", false, "put the goods back on the shelf, where they are counted")
		flags.StringVar(&wanted.Note, "note", "", "for the books; the customer does not see it")
	})
	if err != nil {
		return err
	}
	wanted.OrderIdentifier, wanted.By = request.Args[0], request.By
	past := historyOf(order)
	if !past.cancelled() && past.shipped() {
		return fmt.Errorf("cancel-order: order %s is %s: %w", order.GetIdentifier(), past.status(), errShipped)
	}
	if past.cancelled() && !wanted.GetRefund() && !wanted.GetRestock() {
		return nothingChanges(ctx, "Order %s is cancelled already", order.GetIdentifier())
	}
	if past.cancelled() && !wanted.GetRestock() && leftOf(order) <= 0 {
		return nothingChanges(ctx, "Order %s is cancelled already, and all that was paid for it was given back", order.GetIdentifier())
	}
	return f.carryOut(ctx, "cancel-order", request, ending(order, wanted), func(ctx context.Context) (*orderv1.Order, error) {
		answer, err := f.CancelOrder(ctx, wanted)
		if err != nil {
			return nil, f.halfCancelled(ctx, order, wanted, err)
		}
		return answer.GetOrder(), nil
	})
}

// halfCancelled says how things are when the order ended and its money did not go back.
func (f *Fulfilments) halfCancelled(ctx context.Context, before *orderv1.Order, wanted *orderv1.CancelOrderRequest, failure error) error {
	now, err := f.needs.Purchases.Read(ctx, before.GetIdentifier())
	if err != nil || !wanted.GetRefund() || !historyOf(now).cancelled() {
		return failure
	}
	cancelled := "order %s IS cancelled, and the customer is mailed"
	if historyOf(before).cancelled() {
		cancelled = "order %s was cancelled before"
	}
	todo := fmt.Sprintf("Once nothing stands in the way any more (an open dispute, say), repeat cancel-order %s -refund; until then \"exceptions\" lists it", now.GetIdentifier())
	if fault.KindOf(failure) == fault.Unavailable {
		todo = "The shop goes on asking by itself; \"show-order\" tells what became of it"
	}
	return fmt.Errorf(cancelled+", but %s did NOT go back: %w. %s", now.GetIdentifier(), money.Format(leftOf(now)), failure, todo)
}

func ending(order *orderv1.Order, wanted *orderv1.CancelOrderRequest) string {
	will := fmt.Sprintf("Order %s is %s. It will not be delivered, and the customer is mailed.", order.GetIdentifier(), current(order))
	if historyOf(order).cancelled() {
		will = fmt.Sprintf("Order %s is cancelled already.", order.GetIdentifier())
	}
	switch left := leftOf(order); {
	case order.GetTotalMinor() == 0:
		will += " Nothing was paid for it."
	case left <= 0:
		will += " All that was paid was given back already, nothing more goes back."
	case wanted.GetRefund():
		will += fmt.Sprintf(" %s goes back to the customer.", money.Format(left))
	default:
		will += fmt.Sprintf(" %s stays with the shop.", money.Format(left))
	}
	if wanted.GetRestock() {
		will += " The goods go back on the shelf."
	}
	return will
}

func leftOf(order *orderv1.Order) int64 { return order.GetTotalMinor() - order.GetRefundedMinor() }

// checkStatus tells whether the order is in that status already. The error is a sentence for the operator.
func (f *Fulfilments) checkStatus(ctx context.Context, order *orderv1.Order, status string) (same bool, err error) {
	if aboutMoney(status) || status == purchase.StatusCancelled {
		return false, fmt.Errorf("%w: cancel-order or refund-order", errOwnCall)
	}
	known, err := dbgen.New(f.needs.Database).ListStatuses(ctx)
	if err != nil {
		return false, fmt.Errorf("list statuses: %w", err)
	}
	if !slices.Contains(known, status) {
		known = slices.DeleteFunc(known, func(each string) bool { return aboutMoney(each) || each == purchase.StatusCancelled })
		return false, fmt.Errorf("there is no status %q; there are %s", status, strings.Join(known, ", "))
	}
	past := historyOf(order)
	if past.cancelled() {
		return false, errCancelled
	}
	return past.status() == status, nil
}

func nothingChanges(ctx context.Context, format string, values ...any) error {
	_, err := fmt.Fprintf(process.Output(ctx), format+"; nothing changes.\n", values...)
	return err
}

// historyOf is what Read answers of an order, newest first too.
func historyOf(order *orderv1.Order) history {
	var past history
	for _, status := range order.GetStatuses() {
		past = append(past, status.GetIdentifier())
	}
	return past
}

// parse reads a command about an order, which is its first argument.
func (f *Fulfilments) parse(ctx context.Context, command string, args []string, count int, expected error, define func(*flag.FlagSet)) (operator.Request, *orderv1.Order, error) {
	request, err := operator.Parse(command, args, define)
	if err == nil && len(request.Args) != count {
		err = expected
	}
	if err != nil {
		return request, nil, fmt.Errorf("%s: %w", command, err)
	}
	order, err := f.needs.Purchases.Read(ctx, request.Args[0])
	if err != nil {
		return request, nil, fmt.Errorf("%s: %w", command, err)
	}
	return request, order, nil
}

// carryOut asks, does it, and says how things are then. What was done is in the books with the change itself.
func (f *Fulfilments) carryOut(ctx context.Context, command string, request operator.Request, will string, do func(context.Context) (*orderv1.Order, error)) error {
	if err := request.Confirm(ctx, will); err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	order, err := do(ctx)
	f.needs.Telemetry.Logger.InfoContext(ctx, "[OPERATOR] "+command, slog.String("by", request.By), slog.String("order", request.Args[0]), slog.Any("error", err))
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	_, _ = fmt.Fprintf(process.Output(ctx), "Order %s is %s.\n", order.GetIdentifier(), current(order))
	return nil
}

// current is the newest status, whatever it is about.
func current(order *orderv1.Order) string {
	if statuses := order.GetStatuses(); len(statuses) > 0 {
		return statuses[0].GetIdentifier()
	}
	return "without a status"
}
