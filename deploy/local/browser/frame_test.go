package browser

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// everyDevice runs a journey on each.
func everyDevice(t *testing.T, journey func(t *testing.T, c *customer)) {
	t.Helper()
	for _, held := range devices() {
		t.Run(held.name, func(t *testing.T) { journey(t, newCustomer(t, held)) })
	}
}

func (c *customer) menuEntries() []string {
	c.t.Helper()
	return evaluate[[]string](c, `[...document.querySelectorAll(".menu-item-expanded")].filter((e) => e.checkVisibility()).map((e) => e.textContent)`)
}

// TestPagesAreReadyOnceTheyHaveBegun: the frame alone does not speak for a page whose module is still on its way.
func TestPagesAreReadyOnceTheyHaveBegun(t *testing.T) {
	c := newCustomer(t, desktop)
	c.open("/products")
	module := evaluate[string](c, `new URL(document.querySelector('script[src*="/page/"]').src).pathname`)
	c.forgetCache()
	release := c.hold(module)
	evaluate[any](c, `void location.reload()`)
	c.await(`document.readyState !== "complete" && document.querySelector("#header-cart")?.title`) // the frame knows the visitor
	require.Empty(t, evaluate[string](c, `document.documentElement.dataset.ready ?? ""`))
	release()
	c.untilReady()
	c.see("Desk-Tidy Paper Clips")
}

// TestHeaderLeadsEverywhere is journeys.md A 23.
func TestHeaderLeadsEverywhere(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.open("/")
		require.Equal(t, "0", c.text("#cart-item-count-wrapper"))
		require.Equal(t, "Your cart is empty", evaluate[string](c, `document.querySelector("#header-cart").title`))
		c.click("Menu")
		require.Equal(t, []string{"Login", "PythonABot", "Products", "About", "Contact", "Terms of Use", "Privacy Policy"}, c.menuEntries())
		c.press("Escape")
		require.Empty(t, c.menuEntries())
		require.Equal(t, "Menu", c.focused(), "the focus goes back to what opened the menu")
		c.click("#header-cart")
		c.awaitTitle("Shopping Cart")
		c.back()
		c.click("#header-account")
		c.awaitTitle("Log In")
		c.click("#header-logo")
		c.awaitTitle("Home Page")
		c.open("/about")
		c.click("Menu")
		require.Equal(t, []string{"Login", "Home", "PythonABot", "Products", "Contact", "Terms of Use", "Privacy Policy"}, c.menuEntries())
		c.touchAt(5, 300, 1) // anywhere else
		require.Empty(t, c.menuEntries())
	})
}

func TestMembersSeeTheirInitialsAndLogOut(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.register()
		c.open("/about")
		c.open("/products")
		require.NotEmpty(t, c.text("#header-account-initials"))
		c.click("Menu")
		entries := c.menuEntries()
		require.Equal(t, "Logout", entries[len(entries)-1])
		require.NotContains(t, entries, "Login")

		c.expect("/user/logout")
		c.fail("/user/logout", status(503), 1)
		c.click("Logout")
		c.see("You are still logged in.")
		c.awaitSent("/clientevent/ajaxerror", 1)
		c.click("#menu-logout-link")
		c.arrive("/login")
		require.Empty(t, c.cookie("sessionid"))
		c.back()
		c.await(`document.querySelector("#header-account-initials").textContent === ""`) // also when it came from the browser's memory
	})
}

// TestCookieNotice is journeys.md A 22 and 24.
func TestCookieNotice(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.open("/product?name=PaperClips&id=bSusp6dBHm")
		c.see("This shop uses cookies")
		c.click("#product-add-to-cart") // nothing of the page is covered for good
		c.click("#footer-fixed-action-link")
		c.notSee("This shop uses cookies")
		require.Equal(t, "true", c.cookie("termsofserviceagreed"))
		c.reload()
		c.notSee("This shop uses cookies")
		for id, title := range map[string]string{"terms-of-use": "Terms of Use", "privacy-policy": "Privacy Policy", "terms-of-sale": "Terms of Sale"} {
			c.click("#footer-" + id + "-link")
			c.awaitTitle(title)
		}
	})
}

