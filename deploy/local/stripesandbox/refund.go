package stripesandbox

import (
	"fmt"
	"time"
)

// Values of a refund's status, as the API spells them.
const (
	refundPending   = "pending"
	refundSucceeded = "succeeded"
	refundFailed    = "failed"
)

// How new refunds turn out (POST /sandbox/refunds).
const (
	refundsNormal  = "normal"  // they succeed at once
	refundsPending = "pending" // they wait to be settled
	refundsFail    = "fail"    // they fail at once
)

// refund is money on its way back to the customer. Until it fails, its amount counts as refunded.
type refund struct {
	ID            string
	SessionID     string
	IntentID      string
	ChargeID      string
	Amount        int64
	Currency      string
	Status        string
	Reason        string
	FailureReason string
	Metadata      map[string]string
	Created       int64
}

func refundReasons() []string { return []string{"duplicate", "fraudulent", "requested_by_customer"} }

func (r refund) render() object {
	rendered := object{
		"id": r.ID, "object": "refund", "amount": r.Amount, "balance_transaction": "txn_" + r.ID, "charge": r.ChargeID,
		"created": r.Created, "currency": r.Currency, "metadata": orEmpty(r.Metadata), "payment_intent": r.IntentID,
		"reason": orNull(r.Reason), "receipt_number": nil, "source_transfer_reversal": nil, "status": r.Status, "transfer_reversal": nil,
	}
	if r.Status == refundFailed {
		rendered["failure_reason"] = r.FailureReason
		rendered["failure_balance_transaction"] = "txn_failed_" + r.ID
	}
	return rendered
}

// refundRefusal is why an amount cannot be given back, or nil. Amount 0 asks for all that is left.
func refundRefusal(of session, amount int64) *apiError {
	if of.Payment == nil || of.Payment.Status != intentSucceeded {
		return refused("", "payment_intent", "This payment has no successful charge to refund.")
	}
	charge := of.Payment.ChargeID
	switch left := of.unrefunded(); {
	case of.Payment.isWithheld():
		return refused("charge_disputed", "", "The charge %s was charged back; it cannot be refunded.", charge)
	case left == 0:
		return refused("charge_already_refunded", "", "The charge %s has already been refunded.", charge)
	case amount > left:
		return refused("", "amount", "The refund of %s is greater than the unrefunded amount of %s on the charge.",
			displayAmount(amount, of.Currency), displayAmount(left, of.Currency))
	}
	return nil
}

// makeRefund gives back asked.Amount, or with 0 the rest, in the way that the switch says. refundRefusal has been asked before.
func (s *Sandbox) makeRefund(of session, asked refund, now time.Time) refund {
	made := asked
	made.ID, made.Created = newIdentifier("re_3", 23), now.Unix()
	made.SessionID, made.IntentID, made.ChargeID, made.Currency = of.ID, of.Payment.IntentID, of.Payment.ChargeID, of.Currency
	if made.Amount == 0 {
		made.Amount = of.unrefunded()
	}
	switch s.state.currentSettings().Refunds {
	case refundsPending:
		made.Status = refundPending
	case refundsFail:
		made.Status, made.FailureReason = refundFailed, "expired_or_canceled_card"
	default:
		made.Status = refundSucceeded
	}
	s.state.refunds.Put(made.ID, made)
	s.recordRefund(eventRefundCreated, made, "", now)
	if made.Status == refundFailed {
		s.tellRefundChanged(made, refundPending, now)
		return made
	}
	changed := of.withRefunded(of.Payment.Refunded + made.Amount)
	s.state.putSession(changed)
	s.recordEvent(event{Type: eventChargeRefunded, Session: changed, Previous: refundedBefore(of, changed)}, now)
	return made
}

func refundedBefore(before, after session) object {
	previous := object{"amount_refunded": before.Payment.Refunded}
	if after.unrefunded() == 0 {
		previous["refunded"] = false
	}
	return previous
}

// settleRefund ends a pending refund, or lets one fail that had succeeded, as banks do. It returns an error when the refund
// has come to its end.
func (s *Sandbox) settleRefund(stored refund, outcome string, now time.Time) (refund, error) {
	isOpen := stored.Status == refundPending || stored.Status == refundSucceeded && outcome == refundFailed
	if !isOpen {
		return refund{}, fmt.Errorf("the refund is %s", stored.Status)
	}
	before := stored.Status
	stored.Status = outcome
	if outcome == refundFailed {
		stored.FailureReason = "expired_or_canceled_card"
		if of, known := s.state.sessions.Get(stored.SessionID); known {
			s.state.putSession(of.withRefunded(of.Payment.Refunded - stored.Amount))
		}
	}
	s.state.refunds.Put(stored.ID, stored)
	s.tellRefundChanged(stored, before, now)
	return stored, nil
}

func (s *Sandbox) tellRefundChanged(changed refund, before string, now time.Time) {
	s.recordRefund(eventRefundUpdated, changed, before, now)
	s.recordRefund(eventChargeRefundUpdated, changed, before, now)
	if changed.Status == refundFailed {
		s.recordRefund(eventRefundFailed, changed, before, now)
	}
}

func (s *Sandbox) recordRefund(kind string, about refund, before string, now time.Time) {
	told := event{Type: kind, Session: session{ID: about.SessionID}, Refund: &about}
	if before != "" {
		told.Previous = object{"status": before}
	}
	s.recordEvent(told, now)
}
