package inbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/bartgottschalk/startupwebapp/services/payment/inbox/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/payment/stripeapi"
)

const (
	// stripeKeeps is how far back Stripe lists events.
	stripeKeeps = 30 * 24 * time.Hour
	// mostPages of 100 events are read in a round. Stripe lists the newest first, so that more than that, which another
	// broken endpoint of the account may cause, never hides what is new.
	mostPages = 100

	firstRound  = 5 * time.Second
	forgetBatch = 5000
	mostBatches = 20
)

// Run looks for what was missed every UNDELIVERED_EVENTS_INTERVAL, and once soon after the start, until ctx is done. Any
// number of processes may do so at once: an event is written once, whoever finds it. Failures are logged, and the next
// round tries again.
func (i *Inbox) Run(ctx context.Context) error {
	wait := min(firstRound, i.cfg.Interval)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		if err := i.round(ctx); err != nil && ctx.Err() == nil {
			i.logger.WarnContext(ctx, "undelivered events", slog.Any("error", err))
		}
		wait = i.cfg.Interval - rand.N(i.cfg.Interval/10) //nolint:gosec // spreads the processes, no secret
	}
}

func (i *Inbox) round(ctx context.Context) error {
	return errors.Join(i.attribute(ctx), i.fetch(ctx), i.forget(ctx))
}

// fetch writes the events of which Stripe does not know that we have them, exactly as if a webhook had brought them. One
// that is here already, because its webhook is on its way or another endpoint of the account fails, is left alone.
func (i *Inbox) fetch(ctx context.Context) error {
	var failed failures
	err := i.fetchPages(ctx, &failed)
	return errors.Join(err, failed.joined())
}

func (i *Inbox) fetchPages(ctx context.Context, failed *failures) error {
	since, after := i.now().Add(-stripeKeeps), ""
	for range mostPages {
		events, next, err := i.stripe.Undelivered(ctx, since, after)
		if err != nil {
			return fmt.Errorf("list undelivered events: %w", err)
		}
		if err := i.takeUnknown(ctx, events, failed); err != nil {
			return err
		}
		if next == "" {
			return nil
		}
		after = next
	}
	i.logger.WarnContext(ctx, "more undelivered events than are read", slog.Int("pages", mostPages))
	return nil
}

// takeUnknown notes what cannot be taken and goes on: only without the database is there nothing to go on with, which is its
// error.
func (i *Inbox) takeUnknown(ctx context.Context, events []stripeapi.Event, failed *failures) error {
	ids := make([]string, len(events))
	for n, event := range events {
		ids[n] = event.ID
	}
	known, err := dbgen.New(i.db).Known(ctx, ids)
	if err != nil {
		return fmt.Errorf("look for events: %w", err)
	}
	for _, event := range events {
		if slices.Contains(known, event.ID) {
			continue
		}
		failed.note("take undelivered event "+event.ID, i.takeUndelivered(ctx, event))
		if !failed.inVain() {
			continue
		}
		if err := i.db.Ping(ctx); err != nil {
			return fmt.Errorf("take undelivered events: %w", err)
		}
		failed.inARow = 0
	}
	return nil
}

func (i *Inbox) takeUndelivered(ctx context.Context, event stripeapi.Event) error {
	if _, err := i.take(ctx, event); err != nil {
		return err
	}
	i.fetched.Add(ctx, 1)
	i.logger.InfoContext(ctx, "undelivered event taken", slog.String("event", event.ID), slog.String("type", event.Type))
	return nil
}

// forget drops events that were dealt with long ago.
func (i *Inbox) forget(ctx context.Context) error {
	before := i.now().AddDate(0, 0, -i.cfg.RetentionDays)
	for range mostBatches {
		gone, err := dbgen.New(i.db).Forget(ctx, dbgen.ForgetParams{HandledBefore: before, AtMost: forgetBatch})
		if err != nil {
			return fmt.Errorf("forget events: %w", err)
		}
		if gone < forgetBatch {
			return nil
		}
	}
	return nil
}

// failures are those of one pass over a list. Some in a row mean that somebody may be away; a single one may be about its
// entry alone, and must not keep the others waiting for ever.
type failures struct {
	named  []error // the first of them
	inARow int
	more   int
}

const (
	tooManyInARow = 10
	mostNamed     = 10
)

func (f *failures) note(what string, err error) {
	if err == nil {
		f.inARow = 0
		return
	}
	f.inARow++
	if len(f.named) == mostNamed {
		f.more++
		return
	}
	f.named = append(f.named, fmt.Errorf("%s: %w", what, err))
}

func (f *failures) inVain() bool { return f.inARow >= tooManyInARow }

// joined is nil without failures.
func (f *failures) joined() error {
	if f.more == 0 {
		return errors.Join(f.named...)
	}
	return errors.Join(errors.Join(f.named...), fmt.Errorf("and %d more", f.more))
}
