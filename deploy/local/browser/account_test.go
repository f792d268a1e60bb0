package browser

import (
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/stretchr/testify/require"
)

// account is account-content's answer about the one who asks.
func (c *customer) account(part string) object {
	c.t.Helper()
	return c.get("/user/account-content").object("account_content").object(part)
}

// emailCode is the one of the newest mail that asks to confirm the address.
func (c *customer) emailCode() string {
	c.t.Helper()
	parsed, err := url.Parse(c.awaitLink("/account/?email_verification_code="))
	require.NoError(c.t, err)
	return parsed.Query().Get("email_verification_code")
}

// glimpse opens a page without waiting for anything.
func (c *customer) glimpse(path string) {
	c.t.Helper()
	said := tell(c, page.Navigate, page.NavigateParams{URL: shop.site + path})
	require.Empty(c.t, said.ErrorText)
}

// TestAccountPagesShowTheirTitleToStrangers is journeys.md A 2 to 7: the title is seen before the login.
func TestAccountPagesShowTheirTitleToStrangers(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		for path, seen := range map[string]struct{ title, next, message string }{
			"/account":                     {"My Account", "account", ""},
			"/account/":                    {"My Account", "account", ""},
			"/account/edit-my-information": {"Edit My Information", "account/edit-my-information", "not-authenticated"},
			"/account/edit-communication-preferences?em_cd=1&mb_cd=2": {"Edit My Communication Preferences", "account/edit-communication-preferences", "not-authenticated"},
			"/account/change-password":                                {"Change My Password", "account/change-password", "not-authenticated"},
		} {
			release := c.hold("/user/account-content")
			c.glimpse(path)
			c.awaitTitle(seen.title)
			release()
			c.arrive("/login")
			require.Equal(t, seen.next, c.parameter("next"), path)
			require.Equal(t, seen.message, c.parameter("message"), path)
		}
		c.open("/account/email-unsubscribe")
		require.Equal(t, "Email Unsubscribe", c.title())
	})
}

func TestAccountShowsWhatIsKnown(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.acceptCookies()
		c.register()
		c.open("/account")
		c.see("My account", c.username, "Ada Shopper", c.email, "Not confirmed", "You do not get the newsletter.", "No orders yet", "This device")
		c.add("1", "2")
		_, order := c.buy()
		c.add("1", "1")
		_, second := c.buy()
		c.open("/account/")
		require.Equal(t, 2, c.count("#account-orders-list li"))
		require.Contains(t, c.text("#account-orders-list li"), second, "newest first")
		c.see(order, "$")
		c.axe()
		c.resize(320, 740)
		c.checkWidth()
		c.navigated(func() { c.click("#account-orders-list li:nth-child(2) a") })
		c.arrive("/account/order")
		require.Equal(t, order, c.parameter("identifier"))
	})
}

// TestAccountWithManyOrders shows the newest first, whatever order the answer has them in, and all of them on demand.
func TestAccountWithManyOrders(t *testing.T) {
	c := newCustomer(t, phone)
	c.register()
	var orders []string
	for n := range 25 {
		orders = append(orders, `"`+string(rune('1'+n/10))+string(rune('0'+n%10))+`": {"identifier": "order`+string(rune('a'+n))+`", "order_date_time": "2026-01-01T00:00:00Z", "order_total": "1234.50"}`)
	}
	answer := `{"account_content": {"authenticated": "true", "personal_data": {"username": "<b>bold</b>", "first_name": "` + strings.Repeat("long", 20) + `", "last_name": ""},
		"email_data": {"email_address": "` + strings.Repeat("x", 120) + `@example.com", "email_verified": true}, "orders_data": {` + strings.Join(orders, ",") + `}}}`
	c.fail("/user/account-content", answers(answer), 1)
	c.open("/account")
	c.see("<b>bold</b>", "$1,234.50", "ordera")
	require.Equal(t, 10, c.count("#account-orders-list li"))
	c.checkWidth()
	c.click("Show all 25 orders")
	require.Equal(t, 25, c.count("#account-orders-list li"))
	require.Contains(t, c.focused(), "Order of", "the focus goes on where the list went on")
}

