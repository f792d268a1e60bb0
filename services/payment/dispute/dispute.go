// Package dispute reads disputes from Stripe.
package dispute

import (
	"context"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

var errUnavailable = fault.New(fault.Unavailable, "stripe-unavailable", "the payment provider cannot be reached at the moment")

// Disputes serves GetDispute.
type Disputes struct{}

// GetDispute is not there yet.
func (*Disputes) GetDispute(context.Context, *paymentv1.GetDisputeRequest) (*paymentv1.GetDisputeResponse, error) {
	return nil, errUnavailable
}
