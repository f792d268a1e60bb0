// Package session holds the Checkout sessions: opening one per reference, reading and listing them as Stripe tells them now,
// ending them, knowing which payment is whose, and the payment service's own books of all that.
//
// How Stripe is asked lives in stripeapi, what Stripe tells by itself arrives through inbox, and what a payment means for
// an order is the order service's business.
package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/payment/session/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/payment/stripeapi"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// The faults of this room. Their texts are neutral: Stripe's own quote the request (contract payment.md P-15).
var (
	errRefused     = fault.New(fault.Invalid, "stripe-refused", "the payment provider does not accept this checkout")
	errUnavailable = fault.New(fault.Unavailable, "stripe-unavailable", "the payment provider cannot be reached at the moment")
	errReused      = fault.New(fault.Conflict, "reference-reused", "this reference stands for another checkout")
	errNotFound    = fault.New(fault.NotFound, "session-not-found", "there is no such payment session")
)

// Stripe is what this room asks of Stripe. Errors are *stripeapi.Failure.
type Stripe interface {
	Open(ctx context.Context, request *paymentv1.OpenSessionRequest, attempt stripeapi.Attempt) (stripeapi.Opened, error)
	Get(ctx context.Context, sessionID string) (*paymentv1.Session, error)
	Expire(ctx context.Context, sessionID string) (*paymentv1.Session, error)
	OfPayment(ctx context.Context, paymentIntentID string) (*paymentv1.Session, error)
	Payments(ctx context.Context, from, until time.Time, after string) (payments []*paymentv1.Payment, next string, err error)
}

// Sessions serves OpenSession, GetSession, ExpireSession and ListPayments. Safe for concurrent use.
type Sessions struct {
	stripe Stripe
	books  *dbgen.Queries
	logger *slog.Logger
	now    func() time.Time
}

// New wires the room.
func New(db dbgen.DBTX, stripe Stripe, tel telemetry.Telemetry, now func() time.Time) *Sessions {
	return &Sessions{stripe: stripe, books: dbgen.New(db), logger: tel.Logger, now: now}
}

// GetSession asks Stripe; the books only follow the answer.
func (s *Sessions) GetSession(ctx context.Context, request *paymentv1.GetSessionRequest) (*paymentv1.GetSessionResponse, error) {
	session, err := s.read(ctx, request.GetSessionId())
	if err != nil {
		return nil, err
	}
	return &paymentv1.GetSessionResponse{Session: session}, nil
}

// ExpireSession ends an open session of ours. Stripe refuses when it is not open any more: then the answer is what it
// became. A session of another system is read and left alone.
func (s *Sessions) ExpireSession(ctx context.Context, request *paymentv1.ExpireSessionRequest) (*paymentv1.ExpireSessionResponse, error) {
	session, err := s.end(ctx, request.GetSessionId())
	if err != nil {
		return nil, err
	}
	return &paymentv1.ExpireSessionResponse{Session: session}, nil
}

func (s *Sessions) end(ctx context.Context, sessionID string) (*paymentv1.Session, error) {
	known, err := s.isInBooks(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	if !known {
		session, err := s.read(ctx, sessionID)
		if err != nil || session.GetReference() == "" {
			return session, err
		}
	}
	session, err := s.stripe.Expire(ctx, sessionID)
	if stripeapi.OutcomeOf(err) == stripeapi.Refused {
		return s.read(ctx, sessionID)
	}
	if err != nil {
		return nil, readFault(err)
	}
	s.follow(ctx, session)
	return session, nil
}

func (s *Sessions) isInBooks(ctx context.Context, sessionID string) (bool, error) {
	if !stripeapi.IsSessionID(sessionID) {
		return false, errNotFound
	}
	_, err := s.books.BySessionID(ctx, sessionID)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("find session: %w", err)
	}
	return true, nil
}

func (s *Sessions) read(ctx context.Context, sessionID string) (*paymentv1.Session, error) {
	if !stripeapi.IsSessionID(sessionID) {
		return nil, errNotFound
	}
	session, err := s.stripe.Get(ctx, sessionID)
	if err != nil {
		return nil, readFault(err)
	}
	s.follow(ctx, session)
	return session, nil
}

// readFault: what Stripe refuses to look up does not exist for us (contract payment.md section 5, invalid-session).
func readFault(failure error) error {
	switch stripeapi.OutcomeOf(failure) {
	case stripeapi.Missing, stripeapi.Refused:
		return errNotFound.Because(failure)
	default:
		return errUnavailable.Because(failure)
	}
}

// follow notes in the books what Stripe just said. The answer does not depend on it, so a failure is only logged: the
// next reading or webhook catches up.
func (s *Sessions) follow(ctx context.Context, session *paymentv1.Session) {
	if session.GetReference() == "" {
		return
	}
	if err := s.learn(ctx, s.books, toldOf(session)); err != nil {
		s.logger.WarnContext(ctx, "books not updated", slog.String("reference", session.GetReference()), slog.Any("error", err))
	}
}

func toldOf(session *paymentv1.Session) stripeapi.EventSession {
	total := session.GetTotalMinor()
	return stripeapi.EventSession{
		ID:            session.GetSessionId(),
		Status:        bookStatus(session.GetStatus()),
		PaymentStatus: bookPayment(session.GetPaymentStatus()),
		PaymentIntent: session.GetPaymentIntentId(),
		TotalMinor:    &total,
	}
}

// bookStatus: what the books have no word for changes nothing in them.
func bookStatus(status paymentv1.SessionStatus) string {
	switch status {
	case paymentv1.SessionStatus_SESSION_STATUS_COMPLETE:
		return statusComplete
	case paymentv1.SessionStatus_SESSION_STATUS_EXPIRED:
		return statusExpired
	default:
		return statusOpen
	}
}

func bookPayment(status paymentv1.PaymentStatus) string {
	switch status {
	case paymentv1.PaymentStatus_PAYMENT_STATUS_PAID:
		return paymentPaid
	case paymentv1.PaymentStatus_PAYMENT_STATUS_NOT_REQUIRED:
		return paymentNotRequired
	default:
		return paymentUnpaid
	}
}
