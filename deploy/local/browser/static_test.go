package browser

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestAdLeadsToWhatItShows is journeys.md A 9.
func TestAdLeadsToWhatItShows(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.open("/ad")
		c.await(`document.querySelector("#ad-link img").complete && document.querySelector("#ad-link img").naturalWidth > 0`)
		require.Equal(t, 1, c.count("#ad-link img"), "the picture is seen")
		require.Equal(t, "/pythonabot?ad_cd=E0y04nClr68pywMIyUxn", evaluate[string](c, `document.querySelector("#ad-link").getAttribute("href")`))
		c.click("#ad-link")
		c.arrive("/pythonabot")
		require.Equal(t, "E0y04nClr68pywMIyUxn", c.parameter("ad_cd"))
		require.Equal(t, "E0y04nClr68pywMIyUxn", c.awaitSent("/clientevent/linkevent", 1)[0].query.Get("ad_cd"))
	})
}

// TestContactLinks is journeys.md A 19; A 23 has the phone of the frame.
func TestContactLinks(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.open("/contact")
		target := func(selector string) string {
			return evaluate[string](c, `document.querySelector('`+selector+`').getAttribute("href")`)
		}
		require.Equal(t, "mailto:hello@shop.example", target("#email-us-link"))
		require.Equal(t, "hello@shop.example", c.text("#email-us-link"))
		require.Equal(t, "tel:+18005550199", target("#call-us-link"))
		require.Equal(t, "1-800-555-0199", c.text("#call-us-link"))
		require.Equal(t, "tel:+18005550199", target(".footer a[href^=tel]"))
		require.Equal(t, "1-800-555-0199", c.text(".footer a[href^=tel]"))
		c.expect("Not allowed to launch 'tel") // a browser without a telephone may say so
		evaluate[any](c, `void document.addEventListener("click", (event) => { globalThis.called = [event.target.closest("a")?.href, event.defaultPrevented]; })`)
		c.click("#call-us-link")
		require.Equal(t, []any{"tel:+18005550199", false}, evaluate[[]any](c, "globalThis.called"))
		require.Equal(t, "Contact", c.title())
		c.click("Write a message")
		c.await(`document.querySelector("#chat-dialogue").matches(":modal")`)
	})
}

const (
	notifyPath   = "/user/pythonabot-notify-me"
	notifyThanks = "Thank you, you are on the list."
	notifyField  = "#notify_me_email_address"
)

// TestTeaserSaysWhatIsComing is journeys.md A 35.
func TestTeaserSaysWhatIsComing(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.open("/pythonabot")
		c.awaitTitle("PythonABot")
		c.click("Menu")
		require.Equal(t, []string{"Login", "Home", "Products", "About", "Contact", "Terms of Use", "Privacy Policy"}, c.menuEntries(), "not itself")
		for id, text := range map[string]string{
			"#coming_soon_1": "A small robot that sits beside you while you write Python.",
			"#coming_soon_2": "It reads an error message and tells you in plain words what went wrong, and in which line.",
			"#coming_soon_3": "It looks for the shorter way and shows it next to yours. You decide which one stays.",
			"#coming_soon_4": "It is being built right now. Leave your address and we write to you once, on the day it is ready.",
		} {
			require.Equal(t, text, c.text(id))
		}
		require.True(t, evaluate[bool](c, `document.querySelector("#notify_me_success") !== null`))
		require.Zero(t, c.count("#notify_me_success"))
	})
}

// TestTeaserTakesAnAddress is journeys.md A 36 and 37.
func TestTeaserTakesAnAddress(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.acceptCookies()
		c.open("/pythonabot")
		c.fill(notifyField, c.email)
		c.check("#how_excited_4", true)
		release := c.hold(notifyPath)
		c.doubleClick("Keep me posted")
		c.awaitSent(notifyPath, 1)
		release()
		c.within("#notify_me_success").see(notifyThanks)
		require.Zero(t, c.count("#notify_me_form"))
		require.Equal(t, "notify_me_success", evaluate[string](c, "document.activeElement.id"))
		sent := c.sent(notifyPath)
		require.Len(t, sent, 1, "a double click is one")
		require.Equal(t, []string{c.email, "4"}, []string{sent[0].form.Get("email_address"), sent[0].form.Get("how_excited")})
		c.axe()

		c.reload()
		c.fill(notifyField, c.email)
		c.check("#how_excited_1", true)
		c.press("Enter")
		require.Equal(t, "This e-mail address is on the list already.", c.problemOf("email_address"))
		require.Equal(t, "E-mail address", c.focused())
		require.Zero(t, c.count("#notify_me_success"))
		c.axe()
	})
}

