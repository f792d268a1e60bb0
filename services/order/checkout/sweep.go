package checkout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

const (
	// eventGrace is how long an event is left to the edge that received it.
	eventGrace = 10 * time.Second
	eventBatch = 500
	// checkoutBatch is how many due checkouts are taken at a time, batches how many such handfuls one sweep takes.
	checkoutBatch, batches = 50, 20
	giveBackLimit          = 3 * time.Second
	// withoutSession is how long a start may take to get its session; far longer than all its deadlines together.
	withoutSession = 5 * time.Minute
	// deafness is how many failures in a row, of the kind that a service makes which is away, end a sweep. A single one
	// may be about its session alone and must not keep the others waiting for ever.
	deafness = 3
	// slowPayment is how long after its session's end a checkout is asked about that is complete but unpaid.
	slowPayment = 30 * 24 * time.Hour
	// strangerPatience is how long one is asked about that Stripe does not know. A mistake of ours in the settings may be behind it;
	// should it be paid all the same, an event or the reconciliation brings it back, but its goods must not wait for that.
	strangerPatience = time.Hour
)

// firstCheck is when a new checkout is first asked about; later times double from there.
func (c *Checkouts) firstCheck() time.Duration { return 2 * c.cfg.SweepInterval }

// Run sweeps every SWEEP_INTERVAL, and once at the start, until ctx is done. Any number of processes may do so at once.
func (c *Checkouts) Run(ctx context.Context) error {
	ticker := time.NewTicker(c.cfg.SweepInterval)
	defer ticker.Stop()
	for {
		if err := c.Sweep(ctx); err != nil && ctx.Err() == nil {
			c.tel.Logger.ErrorContext(ctx, "sweep of checkouts", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// Sweep makes up for what nobody told us: events whose second half died, and checkouts of which nothing was heard. It
// answers the failures it met; what failed comes up again in a later sweep.
func (c *Checkouts) Sweep(ctx context.Context) error {
	return errors.Join(c.sweepEvents(ctx), c.sweepCheckouts(ctx))
}

func (c *Checkouts) sweepEvents(ctx context.Context) error {
	events, err := c.unhandledEvents(ctx)
	if err != nil {
		return fmt.Errorf("list unhandled events: %w", err)
	}
	var asked asked
	for _, event := range events {
		_, err := c.HandlePaymentEvent(ctx, &orderv1.HandlePaymentEventRequest{
			EventId: event.GetEventId(), EventType: event.GetType(), SessionId: event.GetSessionId(),
			PaymentIntentId: event.GetPaymentIntentId(), DisputeId: event.GetDisputeId(),
		})
		asked.note("event "+event.GetEventId(), err)
		if asked.inVain(ctx) {
			break
		}
	}
	return errors.Join(asked.failures...)
}

func (c *Checkouts) unhandledEvents(ctx context.Context) ([]*paymentv1.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, paymentTimeout)
	defer cancel()
	before := c.now().Add(-min(eventGrace, c.cfg.SweepInterval))
	answer, err := c.payment.ListUnhandledEvents(ctx, &paymentv1.ListUnhandledEventsRequest{
		ReceivedBefore: timestamppb.New(before), Limit: eventBatch,
	})
	return answer.GetEvents(), err
}

func (c *Checkouts) sweepCheckouts(ctx context.Context) error {
	var asked asked
	for range batches {
		due, err := dbgen.New(c.db).ClaimDueCheckouts(ctx, dbgen.ClaimDueCheckoutsParams{
			Now: c.now(), FirstSeconds: c.firstCheck().Seconds(), Most: checkoutBatch,
		})
		if err != nil {
			return errors.Join(append(asked.failures, fmt.Errorf("claim due checkouts: %w", err))...)
		}
		for i, checkout := range due {
			asked.note("checkout "+checkout.Reference, c.check(ctx, checkout))
			if asked.inVain(ctx) {
				return errors.Join(append(asked.failures, c.giveBack(ctx, due[i+1:]))...)
			}
		}
		if len(due) < checkoutBatch {
			break
		}
	}
	return errors.Join(asked.failures...)
}

// giveBack makes claimed checkouts due again that the sweep did not come to, also when it was told to stop.
func (c *Checkouts) giveBack(ctx context.Context, due []dbgen.ClaimDueCheckoutsRow) error {
	ids := make([]int64, len(due))
	for i, checkout := range due {
		ids[i] = checkout.ID
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveBackLimit)
	defer cancel()
	if err := dbgen.New(c.db).ReturnCheckouts(ctx, dbgen.ReturnCheckoutsParams{Ids: ids, Now: c.now()}); err != nil {
		return fmt.Errorf("return claimed checkouts: %w", err)
	}
	return nil
}

// asked keeps account of how a sweep fares.
type asked struct {
	failures []error
	deaf     int // failures in a row that look as if nobody answered
}

func (a *asked) note(what string, err error) {
	if err == nil {
		a.deaf = 0
		return
	}
	a.failures = append(a.failures, fmt.Errorf("%s: %w", what, err))
	kind := fault.KindOf(err)
	if away := kind == fault.Unavailable || kind == fault.DeadlineExceeded; !away || errors.Is(err, errContradiction) {
		a.deaf = 0 // somebody answered
		return
	}
	a.deaf++
}

// inVain tells whether to go on asking is useless, because nobody answers or nobody waits any more.
func (a *asked) inVain(ctx context.Context) bool { return ctx.Err() != nil || a.deaf >= deafness }

// check asks about one checkout. A superseded one is ended on the way, in case the start that replaced it died first, and so is
// one whose time is over: what it has promised must not wait for a clock elsewhere.
func (c *Checkouts) check(ctx context.Context, due dbgen.ClaimDueCheckoutsRow) error {
	if due.SessionID == nil {
		return c.checkWithoutSession(ctx, due)
	}
	ask := c.getSession
	if due.State == stateSuperseded || due.SessionExpiresAt.Before(c.now()) {
		ask = c.expireSession
	}
	session, err := ask(ctx, *due.SessionID)
	if err == nil {
		_, err = c.settle(ctx, session)
	}
	if err != nil && !settled(err) {
		return err
	}
	if c.givenUp(due, err) {
		return c.endOfSession(ctx, *due.SessionID)
	}
	return nil
}

// givenUp tells whether a session that was not paid, or that Stripe does not know, has been waited for long enough.
func (c *Checkouts) givenUp(due dbgen.ClaimDueCheckoutsRow, outcome error) bool {
	over := c.now().Sub(*due.SessionExpiresAt)
	return errors.Is(outcome, errNotPaid) && over > slowPayment || errors.Is(outcome, errNoSession) && over > strangerPatience
}

// checkWithoutSession ends a checkout whose start died before it stored a session. Nobody was told the address of such
// a session (StartCheckout), so nobody can pay it; and should it be paid all the same, its reference leads back here.
func (c *Checkouts) checkWithoutSession(ctx context.Context, due dbgen.ClaimDueCheckoutsRow) error {
	if c.now().Sub(due.CreatedAt) < withoutSession {
		return nil
	}
	err := dbgen.New(c.db).EndCheckoutWithoutSession(ctx, dbgen.EndCheckoutWithoutSessionParams{ID: due.ID, Now: c.now()})
	if err != nil {
		return fmt.Errorf("end checkout without session: %w", err)
	}
	return nil
}
