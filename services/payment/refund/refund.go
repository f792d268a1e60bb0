// Package refund gives money back, once per key of the caller whatever dies in between, and tells what was given back.
//
// How Stripe is asked lives in stripeapi, whose payment it is session knows, and what a refund means for an order is the
// order service's business.
package refund

import (
	"context"
	"errors"
	"log/slog"
	"regexp"
	"time"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/payment/refund/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/payment/session"
	"github.com/bartgottschalk/startupwebapp/services/payment/stripeapi"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// The faults of this room. Their texts are neutral: Stripe's own quote the request.
var (
	errInvalid     = fault.New(fault.Invalid, "invalid-request", "")
	errRefused     = fault.New(fault.Invalid, "stripe-refused", "the payment provider does not give this amount back")
	errUnavailable = fault.New(fault.Unavailable, "stripe-unavailable", "the payment provider cannot be reached at the moment")
	errReused      = fault.New(fault.Conflict, "refund-key-reused", "this key stands for another refund")
	errNotFound    = fault.New(fault.NotFound, "payment-not-found", "there is no such payment")

	keyForm = regexp.MustCompile(`^[A-Za-z0-9_./-]{1,200}$`)
)

const largestAmount = 99_999_999 // Stripe's limit of one charge, minor units

// Stripe is what this room asks of Stripe. Errors are *stripeapi.Failure.
type Stripe interface {
	Refund(ctx context.Context, request *paymentv1.CreateRefundRequest, idempotencyKey string) (*paymentv1.Refund, error)
	GetRefund(ctx context.Context, refundID string) (*paymentv1.Refund, error)
	Refunds(ctx context.Context, paymentIntentID string) ([]*paymentv1.Refund, error)
}

// Payments know which payments are ours.
type Payments interface {
	PaidWith(ctx context.Context, paymentIntentID string) (session.Paid, bool, error)
}

// Refunds serves CreateRefund and ListRefunds. Safe for concurrent use.
type Refunds struct {
	stripe   Stripe
	payments Payments
	books    *dbgen.Queries
	logger   *slog.Logger
	now      func() time.Time
}

// New wires the room.
func New(db dbgen.DBTX, stripe Stripe, payments Payments, tel telemetry.Telemetry, now func() time.Time) *Refunds {
	return &Refunds{stripe: stripe, payments: payments, books: dbgen.New(db), logger: tel.Logger, now: now}
}

// ListRefunds asks Stripe.
func (r *Refunds) ListRefunds(ctx context.Context, request *paymentv1.ListRefundsRequest) (*paymentv1.ListRefundsResponse, error) {
	if _, err := r.paid(ctx, request.GetPaymentIntentId()); err != nil {
		return nil, err
	}
	refunds, err := r.stripe.Refunds(ctx, request.GetPaymentIntentId())
	if err != nil {
		return nil, readFault(err)
	}
	return &paymentv1.ListRefundsResponse{Refunds: refunds}, nil
}

// paid is errNotFound for a payment of another system on the same Stripe account, whose money is not ours to give.
func (r *Refunds) paid(ctx context.Context, paymentIntentID string) (session.Paid, error) {
	paid, ours, err := r.payments.PaidWith(ctx, paymentIntentID)
	if err != nil {
		return session.Paid{}, err
	}
	if !ours {
		return session.Paid{}, errNotFound
	}
	return paid, nil
}

func readFault(failure error) error {
	if isMissing(failure) {
		return errNotFound.Because(failure)
	}
	return errUnavailable.Because(failure)
}

// isMissing: Stripe says 404 of an id in the address and resource_missing of one in a parameter.
func isMissing(err error) bool {
	var failure *stripeapi.Failure
	return errors.As(err, &failure) && (failure.Outcome == stripeapi.Missing || failure.Code == "resource_missing")
}

// check refuses what can be no refund before anything is asked or written.
func check(request *paymentv1.CreateRefundRequest) error {
	switch {
	case !keyForm.MatchString(request.GetKey()):
		return errInvalid.With("field", "key")
	case request.GetAmountMinor() < 1 || request.GetAmountMinor() > largestAmount:
		return errInvalid.With("field", "amount_minor")
	default:
		return nil
	}
}
