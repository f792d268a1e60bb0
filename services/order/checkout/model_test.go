package checkout_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
)

// world is everything that decides what becomes of a checkout: what Stripe knows and what our books say.
type world struct {
	session  string // at Stripe: open, complete, expired
	money    string // at Stripe: none, slow (on its way), failed, paid
	refunded bool   // at Stripe
	checkout string // in our books: open, completed, expired
	order    bool
	known    bool // the refund is in our books
}

var beginning = world{session: "open", money: "none", checkout: "open"}

// action is something that happens, at Stripe or to us. next is the model: what must come of it.
type action struct {
	name string
	next func(world) world
	do   func(t *testing.T, shop *checkouttest.Shop, session string)
}

func actions() []action {
	return []action{
		{"pay", paid, func(_ *testing.T, shop *checkouttest.Shop, session string) { shop.Payment.Pay(session) }},
		{"pay slowly", paidSlowly, func(_ *testing.T, shop *checkouttest.Shop, session string) {
			shop.Payment.Pay(session, checkouttest.Later)
		}},
		{"the money comes", moneyComes, func(t *testing.T, shop *checkouttest.Shop, session string) {
			if isSlow(shop, session) {
				shop.Payment.Change(t, session, checkouttest.Arrived)
			}
		}},
		{"the money fails", moneyFails, func(t *testing.T, shop *checkouttest.Shop, session string) {
			if isSlow(shop, session) {
				shop.Payment.Change(t, session, func(s *paymentv1.Session) { s.PaymentIntentId = failedIntent })
			}
		}},
		{"the session expires", expires, func(t *testing.T, shop *checkouttest.Shop, session string) {
			if at(shop, session).GetStatus() == paymentv1.SessionStatus_SESSION_STATUS_OPEN {
				shop.Payment.Expire(t, session)
			}
		}},
		{"somebody refunds at Stripe", refunds, func(t *testing.T, shop *checkouttest.Shop, session string) {
			if told := at(shop, session); told.GetPaymentStatus() == paymentv1.PaymentStatus_PAYMENT_STATUS_PAID && len(shop.Payment.Refunds(told.GetPaymentIntentId())) == 0 {
				shop.Payment.RefundAtStripe(t, session, told.GetTotalMinor())
			}
		}},
		{"webhook", webhook, deliver},
		{"success page", successPage, func(t *testing.T, shop *checkouttest.Shop, session string) {
			_, _ = shop.Checkouts.CompleteCheckout(t.Context(), &orderv1.CompleteCheckoutRequest{SessionId: session})
		}},
		{"sweep", sweep, func(t *testing.T, shop *checkouttest.Shop, session string) {
			_, err := shop.DB.Exec(t.Context(), "UPDATE checkout SET next_check_at = $2 WHERE session_id = $1 AND next_check_at IS NOT NULL", session, shop.Clock.Now())
			require.NoError(t, err)
			require.NoError(t, shop.Checkouts.Sweep(t.Context()))
		}},
	}
}

// The model.

func paid(w world) world {
	if w.session == "open" {
		w.session, w.money = "complete", "paid"
	}
	return w
}

func paidSlowly(w world) world {
	if w.session == "open" {
		w.session, w.money = "complete", "slow"
	}
	return w
}

func moneyComes(w world) world {
	if w.money == "slow" {
		w.money = "paid"
	}
	return w
}

func moneyFails(w world) world {
	if w.money == "slow" {
		w.money = "failed"
	}
	return w
}

func expires(w world) world {
	if w.session == "open" {
		w.session = "expired"
	}
	return w
}

func refunds(w world) world {
	w.refunded = w.refunded || w.money == "paid"
	return w
}

// settle is what reading the session from Stripe does to the books, whoever reads it.
func settle(w world) world {
	switch {
	case w.money == "paid":
		w.checkout, w.order = "completed", true
	case w.session == "expired":
		w.checkout = "expired"
	}
	return w
}

func webhook(w world) world {
	w = settle(w)
	if w.money == "failed" {
		w.checkout = "expired"
	}
	w.known = w.known || w.refunded && w.order
	return w
}

func successPage(w world) world { return settle(w) }

func sweep(w world) world {
	if w.checkout != "open" {
		return w // nothing is left to learn
	}
	return settle(w)
}

// broken says what must never be; "" when all is well.
func (w world) broken() string {
	switch {
	case w.order && w.money != "paid":
		return "an order without money"
	case w.order != (w.checkout == "completed"):
		return "an order and its checkout say different things"
	case w.checkout == "expired" && w.money == "paid":
		return "money came, and the checkout counts as expired"
	case w.known && !w.order:
		return "a refund of nothing"
	default:
		return ""
	}
}

// settled tells whether nothing is owed to anybody once all news have arrived.
func (w world) settled() bool {
	switch {
	case w.money == "paid":
		return w.order && w.known == w.refunded
	case w.session == "expired", w.money == "failed":
		return w.checkout == "expired" && !w.order
	default: // may still be paid, or the money is on its way
		return w.checkout == "open" && !w.order
	}
}

const longestStory = 6

