package browser

import (
	"net/url"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// payAndClose pays at the payment page and closes the tab before the shop's page is shown. It gives the session that was paid.
func (c *customer) payAndClose() (session string) {
	c.t.Helper()
	const arrival = "/checkout/success"
	release := c.hold(arrival)
	defer release()
	c.pay(goodCard)
	session = c.awaitSent(arrival, 1)[0].query.Get("session_id")
	c.close()
	return session
}

// TestGuestPaysAndClosesTheBrowser is journeys.md D2: the payment company's own word makes the order.
func TestGuestPaysAndClosesTheBrowser(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.add(leftClips, "1")
		paying := c.tab()
		paying.asGuest()
		paying.toPayment()
		session := paying.payAndClose()
		require.NotEmpty(t, session)

		link := c.awaitLink("/account/order?identifier=")
		require.Empty(t, c.sent(arrivalPath), "no page has asked for the order")
		c.open(here(t, link))
		order := c.parameter("identifier")
		c.see(order, "Accepted", "Desk-Tidy Paper Clips", c.email)
		c.open("/cart")
		c.see("Your cart is empty")

		c.open("/checkout/success?session_id=" + url.QueryEscape(session)) // the tab is restored
		c.arrive("/account/order")
		require.Equal(t, order, c.parameter("identifier"))
		require.Equal(t, 1, c.mailsAbout(order))
		require.Len(t, charged(t, session), 1)
	})
}

func TestMemberPaysAndClosesTheBrowser(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.register()
		c.add(leftClips, "1")
		paying := c.tab()
		paying.open("/checkout/confirm")
		paying.toPayment()
		session := paying.payAndClose()

		require.Eventually(t, func() bool { return len(c.account("orders_data")) == 1 }, patience, 4*tick, "the order is in the account")
		require.Empty(t, c.sent(arrivalPath), "no page has asked for the order")
		c.open("/account")
		c.click(`main a[href^="/account/order?"]`)
		c.arrive("/account/order")
		order := c.parameter("identifier")
		c.see(order, "Accepted", "Desk-Tidy Paper Clips")
		c.awaitMail(order)
		require.Equal(t, 1, c.mailsAbout(order))
		require.Len(t, charged(t, session), 1)
		require.Equal(t, "0", c.text("#cart-item-count-wrapper"))
	})
}

// TestRemovedThenStraightToCheckout is journeys.md D2: there is a shipping method, and the total counts.
func TestRemovedThenStraightToCheckout(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.openCart()
		c.click(removeIt(leftClips))
		// Without waiting for the answer, which moves the page: a mouse could miss what it aims at.
		evaluate[any](c, `void document.querySelector("#cart-checkout").click()`)
		c.arrive("/checkout/confirm")
		c.within("#confirm-order").see("Rubber Bands", "USPS Retail Ground")
		c.notSee("Paper Clips", "undefined", "NaN")
		require.Equal(t, "$24.55", c.text("#confirm-totals dd.totals__sum"))

		c.open("/cart")
		c.click(removeIt(bands))
		c.see("Your cart is empty")
		c.add(leftClips, "1")
		c.asGuest()
		c.within("#confirm-order").see("Paper Clips", "USPS Retail Ground")
		require.Equal(t, "$13.06", c.text("#confirm-totals dd.totals__sum"))
		c.toPayment()
		c.see("Total 13.06 USD")
		c.paidOrder(goodCard)
		require.Equal(t, []int64{1306}, charged(t, c.session()))
	})
}

// TestPromotionAtThePaymentPage is journeys.md D2: the order shows what was really paid.
func TestPromotionAtThePaymentPage(t *testing.T) {
	for code, expected := range map[string]struct {
		total string
		cents int64
	}{"HALFOFF": {"$8.28", 828}, "FREE100": {"$0.00", 0}} {
		t.Run(code, func(t *testing.T) {
			everyDevice(t, func(t *testing.T, c *customer) {
				c.add(leftClips, "2")
				c.asGuest()
				require.Equal(t, "$16.56", c.text("#confirm-totals dd.totals__sum"))
				c.toPayment()
				c.fill("#promotion_code", code)
				c.paidOrder(goodCard)
				require.Equal(t, expected.total, c.text("dd.totals__sum"))
				require.Equal(t, []int64{expected.cents}, charged(t, c.session()))
			})
		})
	}
}

