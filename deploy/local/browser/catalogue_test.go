package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/stretchr/testify/require"
)

// Pages and SKUs of the demo (contract seed-data.md). Large and medium binder clips are sold out, small ones are not.
const (
	paperClips  = "/product?name=PaperClips&id=bSusp6dBHm"
	binderClips = "/product?name=BinderClips&id=ITHJW3mytn"
	rubberBands = "/product?name=RubberBands&id=v26ujdy3N1"
	smallClips  = "6"
)

const (
	addPath = "/order/cart-add-product-sku"
	addIt   = "#product-add-to-cart"
)

// lineQuantity is how many of a SKU the cart holds, by the API.
func (c *customer) lineQuantity(sku string) string {
	c.t.Helper()
	for _, each := range c.get("/order/cart-items").object("item_data").object("product_sku_data") {
		if line := object(each.(map[string]any)); fmt.Sprint(line["sku_id"]) == sku {
			return fmt.Sprint(line["quantity"])
		}
	}
	return ""
}

// eventSent waits until the failure was reported under its id (contract storefront.md 7).
func (c *customer) eventSent(id string) {
	c.t.Helper()
	require.Eventually(c.t, func() bool {
		for _, seen := range c.sent("/clientevent/ajaxerror") {
			if seen.query.Get("error_id") == id {
				return true
			}
		}
		return false
	}, patience, tick, "the event %s", id)
}

func TestCatalogueProducts(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.open("/products")
		c.awaitTitle("Products")
		c.see("Desk-Tidy Paper Clips", "$3.50", "$3.99 to $5.99", "$14.99")
		require.Equal(t, 3, c.count("#products article"))
		c.click("Strong-Grip Binder Clips")
		c.arrive("/product")
		require.Equal(t, binderClips, c.address())
		c.awaitTitle("Strong-Grip Binder Clips")
		c.click("All products")
		c.arrive("/products")
	})
}

func TestCatalogueProductsNone(t *testing.T) {
	c := newCustomer(t, phone)
	c.fail("/order/products", answers(`{"products_data":{},"order-api-version":"0.0.1"}`), 1)
	c.open("/products")
	c.see("The shelf is empty")
}

// Journeys D6: every way in which a call can fail, then the way on.
func TestCatalogueFailures(t *testing.T) {
	for name, how := range map[string]breakage{
		"500": status(500), "502": status(502), "half an answer": invalidJSON(), "lost": dropped(), "no data": answers(`{}`), "limited": limited(time.Minute),
	} {
		t.Run(name, func(t *testing.T) {
			c := newCustomer(t, phone)
			c.expect("/order/product", "TypeError")
			c.fail("/order/products", how, 1)
			c.open("/products")
			c.eventSent("products")
			c.click("Try again")
			c.see("Desk-Tidy Paper Clips")
			require.Equal(t, "Products", c.focused())

			c.fail("/order/products", how, 2)
			c.open("/")
			c.within("#home-products").click("Try again")
			c.within("#home-products").see("cannot be shown")
			c.await(`document.activeElement.id === "home-products-title"`)
			c.within("#home-products").click("Try again")
			c.within("#home-products").see("Desk-Tidy Paper Clips")
			require.Equal(t, "On our shelf", c.focused())

			c.fail("/order/product/bSusp6dBHm", how, 1)
			c.open(paperClips)
			if name != "no data" { // which is how the shop says that it does not know a product
				c.click("Try again")
			} else {
				c.see("Product not found")
				c.reload()
			}
			c.eventSent("product-failed-to-load")
			c.text(addIt)
			c.awaitTitle("Desk-Tidy Paper Clips")
		})
	}
}

func TestCatalogueTimeout(t *testing.T) {
	c := newCustomer(t, desktop)
	c.hurry()
	c.hold("/order/product/bSusp6dBHm")
	c.open(paperClips)
	c.see("The shop takes too long to answer")
	c.heal()
	c.click("Try again")
	c.text(addIt)
	require.Equal(t, "Desk-Tidy Paper Clips", c.focused())
}

// hurry makes the pages' patience with the shop a fortieth of what it is.
func (c *customer) hurry() {
	c.t.Helper()
	tell(c, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `{ const whole = AbortSignal.timeout; AbortSignal.timeout = (milliseconds) => whole.call(AbortSignal, milliseconds / 40); }`,
	})
}