// newTerms is what the API says to a member who has not agreed to the newest terms; the note is an owner's markup.
const newTerms = `{"terms_of_use_agree_check": false, "version": 2, "version_note": "<p>We <b>deliver</b> to Canada.</p><img src=x onerror=\"document.title='robbed'\"><script>document.title='robbed'</script>", "user-api-version": "0.0.1"}`

func TestNewTermsAreAskedFor(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.register()
		c.expect("inline event handler") // that the note has one is told by the browser, which does not run it
		c.fail("/user/terms-of-use-agree-check", answers(newTerms), -1)
		c.open("/about")
		c.see("Our terms have changed", "We deliver to Canada.")
		require.Equal(t, 1, evaluate[int](c, `document.querySelectorAll("#terms-note b").length`))
		require.Zero(t, evaluate[int](c, `document.querySelectorAll("#terms-note :is(img, script)").length`))
		c.axe()
		c.press("Escape", "Escape")
		c.see("Our terms have changed")
		evaluate[any](c, `void document.querySelector("#terms-dialogue").close()`) // what the way back of phones does
		c.await(`document.querySelector("#terms-dialogue").open`)
		c.click("Agree and go on")
		c.see("Please read the terms, then tick the box to agree.")
		c.check("I have read and agree", true)
		c.fail("/user/terms-of-use-agree", answers(`{"terms_of_use_agree": "success", "user-api-version": "0.0.1"}`), 1)
		c.click("Agree and go on")
		c.notSee("Our terms have changed")
		require.Equal(t, "2", c.awaitSent("/user/terms-of-use-agree", 1)[0].form.Get("version"))
		require.Equal(t, "About", c.title())

		asked := len(c.sent("/user/terms-of-use-agree-check"))
		for n, readable := range []string{"/terms-of-use", "/privacy-policy", "/terms-of-sale"} {
			c.open(readable) // is ready once the check has its answer
			require.Len(t, c.sent("/user/terms-of-use-agree-check"), asked+n+1)
			c.notSee("Our terms have changed")
		}
	})
}

func TestNewTermsThatCannotBeSaved(t *testing.T) {
	c := newCustomer(t, phone)
	c.register()
	c.expect("inline event handler")
	c.fail("/user/terms-of-use-agree-check", answers(newTerms), -1)
	c.open("/about")
	c.check("I have read and agree", true)
	c.fail("/user/terms-of-use-agree", answers(`{"terms_of_use_agree": "error", "errors": {"error": "version-not-found"}, "user-api-version": "0.0.1"}`), 1)
	c.click("Agree and go on")
	c.see("That could not be saved.")
	require.Equal(t, "terms-of-use-agree-version-not-found", c.awaitSent("/clientevent/ajaxerror", 1)[0].query.Get("error_id"))
	c.expect("/user/terms-of-use-agree")
	c.fail("/user/terms-of-use-agree", dropped(), 1)
	c.click("Agree and go on")
	c.see("The shop cannot be reached.")
	require.True(t, c.checked("I have read and agree"), "what was entered is kept")
	c.fail("/user/terms-of-use-agree", answers(`{"terms_of_use_agree": "error", "errors": {"error": "version-already-agreed"}, "user-api-version": "0.0.1"}`), 1)
	c.click("Agree and go on")
	c.notSee("Our terms have changed")
	require.Equal(t, "terms-of-use-agree-version-already-agreed", c.awaitSent("/clientevent/ajaxerror", 3)[2].query.Get("error_id"))
}

func TestNewTermsAreNoTrap(t *testing.T) {
	c := newCustomer(t, phone)
	c.register()
	c.expect("inline event handler", "/user/logout")
	c.fail("/user/terms-of-use-agree-check", answers(newTerms), -1)
	c.open("/about")
	c.fail("/user/logout", status(503), 1)
	c.within("#terms-dialogue").click("Log out")
	c.within("#terms-dialogue").see("You are still logged in.")
	c.within("#terms-dialogue").click("Log out")
	c.arrive("/login")
	require.Empty(t, c.cookie("sessionid"))
}

