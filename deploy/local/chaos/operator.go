package chaos

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"

	"github.com/bartgottschalk/startupwebapp/deploy/local/stack"
	"github.com/bartgottschalk/startupwebapp/services/platform/config"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/rpc"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// office is where operators work: the order service's own calls.
type office struct {
	conn       *grpc.ClientConn
	refunds    orderv1.RefundServiceClient
	fulfilment orderv1.FulfilmentServiceClient
	exceptions orderv1.ExceptionServiceClient
}

func openOffice(s *Shop) (*office, error) {
	told, err := stack.Environment(s.data, "order")
	if err != nil {
		return nil, err
	}
	var secrets config.Secrets
	for _, variable := range told {
		if value, found := strings.CutPrefix(variable, "SERVICE_SECRETS="); found {
			secrets = config.Secrets{value}
		}
	}
	var addresses []string
	for _, process := range s.stack.Processes("order") {
		addresses = append(addresses, process.Address)
	}
	conn, err := rpc.Dial(strings.Join(addresses, ","), secrets, telemetry.Silent(),
		orderv1.File_order_v1_refund_proto.Services().Get(0), orderv1.File_order_v1_fulfilment_proto.Services().Get(0),
		orderv1.File_order_v1_exception_proto.Services().Get(0))
	if err != nil {
		return nil, err
	}
	return &office{
		conn: conn, refunds: orderv1.NewRefundServiceClient(conn), fulfilment: orderv1.NewFulfilmentServiceClient(conn),
		exceptions: orderv1.NewExceptionServiceClient(conn),
	}, nil
}

func (o *office) close() { _ = o.conn.Close() }

// errand is something that an operator wants done. It may be repeated until it is.
type errand struct {
	what string
	run  func(context.Context) error
}

// operator moves orders on, cancels, gives back and resolves, whatever else happens. Safe for concurrent use.
type operator struct {
	shop   *Shop
	random *rand.Rand
	diary  *diary

	mutex sync.Mutex
	// open errands got no answer that says whether they are done.
	open []errand
}

func (s *Shop) newOperator(seed uint64, diary *diary) *operator {
	return &operator{shop: s, random: source(seed, "operator"), diary: diary}
}

// work does something to a random order now and then until ctx ends.
func (o *operator) work(ctx context.Context) error {
	for n := 0; pause(ctx, o.random, 200*time.Millisecond, 700*time.Millisecond); n++ {
		chosen, err := o.choose(ctx, n)
		if err != nil {
			return ignoreEnd(ctx, err)
		}
		if chosen.run != nil {
			o.try(context.WithoutCancel(ctx), chosen)
		}
	}
	return nil
}

// choose picks an order among those that there are, oldest first, and what becomes of it.
func (o *operator) choose(ctx context.Context, n int) (errand, error) {
	var orders []string
	err := o.shop.books.QueryRow(ctx, "SELECT coalesce(array_agg(identifier ORDER BY id), '{}') FROM orders.purchase").Scan(&orders)
	if err != nil || len(orders) == 0 {
		return errand{}, err
	}
	order, key := pick(o.random, orders), fmt.Sprint("chaos-", n)
	switch way := o.random.IntN(14); {
	case way < 4:
		return o.moveOn(order), nil
	case way < 6:
		return o.cancel(order, key), nil
	case way < 9:
		return o.refund(order, key), nil
	case way < 10:
		return errand{"resolved an exception", o.resolveOne}, nil
	case way < 11:
		sku, lost := pick(o.random, o.shop.goods.counted), 1+o.random.IntN(20)
		return errand{"counted fewer pieces", func(ctx context.Context) error { return o.shop.lose(ctx, sku, lost) }}, nil
	case way < 13:
		return o.atDashboard(order, "refund", "refunded at the dashboard"), nil
	default:
		return o.atDashboard(order, "dispute", "learnt of a dispute"), nil
	}
}

