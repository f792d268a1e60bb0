package refund

import (
	"context"
	"fmt"
	"time"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/exception"
	"github.com/bartgottschalk/startupwebapp/services/order/purchase"
	"github.com/bartgottschalk/startupwebapp/services/order/refund/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/money"
)

const (
	// paymentTimeout bounds one call of the payment service, which itself waits for Stripe.
	paymentTimeout = 15 * time.Second
	// bankCheck is when a refund that is under way at a bank is asked about, should no event tell.
	bankCheck = 10 * time.Minute
	// byStripe is who did what we only learnt.
	byStripe = "stripe"
	// refusedByBank is what is kept of a refund that Stripe took on and that failed all the same.
	refusedByBank = "failed at stripe or the bank"
)

// goOn asks Stripe for a refund that it has not taken on yet, and writes down what it says. Nothing happens to others.
// Faults: stripe-refused, payment-not-found, and stripe-unavailable when the refund goes on by itself.
func (r *Refunds) goOn(ctx context.Context, row dbgen.Refund, order string) (dbgen.Refund, error) {
	if row.State != statePending || row.RefundID != nil {
		return row, nil
	}
	answer, err := r.create(ctx, row, order)
	if err != nil && !final(err) {
		return row, errAway.Because(err)
	}
	if err != nil {
		if failure := r.refuse(ctx, row, fault.ReasonOf(err)); failure != nil {
			return row, failure
		}
		return row, refusal(row, err)
	}
	err = r.within(ctx, lockIntent(row.PaymentIntent), func(ctx context.Context, books *ledger) error {
		return books.learn(ctx, row.ID, answer)
	})
	if err != nil {
		return row, err
	}
	found, err := dbgen.New(r.db).FindRefund(ctx, row.ID)
	if err != nil {
		return row, fmt.Errorf("find refund: %w", err)
	}
	return found.Refund, nil
}

func (r *Refunds) create(ctx context.Context, row dbgen.Refund, order string) (*paymentv1.Refund, error) {
	ctx, cancel := context.WithTimeout(ctx, paymentTimeout)
	defer cancel()
	answer, err := r.payment.CreateRefund(ctx, &paymentv1.CreateRefundRequest{
		Key: stripeKey(row, order), PaymentIntentId: row.PaymentIntent, AmountMinor: row.AmountMinor, Currency: row.Currency,
	})
	return answer.GetRefund(), err
}

// final tells whether an error is Stripe's no, rather than no answer.
func final(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.NotFound, fault.Conflict, fault.FailedPrecondition:
		return true
	default:
		return false
	}
}

// refusal is what who asked is told. A payment that the payment service does not know is only ever that of an exception.
func refusal(row dbgen.Refund, err error) error {
	if row.PurchaseID == nil && fault.HasReason(err, errUnknown.Reason) {
		return errUnknown.Because(err)
	}
	return errRefused.Because(err)
}

// refuse writes down that Stripe will not give this back, unless somebody got another answer meanwhile.
func (r *Refunds) refuse(ctx context.Context, refused dbgen.Refund, reason string) error {
	return r.within(ctx, lockIntent(refused.PaymentIntent), func(ctx context.Context, books *ledger) error {
		found, err := books.queries.FindRefund(ctx, refused.ID)
		if err != nil {
			return fmt.Errorf("find refund: %w", err)
		}
		if found.Refund.State != statePending || found.Refund.RefundID != nil {
			return nil
		}
		if err := books.settle(ctx, refused.ID, stateFailed, reason); err != nil {
			return err
		}
		if refused.PurchaseID == nil && reason == errUnknown.Reason {
			return nil // the exception that it is for waits for people already, and trying once more is no use
		}
		return books.noteFailures(ctx, refused.AmountMinor)
	})
}

func (l *ledger) settle(ctx context.Context, id int64, state, failure string) error {
	err := l.queries.SettleRefund(ctx, dbgen.SettleRefundParams{ID: id, State: state, Failure: failure, Now: l.at})
	if err != nil {
		return fmt.Errorf("settle refund: %w", err)
	}
	return nil
}