// TestChatTakesAMessage is journeys.md A 25.
func TestChatTakesAMessage(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.open("/contact")
		c.click("#footer-fixed-action-link")
		c.click("#chat-icon")
		c.axe()
		c.click("Send the message")
		c.see("Your name is missing.", "Your e-mail address is missing.", "Your message is missing.")
		c.fill("#chat-name", "Ada Byron")
		c.fill("#chat-email-address", "ada@example.com")
		c.fill("#chat-message", "First line\n<b>second</b> & last")
		c.within(`#chat-form .field[data-field="name"]`).notSee("Your name is missing.")
		require.Equal(t, 3, c.count(".form__corrected"))
		c.expect("/user/put-chat-message")
		c.fail("/user/put-chat-message", status(500), 1)
		c.click("Send the message")
		c.see("The shop has a problem.")
		require.Equal(t, "Ada Byron", c.value("#chat-name"), "what was entered is kept")
		c.click("Send the message")
		c.see("Thank you. We have your message")
		require.Equal(t, "First line\n<b>second</b> & last", evaluate[string](c, `document.querySelector("#chat-sent-message").textContent`))
		c.press("Escape")
		require.False(t, evaluate[bool](c, `document.querySelector("#chat-dialogue").open`))
		c.awaitSent("/clientevent/buttonclick", 2)
	})
}

func TestChatRefusals(t *testing.T) {
	c := newCustomer(t, desktop)
	c.register()
	c.open("/about")
	c.click("#chat-icon")
	require.Equal(t, c.email, c.value("#chat-email-address"), "members need not enter it")
	c.fill("#chat-message", "Hello")
	c.fail("/user/put-chat-message", answers(`{"put_chat_message": "validation_error", "errors": {"name": true, "email_address": [{"type": "not_valid", "description": "The address has no form."}], "message": true}, "user-api-version": "0.0.1"}`), 1)
	c.click("Send the message")
	c.see("The address has no form.")
	require.Equal(t, "form__summary", evaluate[string](c, "document.activeElement.className"))
	c.expect("/user/put-chat-message")
	c.fail("/user/put-chat-message", limited(20*60e9), 1)
	c.click("Send the message")
	c.see("Please wait 20 minutes")
	require.Len(t, c.sent("/user/put-chat-message"), 2, "a limit is not tried again")
}

func TestStaleTokenIsRepeatedOnceInSilence(t *testing.T) {
	c := newCustomer(t, desktop)
	c.open("/contact")
	c.setCookie("csrftoken", strings.Repeat("x", 32))
	c.click("#chat-icon")
	c.fill("#chat-name", "Ada Byron")
	c.fill("#chat-email-address", "ada@example.com")
	c.fill("#chat-message", "Hello")
	c.click("Send the message")
	c.see("Thank you. We have your message")
}

func TestEventsTellNoSecrets(t *testing.T) {
	c := newCustomer(t, phone)
	c.open("/set-new-password?password_reset_code=secret:code:here&em_cd=mail1&mb_cd=member1")
	view := c.awaitSent("/clientevent/pageview", 1)[0]
	link := c.awaitSent("/clientevent/linkevent", 1)[0]
	c.await(`performance.getEntriesByType("resource").some((e) => e.name.includes("/clientevent/pageview") && e.responseStatus === 200)`)
	require.Equal(t, "375", view.query.Get("pageWidth"))
	require.Equal(t, "null", view.query.Get("client_event_id"))
	require.Equal(t, c.cookie("anonymousclientevent"), view.query.Get("anonymous_id"))
	require.Equal(t, []string{"mail1", "member1", "null", "null"}, []string{link.query.Get("em_cd"), link.query.Get("mb_cd"), link.query.Get("pr_cd"), link.query.Get("ad_cd")})
	for _, told := range []url.Values{view.query, link.query} {
		require.NotContains(t, told.Get("url"), "secret")
		require.Contains(t, told.Get("url"), "em_cd=mail1")
	}
}

func TestLinksWithoutACampaignAreNotReported(t *testing.T) {
	c := newCustomer(t, desktop)
	for _, query := range []string{"?em_cd=alone", "?mb_cd=alone", ""} {
		c.open("/about" + query)
	}
	c.awaitSent("/clientevent/pageview", 3)
	require.Empty(t, c.sent("/clientevent/linkevent"))
	c.open("/?ad_cd=ad1")
	require.Equal(t, "ad1", c.awaitSent("/clientevent/linkevent", 1)[0].query.Get("ad_cd"))
}

// TestCampaignsAreCountedBeforeTheLogin: a mail's link into the account of somebody who is logged out.
func TestCampaignsAreCountedBeforeTheLogin(t *testing.T) {
	c := newCustomer(t, phone)
	evaluate[any](c, "void location.assign('"+shop.site+"/account/edit-communication-preferences?em_cd=mail1&mb_cd=member1')")
	c.arrive("/login")
	require.Equal(t, "mail1", c.awaitSent("/clientevent/linkevent", 1)[0].query.Get("em_cd"))
}

