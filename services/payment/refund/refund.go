// Package refund gives money back, once per key, and tells what was given back.
package refund

import (
	"context"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

var errUnavailable = fault.New(fault.Unavailable, "stripe-unavailable", "the payment provider cannot be reached at the moment")

// Refunds serves CreateRefund and ListRefunds.
type Refunds struct{}

// CreateRefund is not there yet.
func (*Refunds) CreateRefund(context.Context, *paymentv1.CreateRefundRequest) (*paymentv1.CreateRefundResponse, error) {
	return nil, errUnavailable
}

// ListRefunds is not there yet.
func (*Refunds) ListRefunds(context.Context, *paymentv1.ListRefundsRequest) (*paymentv1.ListRefundsResponse, error) {
	return nil, errUnavailable
}
