package stripeapi

import (
	"context"

	stripe "github.com/stripe/stripe-go/v76"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
)

// Dispute reads a dispute as it is now. Outcomes: Missing, Refused, Broken, Away.
func (c *Client) Dispute(ctx context.Context, disputeID string) (*paymentv1.Dispute, error) {
	answer, err := ask(ctx, c, "stripe read dispute", isUnansweredOrBroken, func(ctx context.Context) (*stripe.Dispute, error) {
		return c.disputes.Get(disputeID, &stripe.DisputeParams{Params: stripe.Params{Context: ctx}})
	})
	if err != nil {
		return nil, err
	}
	told := &paymentv1.Dispute{
		DisputeId:   answer.ID,
		AmountMinor: answer.Amount,
		Currency:    string(answer.Currency),
		Reason:      string(answer.Reason),
		Status:      string(answer.Status),
		CreatedAt:   momentOf(answer.Created),
	}
	if answer.PaymentIntent != nil {
		told.PaymentIntentId = answer.PaymentIntent.ID
	}
	return told, nil
}