func TestCatalogueWaiting(t *testing.T) {
	c := newCustomer(t, phone)
	release := c.hold("/order/product/bSusp6dBHm")
	tell(c, page.Navigate, page.NavigateParams{URL: shop.site + paperClips})
	c.await(`document.querySelector('#product[aria-busy="true"]')`)
	require.Equal(t, 1, c.count("h1"))
	release()
	c.text(addIt)
	require.LessOrEqual(t, c.measure().shift, mostShift, "%v", c.measure().shifts)
}

func TestCatalogueNoSuchProduct(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		for _, query := range []string{"", "?id=", "?id=short", "?id=bSusp6dBHm0", "?id=%3Cscript%3E", "?name=PaperClips", "?id=..%2F..%2Forder", "?id=bSusp6dBH%00"} {
			c.open("/product" + query)
			c.see("Product not found")
			require.Equal(t, 1, c.count("h1"), query)
			if query == "" {
				c.axe()
			}
			c.click("See all products")
			c.arrive("/products")
		}
		require.Empty(t, c.sent("/order/product/"), "the shop need not be asked")
		c.eventSent("product-identifier-failed-validation-pattern")

		c.open("/product?name=Gone&id=abcdefghij")
		c.see("Product not found", "not any more")
		c.eventSent("product-failed-to-load")
		require.Zero(t, c.count(addIt))
	})
}

func TestCatalogueAddressIsCorrected(t *testing.T) {
	c := newCustomer(t, desktop)
	c.open("/products")
	c.open("/product?name=OldName&id=bSusp6dBHm&referrer=cart&ad_cd=x")
	c.awaitTitle("Desk-Tidy Paper Clips")
	require.Equal(t, "PaperClips", c.parameter("name"))
	require.Equal(t, "x", c.parameter("ad_cd"))
	c.click("Your cart")
	c.arrive("/cart")
	c.back()
	c.back()
	c.arrive("/products")

	for query, way := range map[string]string{
		"&referrer=order&order_identifier=Ab12": "/account/order?identifier=Ab12", "&referrer=%2Fcart": "/cart",
		"&referrer=order": "/products", "&referrer=https%3A%2F%2Fevil.example": "/products",
	} {
		c.open(paperClips + query)
		require.Equal(t, shop.site+way, evaluate[string](c, `document.querySelector("#product-back").href`), query)
	}
	c.open("/product?id=bSusp6dBHm.") // the dot of a sentence in a mail
	c.awaitTitle("Desk-Tidy Paper Clips")
	require.Equal(t, "/product?id=bSusp6dBHm&name=PaperClips", c.address())
}

// Journeys A16, and the same product once more without loading the page again (D4).
func TestCatalogueAddToCart(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.open(paperClips)
		c.awaitTitle("Desk-Tidy Paper Clips")
		require.Equal(t, "0", c.text("#cart-item-count-wrapper"))
		other := c.tab()
		other.open("/about")
		c.click(addIt)
		c.see("Desk-Tidy Paper Clips is in your cart.")
		for _, each := range []*customer{c, other} { // badge and words, in the other tab, too
			each.await(`document.querySelector("#cart-item-count-wrapper").textContent === "1"`)
			require.Equal(t, "1 item in your cart", evaluate[string](each, `document.querySelector("#header-cart").title`))
		}
		c.await(`document.querySelector("#announcements").textContent.includes("1 item in your cart")`)

		c.fill("Quantity", "3")
		c.click(addIt)
		c.awaitSent(addPath, 2)
		require.Eventually(t, func() bool { return c.lineQuantity("1") == "4" }, patience, tick)
		require.Equal(t, "1", c.text("#cart-item-count-wrapper"), "rows are counted, not pieces")

		c.open(rubberBands)
		c.click(addIt)
		c.await(`document.querySelector("#cart-item-count-wrapper").textContent === "2"`)
		c.click("Go to cart")
		c.arrive("/cart")
		c.within("#cart-detail-body").see("Desk-Tidy Paper Clips", "$3.50")
	})
}

