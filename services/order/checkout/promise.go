package checkout

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/order/checkout/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/order/discount"
	"github.com/bartgottschalk/startupwebapp/services/order/purchase"
	"github.com/bartgottschalk/startupwebapp/services/order/stock"
)

// errSoldOut: what was paid for is not there any more.
var errSoldOut = errors.New("the goods are sold out")

// promise makes sure, until tx ends, that a checkout of this content can be kept: the customer may use its codes, and the shelf
// holds its goods besides those that other checkouts have promised. Codes are locked before stock, each in the order of ids.
func (c *Checkouts) promise(ctx context.Context, tx pgx.Tx, content content) error {
	customer := discount.Customer{AccountID: content.AccountID, Email: content.Email}
	if err := discount.Hold(ctx, tx, appliedCodes(content.Discounts), customer, c.now()); err != nil {
		return err
	}
	wanted := piecesOf(content.Lines)
	shelf, err := stock.Lock(ctx, tx, skusOf(wanted))
	if err != nil {
		return err
	}
	promised, err := promisedToOthers(ctx, tx, shelf, 0)
	if err != nil {
		return err
	}
	if !shelf.Has(wanted, promised) {
		return errNotAvailable
	}
	return nil
}

// takeOffShelf sells the checkout's goods. What it has promised itself it may take as long as it may be paid; one that had
// ended must leave alone what was promised to others since. errSoldOut when there is not enough.
func (c *Checkouts) takeOffShelf(ctx context.Context, tx pgx.Tx, checkout frozen, now dbgen.LockCheckoutStateRow, order string) error {
	sold := piecesOf(checkout.lines)
	shelf, err := stock.Lock(ctx, tx, skusOf(sold))
	if err != nil || len(shelf) == 0 {
		return err
	}
	var promised map[int64]int64
	holds := now.State == stateOpen || now.State == stateSuperseded && now.SessionID != nil
	if !holds {
		if promised, err = promisedToOthers(ctx, tx, shelf, checkout.ID); err != nil {
			return err
		}
	}
	if !shelf.Has(sold, promised) {
		return errSoldOut
	}
	return shelf.Sell(ctx, tx, order, sold, c.now())
}

// promisedToOthers asks nothing when no SKU is counted.
func promisedToOthers(ctx context.Context, tx pgx.Tx, shelf stock.Shelf, but int64) (map[int64]int64, error) {
	if len(shelf) == 0 {
		return nil, nil
	}
	rows, err := dbgen.New(tx).PromisedPieces(ctx, dbgen.PromisedPiecesParams{ButCheckoutID: but, SkuIds: shelf.Counted()})
	if err != nil {
		return nil, fmt.Errorf("sum up promised goods: %w", err)
	}
	promised := make(map[int64]int64, len(rows))
	for _, row := range rows {
		promised[row.SkuID] = row.Pieces
	}
	return promised, nil
}

func appliedCodes(discounts []purchase.Discount) []int64 {
	var ids []int64
	for _, discount := range discounts {
		if discount.Applied {
			ids = append(ids, discount.CodeID)
		}
	}
	return ids
}

func piecesOf(lines []purchase.Line) []stock.Pieces {
	pieces := make([]stock.Pieces, len(lines))
	for i, line := range lines {
		pieces[i] = stock.Pieces{SkuID: line.SkuID, Quantity: line.Quantity}
	}
	return pieces
}

func skusOf(pieces []stock.Pieces) []int64 {
	ids := make([]int64, len(pieces))
	for i, some := range pieces {
		ids[i] = some.SkuID
	}
	return ids
}