func TestAccountThatCannotBeShown(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.register()
		c.expect("/user/account-content", "/user/sessions")
		c.fail("/user/account-content", status(500), 1)
		c.fail("/user/sessions", status(503), 1)
		c.open("/account")
		c.see("It is not your fault")
		c.eventSent("account-account-content")
		c.click("Try again")
		c.see(c.username)
		c.click("Try again") // of the list of devices alone
		c.see("This device")
		for path, event := range map[string]string{
			"/account/edit-my-information":            "edit-my-information-account-content",
			"/account/edit-communication-preferences": "edit-communication-preferences-account-content",
			"/account/change-password":                "change-my-password-account-content",
		} {
			c.fail("/user/account-content", dropped(), 1)
			c.open(path)
			c.see("The shop cannot be reached.")
			require.Zero(t, c.count("main form"))
			c.eventSent(event)
			c.click("Try again")
			c.awaitCount("main form", 1)
			c.notSee("The shop cannot be reached.")
		}
	})
}

// TestEmailAddressIsConfirmedByItsLink is journeys.md D1: logged out, as mail programs write it, twice.
func TestEmailAddressIsConfirmedByItsLink(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.expect("/user/terms-of-use-agree-check") // may still be on its way when the session ends
		c.acceptCookies()
		c.register()
		code := c.emailCode()
		c.logOut()
		c.open("/account/?email_verification_code=" + strings.ReplaceAll(code, ":", "%3A") + ".")
		c.enter(c.username)
		c.arrive("/account")
		c.see("Your e-mail address "+c.email+" is confirmed.", "Confirmed")
		require.Empty(t, c.parameter("email_verification_code"), "the code does not stay in the address")
		require.Zero(t, c.count("#account-unverified"))
		c.open("/account/?email_verification_code=" + code)
		c.see("is confirmed already")
		require.Len(t, c.sent("/user/verify-email-address-response"), 1)
		require.Equal(t, "/account/", c.address())
	})
}

// TestGuestOrdersAppearOnceTheAddressIsConfirmed reloads the list by itself.
func TestGuestOrdersAppearOnceTheAddressIsConfirmed(t *testing.T) {
	c := newCustomer(t, phone)
	c.add("1", "1")
	_, order := c.buy()
	c.register()
	c.open("/account/?email_verification_code=" + c.emailCode())
	c.see("is confirmed.", order)
}

func TestCodesThatConfirmNothing(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.acceptCookies()
		c.register()
		stranger := newCustomer(t, c.device)
		stranger.register()
		for _, code := range []string{stranger.emailCode(), "tampered", c.emailCode() + "x", "<script>alert(1)</script>"} {
			c.open("/account/?email_verification_code=" + url.QueryEscape(code) + "&em_cd=mail1")
			c.see("This link does not confirm your address.")
			require.Equal(t, "/account/?em_cd=mail1", c.address())
		}
		require.Equal(t, false, c.account("email_data")["email_verified"])
		before := len(c.mailsTo(c.email))
		c.click("Send me a new link")
		c.see("A link is on its way to " + c.email)
		require.Eventually(t, func() bool { return len(c.mailsTo(c.email)) > before }, c.patience, 4*tick)
		c.open("/account/?email_verification_code=" + c.emailCode())
		c.see("is confirmed.")
	})
}

