package refund

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/order/exception"
	"github.com/bartgottschalk/startupwebapp/services/order/refund/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/money"
)

// errNotOurs: no order and no exception of ours has this payment.
var errNotOurs = errors.New("not a payment of ours")

// payment is money that came: that of an order, or of an exception.
type payment struct {
	purchaseID, exceptionID *int64
	order                   string // empty when it became none
	checkoutID              *int64
	session, reference      string
	intent                  string // empty when nothing was charged
	currency                string
	chargedMinor            int64
}

// locker finds a payment and keeps others from giving some of it back until the transaction ends.
type locker func(ctx context.Context, queries *dbgen.Queries) (payment, error)

func lockOrder(order string) locker {
	return func(ctx context.Context, queries *dbgen.Queries) (payment, error) {
		row, err := queries.LockOrder(ctx, order)
		if errors.Is(err, pgx.ErrNoRows) {
			return payment{}, errOrderNotFound
		}
		if err != nil {
			return payment{}, fmt.Errorf("lock order: %w", err)
		}
		return paymentOfOrder(row), nil
	}
}

// lockIntent prefers the order: there may be exceptions about it as well. With no order there, the checkout is locked, as whoever
// makes an order of it does, before it is said that there is none; locks are taken in the order checkout, order, exception.
func lockIntent(intent string) locker {
	return func(ctx context.Context, queries *dbgen.Queries) (payment, error) {
		paid, found, err := lockOrderOfPayment(ctx, queries, intent)
		if err != nil || found {
			return paid, err
		}
		if _, err := queries.LockCheckoutsOfPayment(ctx, intent); err != nil {
			return payment{}, fmt.Errorf("lock checkout of payment: %w", err)
		}
		paid, found, err = lockOrderOfPayment(ctx, queries, intent)
		if err != nil || found {
			return paid, err
		}
		row, err := queries.LockExceptionOfPayment(ctx, intent)
		if errors.Is(err, pgx.ErrNoRows) {
			return payment{}, errNotOurs
		}
		if err != nil {
			return payment{}, fmt.Errorf("lock exception of payment: %w", err)
		}
		return payment{
			exceptionID: &row.ID, checkoutID: row.CheckoutID, session: row.SessionID, reference: row.Reference,
			intent: row.PaymentIntent, currency: row.Currency, chargedMinor: row.TotalMinor,
		}, nil
	}
}

func lockOrderOfPayment(ctx context.Context, queries *dbgen.Queries, intent string) (payment, bool, error) {
	row, err := queries.LockOrderOfPayment(ctx, intent)
	if errors.Is(err, pgx.ErrNoRows) {
		return payment{}, false, nil
	}
	if err != nil {
		return payment{}, false, fmt.Errorf("lock order of payment: %w", err)
	}
	return paymentOfOrder(dbgen.LockOrderRow(row)), true, nil
}

func paymentOfOrder(row dbgen.LockOrderRow) payment {
	return payment{
		purchaseID: &row.ID, order: row.Identifier, checkoutID: &row.CheckoutID, session: row.SessionID,
		intent: row.PaymentIntent, currency: row.Currency, chargedMinor: row.TotalMinor,
	}
}

// ledger is the books of one payment within one transaction.
type ledger struct {
	*Refunds
	tx       pgx.Tx
	queries  *dbgen.Queries
	paid     payment
	at       time.Time           // of all that is written
	findings []exception.Finding // to be announced when the transaction is committed
}

func (r *Refunds) open(ctx context.Context, tx pgx.Tx, lock locker) (*ledger, error) {
	books := &ledger{Refunds: r, tx: tx, queries: dbgen.New(tx)}
	var err error
	books.paid, err = lock(ctx, books.queries)
	books.at = r.now() // others may have held the lock for long
	return books, err
}

// within works on the books of one payment, alone.
func (r *Refunds) within(ctx context.Context, lock locker, work func(ctx context.Context, books *ledger) error) error {
	var findings []exception.Finding
	err := r.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		books, err := r.open(ctx, tx, lock)
		if err != nil {
			return err
		}
		err = work(ctx, books)
		findings = books.findings
		return err
	})
	if err != nil {
		return err
	}
	for _, finding := range findings {
		r.exceptions.Announce(ctx, finding)
	}
	return nil
}

// note keeps what people have to decide about the payment. One that waits for them already says how things are now.
func (l *ledger) note(ctx context.Context, reason, detail string, proposedMinor int64) error {
	detail = tidy(detail, longestNote)
	finding := exception.Finding{
		SessionID: l.paid.session, Reason: reason, Reference: l.paid.reference, CheckoutID: l.paid.checkoutID,
		OrderIdentifier: l.paid.order, PaymentIntent: l.paid.intent, Currency: l.paid.currency, TotalMinor: l.paid.chargedMinor,
		ProposedRefundMinor: proposedMinor, Detail: detail, At: l.at,
	}
	isNew, err := l.exceptions.Note(ctx, l.tx, finding)
	if err != nil {
		return err
	}
	if isNew {
		l.findings = append(l.findings, finding)
		return nil
	}
	return l.tellMore(ctx, reason, detail)
}

func (l *ledger) tellMore(ctx context.Context, reason, detail string) error {
	err := l.queries.TellMoreOfException(ctx, dbgen.TellMoreOfExceptionParams{SessionID: l.paid.session, Reason: reason, Detail: detail})
	if err != nil {
		return fmt.Errorf("tell more of exception: %w", err)
	}
	return nil
}

// noteFailures tells people of refunds that did not go back, and proposes to try once more: all that failed since they were told,
// if so much is left.
func (l *ledger) noteFailures(ctx context.Context, amountMinor int64) error {
	failed, err := l.queries.ListFailedRefunds(ctx, l.paid.intent)
	if err != nil {
		return fmt.Errorf("list failed refunds: %w", err)
	}
	texts := make([]string, len(failed))
	for i, row := range failed {
		texts[i] = fmt.Sprintf("refund %s of %s: %s", row.Key, money.Format(row.AmountMinor), row.Failure)
	}
	left, err := l.proposableMinor(ctx)
	if err != nil {
		return err
	}
	if err := l.note(ctx, exception.RefundFailed, strings.Join(texts, "; "), min(amountMinor, left)); err != nil {
		return err
	}
	if err := l.queries.ProposeFailedRefunds(ctx, dbgen.ProposeFailedRefundsParams{
		SessionID: l.paid.session, PaymentIntent: l.paid.intent, AmountMinor: amountMinor, LeftMinor: left,
	}); err != nil {
		return fmt.Errorf("propose failed refunds: %w", err)
	}
	return nil
}

// leftMinor is what was paid and nobody has asked back.
func (l *ledger) leftMinor(ctx context.Context) (int64, error) {
	sums, err := l.queries.SumRefunds(ctx, l.paid.intent)
	if err != nil {
		return 0, fmt.Errorf("sum refunds: %w", err)
	}
	return max(0, l.paid.chargedMinor-sums.PromisedMinor), nil
}

// resolve closes the exceptions of the payment that are about nothing but its money.
func (l *ledger) resolve(ctx context.Context, by, resolution string, reasons ...string) error {
	err := l.queries.ResolveExceptionsOfPayment(ctx, dbgen.ResolveExceptionsOfPaymentParams{
		Now: l.at, ResolvedBy: by, Resolution: resolution, PaymentIntent: l.paid.intent, Reasons: reasons,
	})
	if err != nil {
		return fmt.Errorf("resolve exceptions of payment: %w", err)
	}
	return nil
}
