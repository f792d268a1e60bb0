package browser

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

// Journeys D1: the link of an order in the hands of everybody.
func TestOrderLinkOfGuest(t *testing.T) {
	guest := newCustomer(t, phone)
	guest.add("1", "2")
	_, order := guest.buy()
	link := guest.awaitLink("/account/order?identifier=" + order)
	address, err := url.Parse(link)
	require.NoError(t, err)
	require.NotEmpty(t, address.Query().Get("em_cd"))
	everyDevice(t, func(t *testing.T, c *customer) {
		c.open(link)
		c.awaitTitle("My Order")
		c.see(order, "Accepted", "Desk-Tidy Paper Clips", "Quantity: 2", "$3.50 each", "1 Main St", "Chicago, IL 60601", guest.email, "you agreed to our terms of sale")
		require.Zero(t, c.count(`#order-back a[href="/account/"]`))
		c.notSee("Thank you for your order")
		c.click("Desk-Tidy Paper Clips")
		c.arrive("/product")
		require.Equal(t, "order", c.parameter("referrer"))
		require.Equal(t, order, c.parameter("order_identifier"))
		c.click("Your order")
		c.arrive("/account/order")
		c.see(order)
	})
}

func TestOrderLinkOfMember(t *testing.T) {
	member := newCustomer(t, phone)
	member.register()
	member.add("1", "1")
	_, order := member.buy()
	link := member.awaitLink("/account/order?identifier=" + order)

	member.open(link)
	member.see(order)
	member.click("Back to my account")
	member.arrive("/account")

	member.dropCookie("sessionid")
	goTo(member, link)
	member.arrive("/login")
	require.Equal(t, "account/order", member.parameter("next"))
	require.Equal(t, order, member.parameter("order_identifier"))
	member.logInHere(member.username)
	member.arrive("/account/order")
	member.see(order, "Back to my account")

	other := newCustomer(t, desktop)
	other.register()
	other.open(link)
	other.see("This order is not in your account")
	other.notSee("1 Main St")
	require.Empty(t, other.sent("/clientevent/ajaxerror"), "a refusal is no failure")
	require.Equal(t, 1, other.count("main h1"))

	stranger := newCustomer(t, desktop)
	goTo(stranger, link)
	stranger.arrive("/login")
}

// goTo opens an address whose page leads on at once.
func goTo(c *customer, address string) {
	c.t.Helper()
	evaluate[any](c, fmt.Sprintf("void location.assign(%q)", address))
}

func TestOrderOfNobody(t *testing.T) {
	for _, given := range []string{"", "?identifier=", "?identifier=%3F%3F%3F", "?identifier=aaaaaaaaaa", "?identifier=../user/logout", "?identifier=products", "?identifier=%3Cscript%3E", "?identifier=a%20b"} {
		t.Run(given, func(t *testing.T) {
			c := newCustomer(t, phone)
			c.open("/account/order" + given)
			c.awaitTitle("My Order")
			c.see("There is no such order")
			require.Empty(t, c.sent("/user/logout"))
		})
	}
}

// Mail programs make the dot behind an address a part of it.
func TestOrderLinkWithDot(t *testing.T) {
	c := newCustomer(t, phone)
	c.add("1", "1")
	_, order := c.buy()
	c.open("/account/order?identifier=" + order + ".")
	c.see(order, "Accepted")
}

func TestOrderCannotBeShown(t *testing.T) {
	for name, how := range map[string]breakage{"500": status(500), "lost": dropped(), "half": invalidJSON()} {
		t.Run(name, func(t *testing.T) {
			c := newCustomer(t, phone)
			c.add("1", "1")
			_, order := c.buy()
			c.expect("/order/" + order)
			c.fail("/order/"+order, how, 1)
			c.open("/account/order?identifier=" + order)
			c.eventSent("order-" + order[:3]) // whoever reads reports cannot open it
			c.click("Try again")
			c.see(order, "Accepted")
		})
	}
}

// An answer that makes no sense is a failure with a way on, not a wheel for ever.
func TestOrderMakesNoSense(t *testing.T) {
	c := newCustomer(t, phone)
	c.add("1", "1")
	_, order := c.buy()
	c.expect("not an amount")
	c.fail("/order/"+order, answers(`{"order_detail":"success","order_data":{"order_attributes":{"identifier":"`+order+`","order_date_time":"2026-11-23T07:21:54Z","sales_tax_amt":null},
		"order_items":{},"order_totals":{"item_subtotal":"a lot"}}}`), 1)
	c.open("/account/order?identifier=" + order)
	c.click("Try again")
	c.see(order, "Accepted")
}