func TestConfirmingThatFails(t *testing.T) {
	c := newCustomer(t, desktop)
	c.register()
	c.expect("/user/verify-email-address")
	c.fail("/user/verify-email-address-response", status(500), 1)
	c.open("/account/?email_verification_code=" + c.emailCode())
	c.see("It is not your fault")
	c.eventSent("account-verify-email-address-response")
	require.NotEmpty(t, c.parameter("email_verification_code"), "the code is not used up")
	c.fail("/user/verify-email-address", answers(`{"verify_email_address": "email_failed"}`), 1)
	c.click("Send the link again")
	c.see("The mail could not be sent.")
	c.fail("/user/verify-email-address", status(500), 1)
	c.click("Send the link again")
	c.notSee("The mail could not be sent.")
	c.eventSent("account-verify-email-address")
	c.fail("/user/verify-email-address", answers(`{"verify_email_address": "user_not_authenticated"}`), 1)
	c.click("Send the link again")
	c.await(`location.pathname !== "/account/" || location.search.includes("message")`)
}

func TestEditInformation(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.acceptCookies()
		c.register()
		c.open("/account/edit-my-information")
		require.Equal(t, []string{"Ada", "Shopper", c.email}, []string{c.value("First name"), c.value("Last name"), c.value("E-mail address")})
		c.see("we write to both addresses")
		for field, wrong := range map[string][2]string{
			"#edit-my-information-firstname":     {strings.Repeat("a", 31), "at most 30 characters"},
			"#edit-my-information-lastname":      {"O'Neil", "letters A to Z"},
			"#edit-my-information-email-address": {"nobody@nowhere", "should look like name@example.com"},
		} {
			before := c.value(field)
			for _, refused := range [][2]string{{"", "is missing."}, {"   ", "is missing."}, wrong} {
				c.fill(field, refused[0])
				c.click("Save")
				c.within("main").see(refused[1])
				c.fill(field, before)
				c.notSee(refused[1])
			}
		}
		require.Empty(t, c.sent("/user/update-my-information"), "nothing wrong was sent")
		c.fill("First name", "  Grace  Brewster ")
		c.press("Enter")
		c.arrive("/account")
		c.see("Your information is saved.", "Grace Brewster Shopper", c.email)
		require.Equal(t, "Grace Brewster", c.account("personal_data").text("first_name"))
		c.reload()
		c.see("Grace Brewster")
		c.notSee("Your information is saved.")
	})
}

func TestEditInformationAsTheServerSeesIt(t *testing.T) {
	c := newCustomer(t, desktop)
	c.register()
	c.open("/account/edit-my-information")
	c.expect("/user/update-my-information")
	c.fill("Last name", "Hopper")
	c.fail("/user/update-my-information", answers(`{"update_my_information": "errors", "errors": {"firstname": [{"type": "too_many_chars", "description": "That name is too long."}],
		"lastname": true, "email-address": [{"type": "strange", "description": "Not <b>this</b> one."}]}}`), 1)
	c.click("Save")
	c.see("That name is too long.", "Not <b>this</b> one.")
	c.fail("/user/update-my-information", answers(`{"update_my_information": "errors", "errors": {}}`), 1)
	c.click("Save")
	c.see("Your changes could not be saved.")
	for _, how := range []breakage{status(500), dropped(), invalidJSON(), limited(0)} {
		c.fail("/user/update-my-information", how, 1)
		before := len(c.sent("/user/update-my-information"))
		c.click("Save")
		c.awaitSent("/user/update-my-information", before+1)
		c.await(`document.querySelector(".form__summary").textContent !== ""`)
		require.Equal(t, "Hopper", c.value("Last name"))
	}
	c.eventSent("edit-my-information-update-my-information")
	c.doubleClick("Save")
	c.arrive("/account")
	c.see("Ada Hopper")
}

