package stripesandbox

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

// settlement is when late payments settle, where /sandbox/settlement has changed it.
type settlement struct {
	OnDemand bool
	Delay    time.Duration
}

func (s *Sandbox) routeControls(mux *http.ServeMux) {
	mux.HandleFunc("GET /sandbox/webhooks", s.showWebhooks)
	mux.HandleFunc("POST /sandbox/webhooks", s.switchWebhooks)
	mux.HandleFunc("POST /sandbox/settlement", s.switchSettlement)
	mux.HandleFunc("POST /sandbox/sessions/{id}/settle", s.settleOnDemand)
	mux.HandleFunc("GET /sandbox/events", s.showEvents)
	mux.HandleFunc("POST /sandbox/events/{id}/resend", s.resendEvent)
	mux.HandleFunc("GET /sandbox/requests", s.showRequests)
	mux.HandleFunc("DELETE /sandbox/requests", s.forgetRequests)
	mux.HandleFunc("GET /sandbox/fail", s.showFaults)
	mux.HandleFunc("POST /sandbox/fail", s.addFault)
	mux.HandleFunc("DELETE /sandbox/fail", s.removeFaults)
	mux.HandleFunc("GET /sandbox/charges", s.showCharges)
	s.routeMoneyControls(mux)
}

func (s *Sandbox) showWebhooks(w http.ResponseWriter, _ *http.Request) {
	var current settings
	s.state.journal.View(func() { current = s.state.currentSettings() })
	writeJSON(w, http.StatusOK, object{"mode": current.Mode.String(), "api_version": current.APIVersion, "url": s.options.WebhookURL})
}

// switchWebhooks changes how later events are delivered: mode (several joined by commas) or api_version or both.
func (s *Sandbox) switchWebhooks(w http.ResponseWriter, r *http.Request) {
	form, ok := readForm(w, r)
	if !ok {
		return
	}
	asked := form.Get("mode")
	for _, name := range []string{"delay", "window"} { // mode=delay&delay=2s does as well as mode=delay=2s
		if value := form.Get(name); value != "" {
			asked = joinModes(strings.TrimPrefix(asked, name), name+"="+value)
		}
	}
	mode, err := parseMode(asked)
	if asked != "" && err != nil {
		refuse(w, err)
		return
	}
	version := form.Get("api_version")
	if version != "" && !versionForm.MatchString(version) || asked == "" && version == "" {
		refuse(w, errors.New("expected mode=normal|duplicate|reverse|drop|delay=2s or api_version=2025-11-17.clover"))
		return
	}
	s.change(w, func(current *settings) {
		if asked != "" {
			current.Mode = mode
		}
		if version != "" {
			current.APIVersion = version
		}
	}, s.showWebhooks)
	s.nudge()
}

func joinModes(first, second string) string { return strings.Trim(first+","+second, ",") }

// switchSettlement changes when late payments that begin from now on settle: delay=10s, or delay=manual.
func (s *Sandbox) switchSettlement(w http.ResponseWriter, r *http.Request) {
	form, ok := readForm(w, r)
	if !ok {
		return
	}
	if form.Get("delay") == "manual" {
		s.change(w, func(current *settings) { current.Settlement = &settlement{OnDemand: true} }, s.showWebhooks)
		return
	}
	delay, err := parseWait(form.Get("delay"))
	if err != nil {
		refuse(w, err)
		return
	}
	s.change(w, func(current *settings) { current.Settlement = &settlement{Delay: delay} }, s.showWebhooks)
}

// settlementTime is when a late payment that begins now settles; nil: on demand only.
func (s *Sandbox) settlementTime(now time.Time) *time.Time {
	delay := s.options.SettleDelay
	if switched := s.state.currentSettings().Settlement; switched != nil {
		delay = switched.Delay
		if switched.OnDemand {
			delay = -1
		}
	}
	if delay < 0 {
		return nil
	}
	at := now.Add(delay)
	return &at
}

// change stores changed settings and answers with what show tells of them.
func (s *Sandbox) change(w http.ResponseWriter, apply func(*settings), show http.HandlerFunc) {
	err := s.state.journal.Update(func() error {
		current := s.state.currentSettings()
		apply(&current)
		s.state.putSettings(current)
		return nil
	})
	if err != nil {
		writeJSON(w, http.StatusInternalServerError, object{"error": s.stateFailed(err).Message})
		return
	}
	show(w, nil)
}