func TestCatalogueSkus(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.open(binderClips)
		c.within("#sku-table").see("Size", "Large", "Medium", "Small")
		require.True(t, c.checked("#sku-4"), "the first is chosen")
		require.Contains(t, c.text("#product-price"), "$5.99")
		require.Contains(t, c.text("#product-stock"), "More are on their way")
		require.True(t, evaluate[bool](c, `document.querySelector("#product-add-to-cart").disabled`))

		c.check("#sku-5", true)
		require.Contains(t, c.text("#product-price"), "$4.99")
		require.Contains(t, c.text("#product-stock"), "Out of Stock")
		c.await(`document.querySelector(".gallery__picture img").src.includes("binder_clip_medium")`)
		c.fill("Quantity", "2")
		c.press("Enter") // a button that is off must not make Enter silent
		c.see("This one cannot be ordered right now: out of stock.")

		c.check("#sku-6", true)
		require.Contains(t, c.text("#product-price"), "$3.99")
		c.await(`document.querySelector("#announcements").textContent.startsWith("$3.99 each. In Stock.")`)
		c.click(addIt)
		c.see("is in your cart")
		c.axe()
		require.Equal(t, "2", c.lineQuantity(smallClips))
		require.Len(t, c.sent(addPath), 1)

		c.open(paperClips)
		c.within("#sku-table").see("Options", "Leaning left", "Back Ordered")
		c.open(rubberBands)
		require.Zero(t, c.count("#sku-table"), "one SKU is no choice")
		c.see("Multi · Multi · All colors and lengths in one bag")
	})
}

func TestCatalogueQuantity(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.open(paperClips)
		for given, told := range map[string]string{
			"": "Please say how many.", "0": "You can order 1 to 99 of each.", "100": "1 to 99", "1000000": "1 to 99", "-1": "1 to 99", "1.5": "Only whole pieces",
			"abc": "the digits 0 to 9", "٣": "the digits 0 to 9", "1e1": "the digits 0 to 9", "2 boxes": "the digits 0 to 9",
		} {
			c.fill("Quantity", given)
			c.click(addIt)
			c.within(".field__problems").see(told)
			require.Equal(t, "Quantity", c.focused())
			require.Equal(t, given, c.value("Quantity"), "what was entered is kept")
			c.press("End", "7") // problems go when something is corrected
			c.awaitCount(".field__problems", 0)
		}
		require.Empty(t, c.sent(addPath))
		c.fill("Quantity", "0")
		c.click(addIt)
		c.axe()

		c.fill("Quantity", "97")
		c.click("One more")
		c.click("One more")
		require.Equal(t, "99", c.value("Quantity"))
		require.Equal(t, "true", evaluate[string](c, `document.querySelector('[aria-label="One more"]').ariaDisabled`))
		c.click("One less")
		require.Equal(t, "98", c.value("Quantity"))
		c.fill("Quantity", "2")
		c.click("One less")
		require.Equal(t, "1", c.value("Quantity"))
		c.fill("Quantity", "")
		c.press("ArrowUp", "ArrowUp", "ArrowUp", "ArrowDown") // as in the cart
		require.Equal(t, "2", c.value("Quantity"))
		c.await(`document.querySelector("#announcements").textContent === "Quantity 2"`)

		c.fill("Quantity", " 60 ")
		c.press("Enter")
		c.see("is in your cart")
		c.click(addIt)
		c.see("a cart holds at most 99 of one kind")
		c.eventSent("add-to-cart-out-of-range")
		require.Equal(t, "60", c.lineQuantity("1"))
		c.click("See what is in your cart")
		c.arrive("/cart")
	})
}

// Journeys D4: two quick presses of a new guest make one request at a time and one line.
func TestCatalogueTwoQuickAdds(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.open(paperClips)
		release := c.hold(addPath)
		c.doubleClick(addIt)
		c.awaitSent(addPath, 1)
		c.await(`document.querySelector("form.buying").ariaBusy === "true"`)
		release()
		c.see("is in your cart")
		c.await(`document.querySelector("form.buying").ariaBusy !== "true"`)
		require.Len(t, c.sent(addPath), 1)
		require.Equal(t, "1", c.lineQuantity("1"))

		c.doubleClick(addIt) // with answers as quick as they are
		c.await(`document.querySelector("form.buying").ariaBusy !== "true"`)
		require.Eventually(t, func() bool { return c.lineQuantity("1") == fmt.Sprint(len(c.sent(addPath))) }, patience, tick)
		require.Equal(t, "1", c.text("#cart-item-count-wrapper"))
	})
}