// TestTeaserTellsWhatIsWrong is journeys.md A 38 to 40.
func TestTeaserTellsWhatIsWrong(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.acceptCookies()
		c.open("/pythonabot")
		c.click("Keep me posted")
		c.within("#notify_me_form .form__summary").see("Please correct 2 things", "Your e-mail address is missing.", "Please choose how much you look forward to it.")

		c.check("#how_excited_5", true)
		c.awaitCount("#how_excited-problems", 0)
		c.click("Keep me posted")
		require.Equal(t, "Your e-mail address is missing.", c.problemOf("email_address"))
		require.Equal(t, "E-mail address", c.focused())
		for _, invalid := range []string{"nobody", "nobody@nowhere", "@shop.example", "two words@shop.example", "nobody@shop.example.", "<b>@shop.example"} {
			c.fill(notifyField, invalid)
			c.awaitCount("#notify_me_email_address-problems", 0)
			c.click("Keep me posted")
			require.Equal(t, "Your e-mail address should look like name@example.com.", c.problemOf("email_address"), invalid)
		}

		c.reload()
		c.fill(notifyField, c.email)
		c.press("Enter")
		require.Equal(t, "Please choose how much you look forward to it.", c.problemOf("how_excited"))
		c.await(`document.activeElement.id === "how_excited_1"`)
		require.Equal(t, c.email, c.value(notifyField))
		require.Empty(t, c.sent(notifyPath), "nothing wrong was sent")
		c.press("Space")
		c.click("Keep me posted")
		c.see(notifyThanks)
	})
}

// TestTeaserAsTheServerSeesIt: what the page would have let through, and every way to fail; what was entered stays.
func TestTeaserAsTheServerSeesIt(t *testing.T) {
	c := newCustomer(t, phone)
	c.acceptCookies()
	c.open("/pythonabot")
	c.expect(notifyPath + ": status 500")
	c.expect(notifyPath + ": status 403")
	c.expect(notifyPath + ": net::ERR_")
	c.fill(notifyField, c.email)
	c.check("#how_excited_2", true)
	kept := func() {
		require.Equal(t, c.email, c.value(notifyField))
		require.True(t, c.checked("#how_excited_2"))
		require.Zero(t, c.count("#notify_me_success"))
	}
	for _, step := range []struct {
		how  breakage
		says []string
	}{
		{answers(`{"pythonabot_notify_me":"validation_error","errors":{"email_address":[{"type":"not_valid","description":"Not <b>this</b> one."}],"how_excited":[{"type":"out_of_range","description":"1 to 5"}]}}`),
			[]string{"Not <b>this</b> one.", "Please choose one."}},
		{answers(`{"pythonabot_notify_me":"validation_error","errors":{"email_address":true,"how_excited":true}}`), []string{"We could not put you on the list."}},
		{answers(`{}`), []string{"We could not put you on the list."}},
		{status(http.StatusInternalServerError), []string{"The shop has a problem."}},
		{invalidJSON(), []string{"The shop has a problem."}},
		{dropped(), []string{"The shop cannot be reached."}},
		{limited(20 * time.Minute), []string{"Please wait 20 minutes"}},
	} {
		before := len(c.sent(notifyPath))
		c.fail(notifyPath, step.how, 1)
		c.click("Keep me posted")
		c.within("#notify_me_form").see(step.says...)
		kept()
		require.Len(t, c.sent(notifyPath), before+1, "tried once: %s", step.says)
	}
	c.eventSent("pythonabot-pythonabot-notify-me")
	c.click("Keep me posted")
	c.see(notifyThanks)
}

