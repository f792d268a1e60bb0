package browser

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

const events = "/clientevent/"

// guestPurchase is a whole one by clicks, from the goods to the order.
func (c *customer) guestPurchase() (order string) {
	c.t.Helper()
	c.open(paperClips)
	c.click(addIt)
	c.see("in your cart")
	c.click("#header-cart")
	c.arrive("/cart")
	c.click(toCheckout)
	c.arrive("/checkout/confirm")
	c.click("Go on as a guest")
	c.fill("Your e-mail address", c.email)
	c.click("Continue")
	c.see("The confirmation goes to " + c.email)
	c.toPayment()
	return c.paidOrder(goodCard)
}

// TestPurchaseWithoutTheEventService is journeys.md D6: nobody who buys notices.
func TestPurchaseWithoutTheEventService(t *testing.T) {
	for name, prepare := range map[string]func(c *customer){
		"down":    func(c *customer) { c.fail(events, status(http.StatusBadGateway), -1) },
		"blocked": func(c *customer) { c.fail(events, dropped(), -1) },
		"silent":  func(c *customer) { c.hold(events) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCustomer(t, phone)
			c.expect("/clientevent/")
			prepare(c)
			c.guestPurchase()
			require.GreaterOrEqual(t, len(c.awaitSent(events, 4)), 4, "they were tried")
			require.Zero(t, c.count(".notice--problem, .notice--warning"))
			require.Len(t, charged(t, c.session()), 1)
		})
	}
}

// TestPurchaseOverASlowAPI is journeys.md D6: a second per call, and nothing happens twice.
func TestPurchaseOverASlowAPI(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.acceptCookies()
		c.fail(everyAPICall, delayed(time.Second), -1)
		order := c.guestPurchase()
		c.see("Quantity: 1")
		require.Len(t, c.sent(addPath), 1)
		require.Len(t, c.sent(startPath), 1)
		require.Len(t, charged(t, c.session()), 1)
		c.awaitMail(order)
		require.Equal(t, 1, c.mailsAbout(order))
	})
}

// cartAndOrders are all calls about carts and orders, catalogue those about goods.
var (
	cartAndOrders = []string{
		itemsPath, "/order/cart-shipping-methods", "/order/cart-discount-codes", "/order/cart-totals", addPath, quantityPath, removePath, shippingPath, applyPath,
		"/order/checkout-allowed", "/order/confirm-items", "/order/confirm-totals", "/order/confirm-shipping-method", "/order/confirm-discount-codes", startPath,
	}
	catalogue = []string{"/order/products", "/order/product/"}
)

func (c *customer) down(paths []string) {
	for _, path := range paths {
		c.fail(path, status(http.StatusServiceUnavailable), -1)
	}
}

// TestCatalogueWithoutCarts is journeys.md D6: goods can be looked at, the cart says what is the matter, and all is well again later.
func TestCatalogueWithoutCarts(t *testing.T) {
	c := newCustomer(t, phone)
	c.acceptCookies()
	c.add(bands, "1")
	c.expect(": status 503")
	c.down(cartAndOrders)
	c.open("/")
	c.awaitCount("#home-products-list article", 3)
	c.click("See all products")
	c.arrive("/products")
	c.click("Desk-Tidy Paper Clips")
	c.awaitTitle("Desk-Tidy Paper Clips")
	c.see("$3.50")
	c.click(addIt)
	c.awaitCount(".notice--problem", 1)
	require.Len(t, c.sent(addPath), 1)
	for _, address := range []string{"/cart", "/checkout/confirm"} {
		c.open(address)
		c.within("main").see("The shop has a problem", "Try again")
		c.notSee("Your cart is empty")
	}
	c.heal()
	c.within("main").click("Try again")
	c.see("Rubber Bands")
	require.Empty(t, c.lineQuantity(leftClips), "what was refused is not in the cart")
}

func TestCartsWithoutTheCatalogue(t *testing.T) {
	c := newCustomer(t, phone)
	c.acceptCookies()
	c.add(leftClips, "1")
	c.expect("/order/product")
	c.down(catalogue)
	c.open("/")
	c.see("Our products cannot be shown here at the moment.")
	c.open(paperClips)
	c.see("The shop has a problem", "Try again")
	c.open("/products")
	c.see("The shop has a problem", "Try again")
	c.click("#header-cart")
	c.arrive("/cart")
	c.fill(quantityBox(leftClips), "2")
	c.within(subtotal(leftClips)).see("$7.00")
	c.asGuest()
	c.toPayment()
	c.paidOrder(goodCard)
	require.Equal(t, []int64{1656}, charged(t, c.session()))
}