// learn writes down what Stripe says of a refund. Answers may come twice and late: a refund goes from pending to succeeded, and
// from both to failed, and never back.
func (l *ledger) learn(ctx context.Context, id int64, told *paymentv1.Refund) error {
	found, err := l.queries.FindRefund(ctx, id)
	if err != nil {
		return fmt.Errorf("find refund: %w", err)
	}
	row, state := found.Refund, stateOf(told)
	switch {
	case row.RefundID == nil:
		return l.takeOn(ctx, row, told.GetRefundId(), state)
	case row.State == stateFailed, row.State == state, state == statePending:
		return nil
	case state == stateSucceeded:
		return l.settle(ctx, id, stateSucceeded, "")
	default:
		return l.fail(ctx, row)
	}
}

func stateOf(told *paymentv1.Refund) string {
	switch told.GetStatus() {
	case paymentv1.RefundStatus_REFUND_STATUS_SUCCEEDED:
		return stateSucceeded
	case paymentv1.RefundStatus_REFUND_STATUS_FAILED:
		return stateFailed
	default:
		return statePending
	}
}

// takeOn is everything that comes with money that goes back: from now on it counts.
func (l *ledger) takeOn(ctx context.Context, row dbgen.Refund, refundID, state string) error {
	doubles, err := l.queries.ForgetDouble(ctx, dbgen.ForgetDoubleParams{RefundID: refundID, ID: row.ID})
	if err != nil {
		return fmt.Errorf("forget double of refund: %w", err)
	}
	failure := ""
	if state == stateFailed {
		failure = refusedByBank
	}
	if err := l.queries.TakeOnRefund(ctx, dbgen.TakeOnRefundParams{
		ID: row.ID, RefundID: refundID, State: state, Failure: failure, Now: l.at, NextCheckAt: l.at.Add(bankCheck),
	}); err != nil {
		return fmt.Errorf("take on refund: %w", err)
	}
	if state == stateFailed {
		return l.noteFailures(ctx, row.AmountMinor)
	}
	if row.PurchaseID != nil {
		if err := l.restock(ctx, row.ID, row.RequestedBy); err != nil {
			return err
		}
	}
	if row.PurchaseID != nil && doubles == 0 { // a double has been told of already
		if err := l.tell(ctx, row); err != nil {
			return err
		}
	}
	return l.makeUp(ctx, row)
}

// tell writes the history of the order, which mails the customer.
func (l *ledger) tell(ctx context.Context, row dbgen.Refund) error {
	sums, err := l.queries.SumRefunds(ctx, l.paid.intent)
	if err != nil {
		return fmt.Errorf("sum refunds: %w", err)
	}
	change := purchase.Change{
		PurchaseID: *row.PurchaseID, Status: purchase.StatusRefunded, By: row.RequestedBy,
		RefundMinor: row.AmountMinor, RefundedMinor: sums.GivenMinor,
	}
	if sums.GivenMinor < l.paid.chargedMinor {
		change.Status = purchase.StatusPartlyRefunded
		change.Description = fmt.Sprintf("%s of %s is on its way back to you.", money.Format(sums.GivenMinor), money.Format(l.paid.chargedMinor))
	}
	return l.purchases.Enter(ctx, l.tx, change)
}

// fail is a refund that Stripe had taken on and that the bank sent back, days later perhaps.
func (l *ledger) fail(ctx context.Context, row dbgen.Refund) error {
	if err := l.settle(ctx, row.ID, stateFailed, refusedByBank); err != nil {
		return err
	}
	if row.PurchaseID != nil {
		if err := l.purchases.Enter(ctx, l.tx, purchase.Change{
			PurchaseID: *row.PurchaseID, Status: purchase.StatusRefundFailed, By: byStripe,
			Description: fmt.Sprintf("%s did not reach you: your bank sent it back. We will get in touch with you.", money.Format(row.AmountMinor)),
		}); err != nil {
			return err
		}
	}
	return l.noteFailures(ctx, row.AmountMinor)
}

// checkSum tells people when more went back than came, which only hands at Stripe's dashboard can do.
func (l *ledger) checkSum(ctx context.Context) error {
	sums, err := l.queries.SumRefunds(ctx, l.paid.intent)
	if err != nil {
		return fmt.Errorf("sum refunds: %w", err)
	}
	if sums.GivenMinor <= l.paid.chargedMinor {
		return nil
	}
	detail := fmt.Sprintf("%s of %s was given back", money.Format(sums.GivenMinor), money.Format(l.paid.chargedMinor))
	return l.note(ctx, exception.RefundExceedsPayment, detail, 0)
}