// TestLegalPagesLeadToTheirSections: each entry of the contents shows its section, not hidden behind the header.
func TestLegalPagesLeadToTheirSections(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.acceptCookies()
		c.prefer("prefers-reduced-motion", "reduce") // no scrolling on the way
		for _, address := range []string{"/terms-of-use", "/privacy-policy", "/terms-of-sale"} {
			c.open(address)
			sections := evaluate[[]string](c, `[...document.querySelectorAll(".legal__contents a")].map((link) => link.getAttribute("href"))`)
			require.Equal(t, sections, evaluate[[]string](c, `[...document.querySelectorAll(".legal__section")].map((section) => "#" + section.id)`), "all, in their order")
			for _, section := range sections {
				c.click(`.legal__contents a[href="` + section + `"]`)
				c.await(`location.hash === "` + section + `"`)
				c.await(`(() => {
					const { top, bottom, left } = document.querySelector("` + section + ` h2").getBoundingClientRect();
					return bottom <= innerHeight && document.elementFromPoint(left + 2, top + 2)?.closest("` + section + `") !== null;
				})()`)
			}
		}
	})
}

// TestLinksIntoPagesFindTheirPlace: whatever names a section of another page finds it there.
func TestLinksIntoPagesFindTheirPlace(t *testing.T) {
	c := newCustomer(t, desktop)
	c.acceptCookies()
	found := map[string]bool{}
	for _, address := range []string{"/", "/about", "/contact", "/ad", "/pythonabot", "/terms-of-use", "/privacy-policy", "/terms-of-sale", "/create-account"} {
		c.open(address)
		for _, link := range evaluate[[]string](c, `[...document.querySelectorAll("a[href*='#']")].map((link) => link.getAttribute("href")).filter((address) => !address.startsWith("#"))`) {
			found[link] = true
		}
	}
	require.GreaterOrEqual(t, len(found), 4, "%v", found)
	for link := range found {
		c.open(link)
		_, place, _ := strings.Cut(link, "#")
		require.True(t, evaluate[bool](c, `document.getElementById("`+place+`") !== null`), link)
		require.NotEqual(t, "Error", c.title(), link)
	}
}

func TestHomeShowsTheShelf(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.open("/")
		c.awaitCount("#home-products-list article", 3)
		for name, address := range map[string]string{"Desk-Tidy Paper Clips": paperClips, "Strong-Grip Binder Clips": binderClips, "Stretch-and-Stay Rubber Bands": rubberBands} {
			c.within("#home-products-list").click(name)
			c.awaitTitle(name)
			require.Equal(t, address, c.address())
			c.back()
			c.awaitTitle("Home Page")
		}
		c.click("See all products")
		c.arrive("/products")
	})
}

// TestHomeWithoutTheShelf: the page is good without it, and leads on.
func TestHomeWithoutTheShelf(t *testing.T) {
	for name, how := range map[string]breakage{
		"500": status(http.StatusInternalServerError), "half an answer": invalidJSON(), "lost": dropped(), "no data": answers(`{}`), "limited": limited(time.Minute),
	} {
		t.Run(name, func(t *testing.T) {
			c := newCustomer(t, phone)
			c.expect("/order/products: status", "/order/products: net::ERR_")
			c.fail("/order/products", how, 1)
			c.open("/")
			c.within("#home-products").see("Our products cannot be shown here at the moment.")
			c.eventSent("products")
			c.within("#home-products").click("Go to the product list")
			c.arrive("/products")
			c.see("Desk-Tidy Paper Clips")
		})
	}
	t.Run("nothing on it", func(t *testing.T) {
		c := newCustomer(t, phone)
		c.fail("/order/products", answers(`{"products_data":{}}`), 1)
		c.open("/")
		c.within("#home-products").see("The shelf is empty at the moment.")
	})
}

// TestHomeFromAMail is journeys.md D1: the mail's link has no slash behind the shop's name.
func TestHomeFromAMail(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.open(shop.site + "?em_cd=mail1&mb_cd=member1")
		require.Equal(t, "Home Page", c.title())
		c.awaitCount("#home-products-list article", 3)
		told := c.awaitSent("/clientevent/linkevent", 1)
		require.Equal(t, []string{"mail1", "member1", "null", "null"},
			[]string{told[0].query.Get("em_cd"), told[0].query.Get("mb_cd"), told[0].query.Get("pr_cd"), told[0].query.Get("ad_cd")})
		require.Len(t, c.sent("/clientevent/linkevent"), 1)
	})
}
