package chaos

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Run bounds a storm.
type Run struct {
	Seed uint64
	// Lasts is how long customers begin purchases while everything fails around them.
	Lasts time.Duration
	// Customers buy at once.
	Customers int
}

// Storm is what a run left behind to be judged.
type Storm struct {
	run      Run
	diary    *diary
	happened *record
	operator *operator
	lasted   time.Duration
}

// Attack lets customers buy and an operator work while webhooks, Stripe, processes and database connections fail, and then ends
// all faults. What is left to settle is not waited for: see Judge.
func (s *Shop) Attack(ctx context.Context, run Run) (*Storm, error) {
	storm := &Storm{run: run, diary: &diary{}, happened: &record{}}
	storm.operator = s.newOperator(run.Seed, storm.diary)
	customers := make([]*customer, run.Customers)
	for i := range customers {
		made, err := s.newCustomer(ctx, run.Seed, i, storm.diary, storm.happened)
		if err != nil {
			return nil, fmt.Errorf("prepare customer %d: %w", i, err)
		}
		customers[i] = made
	}
	began := time.Now()
	weather, end := context.WithTimeout(ctx, run.Lasts)
	defer end()
	var actors crew
	for _, one := range customers {
		actors.start(func() error { return one.buyUntil(weather) })
	}
	actors.start(func() error { return storm.operator.work(weather) })
	actors.start(func() error { return s.misdeliver(weather, source(run.Seed, "webhooks"), storm.happened) })
	actors.start(func() error { return s.disturbStripe(weather, source(run.Seed, "Stripe"), storm.happened) })
	actors.start(func() error { return s.killProcesses(weather, source(run.Seed, "processes"), storm.happened) })
	actors.start(func() error { return s.cutConnections(weather, source(run.Seed, "connections"), storm.happened) })
	actors.start(func() error { return s.changeMoney(weather, source(run.Seed, "money"), storm.happened) })
	// What the sandbox holds back or breaks would keep the last purchases from ending.
	actors.start(func() error { <-weather.Done(); return s.calm(context.WithoutCancel(ctx)) })
	err := actors.wait()
	storm.lasted = time.Since(began)
	if err := errors.Join(err, ctx.Err(), s.calm(ctx)); err != nil {
		return nil, err
	}
	storm.operator.finish(ctx)
	return storm, s.calmMoney(ctx, source(run.Seed, "end of money"))
}

// crew runs actors and keeps their failures.
type crew struct {
	group    sync.WaitGroup
	mutex    sync.Mutex
	failures []error
}

func (c *crew) start(act func() error) {
	c.group.Go(func() {
		if err := act(); err != nil {
			c.mutex.Lock()
			defer c.mutex.Unlock()
			c.failures = append(c.failures, err)
		}
	})
}

func (c *crew) wait() error {
	c.group.Wait()
	return errors.Join(c.failures...)
}
