package stripeapi

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	stripe "github.com/stripe/stripe-go/v76"
)

const pathEvents = "/v1/events"

// eventPage keeps the events' text: the library's own reading of them fails on a single one of another shape.
type eventPage struct {
	stripe.APIResource
	stripe.ListMeta
	Data []json.RawMessage `json:"data"`
}

// storedEvent keeps an event's text, for the same reason.
type storedEvent struct{ stripe.APIResource }

// Event reads an event of the last 30 days again. Outcomes: Missing (also for what is no event), Refused, Broken, Away.
func (c *Client) Event(ctx context.Context, eventID string) (Event, error) {
	if !hasFormOfID(eventID, "evt_") {
		return Event{}, &Failure{Outcome: Missing}
	}
	answer, err := ask(ctx, c, "stripe read event", isUnansweredOrBroken, func(ctx context.Context) (*storedEvent, error) {
		return listOnce(ctx, c, pathEvents+"/"+url.PathEscape(eventID), &stripe.EventParams{}, &storedEvent{})
	})
	if err != nil {
		return Event{}, err
	}
	event, err := ReadEvent(answer.LastResponse.RawJSON)
	if err != nil {
		return Event{}, &Failure{Outcome: Missing, cause: err}
	}
	return event, nil
}

// Undelivered is a page of the events of types that matter to us which happened since a moment and of which Stripe does
// not know that a webhook was taken, newest first. next names the following page and is empty with the last. What is no
// event is left out. Outcomes: Missing or Refused (there is no event after), Broken, Away.
func (c *Client) Undelivered(ctx context.Context, since time.Time, after string) (events []Event, next string, err error) {
	parameters := &stripe.EventListParams{
		ListParams:      pageAfter(after),
		CreatedRange:    &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()},
		DeliverySuccess: stripe.Bool(false),
		Types:           stripe.StringSlice(typesThatMatter()),
	}
	page, err := ask(ctx, c, "stripe list events", isUnansweredOrBroken, func(ctx context.Context) (*eventPage, error) {
		return listOnce(ctx, c, pathEvents, parameters, &eventPage{})
	})
	if err != nil {
		return nil, "", err
	}
	for _, text := range page.Data {
		event, err := ReadEvent(text)
		if err != nil {
			continue
		}
		events = append(events, event)
		next = event.ID
	}
	if !page.HasMore {
		next = ""
	}
	return events, next, nil
}
