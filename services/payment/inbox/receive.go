package inbox

import (
	"context"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/payment/inbox/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/payment/stripeapi"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

var (
	errNotConfigured    = fault.New(fault.FailedPrecondition, "webhook-not-configured", "no webhook secret is configured")
	errInvalidPayload   = fault.New(fault.Invalid, "invalid-payload", "the payload is not a Stripe event")
	errInvalidSignature = fault.New(fault.Invalid, "invalid-signature", "the payload is not signed by Stripe")
)

// ReceiveWebhook verifies a webhook in the order of contract payment.md section 6 and writes it to the inbox together with
// what it changes in our own books. A repeated delivery finds the first one's row.
func (i *Inbox) ReceiveWebhook(ctx context.Context, request *paymentv1.ReceiveWebhookRequest) (*paymentv1.ReceiveWebhookResponse, error) {
	event, err := i.verify(request.GetPayload(), request.GetSignature())
	if err != nil {
		return nil, err
	}
	facts, err := factsOf(event)
	if err != nil {
		return nil, err
	}
	var row dbgen.ReceiveRow
	err = i.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		row, err = i.write(ctx, tx, event, facts)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("receive webhook: %w", err)
	}
	return &paymentv1.ReceiveWebhookResponse{
		Event: eventOf(row.EventID, row.Type, row.SessionID, row.ConcernsCheckout, row.HandledAt),
	}, nil
}

func (i *Inbox) verify(payload []byte, signature string) (stripeapi.Event, error) {
	if len(i.secrets) == 0 {
		return stripeapi.Event{}, errNotConfigured
	}
	if !utf8.Valid(payload) {
		return stripeapi.Event{}, errInvalidPayload
	}
	if !i.isSigned(payload, signature) {
		return stripeapi.Event{}, errInvalidSignature
	}
	event, err := stripeapi.ReadEvent(payload)
	if err != nil {
		return stripeapi.Event{}, errInvalidPayload.Because(err)
	}
	return event, nil
}

func (i *Inbox) isSigned(payload []byte, signature string) bool {
	for _, secret := range i.secrets {
		if stripeapi.SignedBy(payload, signature, secret) {
			return true
		}
	}
	return false
}

// write is one transaction: an event that is in the inbox has changed our books, and the other way round. An event that
// does not concern us needs no second half, so it is born handled.
func (i *Inbox) write(ctx context.Context, tx pgx.Tx, event stripeapi.Event, facts []byte) (dbgen.ReceiveRow, error) {
	arrival := dbgen.ReceiveParams{
		EventID:          event.ID,
		Type:             event.Type,
		Payload:          facts,
		ApiVersion:       event.APIVersion,
		Livemode:         event.Livemode,
		ConcernsCheckout: event.ConcernsCheckout(),
		Now:              i.now(),
	}
	if event.Session != nil {
		arrival.SessionID = &event.Session.ID
	}
	if !arrival.ConcernsCheckout {
		arrival.HandledAt = &arrival.Now
	}
	row, err := dbgen.New(tx).Receive(ctx, arrival)
	if err != nil {
		return dbgen.ReceiveRow{}, fmt.Errorf("write event: %w", err)
	}
	if row.Deliveries > 1 || !row.ConcernsCheckout {
		return row, nil
	}
	if err := i.books.Learn(ctx, tx, *event.Session); err != nil {
		return dbgen.ReceiveRow{}, fmt.Errorf("event %s: %w", event.ID, err)
	}
	return row, nil
}

// factsOf is what the inbox keeps of an event's object: enough to say later what Stripe told us, and nothing of the
// customer. The texts were checked for what jsonb refuses when the event was read.
func factsOf(event stripeapi.Event) ([]byte, error) {
	kept := map[string]any{}
	if told := event.Session; told != nil {
		kept = map[string]any{
			"id":             told.ID,
			"reference":      told.Reference,
			"status":         told.Status,
			"payment_status": told.PaymentStatus,
			"payment_intent": told.PaymentIntent,
			"currency":       told.Currency,
			"amount_total":   told.TotalMinor,
		}
	}
	facts, err := json.Marshal(kept)
	if err != nil {
		return nil, fmt.Errorf("facts of event: %w", err)
	}
	return facts, nil
}
