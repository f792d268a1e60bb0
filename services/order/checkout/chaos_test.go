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

// customer is someone with two browsers, several tabs and a habit of paying. The second browser is signed in from the
// beginning; the first begins as a guest's and may sign in as well.
type customer struct {
	guest, member *orderv1.Shopper

	mutex    sync.Mutex
	given    []string // sessions whose address reached a browser
	signedIn bool     // the first browser too
}

// as is who the customer is in one of the browsers, and whether the other one is the same now.
func (c *customer) as(browser int) (*orderv1.Shopper, bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if browser == 0 && !c.signedIn {
		return c.guest, false
	}
	return c.member, c.signedIn
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
		someone := &customer{guest: checkouttest.Guest(), member: checkouttest.Member(int64(i + 1))}
		world.customers = append(world.customers, someone)
		for browser := range 2 {
			group.Go(func() { world.shop(t, someone, browser) })
		}
	}
	group.Wait()
	world.settle(t)
	world.checkBooks(t)
}

func (c *chaos) shop(t *testing.T, someone *customer, browser int) {
	for step := range 80 {
		shopper, _ := someone.as(browser)
		process := c.processes[rand.N(len(c.processes))]
		// A process that dies takes its database connection and its calls with it.
		ctx, die := context.WithTimeout(t.Context(), time.Duration(5+rand.N(400))*time.Millisecond)
		switch rand.N(8) {
		case 0, 6:
			skus := []int64{checkouttest.PaperClips, checkouttest.BinderClips, checkouttest.RubberBands}
			_, _ = c.Carts.AddToCart(ctx, &orderv1.AddToCartRequest{Shopper: shopper, SkuId: skus[rand.N(3)], Quantity: rand.N[int32](3) + 1})
		case 1, 2:
			c.start(ctx, t, process, someone, browser)
		case 3:
			c.pay(someone)
		case 4:
			c.comeBack(ctx, process, someone)
		case 5:
			c.Clock.Advance(time.Duration(rand.N(3)) * time.Minute)
			_ = process.Checkouts.Sweep(ctx)
		case 7:
			if rand.N(4) == 0 {
				_, _ = c.Carts.DeleteCart(ctx, &orderv1.DeleteCartRequest{Shopper: shopper})
			}
			if browser == 0 && step > 30 {
				c.signIn(ctx, someone)
			}
		}
		die()
	}
}

// signIn gives the guest's cart to the account, as login does.
func (c *chaos) signIn(ctx context.Context, someone *customer) {
	_, err := c.Carts.AdoptCart(ctx, &orderv1.AdoptCartRequest{
		AccountId: someone.member.GetAccountId(), AnonymousCartId: someone.guest.GetAnonymousCartId(),
	})
	someone.mutex.Lock()
	defer someone.mutex.Unlock()
	someone.signedIn = someone.signedIn || err == nil
}

func (c *chaos) start(ctx context.Context, t *testing.T, process *checkouttest.Process, someone *customer, browser int) {
	shopper, everywhere := someone.as(browser)
	answer, err := process.Checkouts.StartCheckout(ctx, checkouttest.Request(shopper))
	if err != nil {
		return
	}
	someone.mutex.Lock()
	defer someone.mutex.Unlock()
	someone.given = append(someone.given, answer.GetSessionId())
	if !everywhere {
		return // a guest and a member are two customers as long as nobody knows that they are one
	}
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
