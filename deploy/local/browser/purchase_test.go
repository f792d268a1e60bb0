package browser

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

const (
	startPath   = "/order/create-checkout-session"
	arrivalPath = "/order/checkout-session-success"
	payButton   = "#confirm-pay-button"
	termsBox    = "#confirm-agree"
)

// asGuest opens the confirm page and gives the customer's address there.
func (c *customer) asGuest() {
	c.t.Helper()
	c.open("/checkout/confirm")
	c.click("Go on as a guest")
	c.fill("Your e-mail address", c.email)
	c.click("Continue")
	c.see("The confirmation goes to " + c.email)
}

// toPayment ticks the terms and presses the pay button, up to the payment page.
func (c *customer) toPayment() {
	c.t.Helper()
	c.check(termsBox, true)
	c.click(payButton)
	c.arriveAt(shop.sandbox + "/pay/")
}

// paidOrder pays at the payment page and gives the identifier of the order that comes of it.
func (c *customer) paidOrder(card string) string {
	c.t.Helper()
	c.pay(card)
	c.arrive("/account/order")
	c.see("Thank you for your order.")
	return c.parameter("identifier")
}

// session is that of the last visit to the success page.
func (c *customer) session() string {
	c.t.Helper()
	asked := c.awaitSent(arrivalPath, 1)
	return asked[len(asked)-1].query.Get("session_id")
}

// charged are the amounts that the payment company took for a session, in cents.
func charged(t testing.TB, session string) (amounts []int64) {
	t.Helper()
	answer, err := http.Get(shop.sandbox + "/sandbox/charges")
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	var all []struct {
		Session string `json:"session_id"`
		Amount  int64  `json:"amount"`
	}
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&all))
	for _, one := range all {
		if one.Session == session {
			amounts = append(amounts, one.Amount)
		}
	}
	return amounts
}

// inCents reads "$1,234.50".
func inCents(t testing.TB, shown string) int64 {
	t.Helper()
	amount, err := strconv.ParseInt(strings.NewReplacer("$", "", ",", "", ".", "").Replace(shown), 10, 64)
	require.NoError(t, err, shown)
	return amount
}

// mailsAbout counts the mails to the customer that speak of an order.
func (c *customer) mailsAbout(order string) (count int) {
	c.t.Helper()
	for _, one := range c.mailsTo(c.email) {
		if strings.Contains(one.Text, order) {
			count++
		}
	}
	return count
}

func TestPurchaseGuest(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.open(paperClips)
		c.click(addIt)
		c.see("in your cart")
		c.click("#header-cart")
		c.arrive("/cart")
		c.click("a[href='/checkout/confirm']")
		c.arrive("/checkout/confirm")
		require.Zero(t, c.count("#confirm-pay"), "first it must be known who pays")
		c.click("Go on as a guest")
		require.Equal(t, "Your e-mail address", c.focused())
		c.fill("Your e-mail address", c.email)
		c.press("Enter")
		c.see("The confirmation goes to "+c.email, "Send me offers")
		total := c.text("#confirm-totals dd.totals__sum")
		require.Equal(t, "Pay "+total, c.text(payButton))
		c.click(payButton)
		c.see("Please tick the box")
		require.Empty(t, c.sent(startPath))
		c.toPayment()
		order := c.paidOrder(goodCard)

		require.Equal(t, total, c.text("dd.totals__sum"), "what was shown is what was ordered")
		require.Equal(t, []int64{inCents(t, total)}, charged(t, c.session()), "and what was taken, once")
		started := c.sent(startPath)
		require.Len(t, started, 1)
		require.Equal(t, "true", started[0].form.Get("agree_to_terms_of_sale"))
		require.Equal(t, "false", started[0].form.Get("newsletter"))
		require.Equal(t, c.email, started[0].form.Get("anonymous_email_address"))
		require.NotEmpty(t, started[0].header.Get("Idempotency-Key"))
		require.Equal(t, "0", c.text("#cart-item-count-wrapper"))
		c.see("Accepted", "Desk-Tidy Paper Clips", "Ada Shopper", "Chicago, IL 60601", c.email)
		require.Zero(t, c.count(`#order-back a[href="/account/"]`), "a guest has no account to go back to")
		c.awaitMail(order)

		c.reload()
		c.see(order)
		c.notSee("Thank you for your order.")
		c.back()
		c.arriveAt(shop.sandbox) // not the success page
		c.open("/checkout/confirm")
		c.see("Your cart is empty")
		require.Zero(t, c.count("#confirm-pay"))
		require.Equal(t, 1, c.mailsAbout(order))
	})
}

func TestPurchaseMember(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.register()
		c.add(smallClips, "2")
		c.open("/checkout/confirm")
		c.see("The confirmation goes to "+c.email, "Small")
		c.notSee("Send me offers", "Go on as a guest", "Create an account", "Change the e-mail")
		c.toPayment()
		order := c.paidOrder(goodCard)
		form := c.sent(startPath)[0].form
		require.Equal(t, "false", form.Get("save_defaults"))
		require.False(t, form.Has("anonymous_email_address"))
		orders := c.get("/user/account-content").object("account_content").object("orders_data")
		require.Len(t, orders, 1)
		c.awaitMail(order)
		c.click("Back to my account")
		c.arrive("/account")
	})
}

