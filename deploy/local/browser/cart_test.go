package browser

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

// What the cart asks for, and its places.
const (
	itemsPath    = "/order/cart-items"
	quantityPath = "/order/cart-update-sku-quantity"
	removePath   = "/order/cart-remove-sku"
	shippingPath = "/order/cart-update-shipping-method"
	applyPath    = "/order/cart-apply-discount-code"
	uncodePath   = "/order/cart-remove-discount-code"
	deletePath   = "/order/cart-delete-cart"

	leftClips, bands = "1", "7" // 3.50 and 14.99
	codeField        = "#cart-discount-code"
	applyIt          = "#cart-discount-form button"
	toCheckout       = "#cart-checkout"
)

func row(sku string) string         { return fmt.Sprintf(`#cart-lines [data-sku="%s"]`, sku) }
func quantityBox(sku string) string { return row(sku) + " input" }
func removeIt(sku string) string    { return row(sku) + " .line__remove" }
func subtotal(sku string) string    { return row(sku) + " .line__price" }

func (c *customer) awaitTotal(amount string) {
	c.t.Helper()
	c.within("#cart-totals .totals__sum:last-of-type").see(amount)
}

// openCart is the cart with left clips and bands in it, whose goods cost 3.50 and 14.99, and 28.05 with shipping.
func (c *customer) openCart() {
	c.t.Helper()
	c.add(leftClips, "1")
	c.add(bands, "1")
	c.open("/cart")
}

func newCode(t testing.TB, settings ...string) string {
	t.Helper()
	code := "CART" + strings.ToUpper(identifier.New(10))
	operate(t, append([]string{"create-discount-code", code, "-yes"}, settings...)...)
	return code
}

func TestCartEmpty(t *testing.T) {
	everyDevice(t, func(_ *testing.T, c *customer) {
		c.open("/cart?referrer=/product&query=null&tag=null")
		c.awaitTitle("Shopping Cart")
		c.within("#cart-detail-body").see("Your cart is empty")
		c.axe()
		c.click("See the products")
		c.arrive("/products")
	})
}

func TestCartShowsWhatIsInIt(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.openCart()
		c.within(row(leftClips)).see("Desk-Tidy Paper Clips", "Leaning left", "Silver", "Medium", "In Stock", "$3.50 each")
		c.within("#cart-totals").see("Items $18.49", "Shipping $9.56", "Total $28.05", "Prices include tax")
		c.within("#cart-detail-body").see("United States and Canada")
		require.Equal(t, "2", c.text("#cart-item-count-wrapper"))
		require.True(t, c.checked("#shipping-USPSRetailGround"), "a method is always chosen")
		c.resize(320, 640)
		c.checkWidth()
		c.resize(c.device.width, c.device.height)
		c.axe()
		c.dark()
		c.axe()
		c.click(row(bands) + " .line__title a")
		c.arrive("/product")
		require.Equal(t, rubberBands+"&referrer=cart", c.address())
	})
}

// TestCartQuantityTypedQuickly is journeys.md D4: the last value wins.
func TestCartQuantityTypedQuickly(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.openCart()
		c.typeIn(quantityBox(leftClips), "12")
		c.within(subtotal(leftClips)).see("$42.00")
		c.awaitTotal("$66.55")
		require.LessOrEqual(t, len(c.sent(quantityPath)), 2)
		require.Equal(t, "12", c.lineQuantity(leftClips))
		require.Len(t, c.sent("/order/cart-totals"), 1, "the answer has the sums")

		before := len(c.sent(quantityPath))
		for range 3 {
			c.click(row(leftClips) + " .stepper__button:last-of-type")
		}
		c.within(subtotal(leftClips)).see("$52.50")
		require.LessOrEqual(t, len(c.sent(quantityPath))-before, 3)
		c.typeIn(quantityBox(leftClips), "007")
		c.within(subtotal(leftClips)).see("$24.50")
		c.fill(quantityBox(bands), "99")
		c.awaitTotal("$1,518.07")
		c.within(subtotal(bands)).see("$1,484.01")
		require.Equal(t, "7", c.value(quantityBox(leftClips)), "as people write it")
	})
}

