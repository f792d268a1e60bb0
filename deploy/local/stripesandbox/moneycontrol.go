package stripesandbox

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// errUnknown is returned by switches that were given an id of nothing.
var errUnknown = errors.New("no such payment, refund or dispute")

// routeMoneyControls has the switches for what becomes of money besides payments: tax, refunds, disputes.
func (s *Sandbox) routeMoneyControls(mux *http.ServeMux) {
	mux.HandleFunc("GET /sandbox/tax", s.showTax)
	mux.HandleFunc("POST /sandbox/tax", s.switchTax)
	mux.HandleFunc("GET /sandbox/refunds", s.showRefunds)
	mux.HandleFunc("POST /sandbox/refunds", s.switchRefunds)
	mux.HandleFunc("POST /sandbox/refunds/{id}/settle", s.settleRefundOnDemand)
	mux.HandleFunc("POST /sandbox/charges/{payment_intent}/refund", s.refundAtDashboard)
	mux.HandleFunc("POST /sandbox/charges/{payment_intent}/dispute", s.disputeCharge)
	mux.HandleFunc("GET /sandbox/disputes", s.showDisputes)
	mux.HandleFunc("POST /sandbox/disputes/{id}/close", s.closeDisputeOnDemand)
}

func (s *Sandbox) showTax(w http.ResponseWriter, _ *http.Request) {
	var rate percentage
	s.state.journal.View(func() { rate = s.state.currentSettings().TaxRate })
	writeJSON(w, http.StatusOK, object{"percent": rate.number()})
}

// switchTax sets the tax of the sessions that are created from now on.
func (s *Sandbox) switchTax(w http.ResponseWriter, r *http.Request) {
	form, ok := readForm(w, r)
	if !ok {
		return
	}
	rate, valid := parsePercentage(form.Get("percent"))
	if !valid {
		refuse(w, errors.New("percent must be a number from 0 to 100, such as 8.25"))
		return
	}
	s.change(w, func(current *settings) { current.TaxRate = rate }, s.showTax)
}

// switchRefunds sets how the refunds that are made from now on turn out.
func (s *Sandbox) switchRefunds(w http.ResponseWriter, r *http.Request) {
	form, ok := readForm(w, r)
	if !ok {
		return
	}
	mode := form.Get("mode")
	if !slices.Contains([]string{refundsNormal, refundsPending, refundsFail}, mode) {
		refuse(w, errors.New("mode must be normal, pending or fail"))
		return
	}
	s.change(w, func(current *settings) { current.Refunds = mode }, s.showRefunds)
}

// showRefunds tells the mode and all refunds, oldest first, for audits.
func (s *Sandbox) showRefunds(w http.ResponseWriter, _ *http.Request) {
	rows, mode := []any{}, ""
	s.state.journal.View(func() {
		mode = s.state.currentSettings().Refunds
		for _, stored := range s.state.refunds.OldestFirst() {
			rows = append(rows, object{
				"id": stored.ID, "session_id": stored.SessionID, "payment_intent": stored.IntentID, "charge": stored.ChargeID,
				"amount": stored.Amount, "currency": stored.Currency, "status": stored.Status, "reason": orNull(stored.Reason),
				"metadata": orEmpty(stored.Metadata), "created": stored.Created,
			})
		}
	})
	writeJSON(w, http.StatusOK, object{"mode": mode, "refunds": rows})
}

// showDisputes lists all disputes, oldest first, for audits.
func (s *Sandbox) showDisputes(w http.ResponseWriter, _ *http.Request) {
	rows := []any{}
	s.state.journal.View(func() {
		for _, stored := range s.state.disputes.OldestFirst() {
			rows = append(rows, object{
				"id": stored.ID, "session_id": stored.SessionID, "payment_intent": stored.IntentID, "charge": stored.ChargeID,
				"amount": stored.Amount, "currency": stored.Currency, "status": stored.Status, "reason": stored.Reason, "created": stored.Created,
			})
		}
	})
	writeJSON(w, http.StatusOK, rows)
}