// TestEveryStoryEndsWell goes through all stories of up to six actions in the model: 597,870 of them.
func TestEveryStoryEndsWell(t *testing.T) {
	t.Parallel()
	all, stories := actions(), 0
	var tell func(w world, length int)
	tell = func(w world, length int) {
		require.Empty(t, w.broken(), "%+v", w)
		if end := sweep(webhook(w)); !end.settled() {
			require.Fail(t, "it does not settle", "%+v ends as %+v", w, end)
		}
		if length == longestStory {
			return
		}
		for _, happens := range all {
			stories++
			tell(happens.next(w), length+1)
		}
	}
	tell(beginning, 0)
	require.Equal(t, 9+9*9+9*9*9+9*9*9*9+9*9*9*9*9+9*9*9*9*9*9, stories)
}

// TestTheShopIsLikeTheModel plays every action in every world that stories lead to, and looks whether the shop does what the
// model says. As the model knows nothing but the world, that covers all stories.
func TestTheShopIsLikeTheModel(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	stories := map[world][]action{beginning: {}}
	for open := []world{beginning}; len(open) > 0; open = open[1:] {
		for _, happens := range actions() {
			story := append(slices.Clone(stories[open[0]]), happens)
			expected := happens.next(open[0])
			require.Equal(t, expected, play(t, shop, story), "after %s", names(story))
			if _, known := stories[expected]; !known {
				stories[expected] = story
				open = append(open, expected)
			}
		}
	}
	require.Len(t, stories, 11, "worlds")
	require.Empty(t, shop.Violations(t))
}

// play lets a story happen to a new checkout and tells what the world is then.
func play(t *testing.T, shop *checkouttest.Shop, story []action) world {
	t.Helper()
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	session := shop.Start(t, guest)
	for _, happens := range story {
		happens.do(t, shop, session)
	}
	told := at(shop, session)
	w := world{money: "none", refunded: len(shop.Payment.Refunds(told.GetPaymentIntentId())) > 0}
	w.session = strings.ToLower(strings.TrimPrefix(told.GetStatus().String(), "SESSION_STATUS_"))
	switch {
	case told.GetPaymentStatus() == paymentv1.PaymentStatus_PAYMENT_STATUS_PAID:
		w.money = "paid"
	case told.GetPaymentIntentId() == failedIntent:
		w.money = "failed"
	case isSlow(shop, session):
		w.money = "slow"
	}
	w.checkout, _ = shop.Checkout(t, session)
	w.order = count1(t, shop, "purchase WHERE session_id = $1", session)
	w.known = count1(t, shop, "refund JOIN purchase ON purchase.id = refund.purchase_id WHERE session_id = $1 AND refund.state = 'succeeded'", session)
	shop.Clock.Advance(time.Second)
	return w
}

// deliver sends the events that Stripe has about the session as it is now, each twice.
func deliver(t *testing.T, shop *checkouttest.Shop, session string) {
	t.Helper()
	told, kind := at(shop, session), ""
	switch {
	case told.GetStatus() == paymentv1.SessionStatus_SESSION_STATUS_EXPIRED:
		kind = "checkout.session.expired"
	case told.GetPaymentIntentId() == failedIntent:
		kind = "checkout.session.async_payment_failed"
	case told.GetStatus() == paymentv1.SessionStatus_SESSION_STATUS_COMPLETE:
		kind = "checkout.session.completed"
	}
	events := []*orderv1.HandlePaymentEventRequest{}
	if kind != "" {
		events = append(events, &orderv1.HandlePaymentEventRequest{EventType: kind, SessionId: session})
	}
	if len(shop.Payment.Refunds(told.GetPaymentIntentId())) > 0 {
		events = append(events, &orderv1.HandlePaymentEventRequest{EventType: "charge.refunded", SessionId: session, PaymentIntentId: told.GetPaymentIntentId()})
	}
	for _, event := range append(events, events...) {
		_, err := shop.Checkouts.HandlePaymentEvent(t.Context(), event)
		require.NoError(t, err)
	}
}

// failedIntent marks a slow payment that failed: the session itself does not say so.
const failedIntent = "pi_failed"

func isSlow(shop *checkouttest.Shop, session string) bool {
	told := at(shop, session)
	return told.GetStatus() == paymentv1.SessionStatus_SESSION_STATUS_COMPLETE &&
		told.GetPaymentStatus() == paymentv1.PaymentStatus_PAYMENT_STATUS_UNPAID && told.GetPaymentIntentId() != failedIntent
}

func at(shop *checkouttest.Shop, session string) *paymentv1.Session {
	sessions := shop.Payment.Sessions()
	return sessions[slices.IndexFunc(sessions, func(s *paymentv1.Session) bool { return s.GetSessionId() == session })]
}

func count1(t *testing.T, shop *checkouttest.Shop, of, session string) bool {
	t.Helper()
	var there int
	require.NoError(t, shop.DB.QueryRow(t.Context(), "SELECT count(*) FROM "+of, session).Scan(&there))
	require.LessOrEqual(t, there, 1, of)
	return there == 1
}

func names(story []action) string {
	told := make([]string, len(story))
	for i, happened := range story {
		told[i] = happened.name
	}
	return fmt.Sprintf("%q", told)
}