func (o *operator) moveOn(order string) errand {
	status := pick(o.random, []string{"manufacturing", "packing", "shipped"})
	return errand{"set a status", func(ctx context.Context) error {
		_, err := o.shop.office.fulfilment.SetOrderStatus(ctx, &orderv1.SetOrderStatusRequest{OrderIdentifier: order, Status: status, By: "chaos"})
		return err
	}}
}

func (o *operator) cancel(order, key string) errand {
	return errand{"cancelled", func(ctx context.Context) error {
		_, err := o.shop.office.fulfilment.CancelOrder(ctx, &orderv1.CancelOrderRequest{OrderIdentifier: order, Refund: true, Restock: true, By: "chaos", Note: key})
		return err
	}}
}

// refund gives all or a part back, and restocks in half of the cases where it is all.
func (o *operator) refund(order, key string) errand {
	amount := int64(max(0, o.random.IntN(600)-200))
	restock := amount == 0 && o.random.IntN(2) == 0
	return errand{"refunded", func(ctx context.Context) error {
		_, err := o.shop.office.refunds.RefundOrder(ctx, &orderv1.RefundOrderRequest{
			OrderIdentifier: order, AmountMinor: amount, Key: key, RestockAll: restock, By: "chaos", Note: "chaos",
		})
		return err
	}}
}

// atDashboard does something to a payment without the shop, which learns of it from Stripe. It is not repeated: the second one
// would be another.
func (o *operator) atDashboard(order, what, words string) errand {
	form := url.Values{}
	if what == "refund" && o.random.IntN(2) == 0 {
		form.Set("amount", strconv.Itoa(1+o.random.IntN(300)))
	}
	return errand{words, func(ctx context.Context) error {
		var intent string
		err := o.shop.books.QueryRow(ctx, `SELECT coalesce(max(y.payment_intent_id), '') FROM orders.purchase p
			JOIN orders.purchase_payment y ON y.purchase_id = p.id WHERE p.identifier = $1`, order).Scan(&intent)
		if err != nil || intent == "" {
			return err
		}
		_, err = o.shop.control(ctx, http.MethodPost, "/sandbox/charges/"+intent+"/"+what, form)
		return err
	}}
}

// resolveOne gives back what the oldest open exception proposes. Those of the operators' own making stay.
func (o *operator) resolveOne(ctx context.Context) error {
	var id int64
	err := o.shop.books.QueryRow(ctx, `SELECT coalesce(min(id), 0) FROM orders.payment_exception
		WHERE resolved_at IS NULL AND proposed_refund_minor > 0 AND reason = 'out-of-stock'`).Scan(&id)
	if err != nil || id == 0 {
		return err
	}
	_, err = o.shop.office.exceptions.ResolveException(ctx, &orderv1.ResolveExceptionRequest{ExceptionId: id, By: "chaos", Note: "chaos", Refund: true})
	return err
}

// try does an errand; what got no clear answer is kept for later.
func (o *operator) try(ctx context.Context, wanted errand) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	err := wanted.run(ctx)
	var failure *fault.Error
	switch {
	case err == nil:
		o.diary.note("operator " + wanted.what)
	case errors.As(err, &failure) && (failure.Kind == fault.FailedPrecondition || failure.Kind == fault.Invalid || failure.Kind == fault.Conflict):
		o.diary.note("operator refused: " + failure.Reason)
	default:
		o.mutex.Lock()
		o.open = append(o.open, wanted)
		o.mutex.Unlock()
	}
}

// finish does what is still open, now that everything works.
func (o *operator) finish(ctx context.Context) {
	o.mutex.Lock()
	left := o.open
	o.open = nil
	o.mutex.Unlock()
	for _, wanted := range left {
		o.try(ctx, wanted)
	}
	o.mutex.Lock()
	defer o.mutex.Unlock()
	for _, wanted := range o.open {
		o.diary.complain("the operator's errand (%s) still fails without faults", wanted.what)
	}
}