func TestCartQuantityThatCannotBe(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.openCart()
		for typed, told := range map[string]string{
			"100": "0 to 99", "-1": "0 to 99", "1.5": "whole pieces", "two": "digits 0 to 9", "١٢": "digits 0 to 9", "12; DROP": "digits 0 to 9",
			"99999999999999999999": "0 to 99", "1e1": "digits 0 to 9", "<b>3</b>": "digits 0 to 9",
		} {
			c.fill(quantityBox(leftClips), typed)
			c.within(row(leftClips)).see(told)
			require.Equal(t, "true", evaluate[string](c, fmt.Sprintf(`document.querySelector(%q).getAttribute("aria-invalid")`, quantityBox(leftClips))))
		}
		c.click(toCheckout)
		require.Equal(t, "/cart", c.address(), "one does not go on with something else than one sees")
		require.Contains(t, c.focused(), "Quantity of Desk-Tidy Paper Clips")

		c.fill(quantityBox(leftClips), "")
		c.press("Tab")
		c.within(row(leftClips)).see("stays at 1")
		require.Equal(t, "1", c.value(quantityBox(leftClips)))
		require.Empty(t, c.sent(quantityPath), "nothing of this was sent")
		c.fill(quantityBox(leftClips), " 5 ")
		c.within(subtotal(leftClips)).see("$17.50")
		c.within(row(leftClips)).notSee("stays at")
	})
}

func TestCartQuantityOfZero(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.openCart()
		c.click(row(leftClips) + " .stepper__button") // minus
		c.within(row(leftClips)).see("Not ordered", "$0.00")
		c.awaitTotal("$24.55")
		require.Equal(t, 1, c.count(toCheckout), "the bands can be bought")
		c.fill(quantityBox(bands), "0")
		c.within("#cart-checkout-above").see("Nothing is ordered")
		require.Zero(t, c.count(toCheckout))
		c.awaitTotal("$0.00")
		c.reload()
		c.within(row(leftClips)).see("Not ordered")
		c.fill(quantityBox(bands), "1")
		c.awaitCount(toCheckout, 1)
	})
}

func TestCartCheckoutTakesWhatWasJustTyped(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.openCart()
		c.fill(quantityBox(leftClips), "4")
		c.click(toCheckout)
		c.arrive("/checkout/confirm")
		require.Equal(t, "4", c.lineQuantity(leftClips))
	})
}

func TestCartRemove(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.openCart()
		c.add(smallClips, "3")
		c.reload()
		c.click("#shipping-FedExGround")
		c.within("#cart-totals").see("Shipping $10.85")
		c.click(removeIt(leftClips))
		c.awaitCount(row(leftClips), 0)
		c.within("#cart-totals").see("Items $26.96", "Shipping $10.85")
		require.True(t, c.checked("#shipping-FedExGround"), "the choice stays (order.md O-06)")
		require.Equal(t, "2", c.text("#cart-item-count-wrapper"))
		require.Equal(t, "Stretch-and-Stay Rubber Bands", c.focused())
		c.see("was removed")

		c.click("Put back Desk-Tidy Paper Clips, Silver, Medium")
		c.awaitCount(row(leftClips), 1)
		c.within("#cart-totals").see("Items $30.46")
		require.Equal(t, "1", c.lineQuantity(leftClips))

		for _, sku := range []string{leftClips, bands, smallClips} {
			c.click(removeIt(sku))
			c.awaitCount(row(sku), 0)
		}
		c.within("#cart-detail-body").see("Your cart is empty")
		require.Equal(t, "0", c.text("#cart-item-count-wrapper"))
		require.Equal(t, "Shopping cart", c.focused())
		c.click("Put back Strong-Grip Binder Clips, Black, Small")
		c.within(row(smallClips)).see("$11.97")
		require.Equal(t, "1", c.text("#cart-item-count-wrapper"))
		require.Empty(t, c.sent(deletePath), "an empty cart is as good as none")
	})
}

// What was chosen for the cart is not lost with its last row: who puts it back pays what was shown before.
func TestCartRemoveTheLastRow(t *testing.T) {
	ten := newCode(t, "-type", "percent-off", "-amount", "10", "-description", "{}% off")
	everyDevice(t, func(t *testing.T, c *customer) {
		c.add(bands, "1")
		c.open("/cart")
		c.click("#shipping-FedExGround")
		c.fill(codeField, ten)
		c.click(applyIt)
		c.within("#cart-totals").see("Item discount −$1.50", "Shipping $10.85", "Total $24.34")
		c.click(removeIt(bands))
		c.within("#cart-detail-body").see("Your cart is empty")
		c.click("Put back Stretch-and-Stay Rubber Bands, Multi, Multi")
		c.awaitCount(row(bands), 1)
		c.within("#cart-totals").see("Item discount −$1.50", "Shipping $10.85", "Total $24.34")
		require.True(t, c.checked("#shipping-FedExGround"))
	})
}

