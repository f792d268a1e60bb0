// Package inbox takes Stripe's webhooks: verifies them, writes each event once, fetches those that did not arrive, and says
// which of them the order service has not dealt with yet.
//
// How a signature and an event are read lives in stripeapi; what an event changes in our own books is session's; what it
// means for an order is the order service's business, which marks the event handled when it is done.
package inbox

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/metric"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/payment/inbox/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/payment/session"
	"github.com/bartgottschalk/startupwebapp/services/payment/stripeapi"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

var errNoEvent = fault.New(fault.NotFound, "event-not-found", "there is no such event")

const (
	usualLimit   = 100
	largestLimit = 500
)

// Books learn what an event says of a session, in the transaction that writes the event, and know whose a payment is.
type Books interface {
	Learn(ctx context.Context, tx pgx.Tx, told stripeapi.EventSession) error
	PaidInBooks(ctx context.Context, paymentIntentID, reference string) (session.Paid, bool, error)
	PaidAtStripe(ctx context.Context, paymentIntentID string) (session.Paid, bool, error)
}

// Stripe is what this room asks of Stripe. Errors are *stripeapi.Failure.
type Stripe interface {
	Undelivered(ctx context.Context, since time.Time, after string) (events []stripeapi.Event, next string, err error)
	Event(ctx context.Context, eventID string) (stripeapi.Event, error)
}

// Inbox serves ReceiveWebhook, ListUnhandledEvents and MarkEventHandled. Safe for concurrent use.
type Inbox struct {
	cfg     Config
	db      *postgres.Database
	books   Books
	stripe  Stripe
	logger  *slog.Logger
	fetched metric.Int64Counter
	now     func() time.Time
	// tried is the place of the event that the loop tried last to attribute; only Run uses it.
	tried int64
}

// New wires the room. Without secrets every webhook is refused. It fails on settings that make no sense.
func New(cfg Config, db *postgres.Database, books Books, stripe Stripe, tel telemetry.Telemetry, now func() time.Time) (*Inbox, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	fetched := tel.Counter("payment.events.fetched", "{event}", "Stripe events that no webhook brought")
	return &Inbox{cfg: cfg, db: db, books: books, stripe: stripe, logger: tel.Logger, fetched: fetched, now: now}, nil
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
		events[n] = eventOf(row)
	}
	return events
}

func eventOf(row dbgen.UnhandledRow) *paymentv1.Event {
	return &paymentv1.Event{
		EventId:          row.EventID,
		Type:             row.Type,
		SessionId:        textOr(row.SessionID),
		PaymentIntentId:  textOr(row.PaymentIntentID),
		DisputeId:        textOr(row.DisputeID),
		ConcernsCheckout: row.ConcernsCheckout,
		Handled:          row.HandledAt != nil,
	}
}

func textOr(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