func (s *Sandbox) settleRefundOnDemand(w http.ResponseWriter, r *http.Request) {
	form, ok := readForm(w, r)
	if !ok {
		return
	}
	outcome := form.Get("outcome")
	if outcome != refundSucceeded && outcome != refundFailed {
		refuse(w, errors.New("outcome must be succeeded or failed"))
		return
	}
	s.act(w, func() (object, error) {
		stored, known := s.state.refunds.Get(r.PathValue("id"))
		if !known {
			return nil, errUnknown
		}
		settled, err := s.settleRefund(stored, outcome, s.now())
		return settled.render(), err
	})
}

// refundAtDashboard does what somebody at Stripe's dashboard may do: amount is optional, the rest of the charge without.
func (s *Sandbox) refundAtDashboard(w http.ResponseWriter, r *http.Request) {
	form, ok := readForm(w, r)
	if !ok {
		return
	}
	asked := refund{Reason: form.Get("reason")}
	if asked.Reason != "" && !slices.Contains(refundReasons(), asked.Reason) {
		refuse(w, errors.New("reason must be one of "+strings.Join(refundReasons(), ", ")))
		return
	}
	if text := form.Get("amount"); text != "" {
		amount, err := strconv.ParseInt(text, 10, 64)
		if err != nil || amount < 1 || amount > largestCharge {
			refuse(w, errors.New("amount must be a whole number of minor units from 1"))
			return
		}
		asked.Amount = amount
	}
	s.act(w, func() (object, error) {
		of, known := s.state.sessionOfIntent(r.PathValue("payment_intent"))
		if !known {
			return nil, errUnknown
		}
		if err := refundRefusal(of, asked.Amount); err != nil {
			return nil, err
		}
		return s.makeRefund(of, asked, s.now()).render(), nil
	})
}

// disputeCharge does what a customer may do at their bank; the reason is fraudulent unless given.
func (s *Sandbox) disputeCharge(w http.ResponseWriter, r *http.Request) {
	form, ok := readForm(w, r)
	if !ok {
		return
	}
	reason := form.Get("reason")
	if reason == "" {
		reason = "fraudulent"
	}
	if !slices.Contains(disputeReasons(), reason) {
		refuse(w, errors.New("reason must be one of "+strings.Join(disputeReasons(), ", ")))
		return
	}
	s.act(w, func() (object, error) {
		of, known := s.state.sessionOfIntent(r.PathValue("payment_intent"))
		if !known {
			return nil, errUnknown
		}
		made, err := s.openDispute(of, reason, s.now())
		return made.render(), err
	})
}

func (s *Sandbox) closeDisputeOnDemand(w http.ResponseWriter, r *http.Request) {
	form, ok := readForm(w, r)
	if !ok {
		return
	}
	status := form.Get("status")
	if status != disputeWon && status != disputeLost {
		refuse(w, errors.New("status must be won or lost"))
		return
	}
	s.act(w, func() (object, error) {
		stored, known := s.state.disputes.Get(r.PathValue("id"))
		if !known {
			return nil, errUnknown
		}
		closed, err := s.closeDispute(stored, status, s.now())
		return closed.render(), err
	})
}

// act carries out a switch and answers with what it made: 404 for an unknown id, 409 when the state does not allow it.
func (s *Sandbox) act(w http.ResponseWriter, work func() (object, error)) {
	var done object
	var refusal error
	err := s.state.journal.Update(func() error {
		s.advance(s.now())
		done, refusal = work()
		return nil
	})
	switch {
	case err != nil:
		writeJSON(w, http.StatusInternalServerError, object{"error": s.stateFailed(err).Message})
	case errors.Is(refusal, errUnknown):
		writeJSON(w, http.StatusNotFound, object{"error": refusal.Error()})
	case refusal != nil:
		writeJSON(w, http.StatusConflict, object{"error": refusal.Error()})
	default:
		writeJSON(w, http.StatusOK, done)
	}
}
