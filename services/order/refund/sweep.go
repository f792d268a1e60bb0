package refund

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/order/refund/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

const (
	// mostAtOnce is how many due refunds one sweep takes.
	mostAtOnce = 200
	// deafness is how many failures in a row end a sweep, as nobody answers.
	deafness = 3
)

// Run finishes every SWEEP_INTERVAL what was left half done, and once at the start, until ctx is done. Any number of processes
// may do so at once.
func (r *Refunds) Run(ctx context.Context) error {
	ticker := time.NewTicker(r.interval)
	defer ticker.Stop()
	for {
		if err := r.Sweep(ctx); err != nil && ctx.Err() == nil {
			r.tel.Logger.ErrorContext(ctx, "sweep of refunds", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Sweep asks Stripe for refunds that it has not taken on, and about those that a bank has not settled. A first time soon after
// they were wanted, then twice as late each time, up to an hour. It answers the failures that it met; what failed comes up again.
func (r *Refunds) Sweep(ctx context.Context) error {
	var failures []error
	inARow := 0
	for range mostAtOnce {
		due, err := dbgen.New(r.db).ClaimDueRefund(ctx, dbgen.ClaimDueRefundParams{Now: r.now(), FirstSeconds: firstCheck.Seconds()})
		if errors.Is(err, pgx.ErrNoRows) {
			break
		}
		if err != nil {
			return errors.Join(append(failures, fmt.Errorf("claim due refund: %w", err))...)
		}
		inARow++
		if err := r.check(ctx, due); err != nil {
			failures = append(failures, fmt.Errorf("refund %d: %w", due.ID, err))
		} else {
			inARow = 0
		}
		if ctx.Err() != nil || inARow == deafness {
			break
		}
	}
	return errors.Join(failures...)
}

// check goes on with one refund. That Stripe refuses it is kept for people, and no failure of the sweep.
func (r *Refunds) check(ctx context.Context, due dbgen.ClaimDueRefundRow) error {
	if due.TakenOn {
		return r.LearnRefunds(ctx, due.PaymentIntent)
	}
	err := r.finish(ctx, due.ID)
	if fault.HasReason(err, errRefused.Reason) || fault.HasReason(err, errUnknown.Reason) {
		return nil
	}
	return err
}

func (r *Refunds) finish(ctx context.Context, id int64) error {
	found, err := dbgen.New(r.db).FindRefund(ctx, id)
	if err != nil {
		return fmt.Errorf("find refund: %w", err)
	}
	_, err = r.goOn(ctx, found.Refund, found.OrderIdentifier)
	return err
}
