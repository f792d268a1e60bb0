package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/payment/session/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/payment/stripeapi"
)

const (
	openLimit   = 20 * time.Second
	mostRounds  = 40
	firstPause  = 50 * time.Millisecond
	longestWait = 500 * time.Millisecond

	stripeLifetime = 24 * time.Hour // of a session for which Stripe named no end (contract payment.md section 4)

	// longestAttempt is how long an attempt may ask for the end that it began with: Stripe counts its shortest lifetime of
	// 30 minutes from its own clock, and shortestLifetime leaves a minute for that, the way and the clocks.
	longestAttempt = 45 * time.Second
)

// errAgain: the row changed or is in other hands; look again.
var errAgain = errors.New("look again")

// OpenSession gives the one session of a reference: written in our books first, then asked of Stripe outside any
// transaction under the row's own idempotency key, then stored. Two callers at once, and a caller that comes after a crash
// at any point, get the same session (contract payment.md P-12).
func (s *Sessions) OpenSession(ctx context.Context, request *paymentv1.OpenSessionRequest) (*paymentv1.OpenSessionResponse, error) {
	wanted, err := contentOf(request)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	for round := 1; ; round++ {
		response, err := s.openOnce(ctx, request, wanted)
		if !errors.Is(err, errAgain) {
			return response, err
		}
		if round == mostRounds || !pause(ctx, round) {
			return nil, errUnavailable.Because(err)
		}
	}
}

func (s *Sessions) openOnce(ctx context.Context, request *paymentv1.OpenSessionRequest, wanted content) (*paymentv1.OpenSessionResponse, error) {
	row, err := s.reserve(ctx, wanted)
	if err != nil {
		return nil, err
	}
	if row.SessionID != nil {
		return responseOf(row), nil
	}
	if request.GetLifetimeSeconds() > 0 && s.now().Sub(row.AttemptBeganAt) > longestAttempt {
		return nil, s.giveUp(ctx, row, statusOpening, errAgain)
	}
	opened, err := s.stripe.Open(ctx, request, attemptOf(row))
	if err != nil {
		return nil, s.failed(ctx, row, err)
	}
	return s.keep(ctx, row, wanted, opened)
}

func attemptOf(row dbgen.PaymentSession) stripeapi.Attempt {
	return stripeapi.Attempt{Reference: row.Reference, Number: row.Attempt, BeganAt: row.AttemptBeganAt}
}

// failed decides whether the attempt's key can be used again. Stripe keeps an answer of failure under it, so after one the
// next attempt begins. A session that the failed attempt made all the same was shown to nobody and ends by itself.
func (s *Sessions) failed(ctx context.Context, row dbgen.PaymentSession, failure error) error {
	switch stripeapi.OutcomeOf(failure) {
	case stripeapi.Busy:
		return errAgain
	case stripeapi.KeyReused:
		return s.giveUp(ctx, row, statusOpening, errAgain)
	case stripeapi.Refused, stripeapi.Missing:
		return s.giveUp(ctx, row, statusRefused, errRefused.Because(failure))
	case stripeapi.Broken:
		return s.giveUp(ctx, row, statusOpening, errUnavailable.Because(failure))
	case stripeapi.Away:
		return errUnavailable.Because(failure)
	default:
		return errUnavailable.Because(failure)
	}
}

func (s *Sessions) giveUp(ctx context.Context, row dbgen.PaymentSession, status string, failure error) error {
	if err := s.nextAttempt(ctx, row, status); err != nil {
		return errUnavailable.Because(errors.Join(failure, err))
	}
	return failure
}

// keep stores what Stripe opened, also for a caller that has left meanwhile.
func (s *Sessions) keep(ctx context.Context, row dbgen.PaymentSession, wanted content, opened stripeapi.Opened) (*paymentv1.OpenSessionResponse, error) {
	if opened.SessionID == "" || opened.URL == "" {
		return nil, errUnavailable.Because(errors.New("stripe opened a session without id or address"))
	}
	if !isAsWanted(wanted, opened) {
		return nil, s.discard(ctx, row, opened)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bookLimit)
	defer cancel()
	if opened.ExpiresAt.IsZero() {
		opened.ExpiresAt = s.now().Add(stripeLifetime)
	}
	stored, err := s.books.KeepOpened(ctx, dbgen.KeepOpenedParams{
		Reference: row.Reference, Attempt: row.Attempt,
		SessionID: opened.SessionID, Url: opened.URL, ExpiresAt: opened.ExpiresAt, Now: s.now(),
	})
	if err != nil {
		return nil, fmt.Errorf("keep session: %w", err)
	}
	if stored == 0 {
		return nil, errAgain // someone else stored it, or moved on: the books say which
	}
	row.SessionID, row.Url, row.ExpiresAt = &opened.SessionID, &opened.URL, &opened.ExpiresAt
	return responseOf(row), nil
}

// isAsWanted compares Stripe's own sums, where it names them, with what the customer was told (contract payment.md P-02). Stripe may
// count tax by itself: on top, so that the total is higher by it, or inclusive, as a part of a total that stays.
func isAsWanted(wanted content, opened stripeapi.Opened) bool {
	return isOrUnnamed(opened.SubtotalMinor, wanted.subtotalMinor) &&
		(isOrUnnamed(opened.TotalMinor, wanted.expectedMinor) || isOrUnnamed(opened.TotalMinor, wanted.expectedMinor+opened.TaxMinor)) &&
		(opened.Currency == "" || opened.Currency == wanted.currency)
}

func isOrUnnamed(told *int64, expected int64) bool {
	return told == nil || *told == expected
}

// discard ends a session that would charge something else before anybody sees it.
func (s *Sessions) discard(ctx context.Context, row dbgen.PaymentSession, opened stripeapi.Opened) error {
	s.logger.ErrorContext(ctx, "stripe counts another total than the shop, session discarded",
		slog.String("reference", row.Reference), slog.Int64("expected_minor", row.ExpectedTotalMinor))
	if _, err := s.stripe.Expire(ctx, opened.SessionID); err != nil {
		s.logger.WarnContext(ctx, "discarded session not expired", slog.String("reference", row.Reference), slog.Any("error", err))
	}
	return s.giveUp(ctx, row, statusRefused, errRefused.Because(errors.New("stripe counts another total")))
}

func responseOf(row dbgen.PaymentSession) *paymentv1.OpenSessionResponse {
	response := &paymentv1.OpenSessionResponse{SessionId: *row.SessionID}
	if row.Url != nil {
		response.Url = *row.Url
	}
	if row.ExpiresAt != nil {
		response.ExpiresAt = timestamppb.New(*row.ExpiresAt)
	}
	return response
}

func pause(ctx context.Context, round int) bool {
	longest := min(firstPause*time.Duration(round), longestWait)
	select {
	case <-ctx.Done():
		return false
	case <-time.After(longest/2 + rand.N(longest/2)): //nolint:gosec // not a secret
		return true
	}
}