func TestPurchaseDeclinedThenPaid(t *testing.T) {
	c := newCustomer(t, phone)
	c.add("1", "1")
	c.asGuest()
	c.toPayment()
	c.expect("status 402")
	c.navigated(func() { c.pay(declinedCard) })
	c.see("declined")
	c.paidOrder(goodCard)
	require.Len(t, charged(t, c.session()), 1)
}

func TestPurchaseLate(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.add("1", "1")
		c.asGuest()
		c.toPayment()
		c.fail(arrivalPath, answers(`{"checkout_session_success":"error","errors":{"error":"payment-not-completed"}}`), 1)
		c.pay(lateCard)
		c.arrive("/checkout/success")
		c.see("Waiting for your payment", "You need not pay again", "you may also close it")
		c.arrive("/account/order")
		c.see("Thank you for your order.")
		require.Len(t, charged(t, c.session()), 1)
	})
}

// Journeys D2: however often one presses, there is one payment page.
func TestPurchasePressedOften(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.add("1", "1")
		c.asGuest()
		c.check(termsBox, true)
		release := c.hold(startPath)
		c.doubleClick(payButton)
		c.press("Enter", "Space")
		c.awaitSent(startPath, 1)
		require.Equal(t, "true", evaluate[string](c, `document.querySelector("#confirm-pay").getAttribute("aria-busy")`))
		release()
		c.arriveAt(shop.sandbox + "/pay/")
		require.Len(t, c.sent(startPath), 1)
	})
}

// Journeys D2: back from the payment page, by the button of the browser and by the link.
func TestPurchaseCancelled(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.add("1", "1")
		c.asGuest()
		c.toPayment()
		page := c.address()
		c.back()
		c.arrive("/checkout/confirm")
		c.see("Desk-Tidy Paper Clips", "The confirmation goes to "+c.email)
		c.toPayment()
		require.Equal(t, page, c.address(), "the same order has the same payment page")
		c.click("Cancel and go back")
		c.arrive("/checkout/confirm")
		c.see("The confirmation goes to " + c.email)
		c.toPayment()
		c.paidOrder(goodCard)
		require.Len(t, charged(t, c.session()), 1)
	})
}

// answeredLate has the shop act at once and holds its answer back until release is closed; over is closed when it has been given, or
// nobody waits for it any more.
func answeredLate(release <-chan struct{}, over chan<- struct{}) breakage {
	return func(w http.ResponseWriter, r *http.Request, shop http.HandlerFunc) {
		defer close(over)
		kept := httptest.NewRecorder()
		shop(kept, r)
		select {
		case <-release:
		case <-r.Context().Done():
			return
		}
		maps.Copy(w.Header(), kept.Header())
		w.WriteHeader(kept.Code)
		_, _ = w.Write(kept.Body.Bytes())
	}
}

// Journeys D2: the page is left while the payment page is asked for, and the cart becomes another one, as by another device (a tab's
// message would drop the page from memory). Back again, the page is up to date, its button free, and the old answer leads nowhere.
func TestPurchasePageFromMemory(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.add("1", "1")
		c.asGuest()
		c.check(termsBox, true)
		before := c.text("#confirm-totals dd.totals__sum")
		evaluate[any](c, `void (globalThis.remembered = true)`)
		release, over := make(chan struct{}), make(chan struct{})
		c.fail(startPath, answeredLate(release, over), 1)
		c.click(payButton)
		c.awaitSent(startPath, 1)
		c.navigated(func() { c.click("Change the cart") })
		c.arrive("/cart")
		c.add("1", "2")
		c.back()
		c.arrive("/checkout/confirm")
		require.True(t, evaluate[bool](c, "globalThis.remembered === true"), "this is about pages that come from memory")
		c.see("Quantity: 3")
		after := c.text("#confirm-totals dd.totals__sum")
		require.NotEqual(t, before, after)
		close(release)
		<-over
		c.quiet(patience)
		require.Equal(t, "/checkout/confirm", c.address())
		c.see("Quantity: 3")
		require.Equal(t, "Pay "+after, c.text(payButton))
		c.click(payButton)
		c.arriveAt(shop.sandbox + "/pay/")
		c.see("Total " + strings.TrimPrefix(after, "$") + " USD")
		require.Len(t, c.sent(startPath), 2)
	})
}