// TestWithoutJavaScript is journeys.md D6: who to call, and what can be read all the same.
func TestWithoutJavaScript(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.expect(".js:  csp") // how the browser calls it that scripts are off
		tell(c, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		for address, words := range map[string]string{
			"/": "Small things that keep a desk in order", "/products": "Products", "/product": "All products", "/cart": "Shopping cart", "/checkout/confirm": "Confirm your order",
			"/account": "My account", "/login": "Log in", "/contact": "Send an e-mail", "/terms-of-sale": "Returns", "/privacy-policy": "What we keep", "/asdf": "We cannot find this page",
		} {
			c.expect("/asdf: status 404")
			said := tell(c, page.Navigate, page.NavigateParams{URL: shop.site + address})
			require.Empty(t, said.ErrorText)
			c.await(`document.readyState === "complete" && location.href === "` + shop.site + address + `"`)
			evaluate[chromedp.Void](c, hands)
			require.False(t, evaluate[bool](c, `document.documentElement.dataset.ready === "true"`), "nothing ran")
			c.see("This shop needs JavaScript", words)
			c.within("noscript").see("1-800-555-0199", "hello@shop.example")
			for _, target := range []string{"tel:+18005550199", "mailto:hello@shop.example"} {
				require.Equal(t, 1, c.count(`noscript a[href="`+target+`"]`), address)
			}
			require.True(t, evaluate[bool](c, `document.querySelector("noscript p").getBoundingClientRect().bottom <= innerHeight`), "at the first look")
			c.checkWidth()
		}
	})
}

// altered lets the shop answer, and changes one value of its JSON.
func altered(key string, value any) breakage {
	return func(w http.ResponseWriter, r *http.Request, shop http.HandlerFunc) {
		r.Header.Del("Accept-Encoding")
		recorder := httptest.NewRecorder()
		shop(recorder, r)
		var said map[string]any
		if json.Unmarshal(recorder.Body.Bytes(), &said) != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		said[key] = value
		for name, values := range recorder.Header() {
			w.Header()[name] = values
		}
		w.Header().Del("Content-Length")
		_ = json.NewEncoder(w).Encode(said)
	}
}

// eventful does something of every kind that is reported: a campaign's link, a click, a failure.
func (c *customer) eventful() {
	c.t.Helper()
	c.open("/about?ad_cd=ad1")
	c.click("#chat-icon")
	c.press("Escape")
	c.expect("/order/products: status 500")
	c.fail("/order/products", status(http.StatusInternalServerError), 1)
	c.open("/products")
	c.see("The shop has a problem")
}

// reported are the kinds of events so far.
func (c *customer) reported() map[string]bool {
	kinds := map[string]bool{}
	for _, seen := range c.sent(events) {
		kinds[seen.path] = true
	}
	return kinds
}

// reportsOnlyFrom opens a page that may report, and sees that nothing was reported from any other.
func (c *customer) reportsOnlyFrom(address string) {
	c.t.Helper()
	c.open(address)
	c.awaitSent("/clientevent/pageview", 1)
	for _, seen := range c.sent(events) {
		require.Equal(c.t, shop.site+address, seen.query.Get("url"), "%s", seen.path)
	}
}

func TestEventsOfEveryKind(t *testing.T) {
	c := newCustomer(t, phone)
	c.eventful()
	require.Eventually(t, func() bool { return len(c.reported()) == 4 }, patience, tick, "pageview, linkevent, buttonclick, ajaxerror")
}

// TestEventsThatTheShopDoesNotWant is journeys.md D8.
func TestEventsThatTheShopDoesNotWant(t *testing.T) {
	everyDevice(t, func(_ *testing.T, c *customer) {
		c.acceptCookies()
		c.fail("/user/logged-in", altered("log_client_events", false), -1)
		c.eventful()
		c.heal()
		c.reportsOnlyFrom("/contact")
	})
}

// TestEventsUnderGlobalPrivacyControl is journeys.md D8: none before the notice was accepted.
func TestEventsUnderGlobalPrivacyControl(t *testing.T) {
	everyDevice(t, func(_ *testing.T, c *customer) {
		tell(c, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
			Source: `Object.defineProperty(Navigator.prototype, "globalPrivacyControl", { get: () => true });`,
		})
		c.eventful()
		c.expect("/user/logged-in: status 500")
		c.fail("/user/logged-in", status(http.StatusInternalServerError), -1)
		c.open("/terms-of-use") // this failure is otherwise reported without knowing whether reports are wanted
		c.see("This shop uses cookies")
		c.heal()
		c.open("/about")
		c.click("#footer-fixed-action-link")
		c.notSee("This shop uses cookies")
		c.reportsOnlyFrom("/contact")
	})
}
