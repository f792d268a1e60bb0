package inbox

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/bartgottschalk/startupwebapp/services/payment/inbox/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/payment/stripeapi"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

const (
	// ownerLimit bounds a question to Stripe while Stripe itself waits for the webhook's answer.
	ownerLimit = 3 * time.Second
	// pendingBatch is how many unattributed events are looked at in one round of the loop.
	pendingBatch = 200
	// pendingLimit bounds the questions about one of them.
	pendingLimit = 5 * time.Second
)

// owner says whose an event is.
type owner struct {
	isUs      bool
	isUnknown bool // only Stripe could say, and it did not
	sessionID string
}

// ownerOf: news of a session carry our marker. News of a charge, a refund or a dispute name the payment, which the books
// know as soon as they have heard that the session was paid; before that, and for another system's payments, Stripe is
// asked. What Stripe does not answer is not lost: the event stays unattributed and the loop asks again.
func (i *Inbox) ownerOf(ctx context.Context, event stripeapi.Event) (owner, error) {
	switch {
	case event.Session != nil:
		return owner{isUs: event.ConcernsCheckout(), sessionID: event.Session.ID}, nil
	case !event.ConcernsPayment():
		return owner{}, nil
	}
	paid, known, err := i.books.PaidInBooks(ctx, event.Payment.PaymentIntent, event.Payment.Reference)
	if err != nil || known {
		return owner{isUs: known, sessionID: paid.SessionID}, err
	}
	seen, err := dbgen.New(i.db).Known(ctx, []string{event.ID})
	if err != nil {
		return owner{}, fmt.Errorf("look for event: %w", err)
	}
	if len(seen) > 0 {
		return owner{}, nil // a further delivery is only counted
	}
	return i.ownerAtStripe(ctx, event.Payment.PaymentIntent)
}

func (i *Inbox) ownerAtStripe(ctx context.Context, paymentIntentID string) (owner, error) {
	ctx, cancel := context.WithTimeout(ctx, ownerLimit)
	defer cancel()
	paid, known, err := i.books.PaidAtStripe(ctx, paymentIntentID)
	if fault.KindOf(err) == fault.Unavailable && err != nil {
		i.logger.WarnContext(ctx, "stripe does not say whose payment it is", slog.String("payment", paymentIntentID), slog.Any("error", err))
		return owner{isUnknown: true}, nil
	}
	if err != nil {
		return owner{}, err
	}
	return owner{isUs: known, sessionID: paid.SessionID}, nil
}

// attribute asks again about the events of which nobody could say whose they are, and about those of which an earlier release
// did not ask. It begins behind the event that the round before tried last, so that those who fail again hide no others.
func (i *Inbox) attribute(ctx context.Context) error {
	if err := i.adopt(ctx); err != nil {
		return err
	}
	events, err := dbgen.New(i.db).Pending(ctx, dbgen.PendingParams{AfterID: i.tried, AtMost: pendingBatch})
	if err != nil {
		return fmt.Errorf("list unattributed events: %w", err)
	}
	var failed failures
	for _, event := range events {
		i.tried = event.ID
		failed.note("attribute event "+event.EventID, i.attributeOne(ctx, event))
		if failed.inVain() {
			break
		}
	}
	return failed.joined()
}

// adopt makes the events pending that a program of an earlier release took.
func (i *Inbox) adopt(ctx context.Context) error {
	adopted, err := dbgen.New(i.db).AdoptEarlier(ctx, dbgen.AdoptEarlierParams{Types: stripeapi.PaymentTypes(), Since: i.now().Add(-stripeKeeps)})
	if err != nil {
		return fmt.Errorf("adopt events of an earlier release: %w", err)
	}
	if adopted > 0 {
		i.logger.InfoContext(ctx, "events of an earlier release adopted", slog.Int64("events", adopted))
	}
	return nil
}

func (i *Inbox) attributeOne(ctx context.Context, row dbgen.PendingRow) error {
	ctx, cancel := context.WithTimeout(ctx, pendingLimit)
	defer cancel()
	if row.PaymentIntentID == nil {
		return i.attributeEarlier(ctx, row)
	}
	return i.attributePayment(ctx, *row.PaymentIntentID, "", dbgen.AttributeToUsParams{ID: row.ID})
}

// attributeEarlier is about an event of which an earlier release kept nothing but its type: Stripe is asked for the rest.
func (i *Inbox) attributeEarlier(ctx context.Context, row dbgen.PendingRow) error {
	event, err := i.stripe.Event(ctx, row.EventID)
	outcome := stripeapi.OutcomeOf(err)
	switch {
	case err != nil && (outcome == stripeapi.Missing || outcome == stripeapi.Refused):
		i.logger.WarnContext(ctx, "stripe does not know an event of an earlier release any more", slog.String("event", row.EventID))
		return i.attributeToOthers(ctx, row.ID)
	case err != nil:
		return err
	case !event.ConcernsPayment():
		return i.attributeToOthers(ctx, row.ID)
	}
	facts, err := factsOf(event)
	if err != nil {
		return err
	}
	told := event.Payment
	return i.attributePayment(ctx, told.PaymentIntent, told.Reference, dbgen.AttributeToUsParams{
		ID: row.ID, PaymentIntentID: &told.PaymentIntent, DisputeID: unlessEmpty(told.DisputeID), Payload: facts,
	})
}

// attributePayment makes the event ours, with what is known of it, when the payment is.
func (i *Inbox) attributePayment(ctx context.Context, paymentIntentID, reference string, ours dbgen.AttributeToUsParams) error {
	paid, known, err := i.books.PaidInBooks(ctx, paymentIntentID, reference)
	if err == nil && !known {
		paid, known, err = i.books.PaidAtStripe(ctx, paymentIntentID)
	}
	switch {
	case err != nil:
		return err
	case !known:
		return i.attributeToOthers(ctx, ours.ID)
	}
	ours.SessionID = paid.SessionID
	_, err = dbgen.New(i.db).AttributeToUs(ctx, ours)
	return err
}

func (i *Inbox) attributeToOthers(ctx context.Context, id int64) error {
	_, err := dbgen.New(i.db).AttributeToOthers(ctx, id)
	return err
}
