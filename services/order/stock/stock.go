// Package stock counts the pieces of those SKUs that are counted. What open checkouts have promised to customers is theirs to
// know; a piece leaves the shelf when its checkout becomes an order.
package stock

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/order/stock/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

// Why a piece moved.
const (
	reasonSet       = "set"
	reasonSold      = "sold"
	reasonRestocked = "restocked"
)

// MostPieces is how many of one SKU can be counted.
const MostPieces = 1_000_000_000

// The faults of setting a count.
var (
	ErrSkuNotFound = fault.New(fault.NotFound, "sku-not-found", "there is no such SKU")
	ErrCount       = fault.New(fault.Invalid, "stock-count-invalid", "a stock count is a whole number from 0 to 1,000,000,000")
)

// Pieces are some of one SKU.
type Pieces struct {
	SkuID    int64
	Quantity int32
}

// Shelf is how many pieces there are of the SKUs that are counted, by SKU.
type Shelf map[int64]int64

// Lock reads the counts of the SKUs and keeps them from changing until tx ends. Rows are locked in the order of their ids, so
// that two who need the same ones cannot wait for each other in a circle. SKUs that are not counted are not on the shelf.
func Lock(ctx context.Context, tx pgx.Tx, skuIDs []int64) (Shelf, error) {
	rows, err := dbgen.New(tx).LockStock(ctx, skuIDs)
	if err != nil {
		return nil, fmt.Errorf("lock stock: %w", err)
	}
	shelf := make(Shelf, len(rows))
	for _, row := range rows {
		shelf[row.SkuID] = int64(row.OnHand)
	}
	return shelf, nil
}

// Counted are the SKUs on the shelf, in the order of their ids.
func (s Shelf) Counted() []int64 {
	ids := make([]int64, 0, len(s))
	for id := range s {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// Has tells whether the shelf holds the pieces besides those that are promised to others. Each SKU comes once.
func (s Shelf) Has(wanted []Pieces, promised map[int64]int64) bool {
	return !slices.ContainsFunc(wanted, func(pieces Pieces) bool {
		onHand, counted := s[pieces.SkuID]
		return counted && onHand-promised[pieces.SkuID] < int64(pieces.Quantity)
	})
}

// Sell takes the pieces of an order off the shelf; those that are not counted it leaves alone. The shelf must have been locked in
// tx and hold the pieces.
func (s Shelf) Sell(ctx context.Context, tx pgx.Tx, order string, sold []Pieces, now time.Time) error {
	return s.move(ctx, tx, sold, -1, dbgen.MovePiecesParams{Reason: reasonSold, OrderIdentifier: order, At: now})
}

// Restock puts pieces of an order back on the shelf; those that are not counted it leaves alone.
func Restock(ctx context.Context, tx pgx.Tx, order string, back []Pieces, by string, now time.Time) error {
	ids := make([]int64, len(back))
	for i, pieces := range back {
		ids[i] = pieces.SkuID
	}
	shelf, err := Lock(ctx, tx, ids)
	if err != nil {
		return err
	}
	return shelf.move(ctx, tx, back, 1, dbgen.MovePiecesParams{Reason: reasonRestocked, OrderIdentifier: order, MovedBy: by, At: now})
}

func (s Shelf) move(ctx context.Context, tx pgx.Tx, moved []Pieces, sign int32, movement dbgen.MovePiecesParams) error {
	for _, pieces := range moved {
		if _, counted := s[pieces.SkuID]; counted {
			movement.SkuIds, movement.Changes = append(movement.SkuIds, pieces.SkuID), append(movement.Changes, sign*pieces.Quantity)
		}
	}
	if len(movement.SkuIds) == 0 {
		return nil
	}
	changed, err := dbgen.New(tx).MovePieces(ctx, movement)
	if err == nil && changed != int64(len(movement.SkuIds)) {
		err = errors.New("a count is gone")
	}
	if err != nil {
		return fmt.Errorf("move stock: %w", err)
	}
	return nil
}

// Transactions is where a change is made whole: a database, or a transaction of which the change is a part.
type Transactions interface {
	InTx(ctx context.Context, work func(ctx context.Context, tx pgx.Tx) error) error
}

// within is a transaction that is under way.
type within struct{ tx pgx.Tx }

// InTx does the work in it.
func (w within) InTx(ctx context.Context, work func(ctx context.Context, tx pgx.Tx) error) error {
	return work(ctx, w.tx)
}

// Set counts a SKU: so many pieces are there now. Faults ErrSkuNotFound, ErrCount.
func Set(ctx context.Context, db Transactions, skuID, count int64, by string, now time.Time) error {
	if count < 0 || count > MostPieces {
		return ErrCount
	}
	err := db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error { return setCount(ctx, tx, skuID, count, by, now) })
	if postgres.IsForeignKeyViolation(err, "") {
		return ErrSkuNotFound
	}
	if err != nil {
		return fmt.Errorf("set stock: %w", err)
	}
	return nil
}

// setCount notes the difference to what was there, which nobody changes meanwhile.
func setCount(ctx context.Context, tx pgx.Tx, skuID, count int64, by string, now time.Time) error {
	queries := dbgen.New(tx)
	if err := queries.BeginCounting(ctx, dbgen.BeginCountingParams{SkuID: skuID, At: now}); err != nil {
		return err
	}
	shelf, err := Lock(ctx, tx, []int64{skuID})
	if err != nil {
		return err
	}
	_, err = queries.MoveStock(ctx, dbgen.MoveStockParams{
		SkuID: skuID, Change: int32(count - shelf[skuID]), Reason: reasonSet, MovedBy: by, At: now, //nolint:gosec // both are in range
	})
	return err
}

// StopCounting forgets the count of a SKU, which can then be bought without end. A SKU that is not counted is no error.
func StopCounting(ctx context.Context, db dbgen.DBTX, skuID int64, by string, now time.Time) error {
	if err := dbgen.New(db).StopCounting(ctx, dbgen.StopCountingParams{SkuID: skuID, MovedBy: by, At: now}); err != nil {
		return fmt.Errorf("stop counting: %w", err)
	}
	return nil
}
