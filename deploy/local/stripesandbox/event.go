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
)

// event says what happened to a session, with the session as it was then.
type event struct {
	ID         string
	Type       string
	At         time.Time
	Session    session
	APIVersion string // in which the webhook is written
	Deliveries []delivery
}

// recordEvent stores an event with the deliveries that the current mode gives it. Call it inside an update.
func (s *Sandbox) recordEvent(kind string, about session, now time.Time) {
	current := s.state.currentSettings()
	made := event{ID: newIdentifier("evt_1", 23), Type: kind, At: now, Session: about, APIVersion: current.APIVersion}
	if s.options.WebhookURL != "" {
		made.Deliveries = current.Mode.deliveries(now)
	}
	s.state.putEvent(made)
	s.nudge()
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
	return object{
		"id": e.ID, "object": "event", "type": e.Type, "api_version": version, "created": e.At.Unix(), "livemode": false,
		"pending_webhooks": pending, "request": object{"id": nil, "idempotency_key": nil},
		// no address of a payment page: an event never tells of an open session
		"data": object{"object": e.Session.render("", version, nil)},
	}
}

// advance lets time do its work: sessions expire, late payments settle. Call it inside an update.
func (s *Sandbox) advance(now time.Time) {
	for id := range s.state.unfinished {
		stored, known := s.state.sessions.Get(id)
		if !known { // fell out by the bound of the table
			delete(s.state.unfinished, id)
			continue
		}
		if expired, due := stored.expireWhenDue(now); due {
			s.state.putSession(expired)
			s.recordEvent(eventExpired, expired, now)
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
		s.recordEvent(eventAsyncSucceeded, settled, now)
		return
	}
	s.recordEvent(eventAsyncFailed, settled, now)
}