func TestNewAddressIsToldToBoth(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.register()
		c.open("/account/?email_verification_code=" + c.emailCode())
		c.see("is confirmed.")
		old, before := c.email, len(c.mailsTo(c.email))
		c.email = "new-" + old
		c.open("/account/edit-my-information")
		c.fill("E-mail address", " "+c.email+" ")
		c.click("Save")
		c.arrive("/account")
		c.see("We mailed a link to your new address", "Not confirmed", c.email)
		require.Eventually(t, func() bool { return len(c.mailsTo(old)) > before }, c.patience, 4*tick, "the old address is told")
		c.open("/account/?email_verification_code=" + c.emailCode())
		c.see("Your e-mail address " + c.email + " is confirmed.")
	})
}

func TestPreferences(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		const newsletter, none = "#edit-communication-preferences-newsletter", "#edit-communication-preferences-email-unsubscribe"
		c.acceptCookies()
		c.register()
		c.open("/account/edit-communication-preferences")
		c.check(newsletter, true)
		c.check(none, true)
		require.False(t, c.checked(newsletter))
		require.True(t, evaluate[bool](c, `document.querySelector("`+newsletter+`").disabled`))
		c.see("Would you tell us why?")
		c.check("They are spam and should be reported", true)
		c.check(none, false)
		require.True(t, c.checked(newsletter), "unticking gives the newsletter back")
		c.notSee("Would you tell us why?")
		c.click("Save")
		c.arrive("/account")
		c.see("Your communication preferences are saved.", "You get the newsletter.")
		require.Equal(t, "false", c.sent("/user/update-communication-preferences")[0].form.Get("spam"), "what was unticked with its box is not sent")

		c.open("/account/edit-communication-preferences")
		c.check(none, true)
		c.check("I no longer want these mails", true)
		c.check("Something else", true)
		c.click("Save")
		c.see("The reason is missing.")
		c.fill("What was it?", "Too many <b>clips</b> 📎")
		c.axe()
		c.click("Save")
		c.arrive("/account")
		c.see("You get no news from us")
		sent := c.sent("/user/update-communication-preferences")[1].form
		require.Equal(t, url.Values{
			"newsletter": {"false"}, "email_unsubscribe": {"true"}, "no_longer_want_to_receive": {"true"}, "never_signed_up": {"false"},
			"inappropriate": {"false"}, "spam": {"false"}, "other": {"Too many <b>clips</b> 📎"},
		}, sent)
		c.open("/account/edit-communication-preferences")
		require.True(t, c.checked(none))
		c.notSee("Would you tell us why?")
	})
}

func TestPreferencesThatCannotBeSaved(t *testing.T) {
	c := newCustomer(t, phone)
	c.register()
	c.expect("/user/update-communication-preferences")
	c.open("/account/edit-communication-preferences")
	c.check("The newsletter, now and then", true)
	for how, words := range map[string]string{
		`{"update_communication_preferences": "errors", "errors": {"data_missing": "x"}}`: "Your choice could not be saved.",
		`{"update_communication_preferences": "errors", "errors": {"invalid_data": "x"}}`: "not both",
	} {
		c.fail("/user/update-communication-preferences", answers(how), 1)
		c.click("Save")
		c.see(words)
	}
	c.fail("/user/update-communication-preferences", status(500), 1)
	c.click("Save")
	c.see("It is not your fault")
	c.eventSent("edit-communication-preferences-update-communication-preferences")
	require.True(t, c.checked("The newsletter, now and then"))
}

const currentPassword, freshPassword, againPassword = "#change-my-password-current-password", "#change-my-password-new-password", "#change-my-password-confirm-new-password"

func (c *customer) changePassword(current, fresh, again string) {
	c.t.Helper()
	c.fill(currentPassword, current)
	c.fill(freshPassword, fresh)
	c.fill(againPassword, again)
	c.press("Enter")
}