// Journeys D4: a new guest adds in two tabs at once, and both things are in one cart.
func TestCatalogueTwoTabsAtOnce(t *testing.T) {
	c := newCustomer(t, desktop)
	c.open(paperClips)
	other := c.tab()
	other.open(rubberBands)
	release := c.hold(addPath)
	c.click(addIt)
	c.awaitSent(addPath, 1)
	other.click(addIt)
	other.await(`document.querySelector("form.buying").ariaBusy === "true"`)
	release()
	c.see("is in your cart")
	other.see("is in your cart")
	require.Equal(t, "1", c.lineQuantity("1"))
	require.Equal(t, "1", c.lineQuantity("7"))
	for _, each := range []*customer{c, other} {
		each.await(`document.querySelector("#cart-item-count-wrapper").textContent === "2"`)
	}
}

// Every refusal is told, and reported under its id; afterwards adding works.
func TestCatalogueRefusals(t *testing.T) {
	refusal := func(errors string) breakage {
		return answers(`{"cart_add_product_sku":"error","errors":` + errors + `,"sku_id":"1","order-api-version":"0.0.1"}`)
	}
	c := newCustomer(t, phone)
	c.prefer("prefers-reduced-motion", "reduce") // else what is pressed next may still be scrolling
	c.open(paperClips)
	for _, each := range []struct {
		how         breakage
		told, event string
	}{
		{refusal(`{"quantity":[[{"type":"out_of_range","description":""}]]}`), "at most 99", "add-to-cart-out-of-range"},
		{refusal(`{"quantity":[[{"type":"not_an_int","description":""}]]}`), "a whole number", "add-to-cart-product-undefined"},
		{refusal(`{"error":"sku-id-required"}`), "Please load this page again", "add-to-cart-sku-id-required"},
		{refusal(`{"error":"something-new"}`), "Please load this page again", "add-to-cart-product-undefined"},
		{answers(`{}`), "Please load this page again", "add-to-cart-product-undefined"},
		{status(500), "The shop has a problem. It may be in your cart already", "product-add-to-cart"},
		{dropped(), "The shop cannot be reached. It may be in your cart already", "product-add-to-cart"},
		{invalidJSON(), "It may be in your cart already", "product-add-to-cart"},
		{limited(10 * time.Minute), "Please wait 10 minutes", "product-add-to-cart"},
		{refusal(`{"error":"sku-not-found"}`), "has just sold out", "add-to-cart-sku-not-found"},
	} {
		c.expect(addPath)
		c.fail(addPath, each.how, 1)
		c.click(addIt)
		c.see(each.told)
		c.eventSent(each.event)
		require.Empty(t, c.lineQuantity("1"))
	}
	c.click("See what is left")
	c.await(`document.activeElement.id === "product-title"`)
	c.click(addIt)
	c.see("is in your cart")
}

// Who is asked to try again after a lost answer would buy twice as much.
func TestCatalogueLostAnswer(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.expect(addPath)
		c.add(smallClips, "1")
		c.open(paperClips)
		c.fail(addPath, lostAnswer(), 1)
		c.click(addIt)
		c.see("It may be in your cart already")
		c.notSee("try again")
		c.eventSent("product-add-to-cart")
		c.await(`document.querySelector("#cart-item-count-wrapper").textContent === "2"`)
		c.axe()
		c.click("See what is in your cart")
		c.arrive("/cart")
		c.within("#cart-detail-body").see("Desk-Tidy Paper Clips", "$3.50")
		require.Len(t, c.sent(addPath), 1)
	})
}

// Before the call that matters, others may fail: then nothing was added for sure.
func TestCatalogueNoToken(t *testing.T) {
	c := newCustomer(t, phone)
	c.expect("/user/token")
	c.open(paperClips)
	c.dropCookie("csrftoken")
	c.fail("/user/token", status(http.StatusServiceUnavailable), 1)
	c.click(addIt)
	c.see("It is not your fault: please try again")
	c.click(addIt)
	c.see("is in your cart")
	require.Equal(t, "1", c.lineQuantity("1"))
}

// A token that is old is replaced in silence. Another visitor's cart gets nothing from this page (journeys D3).
func TestCatalogueOldToken(t *testing.T) {
	c := newCustomer(t, desktop)
	c.open(paperClips)
	c.expect(addPath)
	c.fail(addPath, status(http.StatusForbidden), 1)
	c.click(addIt)
	c.see("is in your cart")
	c.awaitSent(addPath, 2)
	c.register()
	c.click(addIt)
	c.see("You have signed in or out in another tab, so nothing was added.")
	require.Len(t, c.sent(addPath), 2)
	require.Equal(t, "1", c.lineQuantity("1"), "the guest's cart has come along, and no more")
	c.navigated(func() { c.click("Load again") })
	c.click(addIt)
	c.see("is in your cart")
	require.Equal(t, "2", c.lineQuantity("1"))
}

