package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/payment/session/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/payment/stripeapi"
)

// The states of a row. Only rows from open on have a session.
const (
	statusOpening  = "opening"
	statusRefused  = "refused"
	statusOpen     = "open"
	statusComplete = "complete"
	statusExpired  = "expired"

	paymentUnpaid      = "unpaid"
	paymentPaid        = "paid"
	paymentNotRequired = "no_payment_required"
)

// bookLimit bounds bookkeeping that goes on after its caller left.
const bookLimit = 3 * time.Second

// reserve gives the row of the reference, made before Stripe is asked. A refused one is asked for again, with whatever
// content: no session of it exists. Any other with other content is errReused.
func (s *Sessions) reserve(ctx context.Context, wanted content) (dbgen.PaymentSession, error) {
	row, err := s.write(ctx, wanted)
	if errors.Is(err, pgx.ErrNoRows) {
		row, err = s.books.ByReference(ctx, wanted.reference)
	}
	if err == nil && row.Status == statusRefused {
		row, err = s.reopen(ctx, wanted)
	}
	if err != nil {
		return dbgen.PaymentSession{}, fmt.Errorf("reserve session: %w", err)
	}
	if string(row.ContentDigest) != string(wanted.digest[:]) {
		return dbgen.PaymentSession{}, errReused
	}
	return row, nil
}

func (s *Sessions) write(ctx context.Context, wanted content) (dbgen.PaymentSession, error) {
	return s.books.Reserve(ctx, dbgen.ReserveParams{
		Reference:          wanted.reference,
		ContentDigest:      wanted.digest[:],
		Currency:           wanted.currency,
		ExpectedTotalMinor: wanted.expectedMinor,
		Now:                s.now(),
	})
}

func (s *Sessions) reopen(ctx context.Context, wanted content) (dbgen.PaymentSession, error) {
	_, err := s.books.Reopen(ctx, dbgen.ReopenParams{
		Reference:          wanted.reference,
		ContentDigest:      wanted.digest[:],
		Currency:           wanted.currency,
		ExpectedTotalMinor: wanted.expectedMinor,
		Now:                s.now(),
	})
	if err != nil {
		return dbgen.PaymentSession{}, err
	}
	return s.books.ByReference(ctx, wanted.reference)
}

// nextAttempt gives up the idempotency key of row and sets the row's status. It changes nothing when another caller has
// done so, or has stored a session, since row was read.
func (s *Sessions) nextAttempt(ctx context.Context, row dbgen.PaymentSession, status string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bookLimit)
	defer cancel()
	_, err := s.books.NextAttempt(ctx, dbgen.NextAttemptParams{
		Reference: row.Reference, Attempt: row.Attempt, Status: status, Now: s.now(),
	})
	if err != nil {
		return fmt.Errorf("next attempt: %w", err)
	}
	return nil
}

// Learn brings the books up to what Stripe said of a session, in the caller's transaction. It changes nothing about a
// session that is not in the books; twice or late changes nothing either.
func (s *Sessions) Learn(ctx context.Context, tx pgx.Tx, told stripeapi.EventSession) error {
	return s.learn(ctx, s.books.WithTx(tx), told)
}

func (s *Sessions) learn(ctx context.Context, books *dbgen.Queries, told stripeapi.EventSession) error {
	if told.PaymentStatus == paymentNotRequired && told.Status != statusComplete {
		told.PaymentStatus = paymentUnpaid // a promotion code is entered; it may be taken out again, and then the rest is paid
	}
	_, err := books.Learn(ctx, dbgen.LearnParams{
		SessionID:       told.ID,
		Status:          knownOr(told.Status, statusOpen, statusComplete, statusExpired),
		PaymentStatus:   knownOr(told.PaymentStatus, paymentUnpaid, paymentPaid, paymentNotRequired),
		TotalMinor:      told.TotalMinor,
		PaymentIntentID: unlessEmpty(told.PaymentIntent),
		Now:             s.now(),
	})
	if err != nil {
		return fmt.Errorf("learn of a session: %w", err)
	}
	return nil
}

// knownOr takes a value that the books do not know for the first one, which says nothing new.
func knownOr(value, nothing string, others ...string) string {
	for _, known := range others {
		if value == known {
			return value
		}
	}
	return nothing
}

func unlessEmpty(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
