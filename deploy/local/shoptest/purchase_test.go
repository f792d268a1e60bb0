package shoptest

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/local/stack"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

func TestGuestBuys(t *testing.T) {
	c := guest(t)
	c.add("1", "2")
	c.add("7", "1")
	lookup := c.post("/order/anonymous-email-address-payment-lookup", url.Values{"anonymous_email_address": {c.email}})
	require.Equal(t, "success", lookup.text("anonymous_email_address_payment_lookup"))
	session := c.buy()
	ordered := c.arrive(session)
	require.Equal(t, ordered, requireOneOrder(t, c, session))
	detail := c.get("/order/" + ordered).object("order_data")
	require.Equal(t, "31.55", detail.object("order_totals").text("order_total"))
	require.Len(t, detail.object("order_items").object("product_sku_data"), 2)
	require.Equal(t, ordered, c.arrive(session), "coming back to the success page shows the same order")
}

func TestMemberBuysWithTheGuestsCart(t *testing.T) {
	c := guest(t)
	username := "member-" + identifier.New(8)
	c.add("1", "1")
	c.register(username)
	require.Equal(t, 1, c.cartLines(), "the guest's cart is adopted at registration")
	c.get("/user/logout")
	require.Zero(t, c.cartLines())
	c.add("7", "1")
	c.logIn(username)
	require.Equal(t, 2, c.cartLines(), "the guest's cart is merged at login")
	session := c.buy()
	c.otherGateway()
	ordered := c.arrive(session)
	requireOneOrder(t, c, session)
	listed := c.get("/user/account-content").object("account_content").object("orders_data")
	require.Equal(t, ordered, listed.object("1").text("identifier"))

	stranger := guest(t)
	refused := stranger.get("/order/" + ordered)
	require.Equal(t, "log-in-required-to-view-order", refused.object("errors").text("error"))
}

func TestDeclinedCardThenSuccess(t *testing.T) {
	c := guest(t)
	c.add("6", "3")
	session, page := c.checkOut()
	status, _ := c.pay(page, declinedCard)
	require.Equal(t, http.StatusPaymentRequired, status)
	unpaid := c.get("/order/checkout-session-success?session_id=" + session)
	require.Equal(t, "payment-not-completed", unpaid.object("errors").text("error"))
	require.Empty(t, orders(t, session))
	status, _ = c.pay(page, goodCard)
	require.Equal(t, http.StatusSeeOther, status)
	c.arrive(session)
	requireOneOrder(t, c, session)
}

func TestBrowserClosedBeforeTheSuccessPage(t *testing.T) {
	c := guest(t)
	c.add("1", "1")
	session := c.buy()
	requireOneOrder(t, c, session)
}

func TestWebhookDroppedSuccessPageAlone(t *testing.T) {
	webhooks(t, "drop")
	c := guest(t)
	c.add("1", "1")
	session := c.buy()
	c.arrive(session)
	requireOneOrder(t, c, session)
}

func TestWebhookDroppedSweepAlone(t *testing.T) {
	webhooks(t, "drop")
	c := guest(t)
	c.add("1", "1")
	session := c.buy()
	requireOneOrder(t, c, session)
}

func TestEachWebhookTwiceAndInReverseOrder(t *testing.T) {
	webhooks(t, "duplicate,reverse,window=500ms")
	customers := []*customer{guest(t), guest(t), guest(t)}
	sessions := make([]string, len(customers))
	for i, c := range customers {
		c.add("1", "1")
		sessions[i] = c.buy()
	}
	for i, c := range customers {
		requireOneOrder(t, c, sessions[i])
	}
}

func TestWebhookAndSuccessPageAtOnce(t *testing.T) {
	const purchases, atOnce = 50, 5
	var group sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for range purchases {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			c := guest(t)
			c.add("1", "1")
			session := c.buy() // the sandbox sends its webhook at this moment
			c.arrive(session)
			requireOneOrder(t, c, session)
		})
	}
	group.Wait()
}

func TestLatePaymentBecomesAnOrderWhenItArrives(t *testing.T) {
	c := guest(t)
	c.add("1", "1")
	session, page := c.checkOut()
	status, _ := c.pay(page, "4000002500003155")
	require.Equal(t, http.StatusSeeOther, status)
	requireOneOrder(t, c, session)
}