// Without cookies there is no cart, and nobody should try for ever.
func TestCatalogueWithoutCookies(t *testing.T) {
	for name, prepare := range map[string]func(c *customer){
		"refused from the start": func(c *customer) {
			tell(c, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
				Source: `Object.defineProperty(Navigator.prototype, "cookieEnabled", { get: () => false }); Object.defineProperty(Document.prototype, "cookie", { get: () => "", set: () => {} });`,
			})
		},
		"dropped on the way": func(c *customer) { c.fail(everyAPICall, cookieless(), -1) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCustomer(t, phone)
			c.expect(addPath)
			prepare(c)
			c.open(paperClips)
			c.click(addIt)
			c.see("Your browser keeps no cookies for this shop")
			require.LessOrEqual(t, len(c.sent(addPath)), 2)
			require.Equal(t, "0", c.text("#cart-item-count-wrapper"))
		})
	}
}

// cookieless takes the cookies out of what the shop answers.
func cookieless() breakage {
	return func(w http.ResponseWriter, r *http.Request, shop http.HandlerFunc) {
		recorder := httptest.NewRecorder()
		shop(recorder, r)
		for name, values := range recorder.Header() {
			if name != "Set-Cookie" {
				w.Header()[name] = values
			}
		}
		w.WriteHeader(recorder.Code)
		_, _ = w.Write(recorder.Body.Bytes())
	}
}

const hostileProduct = `{"product":"success","product_identifier":"hostile001","product_data":{
	"title":"<img src=x onerror=alert(1)> & \"Clips\" LONGWORD","title_url":"Hostile&x=<b>","identifier":"hostile001",
	"headline":"<b>bold</b> <script>alert(2)</script>line","description_part_1":"<p onclick=\"alert(3)\">kept</p><iframe src=\"https://evil.example\"></iframe><a href=\"javascript:alert(4)\">trap</a>","description_part_2":null,
	"product_images":{},
	"product_videos":{"1":{"video_url":"https://videos.example/film","video_thumbnail_url":"/img/product/gone.jpg","caption":"Elsewhere"},
		"2":{"video_url":"javascript:alert(5)","video_thumbnail_url":"/img/product/gone.jpg","caption":"Trap"},
		"3":{"video_url":"https://player.vimeo.com.evil.example/video/1","video_thumbnail_url":"","caption":"Looks like one"}},
	"skus":{"81":{"color":"<i>Red</i>","size":"<i>S</i>","description":null,"price":"1234.50","inventory_status_identifier":"in-stock","inventory_status_title":"In Stock","inventory_status_description":null,"sku_images":{}},
		"82":{"color":"Blue","size":null,"description":"<b>B</b>","price":null,"inventory_status_identifier":"in-stock","inventory_status_title":"In Stock","inventory_status_description":null,"sku_images":{}}}}}`

// Journeys D4: markup in titles and texts is text, links of other kinds are no links, missing pictures are drawn.
func TestCatalogueHostileProduct(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		long := strings.Replace(hostileProduct, "LONGWORD", strings.Repeat("unbroken", 30), 1)
		c.fail("/order/product/hostile001", answers(long), -1)
		c.expect("/img/product/gone", "Executing inline event handler") // Chromium tells what it did not let happen
		c.open("/product?name=x&id=hostile001")
		c.see(`<img src=x onerror=alert(1)> & "Clips" unbroken`, "bold line", "kept", "Size and color", "<i>S</i>, <i>Red</i>", "$1,234.50")
		require.Equal(t, "Hostile&x=<b>", c.parameter("name"))
		require.Zero(t, c.count("main iframe, main script, main b, main i, main [onclick], main a[href^=javascript]"))
		require.Equal(t, 2, c.count(`.gallery__thumbs a[target="_blank"]`), "what no frame may show is a link, what is no address is nothing")
		c.check("#sku-82", true)
		c.see("No price yet")
		require.True(t, evaluate[bool](c, `document.querySelector("#product-add-to-cart").disabled`))
		c.resize(320, 700)
		c.checkWidth()

		c.fail("/order/products", answers(`{"products_data":{"hostile001":{"title":"<b>Bold</b> `+strings.Repeat("unbroken", 30)+`","title_url":"a&b","identifier":"hostile001","headline":"<i>x</i> & y","description_part_1":null,"description_part_2":null,"price_low":null,"price_high":null,"product_image_url":null}}}`), 1)
		c.open("/products")
		c.see("<b>Bold</b> unbroken", "x & y")
		c.await(`document.querySelector("#products img").src.endsWith("/img/missing.svg")`)
	})
}

