// Package inbox takes Stripe's webhooks: verifies them, writes each event once, and says which of them the order service
// has not dealt with yet.
//
// How a signature and an event are read lives in stripeapi; what an event changes in our own books is session's; what it
// means for an order is the order service's business, which marks the event handled when it is done.
package inbox

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/payment/inbox/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/payment/stripeapi"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

var errNoEvent = fault.New(fault.NotFound, "event-not-found", "there is no such event")

const (
	usualLimit   = 100
	largestLimit = 500
)

// Books learn what an event says of a session, in the transaction that writes the event.
type Books interface {
	Learn(ctx context.Context, tx pgx.Tx, told stripeapi.EventSession) error
}

// Inbox serves ReceiveWebhook, ListUnhandledEvents and MarkEventHandled. Safe for concurrent use.
type Inbox struct {
	secrets Secrets
	db      *postgres.Database
	books   Books
	now     func() time.Time
}

// New wires the room. Without secrets every webhook is refused.
func New(cfg Config, db *postgres.Database, books Books, now func() time.Time) *Inbox {
	return &Inbox{secrets: cfg.Secrets, db: db, books: books, now: now}
}

// ListUnhandledEvents gives the events of ours that nobody has dealt with, oldest first.
func (i *Inbox) ListUnhandledEvents(ctx context.Context, request *paymentv1.ListUnhandledEventsRequest) (*paymentv1.ListUnhandledEventsResponse, error) {
	limit := request.GetLimit()
	if limit < 0 || limit > largestLimit {
		return nil, fault.New(fault.Invalid, "invalid-request", "").With("field", "limit")
	}
	if limit == 0 {
		limit = usualLimit
	}
	before := i.now()
	if request.GetReceivedBefore() != nil {
		before = request.GetReceivedBefore().AsTime()
	}
	rows, err := dbgen.New(i.db).Unhandled(ctx, dbgen.UnhandledParams{ReceivedBefore: before, AtMost: limit})
	if err != nil {
		return nil, fmt.Errorf("list unhandled events: %w", err)
	}
	return &paymentv1.ListUnhandledEventsResponse{Events: eventsOf(rows)}, nil
}

// MarkEventHandled notes that the order service is done with an event; again changes nothing. An event that was never
// received is NotFound "event-not-found".
func (i *Inbox) MarkEventHandled(ctx context.Context, request *paymentv1.MarkEventHandledRequest) (*paymentv1.MarkEventHandledResponse, error) {
	if strings.ContainsRune(request.GetEventId(), 0) {
		return nil, errNoEvent // PostgreSQL has no such text
	}
	marked, err := dbgen.New(i.db).MarkHandled(ctx, dbgen.MarkHandledParams{EventID: request.GetEventId(), Now: i.now()})
	if err != nil {
		return nil, fmt.Errorf("mark event handled: %w", err)
	}
	if marked == 0 {
		return nil, errNoEvent
	}
	return &paymentv1.MarkEventHandledResponse{}, nil
}

func eventsOf(rows []dbgen.UnhandledRow) []*paymentv1.Event {
	events := make([]*paymentv1.Event, len(rows))
	for n, row := range rows {
		events[n] = eventOf(row.EventID, row.Type, row.SessionID, row.ConcernsCheckout, row.HandledAt)
	}
	return events
}

func eventOf(id, kind string, sessionID *string, concernsCheckout bool, handledAt *time.Time) *paymentv1.Event {
	event := &paymentv1.Event{EventId: id, Type: kind, ConcernsCheckout: concernsCheckout, Handled: handledAt != nil}
	if sessionID != nil {
		event.SessionId = *sessionID
	}
	return event
}
