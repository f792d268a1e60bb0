package refund

import (
	"cmp"
	"context"
	"errors"
	"fmt"

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
	return books.askForCancellation(ctx, wish{by: by, note: tidy(what.Note, longestNote)})
}

// askForCancellation answers the refund that Stripe has to be asked for, 0 when there is none. What was refused or sent back, or
// became due since, goes under the next key.
func (l *ledger) askForCancellation(ctx context.Context, wanted wish) (waiting int64, err error) {
	left, err := l.leftMinor(ctx)
	if err != nil || l.paid.intent == "" || l.paid.chargedMinor <= 0 {
		return 0, err
	}
	for try := range mostTries {
		wanted.key = numbered(cancellation+"order", try)
		row, err := l.find(ctx, wanted.key)
		isNew := errors.Is(err, pgx.ErrNoRows)
		switch {
		case err != nil && !isNew:
			return 0, fmt.Errorf("find refund: %w", err)
		case isNew && left == 0:
			return waiting, nil
		case isNew, row.State == stateFailed && row.RefundID == nil && row.AmountMinor == left:
			row, err = l.ask(ctx, wanted)
			return cmp.Or(waiting, row.ID), err // the sweep asks for the second, should there be two
		case row.State == statePending && row.RefundID == nil:
			waiting = cmp.Or(waiting, row.ID)
		}
	}
	return waiting, errRefused
}

// Finish asks Stripe for a refund that Cancel wrote. Should it not be called, the sweep does the same. Faults: stripe-refused,
// stripe-unavailable.
func (r *Refunds) Finish(ctx context.Context, refundID int64) error { return r.finish(ctx, refundID) }