// What another tab adds meanwhile stays.
func TestCartRemoveTheLastRowWhileMoreIsAdded(t *testing.T) {
	everyDevice(t, func(_ *testing.T, c *customer) {
		c.add(bands, "1")
		c.open("/cart")
		release := c.hold(deletePath)
		c.click(removeIt(bands))
		c.within("#cart-detail-body").see("Your cart is empty")
		c.add(leftClips, "1")
		release()
		c.reload()
		c.awaitCount(row(leftClips), 1)
	})
}

func TestCartShipping(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.openCart()
		c.click("#shipping-USPSPriorityMail2Day")
		c.awaitTotal("$32.14")
		c.reload()
		require.True(t, c.checked("#shipping-USPSPriorityMail2Day"))

		c.fail(shippingPath, status(http.StatusInternalServerError), 1)
		c.expect(shippingPath)
		c.click("#shipping-UPSGround")
		c.see("as it was")
		require.True(t, c.checked("#shipping-USPSPriorityMail2Day"))
		c.eventSent("cart-udpate-shipping-method")
		c.fail(shippingPath, answers(`{"cart_update_shipping_method":"error","errors":{"error":"error-setting-cart-shipping-method"}}`), 1)
		c.click("#shipping-UPSGround")
		c.see("not offered any more")
		require.True(t, c.checked("#shipping-USPSPriorityMail2Day"))
		c.click("#shipping-UPSGround")
		c.awaitTotal("$29.83")
		c.notSee("not offered any more")
	})
}

// What is marked is what is paid for, also when the cart was being read while it was chosen.
func TestCartShippingChosenWhileTheCartIsRead(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.openCart()
		other := c.tab()
		other.open("/cart")
		release := c.hold(itemsPath)
		other.fill(quantityBox(leftClips), "2")
		c.awaitSent(itemsPath, 3)
		c.click("#shipping-FedExGround")
		hold := c.hold(shippingPath)
		release()
		c.awaitTotal("$31.55") // the cart is read, the choice on its way
		require.True(t, c.checked("#shipping-FedExGround"))
		hold()
		c.within("#cart-totals").see("Shipping $10.85")
		require.True(t, c.checked("#shipping-FedExGround"))
		c.reload()
		require.True(t, c.checked("#shipping-FedExGround"))
	})
}

func TestCartDiscountCodes(t *testing.T) {
	ten := newCode(t, "-type", "percent-off", "-amount", "10", "-description", "{}% off your first order")
	dear := newCode(t, "-type", "dollar-amt-off", "-amount", "5", "-minimum", "200", "-description", "${} off")
	other := newCode(t, "-type", "percent-off", "-amount", "5", "-description", "{}% off")
	free := newCode(t, "-type", "free-usps-ground-shipping", "-description", "Free ground shipping")
	over := newCode(t, "-type", "percent-off", "-amount", "5", "-description", "{}% off")
	operate(t, "end-discount-code", over, "-yes")
	everyDevice(t, func(t *testing.T, c *customer) {
		c.openCart()
		enter := func(code string) { c.fill(codeField, code); c.click(applyIt) }
		for typed, told := range map[string]string{"": "enter a code", "TEN!": "letters A to Z and digits", "NOSUCHCODE": "no such code", over: "not valid now"} {
			enter(typed)
			c.within("#cart-discount-form").see(told)
		}
		c.typeIn(codeField, strings.ToLower(ten))
		require.Equal(t, ten, c.value(codeField), "raised while it is typed")
		c.press("Enter")
		code := func(code string) *customer { return c.within(fmt.Sprintf(`[data-code="%s"]`, code)) }
		code(ten).see("10% off your first order", "Applied")
		c.within("#cart-totals").see("Item discount −$1.85", "Total $26.20")
		require.Empty(t, c.value(codeField))
		enter(ten)
		c.within("#cart-discount-form").see("already")

		enter(dear)
		code(dear).see("$5 off", "$200.00 or more")
		enter(other)
		code(other).see("cannot be combined with " + ten)
		enter(free)
		c.within("#cart-totals").see("Shipping discount −$9.56", "Total $16.64")
		c.click("#shipping-UPSGround")
		code(free).see("not for the shipping method")
		c.axe()

		c.click("Remove the code " + ten)
		code(other).see("Applied")
		c.within("#cart-totals").see("Item discount −$0.92")
		require.Contains(t, c.focused(), "Discount codes")
		c.fill(quantityBox(bands), "99")
		code(dear).see("Applied")
		code(other).see("cannot be combined with " + dear)
		for _, left := range []string{dear, other, free} {
			c.click("Remove the code " + left)
			c.awaitCount(fmt.Sprintf(`[data-code="%s"]`, left), 0)
		}
		c.notSee("Item discount")
	})
}