func TestChangePassword(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		const fresh = "N3w&Better-Horse"
		c.acceptCookies()
		c.register()
		elsewhere := newCustomer(t, c.device)
		elsewhere.logIn(c.username)
		c.open("/account/change-password")
		for _, try := range []struct{ current, fresh, again, words string }{
			{"", fresh, fresh, "The current password is missing."},
			{password, "", "", "The new password is missing."},
			{password, "Sh0rt!", "Sh0rt!", "too short"},
			{password, "no-capital-1!", "no-capital-1!", "needs a capital letter"},
			{password, "NoSignAtAll1", "NoSignAtAll1", "needs one of"},
			{password, fresh, fresh + "x", "The two passwords differ."},
			{password, password, password, "This is the password you have already."},
		} {
			c.changePassword(try.current, try.fresh, try.again)
			c.within("main form").see(try.words)
		}
		require.Empty(t, c.sent("/user/change-my-password"))
		c.changePassword("Wrong!Horse1", fresh, fresh)
		c.see("This is not your current password.")
		c.changePassword(password, "P@ssw0rd", "P@ssw0rd")
		c.see("Many people use this password")
		c.click("Show current password")
		require.Equal(t, "text", evaluate[string](c, `document.querySelector("`+currentPassword+`").type`))
		c.changePassword(password, fresh, fresh)
		c.arrive("/account")
		c.see("Your password is changed.", "This device")
		require.Equal(t, 1, c.count("#account-devices-list li"))
		c.awaitMail("password")
		require.Equal(t, true, c.get("/user/logged-in")["logged_in"])
		elsewhere.open("/account")
		elsewhere.arrive("/login")
	})
}

func TestChangePasswordAnswersOutOfTheOrdinary(t *testing.T) {
	c := newCustomer(t, phone)
	const fresh = "N3w&Better-Horse"
	c.register()
	c.expect("/user/change-my-password")
	c.open("/account/change-password")
	c.fail("/user/change-my-password", status(500), 1)
	c.changePassword(password, fresh, fresh)
	c.see("It is not your fault")
	c.eventSent("change-my-password-change-my-password")
	require.Equal(t, fresh, c.value(freshPassword), "nothing entered is lost")
	c.fail("/user/change-my-password", answers(`{"change_my_password": "errors", "errors": {}}`), 1)
	c.click("Change the password")
	c.see("The password could not be changed.")
	c.fail("/user/change-my-password", answers(`{"change_my_password": "changed_password_but_login_failed"}`), 1)
	c.click("Change the password")
	c.see("Your password is changed.", "Log in again with the new one.")
	require.Zero(t, c.count("main form"))

	c.open("/account/change-password")
	c.fail("/user/change-my-password", lostAnswer(), 1)
	c.changePassword(password, fresh, fresh)
	c.see("The shop cannot be reached.")
	c.click("Change the password")
	c.see("Your first try seems to have changed the password")
	c.navigated(func() { c.click("Log in with the new one") })
	c.arrive("/login")
	c.fill("User name", c.username)
	c.fill("#login-password", fresh)
	c.press("Enter")
	c.arrive("/account")
}

func TestDevices(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.acceptCookies()
		c.register()
		first, second, third := newCustomer(t, c.device), newCustomer(t, c.device), newCustomer(t, c.device)
		for _, other := range []*customer{first, second, third} {
			other.logIn(c.username)
		}
		c.open("/account")
		c.within("#account-devices-list").see("This device")
		require.Equal(t, 4, c.count("#account-devices-list li"))
		c.expect("/user/end-session", "/user/end-other-sessions")
		c.fail("/user/end-session", status(500), 1)
		c.click("#account-devices-list li:last-child button")
		c.see("It is not your fault")
		c.click("#account-devices-list li:last-child button")
		c.awaitCount("#account-devices-list li", 3)
		c.notSee("It is not your fault")
		require.Equal(t, "Where you are logged in", c.focused())
		c.click("Log out everywhere else")
		c.awaitCount("#account-devices-list li", 1)
		c.see("This device")
		for _, other := range []*customer{first, second, third} {
			require.Equal(t, false, other.get("/user/logged-in")["logged_in"])
		}
		require.Equal(t, true, c.get("/user/logged-in")["logged_in"])
		first.logIn(c.username)
		c.reload()
		c.fail("/user/end-session", answers(`{"end_session": "error", "errors": {"error": "session-not-found"}}`), 1)
		first.logOut()
		c.click("#account-devices-list li:last-child button")
		c.awaitCount("#account-devices-list li", 1)
	})
}

