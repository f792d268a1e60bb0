package checkout_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
)

// customer is someone with a cart, several tabs and a habit of paying.
type customer struct {
	shopper *orderv1.Shopper

	mutex sync.Mutex
	given []string // sessions whose address reached the browser
}

// chaos is a shop in which every call may fail before or after it had its effect, and processes die.
type chaos struct {
	*checkouttest.Shop
	processes []*checkouttest.Process
	customers []*customer
	calm      bool
}

// unlucky fails one call in six.
func (c *chaos) unlucky(context.Context, string) error {
	if !c.calm && rand.N(6) == 0 {
		return checkouttest.Unavailable()
	}
	return nil
}

// TestAPaymentIsExactlyOneOrder lets customers with several tabs add, start, pay and come back while calls fail and
// processes die. Afterwards every payment must have one order of exactly its amount, and there must be no other order.
func TestAPaymentIsExactlyOneOrder(t *testing.T) {
	t.Parallel()
	world := &chaos{Shop: checkouttest.Open(t)}
	world.processes = []*checkouttest.Process{world.Process, world.Another(t, nil)}
	for _, process := range world.processes {
		process.Client.Before, process.Client.After = world.unlucky, world.unlucky
	}
	var group sync.WaitGroup
	for i := range 8 {
		someone := &customer{shopper: checkouttest.Guest()}
		if i%3 == 0 {
			someone.shopper = checkouttest.Member(int64(i + 1))
		}
		world.customers = append(world.customers, someone)
		for range 2 {
			group.Go(func() { world.shop(t, someone) })
		}
	}
	group.Wait()
	world.settle(t)
	world.checkBooks(t)
}

func (c *chaos) shop(t *testing.T, someone *customer) {
	for range 80 {
		process := c.processes[rand.N(len(c.processes))]
		// A process that dies takes its database connection and its calls with it.
		ctx, die := context.WithTimeout(t.Context(), time.Duration(5+rand.N(400))*time.Millisecond)
		switch rand.N(6) {
		case 0:
			skus := []int64{checkouttest.PaperClips, checkouttest.BinderClips, checkouttest.RubberBands}
			_, _ = c.Carts.AddToCart(ctx, &orderv1.AddToCartRequest{Shopper: someone.shopper, SkuId: skus[rand.N(3)], Quantity: rand.N[int32](3) + 1})
		case 1, 2:
			c.start(ctx, t, process, someone)
		case 3:
			c.pay(someone)
		case 4:
			c.comeBack(ctx, process, someone)
		case 5:
			c.Clock.Advance(time.Duration(rand.N(3)) * time.Minute)
			_ = process.Checkouts.Sweep(ctx)
		}
		die()
	}
}

func (c *chaos) start(ctx context.Context, t *testing.T, process *checkouttest.Process, someone *customer) {
	answer, err := process.Checkouts.StartCheckout(ctx, checkouttest.Request(someone.shopper))
	if err != nil {
		return
	}
	someone.mutex.Lock()
	defer someone.mutex.Unlock()
	someone.given = append(someone.given, answer.GetSessionId())
	open := map[string]bool{}
	for _, session := range c.Payment.Payable() {
		open[session.GetSessionId()] = true
	}
	payable := map[string]bool{}
	for _, session := range someone.given {
		if open[session] {
			payable[session] = true
		}
	}
	if len(payable) > 1 {
		t.Errorf("a customer can pay %d sessions at once", len(payable))
	}
}

// pay pays any session that the customer ever saw, if Stripe still takes it, sometimes with a promotion, tax or delay.
func (c *chaos) pay(someone *customer) {
	someone.mutex.Lock()
	defer someone.mutex.Unlock()
	if len(someone.given) == 0 {
		return
	}
	session := someone.given[rand.N(len(someone.given))]
	var changes []func(*paymentv1.Session)
	if rand.N(3) == 0 {
		changes = append(changes, func(s *paymentv1.Session) { checkouttest.Discount(rand.N(s.GetSubtotalMinor() + 1))(s) })
	}
	if rand.N(3) == 0 {
		changes = append(changes, checkouttest.Tax(rand.N[int64](500)))
	}
	if c.Payment.Pay(session, changes...) && rand.N(2) == 0 {
		c.Payment.Event("checkout.session.completed", session)
	}
}

func (c *chaos) comeBack(ctx context.Context, process *checkouttest.Process, someone *customer) {
	someone.mutex.Lock()
	given := append([]string(nil), someone.given...)
	someone.mutex.Unlock()
	if len(given) == 0 {
		return
	}
	_, _ = process.Checkouts.CompleteCheckout(ctx, &orderv1.CompleteCheckoutRequest{SessionId: given[rand.N(len(given))]})
}

// settle lets time pass without faults until the sweep has nothing left to learn.
func (c *chaos) settle(t *testing.T) {
	t.Helper()
	c.calm = true
	for _, session := range c.Payment.Payable() {
		c.Payment.Expire(t, session.GetSessionId())
	}
	for range 30 {
		c.Clock.Advance(time.Hour)
		require.NoError(t, c.Checkouts.Sweep(t.Context()))
	}
}

func (c *chaos) checkBooks(t *testing.T) {
	t.Helper()
	payments := 0
	for _, session := range c.Payment.Sessions() {
		if session.GetStatus() != paymentv1.SessionStatus_SESSION_STATUS_COMPLETE {
			continue
		}
		payments++
		require.Equal(t, 1, c.Count(t, "SELECT count(*) FROM purchase WHERE session_id = $1 AND total_minor = $2 AND currency = 'usd'",
			session.GetSessionId(), session.GetTotalMinor()), "order of %s", session)
	}
	t.Logf("%d checkouts, %d sessions, %d payments", c.Count(t, "SELECT count(*) FROM checkout"), len(c.Payment.Sessions()), payments)
	require.NotZero(t, payments, "nobody bought anything: this proves nothing")
	require.Equal(t, payments, c.Count(t, "SELECT count(*) FROM purchase"))
	require.Equal(t, payments, c.Count(t, "SELECT count(*) FROM river_job WHERE kind = 'order_confirmation'"))
	require.Zero(t, c.Payment.Unhandled())
	require.Zero(t, c.Count(t, "SELECT count(*) FROM checkout WHERE state IN ('open', 'superseded')"))
	for _, violation := range c.Violations(t) {
		require.Equal(t, "confirmation-mail-not-handed-over", violation.Rule, "%v", violation) // nobody works the queue here
	}
}
