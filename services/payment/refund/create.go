package refund

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/payment/refund/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/payment/stripeapi"
)

const (
	createLimit = 20 * time.Second
	mostRounds  = 40
	firstPause  = 50 * time.Millisecond
	longestWait = 500 * time.Millisecond
	rereadLimit = 3 * time.Second

	// keyLife is how long a key is trusted to be remembered by Stripe, which promises 24 hours; spoiledLife is how long one
	// is used on under which Stripe answered with a failure. quiet is how long after that another key waits: far longer
	// than a call lasts, so that no request under the old key is still on its way.
	keyLife     = 12 * time.Hour
	spoiledLife = 30 * time.Second
	quiet       = time.Minute
)

// errAgain: the row changed or is in other hands; look again.
var errAgain = errors.New("look again")

// CreateRefund gives money back once per key: written in our books first, then asked of Stripe outside any transaction under
// the row's own idempotency key, then stored. Calls at once and calls after a crash at any point ask under the same key. A
// key that Stripe may have forgotten, or under which it keeps a failure, is replaced when nobody asked under it for a minute
// and Stripe's own list of the payment's refunds does not have ours, which carries the caller's key with it.
func (r *Refunds) CreateRefund(ctx context.Context, request *paymentv1.CreateRefundRequest) (*paymentv1.CreateRefundResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, createLimit)
	defer cancel()
	if err := check(request); err != nil {
		return nil, err
	}
	paid, err := r.paid(ctx, request.GetPaymentIntentId())
	if err != nil {
		return nil, err
	}
	if request.GetCurrency() != paid.Currency {
		return nil, errInvalid.With("field", "currency")
	}
	for round := 1; ; round++ {
		refund, err := r.createOnce(ctx, request)
		if err == nil {
			return &paymentv1.CreateRefundResponse{Refund: refund}, nil
		}
		if !errors.Is(err, errAgain) {
			return nil, err
		}
		if round == mostRounds || !pause(ctx, round) {
			return nil, errUnavailable.Because(err)
		}
	}
}

func (r *Refunds) createOnce(ctx context.Context, request *paymentv1.CreateRefundRequest) (*paymentv1.Refund, error) {
	row, err := r.reserve(ctx, request)
	if err != nil {
		return nil, err
	}
	if row.RefundID != nil {
		return r.asItIsNow(ctx, row), nil
	}
	now, end := r.now(), endOf(row)
	switch {
	case now.After(end.Add(quiet)):
		return r.startOver(ctx, row)
	case now.After(end) && row.Refused:
		return nil, errRefused
	case now.After(end):
		return nil, errUnavailable.After(end.Add(quiet).Sub(now))
	}
	refund, err := r.stripe.Refund(ctx, request, keyOf(row))
	if err != nil {
		return nil, r.failed(ctx, row, err)
	}
	return r.keep(ctx, row, refund)
}

// keyOf is the same for every call of an attempt, in every process and after every restart.
func keyOf(row dbgen.PaymentRefund) string { return fmt.Sprintf("refund/%s/%d", row.Key, row.Attempt) }

// endOf is when the last call may begin to ask under the attempt's key.
func endOf(row dbgen.PaymentRefund) time.Time {
	end := row.AttemptBeganAt.Add(keyLife)
	if row.SpoiledAt != nil && row.SpoiledAt.Add(spoiledLife).Before(end) {
		return row.SpoiledAt.Add(spoiledLife)
	}
	return end
}

// startOver looks whether an earlier attempt gave the money back after all, and only if not begins the next one.
func (r *Refunds) startOver(ctx context.Context, row dbgen.PaymentRefund) (*paymentv1.Refund, error) {
	refunds, err := r.stripe.Refunds(ctx, row.PaymentIntentID)
	if err != nil {
		return nil, readFault(err)
	}
	for _, refund := range refunds {
		if refund.GetKey() == row.Key {
			return r.keep(ctx, row, refund)
		}
	}
	return nil, r.nextAttempt(ctx, row)
}

// failed says what an answer of failure means for the caller and for the attempt's key. What was refused may be asked for
// again: at first under the same key, which brings the same answer or a better one.
func (r *Refunds) failed(ctx context.Context, row dbgen.PaymentRefund, failure error) error {
	switch stripeapi.OutcomeOf(failure) {
	case stripeapi.Busy:
		return errAgain
	case stripeapi.Refused, stripeapi.Missing:
		r.spoil(ctx, row, true)
		if isMissing(failure) {
			return errNotFound.Because(failure)
		}
		return errRefused.Because(failure)
	case stripeapi.Broken, stripeapi.KeyReused:
		r.spoil(ctx, row, false)
		return errUnavailable.Because(failure)
	case stripeapi.Away:
		return errUnavailable.Because(failure)
	default:
		return errUnavailable.Because(failure)
	}
}

// asItIsNow asks Stripe what became of a refund that was made; the books' own word does as well when it does not answer.
func (r *Refunds) asItIsNow(ctx context.Context, row dbgen.PaymentRefund) *paymentv1.Refund {
	ctx, cancel := context.WithTimeout(ctx, rereadLimit)
	defer cancel()
	refund, err := r.stripe.GetRefund(ctx, *row.RefundID)
	if err != nil {
		r.logger.WarnContext(ctx, "refund not read again", slog.String("refund", *row.RefundID), slog.Any("error", err))
		return refundOf(row)
	}
	return refund
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