func (s *Sandbox) settleOnDemand(w http.ResponseWriter, r *http.Request) {
	form, ok := readForm(w, r)
	if !ok {
		return
	}
	outcome := form.Get("outcome")
	if outcome != "paid" && outcome != "failed" {
		refuse(w, errors.New("outcome must be paid or failed"))
		return
	}
	var settled session
	err := s.state.journal.Update(func() error {
		stored, known := s.state.sessions.Get(r.PathValue("id"))
		if !known || stored.Payment == nil || stored.Payment.Status != intentProcessing {
			return errNothingToDo
		}
		s.settle(stored, outcome == "paid", s.now())
		settled, _ = s.state.sessions.Get(stored.ID)
		return nil
	})
	s.report(w, err, "no such session, or its payment is not under way", object{"id": settled.ID, "payment_status": settled.PaymentStatus})
}

func (s *Sandbox) resendEvent(w http.ResponseWriter, r *http.Request) {
	err := s.resend(r.PathValue("id"))
	s.report(w, err, "no such event, no webhook address, or resent too often", object{"id": r.PathValue("id")})
}

func (s *Sandbox) report(w http.ResponseWriter, err error, nothing string, done object) {
	switch {
	case errors.Is(err, errNothingToDo):
		writeJSON(w, http.StatusConflict, object{"error": nothing})
	case err != nil:
		writeJSON(w, http.StatusInternalServerError, object{"error": s.stateFailed(err).Message})
	default:
		writeJSON(w, http.StatusOK, done)
	}
}

// showEvents lists the events, newest first, with how their deliveries stand.
func (s *Sandbox) showEvents(w http.ResponseWriter, _ *http.Request) {
	rows := []any{}
	s.state.journal.View(func() {
		for _, stored := range s.state.events.NewestFirst() {
			deliveries := []any{}
			for _, way := range stored.Deliveries {
				deliveries = append(deliveries, object{
					"state": way.State, "tries": way.Tries, "due": way.Due, "attempts": slices.Clone(way.Attempts),
				})
			}
			rows = append(rows, object{
				"id": stored.ID, "type": stored.Type, "time": stored.At, "session_id": stored.Session.ID, "number": stored.Number,
				"api_version": stored.APIVersion, "delivery_success": stored.isDelivered(), "deliveries": deliveries,
			})
		}
	})
	writeJSON(w, http.StatusOK, rows)
}

// showRequests lists the calls to the API, newest first.
func (s *Sandbox) showRequests(w http.ResponseWriter, _ *http.Request) {
	rows := []loggedRequest{}
	s.state.journal.View(func() {
		for _, stored := range s.state.requests.NewestFirst() {
			rows = append(rows, stored)
		}
	})
	writeJSON(w, http.StatusOK, rows)
}

func (s *Sandbox) forgetRequests(w http.ResponseWriter, _ *http.Request) {
	err := s.state.journal.Note(func() { s.state.requests.Clear() })
	s.report(w, err, "", object{"requests": 0})
}

// showCharges lists what was taken from customers, oldest first; free orders are in it with amount 0. It is the side of
// the bank in the tests' audit, so late payments appear only when they have settled.
func (s *Sandbox) showCharges(w http.ResponseWriter, _ *http.Request) {
	rows := []any{}
	s.state.journal.View(func() {
		for _, stored := range s.state.sessions.OldestFirst() {
			if stored.PaymentStatus == paymentUnpaid {
				continue
			}
			var intent any
			var disputeStatus string
			if stored.Payment != nil {
				intent, disputeStatus = stored.Payment.IntentID, stored.Payment.DisputeStatus
			}
			rows = append(rows, object{
				"session_id": stored.ID, "payment_intent": intent, "amount": stored.amountTotal(), "currency": stored.Currency,
				"payment_status": stored.PaymentStatus, "client_reference_id": orNull(stored.ClientReferenceID),
				"metadata": orEmpty(stored.Metadata), "amount_discount": stored.AmountDiscount, "created": stored.Created,
				"amount_subtotal": stored.AmountSubtotal, "amount_tax": stored.AmountTax, "refunded": stored.amountRefunded(),
				"disputed": disputeStatus != "", "dispute_status": orNull(disputeStatus),
			})
		}
	})
	writeJSON(w, http.StatusOK, rows)
}
