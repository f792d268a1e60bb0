package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/payment/session/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/payment/stripeapi"
)

// Paid is the session of ours that was paid with a payment intent.
type Paid struct {
	SessionID string
	Currency  string
}

// PaidWith finds the session of a payment, in the books or, when they have not heard of it, at Stripe. It answers false when
// the payment is none of ours, and the fault "stripe-unavailable" when Stripe had to be asked and gave no answer.
func (s *Sessions) PaidWith(ctx context.Context, paymentIntentID string) (Paid, bool, error) {
	if !stripeapi.IsPaymentIntentID(paymentIntentID) {
		return Paid{}, false, nil
	}
	paid, known, err := s.PaidInBooks(ctx, paymentIntentID, "")
	if err != nil || known {
		return paid, known, err
	}
	return s.PaidAtStripe(ctx, paymentIntentID)
}

// PaidInBooks finds the session of a payment in the books alone. reference is the one of a charge, empty when it has none: a
// session that the books know and whose payment they do not know yet gets to know it.
func (s *Sessions) PaidInBooks(ctx context.Context, paymentIntentID, reference string) (Paid, bool, error) {
	row, err := s.books.ByPaymentIntent(ctx, paymentIntentID)
	if errors.Is(err, pgx.ErrNoRows) && reference != "" {
		row, err = s.books.ClaimPayment(ctx, dbgen.ClaimPaymentParams{PaymentIntentID: paymentIntentID, Reference: reference, Now: s.now()})
	}
	return paidOf(row, err)
}

// PaidAtStripe asks Stripe which session was paid, and the books follow the answer.
func (s *Sessions) PaidAtStripe(ctx context.Context, paymentIntentID string) (Paid, bool, error) {
	session, err := s.stripe.OfPayment(ctx, paymentIntentID)
	if err != nil {
		if outcome := stripeapi.OutcomeOf(err); outcome == stripeapi.Missing || outcome == stripeapi.Refused {
			return Paid{}, false, nil
		}
		return Paid{}, false, errUnavailable.Because(err)
	}
	if session.GetReference() == "" {
		return Paid{}, false, nil
	}
	if err := s.learn(ctx, s.books, toldOf(session)); err != nil {
		return Paid{}, false, err
	}
	paid, known, err := paidOf(s.books.BySessionID(ctx, session.GetSessionId()))
	if err == nil && !known {
		s.logger.ErrorContext(ctx, "a session with our marker is not in the books", slog.String("reference", session.GetReference()))
	}
	return paid, known, err
}

func paidOf(row dbgen.PaymentSession, err error) (Paid, bool, error) {
	if errors.Is(err, pgx.ErrNoRows) {
		return Paid{}, false, nil
	}
	if err != nil {
		return Paid{}, false, fmt.Errorf("find payment: %w", err)
	}
	if row.SessionID == nil {
		return Paid{}, false, nil
	}
	return Paid{SessionID: *row.SessionID, Currency: row.Currency}, true, nil
}
