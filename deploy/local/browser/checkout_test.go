package browser

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/stretchr/testify/require"
)

const lookupPath = "/order/anonymous-email-address-payment-lookup"

// Journeys D6: every call of the page fails, then works again.
func TestCheckoutCannotBeShown(t *testing.T) {
	for path, event := range map[string]string{
		"/order/checkout-allowed": "order-checkout-allowed", "/order/confirm-items": "confirm-items", "/order/confirm-totals": "confirm-totals",
		"/order/confirm-shipping-method": "confirm-shipping-method", "/order/confirm-discount-codes": "confirm-discount-codes", "/user/logged-in": "",
	} {
		t.Run(path, func(t *testing.T) {
			c := newCustomer(t, phone)
			c.expect(path)
			c.add("1", "1")
			c.fail(path, status(http.StatusBadGateway), -1) // the frame asks for the visitor, too
			c.open("/checkout/confirm")
			c.see("The shop has a problem")
			require.Zero(t, c.count("#confirm-pay, #confirm-buyer"))
			if event != "" {
				c.eventSent(event)
			}
			c.heal()
			c.click("Try again")
			c.see("Desk-Tidy Paper Clips", "Go on as a guest")
		})
	}
}

func TestCheckoutClosed(t *testing.T) {
	c := newCustomer(t, phone)
	c.add("1", "1")
	c.fail("/order/checkout-allowed", answers(`{"checkout_allowed":false}`), 1)
	c.open("/checkout/confirm")
	c.see("The checkout is closed at the moment", "Your cart is kept")
	require.Zero(t, c.count("#confirm-order"))
}

func TestCheckoutEmpty(t *testing.T) {
	everyDevice(t, func(_ *testing.T, c *customer) {
		c.open("/checkout/confirm")
		c.awaitTitle("Confirm Order")
		c.see("Your cart is empty")
		c.click("Browse our products")
		c.arrive("/products")
	})
}

func TestCheckoutOfWhatIsGone(t *testing.T) {
	c := newCustomer(t, phone)
	c.add("1", "1")
	c.fail("/order/confirm-items", answers(`{"checkout_allowed":true,"cart_found":true,"item_data":{"product_sku_data":{"0":{"sku_id":4,
		"sku_type__title":"product","sku_inventory__title":"Out of Stock","sku_inventory__identifier":"out-of-stock","color":"Black","size":"Large","description":"<b>big</b>",
		"price":"5.99","quantity":1,"parent_product__title":"Clips","parent_product__title_url":"Clips","parent_product__identifier":"ITHJW3mytn","sku_image_url":""}}}}`), 1)
	c.open("/checkout/confirm")
	c.see("cannot be paid yet", "Clips, Black, Large", "Out of Stock", "<b>big</b>")
	require.Zero(t, c.count("#confirm-pay, #confirm-buyer"))
	c.click("Go to the cart")
	c.arrive("/cart")
}

func TestCheckoutGuestAddress(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.add("1", "1")
		c.open("/checkout/confirm")
		c.notSee("Send me offers", "Pay $")
		c.click("Go on as a guest")
		c.click("Continue")
		c.see("The e-mail address is missing")
		c.fill("Your e-mail address", "nobody")
		c.notSee("The e-mail address is missing")
		c.click("Continue")
		c.see("should look like name@example.com")
		require.Empty(t, c.sent(lookupPath))

		c.expect(lookupPath)
		c.fail(lookupPath, dropped(), 1)
		c.fill("Your e-mail address", " "+c.email+" ")
		c.click("Continue")
		c.see("cannot be reached")
		c.eventSent("anonymous-email-address-payment-lookup")
		c.click("Continue")
		c.see("The confirmation goes to " + c.email)
		require.Equal(t, "Where the confirmation goes", c.focused())

		c.check(termsBox, true)
		c.check("#confirm-newsletter", true)
		c.reload()
		c.see("The confirmation goes to "+c.email, "Pay $")
		require.True(t, c.checked("#confirm-newsletter"))
		require.False(t, c.checked(termsBox), "this is said for each order")
		c.check(termsBox, true)
		c.click("Change the e-mail address")
		c.see("Go on as a guest")
		require.Zero(t, c.count(payButton))
		require.Len(t, c.sent("/order/change-confirmation-email-address"), 1)
		c.click("Go on as a guest")
		c.fill("Your e-mail address", "other-"+c.email)
		c.click("Continue")
		c.see("The confirmation goes to other-" + c.email)
		require.True(t, c.checked(termsBox), "nothing else is lost")
		require.True(t, c.checked("#confirm-newsletter"))
	})
}

