package refund

import (
	"cmp"
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// Cancellation is what goes back with an order that will not be delivered.
type Cancellation struct {
	Order    string
	Refund   bool // all that was paid and not given back yet
	Restock  bool // everything that is not back on the shelf yet
	By, Note string
}

// Cancel writes within tx what goes back, and answers the refund to Finish once tx is committed, 0 when there is none: an order
// that cost nothing, or was given back already, has nothing to give back. Repeated, it does what was not done before.
func (r *Refunds) Cancel(ctx context.Context, tx pgx.Tx, what Cancellation) (int64, error) {
	books, err := r.open(ctx, tx, lockOrder(what.Order))
	if err != nil {
		return 0, err
	}
	by := tidy(cmp.Or(what.By, unknown), longestName)
	if what.Restock {
		if err := books.restockRest(ctx, by); err != nil {
			return 0, err
		}
	}
	if !what.Refund {
		return 0, nil
	}
	row, err := books.ask(ctx, wish{key: cancellation + "order", by: by, note: tidy(what.Note, longestNote)})
	if errors.Is(err, errNothingCharged) || errors.Is(err, errExceeds) {
		return 0, nil
	}
	return row.ID, err
}

// Finish asks Stripe for a refund that Cancel wrote. Should it not be called, the sweep does the same. Faults: stripe-refused,
// stripe-unavailable.
func (r *Refunds) Finish(ctx context.Context, refundID int64) error { return r.finish(ctx, refundID) }