func TestCartDiscountCodeFailures(t *testing.T) {
	ten := newCode(t, "-type", "percent-off", "-amount", "10", "-description", "{}% off")
	everyDevice(t, func(t *testing.T, c *customer) {
		c.expect(applyPath, uncodePath)
		c.openCart()
		c.fill(codeField, ten)
		c.fail(applyPath, limited(20*time.Minute), 1)
		c.click(applyIt)
		c.within("#cart-discount-form").see("20 minutes")
		require.Equal(t, ten, c.value(codeField), "what was entered is kept")
		require.Len(t, c.sent(applyPath), 1, "a limit is not tried against")
		for reason, told := range map[string]string{
			"too-many-discount-codes": "Remove one first", "discount-code-required": "enter a code", "something-new": "not accepted",
		} {
			c.fail(applyPath, answers(fmt.Sprintf(`{"cart_apply_discount_code":"error","errors":{"error":%q}}`, reason)), 1)
			c.click(applyIt)
			c.within("#cart-discount-form").see(told)
		}
		c.fail(applyPath, lostAnswer(), 1)
		c.click(applyIt)
		c.within("#cart-discount-codes").see(ten, "Applied") // the code went through, its answer did not
		c.notSee("cannot be reached")
		require.Empty(t, c.value(codeField))
		c.fail(uncodePath, status(http.StatusBadGateway), 1)
		c.click("Remove the code " + ten)
		c.see("was not removed")
		c.click("Remove the code " + ten)
		c.notSee("10% off")
	})
}

func TestCartInTwoTabs(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.openCart()
		other := c.tab()
		other.open("/cart")
		other.click(removeIt(leftClips))
		other.awaitCount(row(leftClips), 0)
		c.see("changed in another tab")
		c.awaitCount(row(leftClips), 0)
		require.Equal(t, "1", c.text("#cart-item-count-wrapper"))
		c.fill(quantityBox(bands), "3")
		other.awaitTotal("$54.53")
		require.Equal(t, "3", other.value(quantityBox(bands)))

		other.click(removeIt(bands))
		c.within("#cart-detail-body").see("Your cart is empty")
	})
}

// TestCartChangedElsewhere is another device of the same visitor, which tells no tab.
func TestCartChangedElsewhere(t *testing.T) {
	everyDevice(t, func(_ *testing.T, c *customer) {
		c.openCart()
		c.post(removePath, map[string][]string{"sku_id": {leftClips}})
		c.fill(quantityBox(leftClips), "2")
		c.see("changed elsewhere")
		c.awaitCount(row(leftClips), 0)
		c.eventSent("cart-update-sku-quantity-sku-not-found")
		c.post(deletePath, nil)
		c.click(removeIt(bands))
		c.see("changed elsewhere", "Your cart is empty")
		c.eventSent("cart-remove-sku-cart-not-found")
	})
}

func TestCartWhenTheSessionIsLost(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.register()
		c.openCart()
		c.dropCookie("sessionid")
		c.fill(quantityBox(leftClips), "2")
		c.see("not logged in any more")
		c.within("#cart-notice").click("=log in")
		c.arrive("/login")
		require.Equal(t, "cart", c.parameter("next"))
	})
}

// TestCartOfSomebodyElse logs in past the pages, so that no tab is told (journeys.md D3).
func TestCartOfSomebodyElse(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.register()
		c.add(smallClips, "2")
		c.logOut()
		c.openCart()
		c.logIn(c.username)
		c.fill(quantityBox(leftClips), "2")
		c.see("You have signed in or out in another tab")
		require.Empty(t, c.sent(quantityPath), "nothing is changed for another person than the page was drawn for")
		c.navigated(func() { c.click("Load again") })
		c.within("#cart-lines").see("Binder Clips", "Paper Clips", "Rubber Bands") // both carts in one
		c.fill(quantityBox(leftClips), "2")
		c.within(subtotal(leftClips)).see("$7.00")
	})
}

