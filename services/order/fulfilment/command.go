package fulfilment

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
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
	return f.carryOut(ctx, "cancel-order", request, ending(order, wanted), func(ctx context.Context) (*orderv1.Order, error) {
		answer, err := f.CancelOrder(ctx, wanted)
		return answer.GetOrder(), err
	})
}

func ending(order *orderv1.Order, wanted *orderv1.CancelOrderRequest) string {
	will := fmt.Sprintf("Order %s is %s. It will not be delivered, and the customer is mailed.", order.GetIdentifier(), current(order))
	if left := order.GetTotalMinor() - order.GetRefundedMinor(); wanted.GetRefund() {
		will += fmt.Sprintf(" %s goes back to the customer.", money.Format(left))
	} else {
		will += fmt.Sprintf(" %s stays with the shop.", money.Format(left))
	}
	if wanted.GetRestock() {
		will += " The goods go back on the shelf."
	}
	return will
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