func TestCartChangedWhilePaying(t *testing.T) {
	c := guest(t)
	c.add("1", "1")
	session, page := c.checkOut()
	c.add("7", "2")
	status, _ := c.pay(page, goodCard)
	require.Equal(t, http.StatusSeeOther, status)
	ordered := c.arrive(session)
	detail := c.get("/order/" + ordered).object("order_data")
	require.Len(t, detail.object("order_items").object("product_sku_data"), 1, "the order is what was paid for")
	require.Equal(t, 1, c.cartLines(), "what was not bought is still in the cart")
	require.Equal(t, charged(t, session), orders(t, session)[0].TotalMinor)
}

func TestDoubleClickOpensOneSession(t *testing.T) {
	c := guest(t)
	c.add("1", "1")
	const clicks = 8
	sessions := make([]string, clicks)
	var group sync.WaitGroup
	for i := range clicks {
		group.Go(func() { sessions[i], _ = c.checkOut() })
	}
	group.Wait()
	for _, session := range sessions {
		require.Equal(t, sessions[0], session)
	}
}

func TestTermsOfSaleMustBeAgreed(t *testing.T) {
	c := guest(t)
	c.add("1", "1")
	for _, answer := range []string{"false", "yes", ""} {
		refused := c.post("/order/create-checkout-session", url.Values{"agree_to_terms_of_sale": {answer}, "anonymous_email_address": {c.email}})
		require.Equal(t, "agree-to-terms-of-sale-must-be-checked", refused.object("errors").text("error"), answer)
	}
	refused := c.post("/order/create-checkout-session", url.Values{"anonymous_email_address": {c.email}})
	require.Equal(t, "agree-to-terms-of-sale-required", refused.object("errors").text("error"))
}

func TestOnlyInStockGoodsAreSold(t *testing.T) {
	c := guest(t)
	for _, sku := range []string{"2", "4", "5", "3", "99999999999999999999"} {
		refused := c.post("/order/cart-add-product-sku", url.Values{"sku_id": {sku}, "quantity": {"1"}})
		require.Equal(t, "sku-not-found", refused.object("errors").text("error"), sku)
	}
}

// TestProcessesKilledBetweenPaymentAndCompletion ends a process the hard way at the moment of payment, every time another.
func TestProcessesKilledBetweenPaymentAndCompletion(t *testing.T) {
	for _, program := range []string{"order", "payment", "gateway"} {
		t.Run(program, func(t *testing.T) {
			c := guest(t)
			c.add("1", "2")
			session, page := c.checkOut()
			for _, process := range shop.Processes(program) {
				require.NoError(t, process.Kill())
			}
			status, _ := c.pay(page, goodCard)
			require.Equal(t, http.StatusSeeOther, status)
			awaitOrder(t, session)
			awaitHealth(t)
			requireOneOrder(t, c, session)
		})
	}
}

func TestOneInstanceOfEachServiceKilledWhileManyBuy(t *testing.T) {
	const purchases = 12
	type purchase struct {
		c       *customer
		session string
	}
	bought := make([]purchase, purchases)
	for i := range bought {
		c := guest(t)
		c.add("1", "1")
		bought[i] = purchase{c, c.buy()}
		if i%4 == 1 {
			victim := []string{"order", "payment", "user"}[i/4%3]
			killAndAwait(t, shop.Processes(victim)[i%2])
		}
	}
	for _, one := range bought {
		requireOneOrderAfterUserWasKilled(t, one.c, one.session)
	}
}

// killAndAwait ends a process the hard way and waits until another one has taken its place: right after the signal the
// old one still counts as running.
func killAndAwait(t testing.TB, process *stack.Process) {
	t.Helper()
	old := process.PID()
	require.NoError(t, process.Kill())
	require.Eventually(t, func() bool { return process.PID() != old }, patience, 10*time.Millisecond)
	awaitHealth(t)
}

// awaitHealth waits until the first gateway says that everything behind it is ready.
func awaitHealth(t testing.TB) {
	t.Helper()
	c := guest(t)
	require.Eventually(t, func() bool {
		status, _, err := c.send(http.MethodGet, "/healthz", nil)
		return err == nil && status == http.StatusOK && allRunning()
	}, patience, 100*time.Millisecond, "the shop did not recover")
}

func allRunning() bool {
	for _, program := range strings.Fields("user payment clientevent order gateway") {
		for _, process := range shop.Processes(program) {
			if process.PID() == 0 {
				return false
			}
		}
	}
	return true
}
