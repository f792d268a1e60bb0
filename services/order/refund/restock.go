package refund

import (
	"context"
	"fmt"

	"github.com/bartgottschalk/startupwebapp/services/order/refund/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/order/stock"
)

// planRestock notes which goods go back on the shelf when Stripe has taken the refund on: at most what was bought and is not
// back, or on its way back, already. What the order does not have is fault restock-invalid.
func (l *ledger) planRestock(ctx context.Context, refundID int64, wanted wish) error {
	if l.paid.purchaseID == nil || !wanted.restockAll && len(wanted.restock) == 0 {
		return nil
	}
	lines, err := l.queries.ListRestockable(ctx, *l.paid.purchaseID)
	if err != nil {
		return fmt.Errorf("list what can be restocked: %w", err)
	}
	known := 0
	for _, line := range lines {
		quantity, named := wanted.restock[line.SkuID]
		if named {
			known++
		}
		if wanted.restockAll {
			quantity = line.Quantity
		}
		if quantity = min(quantity, line.Quantity); quantity < 1 {
			continue
		}
		if err := l.queries.InsertRestock(ctx, dbgen.InsertRestockParams{
			PurchaseID: *l.paid.purchaseID, RefundID: &refundID, SkuID: line.SkuID, Quantity: quantity,
		}); err != nil {
			return fmt.Errorf("plan restock: %w", err)
		}
	}
	if known < len(wanted.restock) {
		return errRestock
	}
	return nil
}

// restock puts the goods of a refund back on the shelf.
func (l *ledger) restock(ctx context.Context, refundID int64, by string) error {
	now := l.at
	rows, err := l.queries.TakeRestock(ctx, dbgen.TakeRestockParams{RefundID: refundID, Now: now})
	if err != nil {
		return fmt.Errorf("take restock: %w", err)
	}
	pieces := make([]stock.Pieces, len(rows))
	for i, row := range rows {
		pieces[i] = stock.Pieces{SkuID: row.SkuID, Quantity: row.Quantity}
	}
	return l.putBack(ctx, pieces, by)
}

// restockRest puts back everything that is not back, or on its way back, already: the parcel of a cancelled order is unpacked
// whatever becomes of its money.
func (l *ledger) restockRest(ctx context.Context, by string) error {
	lines, err := l.queries.ListRestockable(ctx, *l.paid.purchaseID)
	if err != nil {
		return fmt.Errorf("list what can be restocked: %w", err)
	}
	now := l.at
	var pieces []stock.Pieces
	for _, line := range lines {
		if line.Quantity < 1 {
			continue
		}
		if err := l.queries.InsertRestock(ctx, dbgen.InsertRestockParams{
			PurchaseID: *l.paid.purchaseID, SkuID: line.SkuID, Quantity: line.Quantity, RestockedAt: &now,
		}); err != nil {
			return fmt.Errorf("note restock: %w", err)
		}
		pieces = append(pieces, stock.Pieces{SkuID: line.SkuID, Quantity: line.Quantity})
	}
	return l.putBack(ctx, pieces, by)
}

func (l *ledger) putBack(ctx context.Context, pieces []stock.Pieces, by string) error {
	if len(pieces) == 0 {
		return nil
	}
	return stock.Restock(ctx, l.tx, l.paid.order, pieces, by, l.at)
}