func TestCartFetchesAFreshToken(t *testing.T) {
	everyDevice(t, func(_ *testing.T, c *customer) {
		c.openCart()
		c.setCookie("csrftoken", strings.Repeat("x", 32))
		c.expect(quantityPath) // the first try is refused
		c.fill(quantityBox(leftClips), "2")
		c.within(subtotal(leftClips)).see("$7.00")
		c.dropCookie("csrftoken")
		c.click(removeIt(leftClips))
		c.awaitCount(row(leftClips), 0)
	})
}

func TestCartCannotBeRead(t *testing.T) {
	for path, id := range map[string]string{
		itemsPath: "cart-items", "/order/cart-shipping-methods": "cart-shipping-methods", "/order/cart-totals": "cart-totals",
		"/order/cart-discount-codes": "cart-discount-codes",
	} {
		t.Run(id, func(t *testing.T) {
			everyDevice(t, func(_ *testing.T, c *customer) {
				c.expect(path)
				c.add(leftClips, "1")
				for _, broken := range []breakage{status(http.StatusInternalServerError), dropped(), invalidJSON()} {
					c.fail(path, broken, 1)
					c.open("/cart")
					c.within("#cart-detail-body").click("Try again")
					c.awaitTotal("$13.06")
				}
				c.eventSent(id)
			})
		})
	}
}

func TestCartThatCannotBeReadAgainStays(t *testing.T) {
	everyDevice(t, func(_ *testing.T, c *customer) {
		c.expect(itemsPath)
		c.openCart()
		other := c.tab()
		other.open("/cart")
		c.fail(itemsPath, status(http.StatusInternalServerError), 1)
		other.fill(quantityBox(leftClips), "2")
		other.awaitTotal("$31.55")
		c.see("may be old", "$28.05")
		c.click("Try again")
		c.awaitTotal("$31.55")
		c.notSee("may be old")
	})
}

func TestCartChangesThatFail(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.expect(quantityPath, removePath)
		c.openCart()
		for _, broken := range []breakage{status(http.StatusInternalServerError), status(http.StatusBadRequest), dropped(), invalidJSON(), limited(time.Minute)} {
			c.fail(quantityPath, broken, 1)
			c.fill(quantityBox(leftClips), "8")
			c.within(row(leftClips)).see("The box shows what is in your cart")
			require.Equal(t, "1", c.value(quantityBox(leftClips)))
		}
		c.eventSent("cart-update-sku-quantity")
		c.fail(quantityPath, answers(`{"cart_update_sku_quantity":"error","errors":{"error":"quantity-out-of-range"}}`), 1)
		c.fill(quantityBox(leftClips), "9")
		c.within(row(leftClips)).see("0 to 99")
		require.Equal(t, "1", c.value(quantityBox(leftClips)))

		c.fail(quantityPath, lostAnswer(), 1)
		c.fill(quantityBox(leftClips), "6")
		c.within(subtotal(leftClips)).see("$21.00") // it went through, and is read again
		c.await(fmt.Sprintf(`document.querySelector(%q).value === "6"`, quantityBox(leftClips)))

		c.fail(removePath, status(http.StatusServiceUnavailable), 1)
		c.click(removeIt(leftClips))
		c.within(row(leftClips)).see("Nothing was removed")
		c.eventSent("cart-remove-sku")
		c.fill(quantityBox(leftClips), "100")
		c.within(row(leftClips)).see("0 to 99")
		c.fail(removePath, limited(time.Minute), 1)
		c.click(removeIt(leftClips))
		c.within(row(leftClips)).see("Please wait a minute", "Nothing was removed")
		require.Equal(t, "6", c.value(quantityBox(leftClips)), "the box shows what is in the cart")

		c.fail(removePath, lostAnswer(), 1)
		c.click(removeIt(leftClips))
		c.awaitCount(row(leftClips), 0)
		c.await(`document.querySelector("#announcements").textContent === "Desk-Tidy Paper Clips, Silver, Medium was removed."`)

		c.fail(removePath, lostAnswer(), 1)
		c.fail(itemsPath, status(http.StatusInternalServerError), 1)
		c.expect(itemsPath)
		c.click(removeIt(bands))
		c.within(row(bands)).see("It may have been removed all the same")
		c.within("#cart-notice").click("Try again")
		c.within("#cart-detail-body").see("Your cart is empty")
	})
}

