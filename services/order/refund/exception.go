package refund

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/order/exception"
	"github.com/bartgottschalk/startupwebapp/services/order/operation"
	"github.com/bartgottschalk/startupwebapp/services/order/refund/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/money"
)

// mostTries is how many keys there are for the money of one exception or cancellation, should banks send it back again and again.
const mostTries = 100

// settledByRefund are the reasons that giving everything back settles. About an order there may be others, which it does not.
func (l *ledger) settledByRefund() []string {
	if l.paid.purchaseID != nil {
		return []string{exception.RefundFailed}
	}
	return []string{
		exception.UnknownReference, exception.CurrencyMismatch, exception.AmountMismatch, exception.PaidAgain,
		exception.OutOfStock, exception.PaidWithoutOrder, exception.RefundFailed,
	}
}

// RefundException gives back what was paid for an exception, once however often it is called; a refund that a bank sent back is
// none, nor is one that was made before the exception opened again. Of an exception about an order, it is a refund of the order.
// The exception is resolved with it, with the note, also when that happens only after the caller has gone. Faults:
// exception-is-resolved (by somebody else, without money), payment-has-order (the exception is not about it), payment-not-found
// (by the payment service), nothing-was-charged, refund-exceeds-payment, stripe-refused, stripe-unavailable.
func (r *Refunds) RefundException(ctx context.Context, exceptionID int64, paymentIntent string, amountMinor int64, by, note string) error {
	if paymentIntent == "" {
		return errNothingCharged
	}
	wanted := wish{amountMinor: amountMinor, by: tidy(cmp.Or(by, unknown), longestName), note: tidy(note, longestNote)}
	var row dbgen.Refund
	var order string
	err := r.within(ctx, lockIntent(paymentIntent), func(ctx context.Context, books *ledger) (err error) {
		order = books.paid.order
		row, err = books.askForException(ctx, exceptionID, wanted)
		return err
	})
	if err != nil {
		return err
	}
	row, err = r.goOn(ctx, row, order)
	if err == nil && row.State == stateFailed {
		return errRefused
	}
	return err
}

// askForException passes over keys that are used up.
func (l *ledger) askForException(ctx context.Context, id int64, wanted wish) (dbgen.Refund, error) {
	if wanted.amountMinor < 1 {
		return dbgen.Refund{}, errAmount
	}
	found, err := l.queries.LockException(ctx, id)
	if err != nil {
		return dbgen.Refund{}, fmt.Errorf("lock exception: %w", err)
	}
	if found.OrderIdentifier != l.paid.order {
		return dbgen.Refund{}, errHasOrder
	}
	for try := range mostTries {
		wanted.key = numbered(ofException+strconv.FormatInt(id, 10), try)
		row, err := l.find(ctx, wanted.key)
		isNew := errors.Is(err, pgx.ErrNoRows)
		switch {
		case err != nil && !isNew:
			return dbgen.Refund{}, fmt.Errorf("find refund: %w", err)
		case !isNew && usedUp(row, found, wanted.amountMinor):
			continue
		case found.ResolvedAt != nil && (isNew || row.State == stateFailed):
			return dbgen.Refund{}, errResolved
		default:
			return l.ask(ctx, wanted)
		}
	}
	return dbgen.Refund{}, errRefused
}

// usedUp tells whether a key does not stand any more for what is wanted now: the bank sent the money back, Stripe refused another
// sum, or it is from before the exception opened again. Money that Stripe takes on resolves the exception in the same
// transaction, so with an open exception it is of an earlier time.
func usedUp(row dbgen.Refund, about dbgen.LockExceptionRow, wantedMinor int64) bool {
	earlier := row.RequestedAt.Before(about.NoticedAt)
	switch {
	case row.State == stateFailed:
		return row.RefundID != nil || row.AmountMinor != wantedMinor
	case row.RefundID != nil:
		return earlier || about.ResolvedAt == nil
	default:
		return earlier
	}
}

// numbered is the key of one of several tries; the first is the key itself.
func numbered(key string, try int) string {
	if try == 0 {
		return key
	}
	return key + "/" + strconv.Itoa(try+1)
}

// exceptionOf is which exception a refund was made for.
func exceptionOf(key string) (int64, bool) {
	text, found := strings.CutPrefix(key, ofException)
	text, _, _ = strings.Cut(text, "/")
	id, err := strconv.ParseInt(text, 10, 64)
	return id, found && err == nil
}

// makeUp looks what nobody has to decide any more after some of the money went back.
func (l *ledger) makeUp(ctx context.Context, row dbgen.Refund) error {
	if err := l.resolveNamed(ctx, row); err != nil {
		return err
	}
	sums, err := l.queries.SumRefunds(ctx, l.paid.intent)
	if err != nil {
		return fmt.Errorf("sum refunds: %w", err)
	}
	if sums.GivenMinor >= l.paid.chargedMinor {
		return l.resolve(ctx, row.RequestedBy, money.Format(sums.GivenMinor)+" was given back", l.settledByRefund()...)
	}
	left := max(0, l.paid.chargedMinor-sums.PromisedMinor)
	if err := l.queries.LowerProposedRefund(ctx, dbgen.LowerProposedRefundParams{PaymentIntent: l.paid.intent, LeftMinor: left}); err != nil {
		return fmt.Errorf("lower proposed refund: %w", err)
	}
	return nil
}

// resolveNamed closes the exception that a refund was made for, as who asked for it said, unless it opened again since.
func (l *ledger) resolveNamed(ctx context.Context, row dbgen.Refund) error {
	id, found := exceptionOf(row.Key)
	if !found {
		return nil
	}
	resolved, err := l.queries.ResolveException(ctx, dbgen.ResolveExceptionParams{
		ID: id, RequestedAt: row.RequestedAt, Now: l.at, ResolvedBy: row.RequestedBy, Resolution: row.Note,
	})
	if err != nil {
		return fmt.Errorf("resolve exception: %w", err)
	}
	if resolved == 0 {
		return nil
	}
	detail := "gave back " + money.Format(row.AmountMinor) + " " + row.Currency
	return operation.Note(ctx, l.tx, row.RequestedBy, "resolve-exception", fmt.Sprintf("exception %d", id), detail, l.at)
}
