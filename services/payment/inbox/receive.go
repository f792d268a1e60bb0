package inbox

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"
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
	row, err := i.take(ctx, event)
	if err != nil {
		return nil, fmt.Errorf("receive webhook: %w", err)
	}
	return &paymentv1.ReceiveWebhookResponse{Event: eventOf(row)}, nil
}

func (i *Inbox) verify(payload []byte, signature string) (stripeapi.Event, error) {
	if len(i.cfg.Secrets) == 0 {
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
	for _, secret := range i.cfg.Secrets {
		if stripeapi.SignedBy(payload, signature, secret) {
			return true
		}
	}
	return false
}

// take writes an event that is known to be Stripe's. Whose it is, is found out before: Stripe is not asked within a transaction.
func (i *Inbox) take(ctx context.Context, event stripeapi.Event) (dbgen.UnhandledRow, error) {
	owner, err := i.ownerOf(ctx, event)
	if err != nil {
		return dbgen.UnhandledRow{}, err
	}
	facts, err := factsOf(event)
	if err != nil {
		return dbgen.UnhandledRow{}, err
	}
	var row dbgen.ReceiveRow
	err = i.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		row, err = i.write(ctx, tx, event, owner, facts)
		return err
	})
	if err == nil && row.Deliveries == 1 && row.ConcernsCheckout {
		i.logLag(ctx, event)
	}
	return dbgen.UnhandledRow{
		EventID: row.EventID, Type: row.Type, SessionID: row.SessionID, PaymentIntentID: row.PaymentIntentID, DisputeID: row.DisputeID,
		ConcernsCheckout: row.ConcernsCheckout, HandledAt: row.HandledAt,
	}, err
}

// logLag says how long an event of ours took to get here, by webhook or fetched: an alarm looks at lag_seconds (the second half,
// in the order service, has its own lines). Clocks differ, so it may be a little below 0.
func (i *Inbox) logLag(ctx context.Context, event stripeapi.Event) {
	if event.Created.IsZero() {
		return
	}
	i.logger.InfoContext(ctx, "payment event received", slog.String("event", event.ID), slog.String("type", event.Type),
		slog.Float64("lag_seconds", i.now().Sub(event.Created).Seconds()))
}

// write is one transaction: an event that is in the inbox has changed our books, and the other way round. An event that
// does not concern us needs no second half, so it is born handled.
func (i *Inbox) write(ctx context.Context, tx pgx.Tx, event stripeapi.Event, owner owner, facts []byte) (dbgen.ReceiveRow, error) {
	row, err := dbgen.New(tx).Receive(ctx, arrivalOf(event, owner, facts, i.now()))
	if err != nil {
		return dbgen.ReceiveRow{}, fmt.Errorf("write event: %w", err)
	}
	if row.Deliveries > 1 || !event.ConcernsCheckout() {
		return row, nil
	}
	if err := i.books.Learn(ctx, tx, *event.Session); err != nil {
		return dbgen.ReceiveRow{}, fmt.Errorf("event %s: %w", event.ID, err)
	}
	return row, nil
}

func arrivalOf(event stripeapi.Event, owner owner, facts []byte, now time.Time) dbgen.ReceiveParams {
	arrival := dbgen.ReceiveParams{
		EventID:            event.ID,
		Type:               event.Type,
		SessionID:          unlessEmpty(owner.sessionID),
		Payload:            facts,
		ApiVersion:         event.APIVersion,
		Livemode:           event.Livemode,
		ConcernsCheckout:   owner.isUs,
		AttributionPending: owner.isUnknown,
		Now:                now,
	}
	if event.ConcernsPayment() {
		arrival.PaymentIntentID = &event.Payment.PaymentIntent
		arrival.DisputeID = unlessEmpty(event.Payment.DisputeID)
	}
	if !arrival.ConcernsCheckout {
		arrival.HandledAt = &arrival.Now
	}
	return arrival
}

func unlessEmpty(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// factsOf is what the inbox keeps of an event's object: enough to say later what Stripe told us, and nothing of the
// customer. The texts were checked for what jsonb refuses when the event was read.
func factsOf(event stripeapi.Event) ([]byte, error) {
	kept := map[string]any{}
	switch told := event.Session; {
	case event.Payment != nil:
		kept = factsOfPayment(*event.Payment)
	case told != nil:
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

func factsOfPayment(told stripeapi.EventPayment) map[string]any {
	return map[string]any{
		"object":          told.Object,
		"id":              told.ID,
		"reference":       told.Reference,
		"payment_intent":  told.PaymentIntent,
		"currency":        told.Currency,
		"amount":          told.AmountMinor,
		"amount_refunded": told.RefundedMinor,
		"status":          told.Status,
		"reason":          told.Reason,
	}
}