// TestDevicesByTheirNames reads what browsers call themselves.
func TestDevicesByTheirNames(t *testing.T) {
	c := newCustomer(t, desktop)
	c.register()
	c.fail("/user/sessions", answers(`{"list_sessions": "success", "sessions": [
		{"reference": "a", "device": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1", "began_date_time": "2026-01-02T12:00:00Z"},
		{"reference": "b", "device": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0", "began_date_time": "2026-01-02T12:00:00Z"},
		{"reference": "c", "device": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "began_date_time": "2026-01-02T12:00:00Z"},
		{"reference": "d", "device": "<img src=x onerror=alert(1)>", "began_date_time": ""}]}`), 1)
	c.open("/account")
	c.see("Safari on iPhone", "Edge on Windows", "Firefox on Linux", "An unknown device", "Since January 2, 2026")
}

// TestSessionEndsInAForm is journeys.md D3: login, and back, with what was entered.
func TestSessionEndsInAForm(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.expect("/user/terms-of-use-agree-check") // may still be on its way when the session ends
		c.acceptCookies()
		c.register()
		c.open("/account/edit-my-information")
		c.fill("First name", "Grace")
		c.fill("E-mail address", "kept-"+c.email)
		c.dropCookie("sessionid")
		c.click("Save")
		c.arrive("/login")
		c.see("You are not logged in any more.")
		c.enter(c.username)
		c.arrive("/account/edit-my-information")
		c.see("What you entered was kept")
		require.Equal(t, "Grace", c.value("First name"))
		require.Equal(t, "kept-"+c.email, c.value("E-mail address"))
		require.Equal(t, "Ada", c.account("personal_data").text("first_name"), "nothing is saved by itself")

		c.open("/account/edit-communication-preferences")
		c.check("No news of any kind: unsubscribe me from everything", true)
		c.check("Something else", true)
		c.fill("What was it?", "kept words")
		c.dropCookie("sessionid")
		c.click("Save")
		c.enter(c.username)
		c.arrive("/account/edit-communication-preferences")
		c.see("Your choice was kept")
		require.Equal(t, "kept words", c.value("What was it?"))
		c.click("Save")
		c.arrive("/account")
		c.see("You get no news from us")

		c.open("/account/change-password")
		c.dropCookie("sessionid")
		c.changePassword(password, "N3w&Better-Horse", "N3w&Better-Horse")
		c.enter(c.username)
		c.arrive("/account/change-password")
		c.see("The password is not changed yet.")
		require.Empty(t, c.value(freshPassword)+c.value(currentPassword), "passwords are not kept")
		require.NotContains(t, evaluate[string](c, `JSON.stringify(sessionStorage)`), "N3w&")
	})
}

// TestDraftsAreTheirOwners: who logs in next does not find another's entries, and nothing of theirs is saved for the other.
func TestDraftsAreTheirOwners(t *testing.T) {
	c := newCustomer(t, desktop)
	c.expect("/user/terms-of-use-agree-check") // may still be on its way when the session ends
	c.acceptCookies()
	c.register()
	other := newCustomer(t, desktop)
	other.register()
	c.open("/account/edit-my-information")
	c.fill("First name", "Secretname")
	c.dropCookie("sessionid")
	c.click("Save")
	c.enter(other.username)
	c.arrive("/account/edit-my-information")
	require.Equal(t, "Ada", c.value("First name"))
	require.Equal(t, other.email, c.value("E-mail address"))
	c.notSee("was kept")
}