// A guest who gives up the order leaves no address for the next one at the same screen.
func TestCheckoutForgetsWhoGaveUp(t *testing.T) {
	c := newCustomer(t, phone)
	c.add("1", "1")
	c.asGuest()
	c.check("#confirm-newsletter", true)
	c.post("/order/cart-delete-cart", nil)
	c.reload()
	c.see("Your cart is empty")
	c.add("1", "1")
	c.reload()
	c.see("Go on as a guest")
	c.notSee(c.email)
	require.Equal(t, "0 false", evaluate[string](c, `sessionStorage.length + " " + document.querySelector("#confirm-newsletter").checked`))
}

// Journeys D2: whatever the case, an address of a member is a member's.
func TestCheckoutGuestWithMembersAddress(t *testing.T) {
	member := newCustomer(t, phone)
	member.register()
	c := newCustomer(t, phone)
	c.add("1", "1")
	c.open("/checkout/confirm")
	c.click("Go on as a guest")
	for _, written := range []string{member.email, strings.ToUpper(member.email), "  " + member.email + " "} {
		c.fill("Your e-mail address", written)
		c.click("Continue")
		c.see("This address belongs to an account.")
	}
	c.eventSent("anonymous-email-address-lookup-email-address-is-associated-with-member")
	c.within("#confirm-guest-form").click("Log in")
	c.arrive("/login")
	c.logInHere(member.username)
	c.arrive("/checkout/confirm")
	c.see("Desk-Tidy Paper Clips", "The confirmation goes to "+member.email)
}

// logInHere uses the form of the login page.
func (c *customer) logInHere(username string) {
	c.t.Helper()
	c.fill("User name", username)
	c.fill("Password", password)
	c.navigated(func() { c.press("Enter") })
}

// Journeys D6: asking for the payment page fails in every way; what was entered stays, and the next press pays once.
func TestCheckoutPaymentPageFails(t *testing.T) {
	for name, failing := range map[string]struct {
		how     breakage
		says    string
		sameKey bool
	}{
		"500":              {status(500), "The shop has a problem", true},
		"503":              {status(503), "The shop has a problem", true},
		"half an answer":   {invalidJSON(), "The shop has a problem", true},
		"lost":             {dropped(), "cannot be reached", true},
		"answer lost":      {lostAnswer(), "cannot be reached", true},
		"key in use":       {status(409), "is being prepared", true},
		"limited":          {limited(2 * time.Minute), "2 minutes", false},
		"stripe":           {refuses("stripe-error"), "payment provider does not answer", false},
		"unexpected":       {refuses("unexpected-error"), "Something went wrong on our side", false},
		"unknown":          {refuses("brand-new"), "Something went wrong on our side", false},
		"code":             {refuses("discount-code-not-available"), "discount code does not count any more", false},
		"goods":            {refuses("sku-not-available"), "not there any more", false},
		"terms":            {refuses("agree-to-terms-of-sale-required"), "Please agree to the terms of sale", false},
		"no sense at all":  {answers(`{}`), "Something went wrong on our side", false},
		"description only": {answers(`{"create_checkout_session":"error","errors":{"error":"stripe-error","description":"No such <b>customer</b>"}}`), "payment provider", false},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCustomer(t, phone)
			c.expect(startPath)
			c.add("1", "1")
			c.asGuest()
			c.check("#confirm-newsletter", true)
			c.check(termsBox, true)
			c.fail(startPath, failing.how, 1)
			c.click(payButton)
			c.see(failing.says, "The confirmation goes to "+c.email)
			c.notSee("customer")
			require.True(t, c.checked(termsBox))
			require.True(t, c.checked("#confirm-newsletter"))
			c.click(payButton)
			c.arriveAt(shop.sandbox + "/pay/")
			asked := c.sent(startPath)
			require.Len(t, asked, 2)
			require.Equal(t, "true", asked[1].form.Get("newsletter"))
			require.Equal(t, failing.sameKey, asked[0].header.Get("Idempotency-Key") == asked[1].header.Get("Idempotency-Key"))
		})
	}
}

