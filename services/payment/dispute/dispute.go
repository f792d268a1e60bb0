// Package dispute reads disputes as Stripe tells them now. The payment service keeps no books of them: news of them arrive
// through inbox, and what they mean for an order is the order service's business.
package dispute

import (
	"context"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/payment/session"
	"github.com/bartgottschalk/startupwebapp/services/payment/stripeapi"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

var (
	errUnavailable = fault.New(fault.Unavailable, "stripe-unavailable", "the payment provider cannot be reached at the moment")
	errNotFound    = fault.New(fault.NotFound, "dispute-not-found", "there is no such dispute")
)

// Stripe is what this room asks of Stripe. Errors are *stripeapi.Failure.
type Stripe interface {
	Dispute(ctx context.Context, disputeID string) (*paymentv1.Dispute, error)
}

// Payments know which payments are ours.
type Payments interface {
	PaidWith(ctx context.Context, paymentIntentID string) (session.Paid, bool, error)
}

// Disputes serves GetDispute. Safe for concurrent use.
type Disputes struct {
	stripe   Stripe
	payments Payments
}

// New wires the room.
func New(stripe Stripe, payments Payments) *Disputes {
	return &Disputes{stripe: stripe, payments: payments}
}

// GetDispute asks Stripe. A dispute with another system on the same Stripe account is none of ours.
func (d *Disputes) GetDispute(ctx context.Context, request *paymentv1.GetDisputeRequest) (*paymentv1.GetDisputeResponse, error) {
	if !stripeapi.IsDisputeID(request.GetDisputeId()) {
		return nil, errNotFound
	}
	dispute, err := d.stripe.Dispute(ctx, request.GetDisputeId())
	if err != nil {
		return nil, readFault(err)
	}
	_, ours, err := d.payments.PaidWith(ctx, dispute.GetPaymentIntentId())
	if err != nil {
		return nil, err
	}
	if !ours {
		return nil, errNotFound
	}
	return &paymentv1.GetDisputeResponse{Dispute: dispute}, nil
}

func readFault(failure error) error {
	switch stripeapi.OutcomeOf(failure) {
	case stripeapi.Missing, stripeapi.Refused:
		return errNotFound.Because(failure)
	default:
		return errUnavailable.Because(failure)
	}
}