// TestAnotherTabChangesTheMember is journeys.md D3: the second tab notices.
func TestAnotherTabChangesTheMember(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.expect("/user/terms-of-use-agree-check") // may still be on its way when the session ends
		c.acceptCookies()
		c.register()
		c.open("/account")
		form := c.tab()
		form.open("/account/edit-my-information")
		form.fill("First name", "Grace")
		second := c.tab()
		second.open("/about")
		second.click("Menu")
		second.click("#menu-logout-link")
		second.arrive("/login")
		c.arrive("/login")
		form.arrive("/login")
		form.enter(c.username)
		form.arrive("/account/edit-my-information")
		form.see("What you entered was kept")
		require.Equal(t, "Grace", form.value("First name"))
	})
}

// TestNobodyIsDrawnBeforeTheVisitorIsKnown is journeys.md D3: no action of A's page under B, also when nobody could say at first who A is.
func TestNobodyIsDrawnBeforeTheVisitorIsKnown(t *testing.T) {
	for _, page := range []string{"/account", "/account/edit-my-information"} {
		t.Run(page, func(t *testing.T) {
			c, other := newCustomer(t, desktop), newCustomer(t, desktop)
			c.acceptCookies()
			c.register()
			other.register()
			c.expect("/user/logged-in")
			c.fail("/user/logged-in", status(503), -1)
			c.open(page)
			c.see("The shop has a problem.")
			require.Empty(t, c.sent("/user/account-content"), "nothing of a member is asked for that nobody knows")
			c.click("Try again")
			c.see("The shop has a problem.")
			require.NotEqual(t, "BODY", evaluate[string](c, "document.activeElement.tagName"), "the focus stays there")
			c.heal()
			c.click("Try again")
			if page == "/account" {
				c.see(c.email)
				c.await(`document.activeElement.tagName === "H1"`)
				return
			}
			c.fill("First name", "Grace")
			c.logIn(other.username) // in this browser, without any page that could tell
			c.click("Save")
			c.see("You have signed in or out in another tab.")
			require.Empty(t, c.sent("/user/update-my-information"))
		})
	}
}

// TestEntriesOutliveAnAPIThatIsDown: whoever cannot be asked who they are keeps what they entered, out of sight.
func TestEntriesOutliveAnAPIThatIsDown(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.acceptCookies()
		c.register()
		c.open("/account/edit-my-information")
		c.fill("First name", "Grace")
		c.click("#edit-my-information-lastname")
		tell := c.tab()
		tell.open("/about")
		c.expect("/user/logged-in")
		c.fail("/user/logged-in", dropped(), -1)
		evaluate[any](tell, `void new BroadcastChannel("shop").postMessage("visitor")`)
		c.see("The shop cannot be reached.", "Your page is kept")
		c.within("main").notSee("Save")
		c.click("Try again")
		c.see("Your page is kept")
		c.heal()
		c.click("Try again")
		c.within("main").see("Edit my information")
		c.notSee("Your page is kept")
		require.Equal(t, "Grace", c.value("First name"))
		require.Equal(t, "Last name", c.focused(), "one goes on where one was")
		c.click("Save")
		c.arrive("/account")
		require.Equal(t, "Grace", c.account("personal_data").text("first_name"))
	})
}

// TestNothingPrivateComesBackAfterALogout is journeys.md D3: shared computers.
func TestNothingPrivateComesBackAfterALogout(t *testing.T) {
	c := newCustomer(t, desktop)
	c.expect("/user/terms-of-use-agree-check") // may still be on its way when the session ends
	c.acceptCookies()
	c.register()
	c.open("/account")
	c.see(c.username)
	c.open("/account/edit-my-information")
	c.open("/about")
	c.click("Menu")
	c.click("#menu-logout-link")
	c.arrive("/login")
	c.travel(-2)
	c.arrive("/login")
	require.False(t, evaluate[bool](c, `document.documentElement.innerHTML.includes("`+c.username+`")`))
}
