package stripesandbox

import (
	"fmt"
	"time"
)

// Values of a dispute's status, as the API spells them.
const (
	disputeOpen = "needs_response"
	disputeWon  = "won"
	disputeLost = "lost"
)

// answerWithin is how long a shop has to answer a dispute.
const answerWithin = 7 * 24 * time.Hour

// dispute is a customer's objection at their bank against a charge.
type dispute struct {
	ID        string
	SessionID string
	IntentID  string
	ChargeID  string
	Amount    int64
	Currency  string
	Reason    string
	Status    string
	Created   int64
}

func disputeReasons() []string {
	return []string{
		"fraudulent", "bank_cannot_process", "check_returned", "credit_not_processed", "customer_initiated", "debit_not_authorized",
		"duplicate", "general", "incorrect_account_details", "insufficient_funds", "product_not_received", "product_unacceptable",
		"subscription_canceled", "unrecognized",
	}
}

func (d dispute) render() object {
	return object{
		"id": d.ID, "object": "dispute", "livemode": false, "amount": d.Amount, "currency": d.Currency, "charge": d.ChargeID,
		"payment_intent": d.IntentID, "reason": d.Reason, "status": d.Status, "created": d.Created, "metadata": object{},
		"balance_transactions": []any{}, "evidence": object{}, "is_charge_refundable": false,
		"evidence_details": object{
			"due_by": d.Created + int64(answerWithin.Seconds()), "has_evidence": false, "past_due": false, "submission_count": 0,
		},
	}
}

// openDispute begins a dispute about what was not given back yet.
func (s *Sandbox) openDispute(of session, reason string, now time.Time) (dispute, error) {
	switch {
	case of.Payment == nil || of.Payment.Status != intentSucceeded:
		return dispute{}, fmt.Errorf("the session %s has no successful charge", of.ID)
	case of.Payment.DisputeStatus != "":
		return dispute{}, fmt.Errorf("the charge was disputed already: %s", of.Payment.DisputeStatus)
	case of.unrefunded() == 0:
		return dispute{}, fmt.Errorf("the charge %s is refunded", of.Payment.ChargeID)
	}
	made := dispute{
		ID: newIdentifier("du_1", 23), SessionID: of.ID, IntentID: of.Payment.IntentID, ChargeID: of.Payment.ChargeID,
		Amount: of.unrefunded(), Currency: of.Currency, Reason: reason, Status: disputeOpen, Created: now.Unix(),
	}
	s.putDispute(made)
	s.recordDispute(eventDisputeCreated, made, nil, now)
	return made, nil
}

// closeDispute ends a dispute: won gives the money back to the shop, lost takes it for good.
func (s *Sandbox) closeDispute(stored dispute, status string, now time.Time) (dispute, error) {
	if stored.Status != disputeOpen {
		return dispute{}, fmt.Errorf("the dispute is %s", stored.Status)
	}
	before := object{"status": stored.Status}
	stored.Status = status
	s.putDispute(stored)
	s.recordDispute(eventDisputeClosed, stored, before, now)
	return stored, nil
}

// putDispute stores the dispute, and with the charge how it stands.
func (s *Sandbox) putDispute(changed dispute) {
	s.state.disputes.Put(changed.ID, changed)
	if of, known := s.state.sessions.Get(changed.SessionID); known {
		s.state.putSession(of.withDispute(changed.Status))
	}
}

func (s *Sandbox) recordDispute(kind string, about dispute, before object, now time.Time) {
	s.recordEvent(event{Type: kind, Session: session{ID: about.SessionID}, Dispute: &about, Previous: before}, now)
}

func (s *Sandbox) renderDispute(c *call, found dispute) object {
	rendered := found.render()
	if of, known := s.state.sessions.Get(found.SessionID); known {
		of.expandPayment(rendered, c.expansion())
	}
	return rendered
}

func (s *Sandbox) retrieveDispute(c *call) (any, *apiError) {
	if err := c.given.checkNames([]string{"expand[]"}); err != nil {
		return nil, err
	}
	id := c.request.PathValue("id")
	found, known := s.state.disputes.Get(id)
	if !known {
		return nil, noSuch("dispute", "dispute", id)
	}
	return s.renderDispute(c, found), nil
}

func (s *Sandbox) listDisputes(c *call) (any, *apiError) {
	chosen, err := s.readPaymentFilter(c)
	if err != nil {
		return nil, err
	}
	return listPage(c, "/v1/disputes", func(yield func(dispute) bool) {
		for _, stored := range s.state.disputes.NewestFirst() {
			if chosen(stored.SessionID, stored.Created) && !yield(stored) {
				return
			}
		}
	}, func(found dispute) string { return found.ID },
		func(found dispute) any { return s.renderDispute(c, found) })
}
