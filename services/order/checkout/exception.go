package checkout

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/dbgen"
)

// Why money that came is no order.
const (
	reasonUnknown   = "unknown-reference"
	reasonCurrency  = "currency-mismatch"
	reasonAmount    = "amount-mismatch"
	reasonPaidAgain = "paid-again"
)

// stray is a paid session without a checkout. Without a reference of our making it belongs to another system on the
// same Stripe account, which is none of our business (contract payment.md P-10).
func (c *Checkouts) stray(ctx context.Context, session *paymentv1.Session) error {
	if !strings.HasPrefix(session.GetReference(), referencePrefix) {
		return errNotOurs
	}
	return c.except(ctx, session, reasonUnknown, nil)
}

// except keeps a payment that cannot become an order for an operator to resolve: in the books, in the log, in the
// metrics, once however often it is met. checkout is nil when there is none.
func (c *Checkouts) except(ctx context.Context, session *paymentv1.Session, reason string, checkout *frozen) error {
	var noted int64
	err := c.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		queries := dbgen.New(tx)
		var err error
		if noted, err = queries.InsertPaymentException(ctx, c.exceptionRow(session, reason, checkout)); err != nil {
			return fmt.Errorf("keep payment exception: %w", err)
		}
		if checkout == nil {
			return nil
		}
		return queries.MarkException(ctx, dbgen.MarkExceptionParams{ID: checkout.ID, Now: c.now()})
	})
	if err != nil {
		return err
	}
	if noted > 0 {
		c.exceptions.Add(ctx, 1)
		c.tel.Logger.ErrorContext(ctx, "[PAYMENT_EXCEPTION] paid, but no order can be made of it",
			"reason", reason, "reference", session.GetReference(), "currency", session.GetCurrency(), "total_minor", session.GetTotalMinor())
	}
	return errException
}

func (c *Checkouts) exceptionRow(session *paymentv1.Session, reason string, checkout *frozen) dbgen.InsertPaymentExceptionParams {
	row := dbgen.InsertPaymentExceptionParams{
		SessionID:     session.GetSessionId(),
		Reason:        reason,
		Reference:     storable(session.GetReference()),
		PaymentIntent: storable(session.GetPaymentIntentId()),
		Currency:      storable(session.GetCurrency()),
		SubtotalMinor: session.GetSubtotalMinor(),
		DiscountMinor: session.GetDiscountMinor(),
		TaxMinor:      session.GetTaxMinor(),
		ShippingMinor: session.GetShippingMinor(),
		TotalMinor:    session.GetTotalMinor(),
		Email:         storable(session.GetCustomerEmail()),
		NoticedAt:     c.now(),
	}
	if checkout != nil {
		row.CheckoutID, row.ExpectedMinor = &checkout.ID, &checkout.TotalMinor
	}
	return row
}

// storable takes out the one character that PostgreSQL cannot keep.
func storable(text string) string { return strings.ReplaceAll(text, "\x00", "") }