// The edge repeats an answer for a day, a payment page is dead before that.
func TestCheckoutKeyIsForMinutes(t *testing.T) {
	c := newCustomer(t, phone)
	c.expect(startPath)
	c.add("1", "1")
	c.asGuest()
	c.check(termsBox, true)
	c.fail(startPath, lostAnswer(), 3)
	evaluate[any](c, `void (() => { const real = Date.now; globalThis.later = 0; Date.now = () => real() + later; })()`)
	var keys []string
	for _, minutes := range []int{0, 9, 11} {
		evaluate[any](c, fmt.Sprintf(`void (globalThis.later = %d * 60_000)`, minutes))
		c.click(payButton)
		asked := c.awaitSent(startPath, len(keys)+1)
		c.see("cannot be reached")
		keys = append(keys, asked[len(keys)].header.Get("Idempotency-Key"))
	}
	require.Equal(t, keys[0], keys[1])
	require.NotEqual(t, keys[1], keys[2])
	c.click(payButton)
	c.arriveAt(shop.sandbox + "/pay/")
}

func refuses(code string) breakage {
	return answers(`{"create_checkout_session":"error","errors":{"error":"` + code + `"}}`)
}

// Journeys D2, D3: the cart is another one than the page shows.
func TestCheckoutOrderChangedMeanwhile(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.add("1", "1")
		c.asGuest()
		c.check(termsBox, true)
		before := c.text("#confirm-totals dd.totals__sum")
		c.add("1", "2")
		c.click(payButton)
		c.see("Something in your order changed", "The total was "+before)
		require.Empty(t, c.sent(startPath))
		after := c.text("#confirm-totals dd.totals__sum")
		require.Equal(t, "Pay "+after, c.text(payButton))
		require.NotEqual(t, before, after)
		c.toPayment()

		c.open("/checkout/confirm")
		c.check(termsBox, true)
		c.post("/order/cart-delete-cart", nil)
		c.click(payButton)
		c.see("Your cart is empty")
		require.Zero(t, c.count(payButton))
	})
}

// Journeys D3: a member's session that has ended never becomes an order of a guest.
func TestCheckoutSessionEnded(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.register()
		c.add("1", "1")
		c.open("/checkout/confirm")
		c.check(termsBox, true)
		c.dropCookie("sessionid")
		c.click(payButton)
		c.arrive("/login")
		require.Equal(t, "checkout/confirm", c.parameter("next"))
		require.Empty(t, c.sent(startPath))
		c.logInHere(c.username)
		c.arrive("/checkout/confirm")
		c.see("Desk-Tidy Paper Clips", "The confirmation goes to "+c.email)
		c.toPayment()
	})
}

// Journeys D3: no action of one member's page under another's name.
func TestCheckoutByAnother(t *testing.T) {
	other := newCustomer(t, desktop)
	other.register()
	for name, become := range map[string]func(c *customer){
		"member to member": func(c *customer) { c.logOut(); c.logIn(other.username) },
		"guest to member":  func(c *customer) { c.logIn(other.username) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCustomer(t, desktop)
			if name == "guest to member" {
				c.add("1", "1")
				c.asGuest()
			} else {
				c.register()
				c.add("1", "1")
				c.open("/checkout/confirm")
			}
			c.check(termsBox, true)
			become(c)
			c.click(payButton)
			c.see("You have signed in or out in another tab")
			require.Empty(t, c.sent(startPath))
			require.Zero(t, c.count(payButton))
			c.navigated(func() { c.click("Load again") })
			c.notSee("The confirmation goes to " + c.email)
		})
	}
}

// A tab that stands open hears of it.
func TestCheckoutLogoutInAnotherTab(t *testing.T) {
	c := newCustomer(t, desktop)
	c.register()
	c.add("1", "1")
	c.open("/checkout/confirm")
	c.see(c.email)
	other := c.tab()
	other.open("/about")
	c.expect("/user/terms-of-use-agree-check: status 401") // the frame of a tab may be asking while the session ends
	other.click("#hamburger-menu-open")
	other.click("#menu-logout-link")
	other.arrive("/login")
	c.notSee(c.email, "Desk-Tidy Paper Clips")
	c.see("Your cart is empty")
}

func TestCheckoutLoginInAnotherTab(t *testing.T) {
	c := newCustomer(t, desktop)
	c.register()
	c.logOut()
	c.add("1", "1")
	account := c.email
	c.email = "guest-" + account
	c.asGuest()
	other := c.tab()
	other.open("/login")
	other.logInHere(c.username)
	other.arrive("/account")
	c.see("You have signed in or out in another tab")
	require.Zero(t, c.count(payButton))
	c.navigated(func() { c.click("Load again") })
	c.see("The confirmation goes to "+account, "Desk-Tidy Paper Clips")
	c.notSee("Send me offers")
}

