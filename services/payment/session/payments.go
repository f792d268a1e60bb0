package session

import (
	"context"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
)

// ListPayments is not there yet.
func (s *Sessions) ListPayments(context.Context, *paymentv1.ListPaymentsRequest) (*paymentv1.ListPaymentsResponse, error) {
	return nil, errUnavailable
}