func TestTokensThatCannotBeHadAreReported(t *testing.T) {
	for page, id := range map[string]string{"/login": "login-token", "/contact": "token"} {
		c := newCustomer(t, desktop)
		c.open(page)
		c.dropCookie("csrftoken")
		c.expect("/user/token")
		c.fail("/user/token", status(503), 1)
		if page == "/login" {
			c.fillLogin("somebody", password)
			c.press("Enter")
		} else {
			c.click("#chat-icon")
			c.fill("#chat-name", "Ada Byron")
			c.fill("#chat-email-address", "ada@example.com")
			c.fill("#chat-message", "Hello")
			c.click("Send the message")
		}
		c.see("The shop has a problem.")
		c.eventSent(id)
	}
}

// TestLowWindows is journeys.md D7: 1280 by 1024 at 400 %.
func TestLowWindows(t *testing.T) {
	c := newCustomer(t, desktop)
	c.resize(320, 256)
	c.open("/create-account")
	for range 25 {
		c.press("Tab")
		require.True(t, evaluate[bool](c, `(() => {
			const focused = document.activeElement, { left, top, width, height } = focused.getBoundingClientRect();
			const found = document.elementFromPoint(left + width / 2, top + Math.min(height / 2, 20));
			return focused === document.body || focused.classList.contains("skip-link") || focused.contains(found) || Boolean(found?.closest("label, .chat-button"));
		})()`), c.focused())
	}
	require.Equal(t, "0px", evaluate[string](c, `document.documentElement.style.getPropertyValue("--notice-height")`))
}

func TestShopWithoutItsAPI(t *testing.T) {
	c := newCustomer(t, phone)
	c.expect("status 502")
	c.fail(everyAPICall, status(502), -1)
	c.open("/terms-of-sale")
	require.Empty(t, evaluate[string](c, `document.querySelector("#cart-item-count-wrapper").textContent`), "nobody knows")
	require.Equal(t, "Terms of Sale", c.title())
	require.Equal(t, "index-logged-in", c.awaitSent("/clientevent/ajaxerror", 1)[0].query.Get("error_id"))
	c.click("Menu")
	require.NotEmpty(t, c.menuEntries())
}

func TestTheFrameGreetsWhomItCouldNotNameAtFirst(t *testing.T) {
	c := newCustomer(t, phone)
	c.register()
	c.expect("/user/logged-in")
	c.fail("/user/logged-in", status(503), 3)
	c.open("/about")
	c.await(`document.querySelector("#header-account-initials").textContent === "AS"`)
	c.awaitSent("/user/terms-of-use-agree-check", 1)
	c.awaitSent("/clientevent/pageview", 1)
	c.click("Menu")
	c.see("Logout")
	c.notSee("This shop uses cookies")
}

func TestTheNoticeWaitsForNobodyLong(t *testing.T) {
	c := newCustomer(t, phone)
	release := c.hold("/user/logged-in")
	evaluate[any](c, "void location.assign('"+shop.site+"/about')")
	c.see("This shop uses cookies")
	c.click("#footer-fixed-action-link")
	release()
	c.untilReady()
	c.notSee("This shop uses cookies")
}

func TestOfflineIsTold(t *testing.T) {
	c := newCustomer(t, phone)
	c.open("/about")
	c.offline(true)
	c.see("You are offline.")
	c.offline(false)
	c.notSee("You are offline.")
}

func TestUnknownAddresses(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		for _, address := range []string{"/asdf", "/deep/er/asdf", "/about.html", "/cart/"} {
			c.expect(address)
			c.open(address)
			require.Equal(t, "Error", c.title())
			require.Equal(t, 1, c.count("h1"))
		}
		c.click("Look through our products")
		c.awaitTitle("Products")
	})
}

func TestTheKeyboardSkipsTheHeader(t *testing.T) {
	c := newCustomer(t, desktop)
	c.open("/about")
	c.press("Tab")
	require.Equal(t, "Skip to the content", c.focused())
	c.press("Enter")
	require.Equal(t, "main", evaluate[string](c, "document.activeElement.id"))
}
