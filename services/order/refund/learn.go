package refund

import (
	"context"
	"errors"
	"fmt"
	"slices"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/refund/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// LearnRefunds brings our books up to what Stripe says of a payment's refunds: those that we asked for, and those that somebody
// made at Stripe's dashboard. Safe to repeat and to race. A payment that is not ours is no error.
func (r *Refunds) LearnRefunds(ctx context.Context, paymentIntentID string) error {
	told, err := r.list(ctx, paymentIntentID)
	if err != nil && fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return errUnlearnt.Because(err)
	}
	err = r.within(ctx, lockIntent(paymentIntentID), func(ctx context.Context, books *ledger) error {
		return books.learnAll(ctx, told)
	})
	if errors.Is(err, errNotOurs) {
		return nil
	}
	return err
}

func (r *Refunds) list(ctx context.Context, intent string) ([]*paymentv1.Refund, error) {
	ctx, cancel := context.WithTimeout(ctx, paymentTimeout)
	defer cancel()
	answer, err := r.payment.ListRefunds(ctx, &paymentv1.ListRefundsRequest{PaymentIntentId: intent})
	return answer.GetRefunds(), err
}

func (l *ledger) learnAll(ctx context.Context, told []*paymentv1.Refund) error {
	rows, err := l.queries.ListRefundsOfIntent(ctx, l.paid.intent)
	if err != nil {
		return fmt.Errorf("list refunds: %w", err)
	}
	for _, refund := range failedLast(told) {
		id, known := match(rows, refund, l.paid.order)
		if !known && stateOf(refund) == stateFailed && answeredUnderItsKey(rows, refund, l.paid.order) {
			continue // Stripe tried once more under the same key
		}
		if !known {
			if id, err = l.adopt(ctx, refund); err != nil {
				return err
			}
		}
		if err := l.learn(ctx, id, refund); err != nil {
			return err
		}
		remember(rows, id, refund.GetRefundId())
	}
	return l.checkSum(ctx)
}

// failedLast is for keys under which Stripe was asked twice, as the first try failed: the row stands for the one that did not.
func failedLast(told []*paymentv1.Refund) []*paymentv1.Refund {
	failed := func(refund *paymentv1.Refund) bool { return stateOf(refund) == stateFailed }
	going := slices.DeleteFunc(slices.Clone(told), failed)
	for _, refund := range told {
		if failed(refund) {
			going = append(going, refund)
		}
	}
	return going
}

// match finds the row of a refund: by Stripe's id, or, while that is not known, by the key that Stripe was asked under.
func match(rows []dbgen.Refund, refund *paymentv1.Refund, order string) (int64, bool) {
	for _, row := range rows {
		if row.RefundID != nil && *row.RefundID == refund.GetRefundId() {
			return row.ID, true
		}
	}
	for _, row := range rows {
		if row.RefundID == nil && stripeKey(row, order) == refund.GetKey() {
			return row.ID, true
		}
	}
	return 0, false
}

// remember that the row has its refund: the key does not stand for a second one.
func remember(rows []dbgen.Refund, id int64, refundID string) {
	for i := range rows {
		if rows[i].ID == id {
			rows[i].RefundID = &refundID
		}
	}
}

func answeredUnderItsKey(rows []dbgen.Refund, refund *paymentv1.Refund, order string) bool {
	return slices.ContainsFunc(rows, func(row dbgen.Refund) bool { return stripeKey(row, order) == refund.GetKey() })
}

// adopt makes a row for a refund that nobody asked us for.
func (l *ledger) adopt(ctx context.Context, refund *paymentv1.Refund) (int64, error) {
	row, err := l.queries.InsertRefund(ctx, dbgen.InsertRefundParams{
		Key: atStripe + refund.GetRefundId(), PurchaseID: l.paid.purchaseID, ExceptionID: l.paid.exceptionID,
		PaymentIntent: l.paid.intent, AmountMinor: refund.GetAmountMinor(), Currency: refund.GetCurrency(), RequestedBy: byStripe,
		RequestedAt: refund.GetCreatedAt().AsTime(), NextCheckAt: l.at,
	})
	if err != nil {
		return 0, fmt.Errorf("adopt refund: %w", err)
	}
	return row.ID, nil
}
