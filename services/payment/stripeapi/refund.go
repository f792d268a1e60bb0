package stripeapi

import (
	"context"
	"errors"
	"slices"

	stripe "github.com/stripe/stripe-go/v76"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
)

const (
	pathRefunds     = "/v1/refunds"
	mostRefundPages = 20 // of one payment; far above what can be
)

var errTooMany = errors.New("the list does not end")

// Refund gives money back. Calls with the same idempotency key and the same request give it back once between them, for as
// long as Stripe remembers the key (at least 24 h). Outcomes: Refused, Missing, KeyReused, Busy, Broken, Away.
func (c *Client) Refund(ctx context.Context, request *paymentv1.CreateRefundRequest, idempotencyKey string) (*paymentv1.Refund, error) {
	answer, err := ask(ctx, c, "stripe refund", isUnanswered, func(ctx context.Context) (*stripe.Refund, error) {
		return c.refunds.New(&stripe.RefundParams{
			Params:        stripe.Params{Context: ctx, IdempotencyKey: stripe.String(idempotencyKey)},
			PaymentIntent: stripe.String(request.GetPaymentIntentId()),
			Amount:        stripe.Int64(request.GetAmountMinor()),
			Metadata:      map[string]string{metadataShop: marker, metadataRefundKey: request.GetKey()},
		})
	})
	if err != nil {
		return nil, err
	}
	return refundOf(answer), nil
}

// GetRefund reads a refund as it is now. Outcomes: Missing, Refused, Broken, Away.
func (c *Client) GetRefund(ctx context.Context, refundID string) (*paymentv1.Refund, error) {
	answer, err := ask(ctx, c, "stripe read refund", isUnansweredOrBroken, func(ctx context.Context) (*stripe.Refund, error) {
		return c.refunds.Get(refundID, &stripe.RefundParams{Params: stripe.Params{Context: ctx}})
	})
	if err != nil {
		return nil, err
	}
	return refundOf(answer), nil
}

// Refunds are all refunds of a payment, oldest first. Outcomes: Missing, Refused, Broken, Away.
func (c *Client) Refunds(ctx context.Context, paymentIntentID string) ([]*paymentv1.Refund, error) {
	var refunds []*paymentv1.Refund
	after := ""
	for range mostRefundPages {
		page, err := c.refundPage(ctx, paymentIntentID, after)
		if err != nil {
			return nil, err
		}
		for _, each := range page.Data {
			refunds = append(refunds, refundOf(each))
			after = each.ID
		}
		if !page.HasMore || len(page.Data) == 0 {
			slices.Reverse(refunds) // Stripe's lists begin with the newest
			return refunds, nil
		}
	}
	return nil, &Failure{Outcome: Away, cause: errTooMany}
}

func (c *Client) refundPage(ctx context.Context, paymentIntentID, after string) (*stripe.RefundList, error) {
	return ask(ctx, c, "stripe list refunds", isUnansweredOrBroken, func(ctx context.Context) (*stripe.RefundList, error) {
		parameters := &stripe.RefundListParams{ListParams: pageAfter(after), PaymentIntent: stripe.String(paymentIntentID)}
		return listOnce(ctx, c, pathRefunds, parameters, &stripe.RefundList{})
	})
}

func refundOf(answer *stripe.Refund) *paymentv1.Refund {
	refund := &paymentv1.Refund{
		RefundId:    answer.ID,
		AmountMinor: answer.Amount,
		Currency:    string(answer.Currency),
		Status:      refundStatusOf(answer.Status),
		CreatedAt:   momentOf(answer.Created),
	}
	if answer.Metadata[metadataShop] == marker {
		refund.Key = answer.Metadata[metadataRefundKey]
	}
	if answer.PaymentIntent != nil {
		refund.PaymentIntentId = answer.PaymentIntent.ID
	}
	return refund
}

// refundStatusOf takes a word that it does not know for money under way: that is what can still become anything.
func refundStatusOf(status stripe.RefundStatus) paymentv1.RefundStatus {
	switch status {
	case stripe.RefundStatusSucceeded:
		return paymentv1.RefundStatus_REFUND_STATUS_SUCCEEDED
	case stripe.RefundStatusFailed, stripe.RefundStatusCanceled:
		return paymentv1.RefundStatus_REFUND_STATUS_FAILED
	default:
		return paymentv1.RefundStatus_REFUND_STATUS_PENDING
	}
}