func TestCatalogueNoPictureNoSku(t *testing.T) {
	c := newCustomer(t, phone)
	c.fail("/order/product/bare000001", answers(`{"product":"success","product_identifier":"bare000001","product_data":{"title":"Bare","title_url":"Bare","identifier":"bare000001","headline":null,"description_part_1":null,"description_part_2":null,"product_images":{},"product_videos":{},"skus":{}}}`), -1)
	c.open("/product?name=Bare&id=bare000001")
	c.see("This product cannot be ordered at the moment.")
	require.Zero(t, c.count(addIt))
	c.await(`document.querySelector('img[alt="There is no picture of Bare yet"]').naturalWidth > 0`)
}

func TestCataloguePictures(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.open(binderClips)
		require.Equal(t, 5, c.count(".gallery__thumb"))
		c.click("Show picture: A small binder clip")
		c.see("A small binder clip")
		require.Equal(t, "true", evaluate[string](c, `document.activeElement.getAttribute("aria-current")`))
		c.click("See the whole picture: A small binder clip")
		c.await(`document.querySelector(".gallery__full").open`)
		c.axe()
		c.press("Escape")
		c.await(`!document.querySelector(".gallery__full").open`)
		require.Equal(t, "See the whole picture: A small binder clip", c.focused())
		c.press("Enter")
		c.within(".gallery__full").click("Close")
		c.await(`!document.querySelector(".gallery__full").open`)
	})
}

// No other site hears of a visitor before a video is started.
func TestCatalogueVideo(t *testing.T) {
	asked := func(c *customer) bool { // which always fails: the tests reach this machine only
		c.watching.Lock()
		defer c.watching.Unlock()
		return slices.ContainsFunc(c.problems, func(problem string) bool { return strings.Contains(problem, "vimeo") })
	}
	everyDevice(t, func(t *testing.T, c *customer) {
		c.expect("player.vimeo.com")
		c.open(paperClips)
		c.settled()
		require.False(t, asked(c))
		require.Zero(t, c.count("iframe"))
		c.click("Play the video: Paper clips at work")
		c.awaitCount("iframe", 1)
		require.Eventually(t, func() bool { return asked(c) }, patience, tick)
		frame := evaluate[map[string]string](c, `(({ src, title, referrerPolicy, sandbox }) => ({ src, title, referrerPolicy, sandbox: sandbox.value }))(document.querySelector("iframe"))`)
		require.Equal(t, map[string]string{
			"src": "https://player.vimeo.com/video/334006583?autoplay=1&dnt=1", "title": "Paper clips at work",
			"referrerPolicy": "strict-origin-when-cross-origin", "sandbox": "allow-scripts allow-same-origin allow-presentation",
		}, frame)
		c.click("Show picture: Silver paper clips beside a stack of letters")
		c.awaitCount("iframe", 0)
	})
}

// Journeys D7: from the list into the cart without a mouse.
func TestCatalogueKeyboardOnly(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.open("/products")
		c.tabTo("Strong-Grip Binder Clips")
		c.navigated(func() { c.press("Enter") })
		c.arrive("/product")
		c.tabTo("Large")
		c.press("ArrowDown", "ArrowDown")
		require.True(t, c.checked("#sku-6"))
		c.tabTo("One more")
		c.press("Space", "Enter")
		require.Equal(t, "3", c.value("Quantity"))
		c.tabTo("Add to cart")
		c.press("Enter")
		c.see("is in your cart")
		require.Equal(t, "3", c.lineQuantity(smallClips))
		require.Equal(t, "Add to cart", c.focused(), "more can be added")
		c.tabTo("Go to cart")
		c.navigated(func() { c.press("Enter") })
		c.arrive("/cart")
	})
}

// tabTo goes on with the Tab key until something has the focus whose name begins so.
func (c *customer) tabTo(name string) {
	c.t.Helper()
	const most = 80
	for range most {
		c.press("Tab")
		if strings.HasPrefix(c.focused(), name) {
			return
		}
	}
	c.t.Fatalf("%d times Tab do not lead to %q but to %q", most, name, c.focused())
}
