package session

import (
	"context"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/payment/stripeapi"
)

// ListPayments asks Stripe, so that it also tells what our books have not heard of.
func (s *Sessions) ListPayments(ctx context.Context, request *paymentv1.ListPaymentsRequest) (*paymentv1.ListPaymentsResponse, error) {
	if !request.GetFrom().IsValid() {
		return nil, errInvalid.With("field", "from")
	}
	from, until := request.GetFrom().AsTime(), request.GetUntil().AsTime()
	if !request.GetUntil().IsValid() || !from.Before(until) {
		return nil, errInvalid.With("field", "until")
	}
	if request.GetPageToken() != "" && !stripeapi.IsSessionID(request.GetPageToken()) {
		return nil, errInvalid.With("field", "page_token")
	}
	payments, next, err := s.stripe.Payments(ctx, from, until, request.GetPageToken())
	switch stripeapi.OutcomeOf(err) {
	case stripeapi.Missing, stripeapi.Refused:
		return nil, errInvalid.With("field", "page_token").Because(err)
	default:
	}
	if err != nil {
		return nil, errUnavailable.Because(err)
	}
	return &paymentv1.ListPaymentsResponse{Payments: payments, NextPageToken: next}, nil
}
