package checkout

import (
	"context"
	"errors"
	"fmt"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// slowPaymentFailed is the event after which a complete but unpaid session will not be paid any more.
const slowPaymentFailed = "checkout.session.async_payment_failed"

var errContradiction = errors.New("stripe sends an event about a session of ours and does not know it")

// HandlePaymentEvent does what an event asks for and has it marked as handled. The event only says which session to
// look at: what it means is read from Stripe now, so that order and number of deliveries do not matter.
// A condition that trying again cannot change is an answer (contract payment.md P-11); other failures are errors.
func (c *Checkouts) HandlePaymentEvent(ctx context.Context, request *orderv1.HandlePaymentEventRequest) (*orderv1.HandlePaymentEventResponse, error) {
	response, err := c.outcome(ctx, request)
	if err != nil {
		return nil, err
	}
	c.markHandled(ctx, request.GetEventId())
	return response, nil
}

func (c *Checkouts) outcome(ctx context.Context, request *orderv1.HandlePaymentEventRequest) (*orderv1.HandlePaymentEventResponse, error) {
	response, err := c.outcomeForCheckout(ctx, request)
	if err != nil {
		return nil, err
	}
	return response, c.learnAftermath(ctx, request)
}

// learnAftermath looks after what happened to money that was paid. The session was looked at first: news of a refund may be
// here before those of the payment.
func (c *Checkouts) learnAftermath(ctx context.Context, request *orderv1.HandlePaymentEventRequest) error {
	if request.GetPaymentIntentId() != "" {
		if err := c.aftermath.LearnRefunds(ctx, request.GetPaymentIntentId()); err != nil {
			return err
		}
	}
	if request.GetDisputeId() != "" {
		return c.aftermath.LearnDispute(ctx, request.GetDisputeId())
	}
	return nil
}

func (c *Checkouts) outcomeForCheckout(ctx context.Context, request *orderv1.HandlePaymentEventRequest) (*orderv1.HandlePaymentEventResponse, error) {
	if request.GetSessionId() == "" {
		return &orderv1.HandlePaymentEventResponse{}, nil
	}
	order, err := c.complete(ctx, request.GetSessionId())
	if err != nil && !settled(err) {
		return nil, err
	}
	if errors.Is(err, errNoSession) {
		if contradiction := c.contradiction(ctx, request.GetSessionId()); contradiction != nil {
			return nil, contradiction
		}
	}
	if errors.Is(err, errNotPaid) && request.GetEventType() == slowPaymentFailed {
		if err := c.endOfSession(ctx, request.GetSessionId()); err != nil {
			return nil, err
		}
	}
	return &orderv1.HandlePaymentEventResponse{OrderIdentifier: order, Reason: fault.ReasonOf(err)}, nil
}

// contradiction is an error when Stripe tells us of a session that we opened and at once does not know it: something is
// set wrong, a key of another mode perhaps, and the event must not count as done before that is put right.
func (c *Checkouts) contradiction(ctx context.Context, sessionID string) error {
	if !sessionForm.MatchString(sessionID) {
		return nil // never one of ours
	}
	ours, err := dbgen.New(c.db).IsUnsettledSession(ctx, sessionID)
	if err != nil {
		return fmt.Errorf("look for unknown session: %w", err)
	}
	if ours {
		return errBusy.Because(errContradiction)
	}
	return nil
}

// settled tells whether an error of complete is a fact rather than a failure: asking again now brings nothing new.
func settled(err error) bool {
	return errors.Is(err, errNotPaid) || errors.Is(err, errNotOurs) || errors.Is(err, errNoSession) || errors.Is(err, errException)
}

// markHandled need not succeed: an event that stays unmarked is handled again by the sweep, to no effect.
func (c *Checkouts) markHandled(ctx context.Context, eventID string) {
	if eventID == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, paymentTimeout)
	defer cancel()
	if _, err := c.payment.MarkEventHandled(ctx, &paymentv1.MarkEventHandledRequest{EventId: eventID}); err != nil {
		c.tel.Logger.WarnContext(ctx, "payment event not marked as handled", "event", eventID, "error", err)
	}
}