// Contract storefront.md 11.1: a page that is faster than the frame used to show members what is for guests.
func TestCheckoutMemberWhenVisitorIsSlow(t *testing.T) {
	c := newCustomer(t, phone)
	c.register()
	c.add("1", "1")
	release := c.hold("/user/logged-in")
	goTo(c, shop.site+"/checkout/confirm")
	c.awaitSent("/order/confirm-totals", 1)
	c.see("Looking up your order")
	require.Zero(t, c.count("#confirm-choices, #confirm-newsletter, #confirm-pay"))
	release()
	c.see("The confirmation goes to " + c.email)
	c.notSee("Send me offers", "Go on as a guest")
}

// Journeys D2: the page after paying, opened whenever and by whomever.
func TestArrivalAgain(t *testing.T) {
	c := newCustomer(t, phone)
	c.add("1", "1")
	session, order := c.buy()
	address := "/checkout/success?session_id=" + url.QueryEscape(session)
	for range 2 {
		goTo(c, shop.site+address)
		c.arrive("/account/order")
		require.Equal(t, order, c.parameter("identifier"))
		c.open("/about")
	}
	elsewhere := newCustomer(t, desktop)
	elsewhere.register()
	elsewhere.add("1", "2")
	elsewhere.open("/about")
	goTo(elsewhere, shop.site+address)
	elsewhere.arrive("/account/order")
	elsewhere.see("This order is not in your account")
	require.Equal(t, "2", elsewhere.lineQuantity("1"), "somebody else's payment does not touch this cart")
	c.awaitMail(order)
	require.Equal(t, 1, c.mailsAbout(order))
	require.Len(t, charged(t, session), 1)
}

func TestArrivalWithoutSession(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.open("/checkout/success")
		c.awaitTitle("Processing Order")
		c.see("lacks the number of a payment", "contact support", "You need not pay again")
		require.Empty(t, c.sent(arrivalPath))
	})
}

func TestArrivalOfUnknownPayment(t *testing.T) {
	c := newCustomer(t, phone)
	c.open("/checkout/success?session_id=cs_test_nobody")
	c.see("We do not know this payment", "contact support")
	c.eventSent("checkout-session-success-error-invalid-session")
	require.NotContains(t, c.sent("/clientevent/ajaxerror")[0].query.Get("url"), "cs_test_nobody")
	c.fail(arrivalPath, answers(`{"checkout_session_success":"error","errors":{"error":"cart-not-found","description":"SQL <i>detail</i>"}}`), 1)
	c.click("Check again")
	c.see("not written down yet")
	c.notSee("SQL")
}

// The quiet tries come first, then the words, and every way leads to the order in the end.
func TestArrivalFails(t *testing.T) {
	for name, how := range map[string]breakage{"500": status(500), "lost": dropped(), "half": invalidJSON()} {
		t.Run(name, func(t *testing.T) {
			c := newCustomer(t, phone)
			c.expect(arrivalPath)
			c.add("1", "1")
			c.asGuest()
			c.toPayment()
			c.fail(arrivalPath, how, 3)
			c.pay(goodCard)
			c.see("You need not pay again", "Check again")
			c.eventSent("order-checkout-session-success")
			c.click("Check again")
			c.arrive("/account/order")
			c.see("Thank you for your order.")
		})
	}
}

// A payment may take minutes, in which a call fails now and then; the page has no reason to give up.
func TestArrivalWaitsThroughHiccups(t *testing.T) {
	c := newCustomer(t, phone)
	c.expect(arrivalPath)
	c.add("1", "1")
	session, order := c.buy()
	for range 2 {
		c.fail(arrivalPath, status(http.StatusBadGateway), 2)
		c.fail(arrivalPath, answers(`{"checkout_session_success":"error","errors":{"error":"payment-not-completed"}}`), 1)
	}
	c.open("/about")
	tell(c, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: hasty})
	goTo(c, shop.site+"/checkout/success?session_id="+url.QueryEscape(session))
	c.arrive("/account/order")
	require.Equal(t, order, c.parameter("identifier"))
	require.Len(t, c.sent(arrivalPath), 7, "each failure was met")
}

// hasty makes a page's waits a tenth as long.
const hasty = `{ const real = setTimeout; globalThis.setTimeout = (done, wait, ...more) => real(done, wait / 10, ...more); }`