// TestGuestsAddressAtThePaymentPage is journeys.md D2: the address of the confirm page holds there; where none was given, the one of
// the payment page is the order's.
func TestGuestsAddressAtThePaymentPage(t *testing.T) {
	t.Run("given before", func(t *testing.T) {
		c := newCustomer(t, phone)
		c.add(leftClips, "1")
		c.asGuest()
		c.toPayment()
		require.Equal(t, c.email, c.value("#email"))
		require.True(t, evaluate[bool](c, `document.querySelector("#email").readOnly`))
		order := c.paidOrder(goodCard)
		c.see(c.email)
		c.awaitMail(order)
	})
	t.Run("given there", func(t *testing.T) {
		c := newCustomer(t, phone)
		c.add(leftClips, "1")
		started := c.post(startPath, url.Values{"agree_to_terms_of_sale": {"true"}, "newsletter": {"false"}, "anonymous_email_address": {""}})
		c.open(started.text("checkout_url"))
		order := c.paidOrder(goodCard)
		c.see(c.email)
		c.awaitMail(order)
		require.Equal(t, 1, c.mailsAbout(order))
	})
}

// ownShop leaves the test out where others use the shop: it changes what the shop sells.
func ownShop(t *testing.T) {
	t.Helper()
	if os.Getenv("SHOP_RUNNING") != "" {
		t.Skip("it changes prices, stock and shipping methods of the shop, which SHOP_RUNNING says is not ours")
	}
}

// smallClipsPrice is that of the demo.
const smallClipsPrice = "3.99"

// waitingAtThePayment is a guest with two bags of small clips by FedEx at the payment page: 7.98 and 10.85.
func waitingAtThePayment(t *testing.T) *customer {
	t.Helper()
	c := newCustomer(t, phone)
	c.add(smallClips, "2")
	c.open("/cart")
	c.click("#shipping-FedExGround")
	c.within("#cart-totals").see("Total $18.83")
	c.asGuest()
	c.toPayment()
	c.see("Total 18.83 USD")
	return c
}

// getsWhatWasPromised pays, and the order is what the payment page said.
func (c *customer) getsWhatWasPromised() {
	c.t.Helper()
	c.paidOrder(goodCard)
	c.see("Strong-Grip Binder Clips", "Quantity: 2", "$3.99 each", "FedEx Ground")
	require.Equal(c.t, "$18.83", c.text("dd.totals__sum"))
	require.Equal(c.t, []int64{1883}, charged(c.t, c.session()))
}

// TestShopChangesWhileAtThePaymentPage is journeys.md D2: the order holds what was paid.
func TestShopChangesWhileAtThePaymentPage(t *testing.T) {
	ownShop(t)
	t.Run("price", func(t *testing.T) {
		c := waitingAtThePayment(t)
		t.Cleanup(func() { operate(t, "set-price", smallClips, smallClipsPrice, "-yes") })
		operate(t, "set-price", smallClips, "4.99", "-yes")
		other := newCustomer(t, phone)
		other.open(binderClips)
		other.see("$4.99")
		c.getsWhatWasPromised()
	})
	t.Run("shipping method", func(t *testing.T) {
		c := waitingAtThePayment(t)
		t.Cleanup(func() { operate(t, "enable-shipping-method", "FedExGround", "-yes") })
		operate(t, "disable-shipping-method", "FedExGround", "-yes")
		other := newCustomer(t, phone)
		other.openCart()
		other.see("UPS Ground")
		require.Zero(t, other.count("#shipping-FedExGround"))
		c.getsWhatWasPromised()
	})
	t.Run("stock", func(t *testing.T) {
		c := waitingAtThePayment(t)
		t.Cleanup(func() { operate(t, "set-stock", smallClips, "uncounted", "-yes") })
		other := newCustomer(t, phone)
		other.add(smallClips, "1")
		other.asGuest()
		operate(t, "set-stock", smallClips, "2", "-yes") // both are promised to who pays
		other.check(termsBox, true)
		other.click(payButton)
		other.within("#confirm-order").see("not there any more")
		c.getsWhatWasPromised()
		c.open(binderClips)
		c.see("Out of Stock")
	})
}
