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

// attribute asks again about the events of which nobody could say whose they are.
func (i *Inbox) attribute(ctx context.Context) error {
	events, err := dbgen.New(i.db).Pending(ctx, pendingBatch)
	if err != nil {
		return fmt.Errorf("list unattributed events: %w", err)
	}
	var failed failures
	for _, event := range events {
		failed.note("attribute event "+event.EventID, i.attributeOne(ctx, event))
		if failed.inVain() {
			break
		}
	}
	return failed.joined
}

func (i *Inbox) attributeOne(ctx context.Context, event dbgen.PendingRow) error {
	paid, known, err := i.books.PaidInBooks(ctx, textOr(event.PaymentIntentID), "")
	if err == nil && !known {
		paid, known, err = i.books.PaidAtStripe(ctx, textOr(event.PaymentIntentID))
	}
	if err != nil {
		return err
	}
	if known {
		_, err = dbgen.New(i.db).AttributeToUs(ctx, dbgen.AttributeToUsParams{ID: event.ID, SessionID: paid.SessionID})
	} else {
		_, err = dbgen.New(i.db).AttributeToOthers(ctx, event.ID)
	}
	return err
}
