package checkout

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/order/exception"
)

// stray is a paid session without a checkout. Without a reference of our making it belongs to another system on the
// same Stripe account, which is none of our business (contract payment.md P-10).
func (c *Checkouts) stray(ctx context.Context, session *paymentv1.Session) (string, error) {
	if !strings.HasPrefix(session.GetReference(), referencePrefix) {
		return "", errNotOurs
	}
	return c.except(ctx, session, exception.UnknownReference, nil)
}

// except keeps a payment that cannot become an order for an operator to resolve, once however often it is met, and proposes to
// give the money back. checkout is nil when there is none. It answers the order if another call has made one meanwhile: what
// stood in the way, sold-out goods say, need not last.
func (c *Checkouts) except(ctx context.Context, session *paymentv1.Session, reason string, checkout *frozen) (order string, err error) {
	finding, isNew := findingOf(session, reason, checkout), false
	err = c.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		order, isNew = "", false
		if order, err = orderMeanwhile(ctx, dbgen.New(tx), session, checkout); err != nil || order != "" {
			return err
		}
		if isNew, err = c.exceptions.Note(ctx, tx, finding); err != nil || checkout == nil {
			return err
		}
		return dbgen.New(tx).MarkException(ctx, dbgen.MarkExceptionParams{ID: checkout.ID, Now: c.now()})
	})
	if err != nil || order != "" {
		return order, err
	}
	if isNew {
		c.exceptions.Announce(ctx, finding)
	}
	return "", errException
}

// orderMeanwhile locks the checkout and looks whether the session has its order by now.
func orderMeanwhile(ctx context.Context, queries *dbgen.Queries, session *paymentv1.Session, checkout *frozen) (string, error) {
	if checkout == nil {
		return "", nil
	}
	if _, err := queries.LockCheckoutState(ctx, checkout.ID); err != nil {
		return "", fmt.Errorf("lock checkout: %w", err)
	}
	known, err := queries.KnownOfPayment(ctx, dbgen.KnownOfPaymentParams{SessionID: session.GetSessionId(), PaymentIntent: session.GetPaymentIntentId()})
	if err != nil {
		return "", fmt.Errorf("look what is known of the payment: %w", err)
	}
	return known.OrderIdentifier, nil
}

func findingOf(session *paymentv1.Session, reason string, checkout *frozen) exception.Finding {
	finding := exception.Finding{
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
	}
	if session.GetPaymentIntentId() != "" {
		finding.ProposedRefundMinor = max(0, session.GetTotalMinor())
	}
	if checkout != nil {
		finding.CheckoutID, finding.ExpectedMinor = &checkout.ID, &checkout.TotalMinor
	}
	return finding
}

// storable takes out the one character that PostgreSQL cannot keep.
func storable(text string) string { return strings.ReplaceAll(text, "\x00", "") }