// TestCartAnswersInTheirOrder holds the first change back while more is typed.
func TestCartAnswersInTheirOrder(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.openCart()
		release := c.hold(quantityPath)
		c.fill(quantityBox(leftClips), "2")
		c.awaitSent(quantityPath, 1)
		c.fill(quantityBox(leftClips), "3")
		c.fill(quantityBox(bands), "2")
		c.click("#shipping-UPSGround")
		c.fill(quantityBox(leftClips), "9")
		require.Len(t, c.sent(quantityPath), 1, "one change after the other")
		release()
		c.awaitTotal("$72.82")
		require.Equal(t, "9", c.value(quantityBox(leftClips)))
		require.Equal(t, "9", c.lineQuantity(leftClips))
		require.Equal(t, "2", c.lineQuantity(bands))
		require.LessOrEqual(t, len(c.sent(quantityPath)), 4)
	})
}

func TestCartWithSoldOutGoods(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.add(leftClips, "1")
		c.fail(itemsPath, answers(`{"cart_found":true,"item_data":{"product_sku_data":{
			"0":{"sku_id":1,"sku_inventory__title":"Out of Stock","sku_inventory__identifier":"out-of-stock","color":null,"size":null,"description":null,"price":"1200.00","quantity":2,
				"parent_product__title":"<img src=x onerror=alert(1)> & Sons, aVeryLongTitleWithoutAnySpaceInItThatStillHasToFitIntoThePhone","parent_product__title_url":"PaperClips","parent_product__identifier":"bSusp6dBHm","sku_image_url":null},
			"1":{"sku_id":7,"sku_inventory__title":"In Stock","sku_inventory__identifier":"in-stock","color":"Multi","size":"Multi","description":"Bag","price":"14.99","quantity":1,"discount_applied":true,"original_price_cents":1499,"discounted_price_cents":1349,
				"parent_product__title":"Bands","parent_product__title_url":"RubberBands","parent_product__identifier":"v26ujdy3N1","sku_image_url":"/img/product/rubber_bands_2.jpg"}}}}`), 1)
		c.open("/cart")
		c.within("#cart-checkout-above").see("Not everything in your cart is in stock", "<img src=x onerror=alert(1)> & Sons")
		c.within(row(bands)).see("$14.99 Price now: $13.49 each")
		require.Zero(t, c.count(toCheckout)+c.count("#cart-checkout-top"))

		c.fail(quantityPath, answers(`{"cart_update_sku_quantity":"success","sku_subtotal":"0.00","discount_code_data":{},
			"cart_totals_data":{"item_subtotal":"14.99","item_discount":"1.50","shipping_subtotal":"9.56","shipping_discount":null,"cart_total":"23.05"}}`), 1)
		c.fill(quantityBox("1"), "0")
		c.awaitCount(toCheckout, 1) // the checkout asks only for what is ordered
		c.fail(quantityPath, answers(`{"cart_update_sku_quantity":"success","sku_subtotal":"1200.00","discount_code_data":{},
			"cart_totals_data":{"item_subtotal":"1214.99","item_discount":"1.50","shipping_subtotal":"9.56","shipping_discount":null,"cart_total":"1223.05"}}`), 1)
		c.fill(quantityBox("1"), "1")
		c.within("#cart-checkout-above").see("Not everything in your cart is in stock")
		c.resize(320, 640)
		c.checkWidth()
		c.resize(c.device.width, c.device.height)
	})
}

func TestCartByKeyboard(t *testing.T) {
	c := newCustomer(t, desktop)
	c.openCart()
	reach := func(name string) {
		t.Helper()
		for range 60 {
			if strings.HasPrefix(c.focused(), name) {
				return
			}
			c.press("Tab")
		}
		t.Fatalf("%q is out of the keyboard's reach", name)
	}
	reach("One more of Desk-Tidy Paper Clips")
	c.press("Enter")
	c.within(subtotal(leftClips)).see("$7.00")
	c.press("Shift+Tab", "ArrowUp", "5", "Enter")
	c.within(subtotal(leftClips)).see("$")
	c.press("Tab", "Tab")
	require.Equal(t, "Remove Desk-Tidy Paper Clips, Silver, Medium", c.focused())
	c.press("Space")
	c.awaitCount(row(leftClips), 0)
	require.Equal(t, "Stretch-and-Stay Rubber Bands", c.focused())
	reach("USPS Retail Ground")
	c.press("ArrowUp")
	c.within("#cart-totals").see("Shipping $10.85")
	reach("Code")
	c.press("A", "B", "Enter")
	c.within("#cart-discount-form").see("no such code")
	reach("Go to checkout")
	c.press("Enter")
	c.arrive("/checkout/confirm")
}
