package stripesandbox

import (
	"slices"
	"time"
)

// Types of the events that are sent.
const (
	eventCompleted      = "checkout.session.completed"
	eventAsyncSucceeded = "checkout.session.async_payment_succeeded"
	eventAsyncFailed    = "checkout.session.async_payment_failed"
	eventExpired        = "checkout.session.expired"

	eventChargeRefunded      = "charge.refunded"
	eventChargeRefundUpdated = "charge.refund.updated"
	eventRefundCreated       = "refund.created"
	eventRefundUpdated       = "refund.updated"
	eventRefundFailed        = "refund.failed"
	eventDisputeCreated      = "charge.dispute.created"
	eventDisputeClosed       = "charge.dispute.closed"
)

// event says what happened to a session, its charge, a refund or a dispute, with the object as it was then.
type event struct {
	ID         string
	Number     int64 // counts the events, in their order
	Type       string
	At         time.Time
	Session    session  // of an event about a refund or a dispute only its id
	Refund     *refund  `json:",omitempty"`
	Dispute    *dispute `json:",omitempty"`
	Previous   object   `json:",omitempty"` // previous_attributes
	APIVersion string   // in which the webhook is written
	Deliveries []delivery
}

// recordEvent stores an event, given its type and what it is about, with the deliveries that the current mode gives it.
// Call it inside an update.
func (s *Sandbox) recordEvent(made event, now time.Time) {
	current := s.state.currentSettings()
	made.ID, made.At, made.APIVersion = newIdentifier("evt_1", 23), now, current.APIVersion
	made.Number = s.state.index.lastEvent + 1
	if s.options.WebhookURL != "" {
		made.Deliveries = current.Mode.deliveries(now)
	}
	s.state.putEvent(made)
	s.nudge()
}

// about is what the event tells of, in a version of the API. No address of a payment page: no event is about an open session.
func (e event) about(version string) object {
	switch {
	case e.Refund != nil:
		return e.Refund.render()
	case e.Dispute != nil:
		return e.Dispute.render()
	case e.Type == eventChargeRefunded:
		return e.Session.renderCharge()
	default:
		return e.Session.render("", version, nil)
	}
}

func (e event) hasDeliveriesToMake() bool {
	return slices.ContainsFunc(e.Deliveries, func(d delivery) bool { return d.State == deliveryPending || d.State == deliveryHeld })
}

// isDelivered is Stripe's delivery_success: nothing is left to do and the endpoint has accepted it (or there is none).
func (e event) isDelivered() bool {
	accepted := slices.ContainsFunc(e.Deliveries, func(d delivery) bool { return d.State == deliveryDone })
	return len(e.Deliveries) == 0 || accepted && !e.hasDeliveriesToMake()
}

// render is the event as the API and, in the version of the endpoint, the webhook show it.
func (e event) render(version string) object {
	pending := 0
	for _, delivery := range e.Deliveries {
		if delivery.State != deliveryDone {
			pending++
		}
	}
	data := object{"object": e.about(version)}
	if e.Previous != nil {
		data["previous_attributes"] = e.Previous
	}
	return object{
		"id": e.ID, "object": "event", "type": e.Type, "api_version": version, "created": e.At.Unix(), "livemode": false,
		"pending_webhooks": pending, "request": object{"id": nil, "idempotency_key": nil},
		"data": data,
	}
}

// advance lets time do its work: sessions expire, late payments settle. Call it inside an update.
func (s *Sandbox) advance(now time.Time) {
	for _, id := range s.state.index.dueSessions(now) {
		stored, known := s.state.sessions.Get(id)
		if !known {
			continue
		}
		if expired, due := stored.expireWhenDue(now); due {
			s.state.putSession(expired)
			s.recordEvent(event{Type: eventExpired, Session: expired}, now)
			continue
		}
		if stored.Payment != nil && stored.Payment.SettleAt != nil && !now.Before(*stored.Payment.SettleAt) {
			s.settle(stored, true, now)
		}
	}
}

func (s *Sandbox) settle(stored session, paid bool, now time.Time) {
	settled := stored.settle(paid)
	s.state.putSession(settled)
	if paid {
		s.recordEvent(event{Type: eventAsyncSucceeded, Session: settled}, now)
		return
	}
	s.recordEvent(event{Type: eventAsyncFailed, Session: settled}, now)
}