// The way to a payment page that does not open by itself is another press on Pay, so that it never leads to an order of before.
func TestPurchasePaymentPageDoesNotOpen(t *testing.T) {
	c := newCustomer(t, phone)
	c.add("1", "1")
	c.asGuest()
	c.check(termsBox, true)
	evaluate[any](c, `void (() => { const real = AbortSignal.timeout; AbortSignal.timeout = (wait) => real.call(AbortSignal, wait === 15000 ? 200 : wait); })()`)
	c.fail("/pay/", status(http.StatusNoContent), 2) // which leaves a browser where it is
	c.click(payButton)
	c.see("does not open by itself")
	c.click("Open the payment page")
	c.awaitSent("/pay/", 2)
	c.see("does not open by itself")
	started := c.sent(startPath)
	require.Len(t, started, 2)
	require.Equal(t, started[0].header.Get("Idempotency-Key"), started[1].header.Get("Idempotency-Key"), "the same order's payment page")
	c.add("1", "2")
	c.click("Open the payment page")
	c.see("Something in your order changed")
	c.notSee("Open the payment page")
	require.Len(t, c.sent(startPath), 2)
	total := c.text("#confirm-totals dd.totals__sum")
	c.toPayment()
	c.see("Total " + strings.TrimPrefix(total, "$") + " USD")
}

func TestPurchaseTwoTabs(t *testing.T) {
	c := newCustomer(t, desktop)
	c.add("1", "1")
	c.asGuest()
	other := c.tab()
	other.asGuest()
	c.toPayment()
	other.toPayment()
	require.Equal(t, c.address(), other.address(), "one cart, one payment page")
	third := c.tab()
	third.open("/checkout/confirm")
	third.see("Go on as a guest")
	c.paidOrder(goodCard)
	third.see("Your cart is empty")
	other.reload()
	other.see("This payment is done")
	other.click("Continue to the shop")
	other.arrive("/account/order")
	require.Equal(t, c.parameter("identifier"), other.parameter("identifier"))
	require.Len(t, charged(t, c.session()), 1)
}

func TestPurchaseWithDiscountCode(t *testing.T) {
	code := "TEST" + strings.ToUpper(identifier.New(6))
	operate(t, "create-discount-code", code, "-type", "percent-off", "-amount", "15", "-description", "{}% off for testing", "-yes", "-by", "browser-test")
	everyDevice(t, func(t *testing.T, c *customer) {
		c.add("7", "3")
		c.open("/cart")
		c.fill("#cart-discount-code", code)
		c.press("Enter")
		c.see("15% off for testing")
		c.asGuest()
		c.see("15% off for testing", "Item discount")
		total := c.text("#confirm-totals dd.totals__sum")
		c.toPayment()
		c.see("Total " + strings.TrimPrefix(total, "$") + " USD")
		c.paidOrder(goodCard)
		require.Equal(t, total, c.text("dd.totals__sum"))
		c.see(code, "15% off for testing", "You saved $")
		require.Equal(t, []int64{inCents(t, total)}, charged(t, c.session()))
	})
}

// tabToSelector goes on with the Tab key until the focus is on what a selector names, which must be seen to have it.
func (c *customer) tabToSelector(selector string) {
	c.t.Helper()
	const most = 60
	for range most {
		c.press("Tab")
		if evaluate[bool](c, fmt.Sprintf(`document.activeElement?.matches(%q) ?? false`, selector)) {
			require.True(c.t, evaluate[bool](c, `(() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 1 || document.activeElement.closest(".card--link") !== null; })()`), "the focus on %s is not to be seen", selector)
			return
		}
	}
	c.t.Fatalf("%d times Tab do not lead to %s but to %q", most, selector, c.focused())
}

// Journeys D7: from home to the order with Tab, Enter and Space alone.
func TestPurchaseByKeyboard(t *testing.T) {
	everyDevice(t, func(_ *testing.T, c *customer) {
		c.open("/")
		c.tabToSelector("#home-products-list a")
		c.navigated(func() { c.press("Enter") })
		c.arrive("/product")
		c.tabToSelector(addIt)
		c.press("Enter")
		c.see("in your cart")
		c.tabToSelector("a[href='/cart']")
		c.navigated(func() { c.press("Enter") })
		c.arrive("/cart")
		c.tabToSelector("a[href='/checkout/confirm']")
		c.navigated(func() { c.press("Enter") })
		c.arrive("/checkout/confirm")
		c.tabToSelector("#confirm-as-guest")
		c.press("Space")
		for _, letter := range c.email {
			c.press(string(letter))
		}
		c.press("Enter")
		c.see("The confirmation goes to " + c.email)
		c.tabToSelector(termsBox)
		c.press("Space")
		c.tabToSelector(payButton)
		c.press("Enter")
		c.arriveAt(shop.sandbox + "/pay/")
		c.payByKeyboard()
		c.arrive("/account/order")
		c.see("Thank you for your order.")
	})
}

func (c *customer) payByKeyboard() {
	c.t.Helper()
	for _, field := range [][2]string{{"#card", goodCard}, {"#name", "Ada Shopper"}, {"#line1", "1 Main St"}, {"#city", "Chicago"}, {"#state", "IL"}, {"#postal_code", "60601"}, {"#country", "US"}} {
		c.tabToSelector(field[0])
		for _, letter := range field[1] {
			if letter == ' ' {
				c.press("Space")
				continue
			}
			c.press(string(letter))
		}
	}
	c.press("Enter")
}