// The visitor is not waited for when that takes long; but then the page trusts no change of them.
func TestOrderWhenVisitorIsSlow(t *testing.T) {
	c := newCustomer(t, phone)
	c.register()
	c.add("1", "1")
	_, order := c.buy()
	release := c.hold("/user/logged-in")
	goTo(c, shop.site+"/account/order?identifier="+order)
	c.see(order, "Accepted")
	require.Zero(t, c.count("#order-back"))
	c.navigated(func() {
		evaluate[any](c, `void new BroadcastChannel("shop").postMessage("visitor")`)
		c.awaitSent("/order/"+order, 2)
		release()
	})
	c.see(order, "Accepted", "Back to my account")
}

// What happens to an order after it was paid: newest first, with the carrier's number; and a tax on top.
func TestOrderOnItsWay(t *testing.T) {
	code := "WAY" + identifier.New(6)
	c := newCustomer(t, desktop)
	c.add("1", "2")
	_, order := c.buy()
	c.fail("/order/"+order, answers(`{"order_detail":"success","order_data":{
		"order_attributes":{"identifier":"`+order+`","order_date_time":"2026-11-23T07:21:54.850Z","sales_tax_amt":"1.50"},
		"order_items":{"product_sku_data":{"0":{"sku_id":1,"sku_inventory__title":"In Stock","color":null,"size":null,"description":"<img src=x onerror=alert(1)>","price":"3.50","quantity":2,
			"parent_product__title":"Clips & more","parent_product__title_url":"Clips","parent_product__identifier":"bSusp6dBHm","sku_image_url":"/img/missing.svg",
			"discount_applied":true,"original_price_cents":350,"discounted_price_cents":300}}},
		"order_shipping_method":{"identifier":"x","carrier":"USPS","shipping_cost":"9.56","tracking_code_base_url":"","tracking_number":"9400 1234","tracking_url":"https://carrier.example/9400"},
		"order_totals":{"item_subtotal":"7.00","item_discount":"1.00","shipping_subtotal":"9.56","shipping_discount":"0.56","order_total":"1234.50"},
		"order_discount_codes":{"7":{"discount_code_id":7,"code":"`+code+`","description":"{}% off","discount_amount":"10.00","discount_applied":true}},
		"order_statuses":{"0":{"identifier":"b","title":"Shipped","description":"On its way.","created_date_time":"2026-11-24T10:00:00Z"},"1":{"identifier":"a","title":"Accepted","description":"","created_date_time":"2026-11-23T07:21:54Z"}},
		"order_shipping_address":{"name":"Zoë","address_line1":"1 Main St","city":"Chicago","state":"IL","zip":"60601","country":"US","country_code":"US"},
		"order_billing_address":{},
		"order_payment_info":{"email":"zoe@shop.example","payment_type":"card","card_name":"Zoë","card_brand":"visa","card_last4":"4242","card_exp_month":"7","card_exp_year":"2030"}}}`), 1)
	c.open("/account/order?identifier=" + order)
	c.see("$1,234.50", "Sales tax $1.50", "Item discount −$1.00", "You saved $1.56.", "10% off", code, "$3.50", "$3.00 each", "$6.00", "<img src=x onerror=alert(1)>",
		"Visa ending in 4242, expires 7/2030", "Zoë", "Billed to Not given", "9400 1234")
	c.notSee("Prices include tax")
	require.Regexp(t, "^Shipped.*Accepted", c.text("#order-statuses"))
	require.Equal(t, "https://carrier.example/9400", evaluate[string](c, `document.querySelector("#order-detail a[href^='https:']").href`))
}

// Journeys D7: on paper.
func TestOrderPrinted(t *testing.T) {
	c := newCustomer(t, desktop)
	c.add("1", "2")
	_, order := c.buy()
	c.open("/account/order?identifier=" + order)
	c.see("Accepted")
	tell(c, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	require.Zero(t, c.count("header, footer, #chat-icon, #footer-fixed, #order-back"))
	c.see("StartupWebApp", order, "Desk-Tidy Paper Clips", "1 Main St")
}
