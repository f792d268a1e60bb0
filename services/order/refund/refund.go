// Package refund gives money back: of an order, all or a part of it, and of a payment that became no order. It also learns what
// happened to money at Stripe without us: refunds made at the dashboard, and disputes.
//
// A refund is a row before Stripe hears of it, so that no process can die between the two and leave money that nobody knows of:
// what is pending is asked for again, under the same key, until Stripe has answered. What an order is worth is package
// purchase's to know; who has to decide about what is package exception's.
package refund

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/timestamppb"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/exception"
	"github.com/bartgottschalk/startupwebapp/services/order/purchase"
	"github.com/bartgottschalk/startupwebapp/services/order/refund/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// The states of a refund.
const (
	statePending   = "pending" // Stripe has not answered, or the bank has not
	stateSucceeded = "succeeded"
	stateFailed    = "failed" // the money did not go back
)

// The outcomes that callers are told of (proto order.v1.RefundService).
var (
	errOrderNotFound  = fault.New(fault.NotFound, "order-not-found", "there is no such order")
	errAmount         = fault.New(fault.Invalid, "refund-amount-invalid", "a refund is at least one cent, or 0 for all that is left")
	errExceeds        = fault.New(fault.FailedPrecondition, "refund-exceeds-payment", "more than what was paid and not given back yet")
	errNothingCharged = fault.New(fault.FailedPrecondition, "nothing-was-charged", "nothing was paid that could go back")
	errKeyReused      = fault.New(fault.Conflict, "refund-key-reused", "this key stands for a refund with other content")
	errKey            = fault.New(fault.Invalid, "refund-key-invalid", "a key is 1 to 100 visible characters, and not one of those that the shop makes itself")
	errRestock        = fault.New(fault.Invalid, "restock-invalid", "only what the order has can go back on the shelf")
	errRefused        = fault.New(fault.Invalid, "stripe-refused", "")
	errHasOrder       = fault.New(fault.FailedPrecondition, "payment-has-order", "the payment has an order: give back the order's money instead")
	errResolved       = fault.New(fault.Conflict, "exception-is-resolved", "somebody has resolved it, without giving money back")
	errUnknown        = fault.New(fault.FailedPrecondition, "payment-not-found", "the payment service does not know this payment: "+
		"give the money back at Stripe's dashboard, then resolve the exception without a refund")
	errUnlearnt = fault.New(fault.Unavailable, "stripe-unavailable", "")
	errAway     = fault.New(fault.Unavailable, "stripe-unavailable", "the refund is kept and goes on by itself")

	orderForm = regexp.MustCompile(`^[A-Za-z0-9]{1,100}$`)
)

// Dependencies is whom the room works with. All are required.
type Dependencies struct {
	Database  *postgres.Database
	Payment   paymentv1.PaymentServiceClient
	Purchases *purchase.Purchases
	Telemetry telemetry.Telemetry
	Now       func() time.Time
	// SweepInterval is how often Run looks for refunds to finish. Above 0.
	SweepInterval time.Duration
}

// Refunds keeps them and answers the calls of RefundService. Safe for concurrent use, and for any number of processes on the
// same database.
type Refunds struct {
	orderv1.UnimplementedRefundServiceServer
	db         *postgres.Database
	payment    paymentv1.PaymentServiceClient
	purchases  *purchase.Purchases
	exceptions *exception.Exceptions
	tel        telemetry.Telemetry
	now        func() time.Time
	interval   time.Duration
}

// New makes the room. Run finishes what was left half done; nothing else needs ending.
func New(needs Dependencies) *Refunds {
	return &Refunds{
		db: needs.Database, payment: needs.Payment, purchases: needs.Purchases, tel: needs.Telemetry,
		exceptions: exception.New(needs.Database, nil, needs.Telemetry, needs.Now), // it only notes
		now:        func() time.Time { return needs.Now().UTC() },
		interval:   needs.SweepInterval,
	}
}

// RefundOrder gives back all or a part of an order. The row of the refund is written under the order's lock, which keeps all
// refunds of an order together from exceeding its payment; Stripe is asked after that. Asked again under the same key, it
// answers the same refund, or goes on with it.
func (r *Refunds) RefundOrder(ctx context.Context, request *orderv1.RefundOrderRequest) (*orderv1.RefundOrderResponse, error) {
	wish, err := wishOf(request)
	if err != nil {
		return nil, err
	}
	if !orderForm.MatchString(request.GetOrderIdentifier()) {
		return nil, errOrderNotFound
	}
	var row dbgen.Refund
	err = r.within(ctx, lockOrder(request.GetOrderIdentifier()), func(ctx context.Context, books *ledger) (err error) {
		row, err = books.ask(ctx, wish)
		return err
	})
	if err != nil {
		return nil, err
	}
	if row, err = r.goOn(ctx, row, request.GetOrderIdentifier()); err != nil {
		return nil, err
	}
	return &orderv1.RefundOrderResponse{Refund: protoOf(row)}, nil
}

// ListRefunds answers all refunds of an order, oldest first. Fault order-not-found.
func (r *Refunds) ListRefunds(ctx context.Context, request *orderv1.ListRefundsRequest) (*orderv1.ListRefundsResponse, error) {
	if !orderForm.MatchString(request.GetOrderIdentifier()) {
		return nil, errOrderNotFound
	}
	queries := dbgen.New(r.db)
	id, err := queries.FindPurchase(ctx, request.GetOrderIdentifier())
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, errOrderNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("find order: %w", err)
	}
	rows, err := queries.ListRefundsOfPurchase(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("list refunds: %w", err)
	}
	response := &orderv1.ListRefundsResponse{Refunds: make([]*orderv1.Refund, len(rows))}
	for i, row := range rows {
		response.Refunds[i] = protoOf(row)
	}
	return response, nil
}

func protoOf(row dbgen.Refund) *orderv1.Refund {
	refund := &orderv1.Refund{
		Key: row.Key, AmountMinor: row.AmountMinor, State: protoState(row.State),
		RequestedAt: timestamppb.New(row.RequestedAt), By: row.RequestedBy, Note: row.Note,
	}
	if row.RefundID != nil {
		refund.RefundId = *row.RefundID
	}
	return refund
}

func protoState(state string) orderv1.RefundState {
	switch state {
	case stateSucceeded:
		return orderv1.RefundState_REFUND_STATE_SUCCEEDED
	case stateFailed:
		return orderv1.RefundState_REFUND_STATE_FAILED
	default:
		return orderv1.RefundState_REFUND_STATE_PENDING
	}
}
