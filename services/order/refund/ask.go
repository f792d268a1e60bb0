package refund

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/order/operation"
	"github.com/bartgottschalk/startupwebapp/services/order/refund/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/money"
)

// firstCheck is how long a refund is left to who asked for it; later checks double from there.
const firstCheck = 30 * time.Second

// ask writes the row of a refund, or finds it. One that Stripe refused is asked for again. Faults: refund-key-reused,
// nothing-was-charged, refund-exceeds-payment, restock-invalid.
func (l *ledger) ask(ctx context.Context, wanted wish) (dbgen.Refund, error) {
	row, err := l.find(ctx, wanted.key)
	isNew := errors.Is(err, pgx.ErrNoRows)
	if err != nil && !isNew {
		return dbgen.Refund{}, fmt.Errorf("find refund: %w", err)
	}
	if !isNew && row.Request != wanted.content() {
		return dbgen.Refund{}, errKeyReused
	}
	if !isNew && !refused(row) {
		return row, nil
	}
	amount, err := l.amount(ctx, wanted.amountMinor, row.AmountMinor)
	if err != nil {
		return dbgen.Refund{}, err
	}
	if isNew {
		row, err = l.insert(ctx, wanted, amount)
	} else {
		row, err = l.revive(ctx, wanted, row.ID)
	}
	if err != nil {
		return dbgen.Refund{}, err
	}
	return row, l.planRestock(ctx, row.ID, wanted)
}

// refused tells whether Stripe never took the refund on, so that it can be asked for again.
func refused(row dbgen.Refund) bool { return row.State == stateFailed && row.RefundID == nil }

func (l *ledger) find(ctx context.Context, key string) (dbgen.Refund, error) {
	if l.paid.purchaseID != nil {
		return l.queries.FindRefundOfPurchaseByKey(ctx, dbgen.FindRefundOfPurchaseByKeyParams{PurchaseID: *l.paid.purchaseID, Key: key})
	}
	return l.queries.FindRefundOfExceptionByKey(ctx, dbgen.FindRefundOfExceptionByKeyParams{ExceptionID: *l.paid.exceptionID, Key: key})
}

// amount is what would go back. A refund that was asked for before keeps its amount, as Stripe knows it.
func (l *ledger) amount(ctx context.Context, wantedMinor, beforeMinor int64) (int64, error) {
	if l.paid.intent == "" || l.paid.chargedMinor <= 0 {
		return 0, errNothingCharged
	}
	left, err := l.leftMinor(ctx)
	if err != nil {
		return 0, err
	}
	if beforeMinor > 0 {
		wantedMinor = beforeMinor
	}
	if left == 0 || wantedMinor > left {
		return 0, errExceeds
	}
	if wantedMinor == 0 {
		return left, nil
	}
	return wantedMinor, nil
}

func (l *ledger) insert(ctx context.Context, wanted wish, amountMinor int64) (dbgen.Refund, error) {
	row, err := l.queries.InsertRefund(ctx, dbgen.InsertRefundParams{
		Key: wanted.key, Request: wanted.content(), PurchaseID: l.paid.purchaseID, ExceptionID: l.paid.exceptionID,
		PaymentIntent: l.paid.intent, AmountMinor: amountMinor, Currency: l.paid.currency, RequestedBy: wanted.by, Note: wanted.note,
		RequestedAt: l.at, NextCheckAt: l.at.Add(firstCheck),
	})
	if err != nil {
		return dbgen.Refund{}, fmt.Errorf("write refund: %w", err)
	}
	if l.paid.purchaseID == nil {
		return row, nil
	}
	detail := fmt.Sprintf("%s %s, key %s", money.Format(amountMinor), l.paid.currency, wanted.key)
	return row, operation.Note(ctx, l.tx, wanted.by, "refund-order", l.paid.order, detail, l.at)
}

func (l *ledger) revive(ctx context.Context, wanted wish, id int64) (dbgen.Refund, error) {
	row, err := l.queries.ReviveRefund(ctx, dbgen.ReviveRefundParams{
		ID: id, Now: l.at, NextCheckAt: l.at.Add(firstCheck), RequestedBy: wanted.by, Note: wanted.note,
	})
	if err != nil {
		return dbgen.Refund{}, fmt.Errorf("revive refund: %w", err)
	}
	if err := l.queries.ForgetRestock(ctx, id); err != nil {
		return dbgen.Refund{}, fmt.Errorf("forget restock: %w", err)
	}
	return row, nil
}
