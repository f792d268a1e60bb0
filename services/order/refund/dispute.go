package refund

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/exception"
	"github.com/bartgottschalk/startupwebapp/services/order/refund/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/money"
)

// lost is Stripe's word for a dispute that the customer won.
const lost = "lost"

// overWell are Stripe's words for disputes that left us the money.
func overWell() []string { return []string{"won", "warning_closed", "prevented"} }

// LearnDispute brings our books up to what Stripe says of a dispute. An open one is an exception, as people have to answer it; a
// won one resolves it; a lost one stays. Safe to repeat and to race. A dispute that is not ours is no error.
func (r *Refunds) LearnDispute(ctx context.Context, disputeID string) error {
	told, err := r.getDispute(ctx, disputeID)
	if err != nil && fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return errUnlearnt.Because(err)
	}
	err = r.within(ctx, lockIntent(told.GetPaymentIntentId()), func(ctx context.Context, books *ledger) error {
		return books.keepDispute(ctx, told)
	})
	if errors.Is(err, errNotOurs) {
		return nil
	}
	return err
}

func (r *Refunds) getDispute(ctx context.Context, id string) (*paymentv1.Dispute, error) {
	ctx, cancel := context.WithTimeout(ctx, paymentTimeout)
	defer cancel()
	answer, err := r.payment.GetDispute(ctx, &paymentv1.GetDisputeRequest{DisputeId: id})
	return answer.GetDispute(), err
}

func (l *ledger) keepDispute(ctx context.Context, told *paymentv1.Dispute) error {
	isNew, err := l.queries.KeepDispute(ctx, dbgen.KeepDisputeParams{
		DisputeID: told.GetDisputeId(), PurchaseID: l.paid.purchaseID, PaymentIntent: l.paid.intent,
		AmountMinor: max(0, told.GetAmountMinor()), Currency: told.GetCurrency(), Reason: tidy(told.GetReason(), longestName),
		Status: tidy(told.GetStatus(), longestName), OpenedAt: told.GetCreatedAt().AsTime(), Now: l.at, ClosedAt: l.closedAt(told),
	})
	if err != nil {
		return fmt.Errorf("keep dispute: %w", err)
	}
	disputes, err := l.queries.ListDisputesOfIntent(ctx, l.paid.intent)
	if err != nil {
		return fmt.Errorf("list disputes: %w", err)
	}
	if err := l.proposeBesidesDisputes(ctx, told.GetStatus()); err != nil {
		return err
	}
	waiting := slices.DeleteFunc(slices.Clone(disputes), func(dispute dbgen.Dispute) bool { return slices.Contains(overWell(), dispute.Status) })
	switch {
	case len(waiting) == 0 && isNew: // the books know of it, and nobody is woken
		known := len(l.findings)
		if err := l.note(ctx, exception.Dispute, describe(disputes), 0); err != nil {
			return err
		}
		l.findings = l.findings[:known]
		return l.resolve(ctx, byStripe, told.GetStatus(), exception.Dispute)
	case len(waiting) == 0:
		return l.resolve(ctx, byStripe, told.GetStatus(), exception.Dispute)
	case isNew || told.GetStatus() == lost:
		return l.note(ctx, exception.Dispute, describe(waiting), 0)
	default: // who resolved it need not hear of every step at the bank
		return l.tellMore(ctx, exception.Dispute, describe(waiting))
	}
}

// proposeBesidesDisputes keeps anybody from paying what a dispute takes once more, and proposes failed refunds again after one
// that left us the money.
func (l *ledger) proposeBesidesDisputes(ctx context.Context, status string) error {
	left, err := l.proposableMinor(ctx)
	if err != nil {
		return err
	}
	if slices.Contains(overWell(), status) {
		return l.proposeFailed(ctx, left)
	}
	err = l.queries.LowerProposedByDispute(ctx, dbgen.LowerProposedByDisputeParams{
		LeftMinor: left, PaymentIntent: l.paid.intent, Lost: status == lost,
	})
	if err != nil {
		return fmt.Errorf("lower proposed refund: %w", err)
	}
	return nil
}

func (l *ledger) proposeFailed(ctx context.Context, leftMinor int64) error {
	failed, err := l.queries.ListFailedRefunds(ctx, l.paid.intent)
	if err != nil || len(failed) == 0 {
		return err
	}
	err = l.queries.ProposeFailedRefunds(ctx, dbgen.ProposeFailedRefundsParams{
		SessionID: l.paid.session, PaymentIntent: l.paid.intent, AmountMinor: failed[len(failed)-1].AmountMinor, LeftMinor: leftMinor,
	})
	if err != nil {
		return fmt.Errorf("propose failed refunds: %w", err)
	}
	return nil
}

// proposableMinor is what was paid, and nobody has asked back, and no dispute takes.
func (l *ledger) proposableMinor(ctx context.Context) (int64, error) {
	left, err := l.leftMinor(ctx)
	if err != nil {
		return 0, err
	}
	disputed, err := l.queries.SumDisputes(ctx, dbgen.SumDisputesParams{PaymentIntent: l.paid.intent, OverWell: overWell()})
	if err != nil {
		return 0, fmt.Errorf("sum disputes: %w", err)
	}
	return max(0, left-disputed), nil
}

func (l *ledger) closedAt(told *paymentv1.Dispute) *time.Time {
	if told.GetStatus() != lost && !slices.Contains(overWell(), told.GetStatus()) {
		return nil
	}
	now := l.at
	return &now
}

func describe(disputes []dbgen.Dispute) string {
	texts := make([]string, len(disputes))
	for i, dispute := range disputes {
		texts[i] = fmt.Sprintf("%s: %s, %s, %s %s", dispute.DisputeID, dispute.Reason, dispute.Status, money.Format(dispute.AmountMinor), dispute.Currency)
	}
	return tidy(strings.Join(texts, "; "), longestNote)
}
