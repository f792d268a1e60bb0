package browser

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fillRegistration enters what a good registration needs; the user name is in c.username.
func (c *customer) fillRegistration() {
	c.t.Helper()
	c.username = newUsername()
	for field, text := range map[string]string{
		"First name": "Ada", "Last name": "Lovelace", "E-mail address": c.email, "User name": c.username, "=Password": password, "The same password again": password,
	} {
		c.fill(field, text)
	}
	c.check("I agree to the terms", true)
}

// fillLogin enters a name and a password on the login page.
func (c *customer) fillLogin(username, plain string) {
	c.t.Helper()
	c.fill("User name", username)
	c.fill("#login-password", plain)
}

func (c *customer) isMember() bool {
	c.t.Helper()
	in, _ := c.get("/user/logged-in")["logged_in"].(bool)
	return in
}

// problemOf is what stands under a field.
func (c *customer) problemOf(field string) string {
	c.t.Helper()
	return c.text(`[data-field="` + field + `"] .field__problems`)
}

// saysInForm waits for a text in the summary of the form that is shown.
func (c *customer) saysInForm(text string) {
	c.t.Helper()
	c.within("main .form__summary").see(text)
}

func TestRegisteringTellsEveryRule(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.open("/create-account")
		c.click("Create the account")
		c.saysInForm("Please correct 6 things")
		require.Equal(t, "The first name is missing.", c.problemOf("firstname"))
		require.Equal(t, "The last name is missing.", c.problemOf("lastname"))
		require.Equal(t, "The e-mail address is missing.", c.problemOf("email_address"))
		require.Equal(t, "The user name is missing.", c.problemOf("username"))
		require.Equal(t, "The password is missing.", c.problemOf("password"))
		require.Contains(t, c.problemOf("agree"), "tick the box")
		require.True(t, evaluate[bool](c, `document.activeElement.matches(".form__summary")`), "the list is read first")
		c.axe()
		c.within(".form__summary").click("The user name is missing.")
		require.Equal(t, "User name", c.focused())

		c.fill("First name", "Zoë")
		c.awaitCount(`[data-field="firstname"] .field__problems`, 0)
		for field, wrong := range map[string]string{
			"Last name": "O'Neil", "E-mail address": "ada@example", "User name": "ada l", "=Password": "short", "The same password again": "shorter",
		} {
			c.fill(field, wrong)
		}
		c.click("Create the account")
		require.Contains(t, c.problemOf("firstname"), "no accents, hyphens or apostrophes")
		require.Contains(t, c.problemOf("lastname"), "no accents, hyphens or apostrophes")
		require.Contains(t, c.problemOf("email_address"), "should look like name@example.com")
		require.Equal(t, "The user name can only have letters, digits, _ and -. The user name is too short: at least 6 characters.", c.problemOf("username"))
		require.Equal(t, "The password is too short: at least 8 characters. The password needs a capital letter. The password needs one of ! @ # $ % ^ & * ( ) ~ { } [ ]", c.problemOf("password"))
		require.Equal(t, "The two passwords differ.", c.problemOf("confirm_password"))

		for field, long := range map[string]string{
			"First name": strings.Repeat("a", 31), "Last name": strings.Repeat("a", 151), "E-mail address": strings.Repeat("a", 250) + "@b.co",
			"User name": strings.Repeat("a", 151), "=Password": "A!" + strings.Repeat("a", 149),
		} {
			c.fill(field, long)
		}
		c.click("Create the account")
		for field, most := range map[string]string{"firstname": "30", "lastname": "150", "email_address": "254", "username": "150", "password": "150"} {
			require.Contains(t, c.problemOf(field), "is too long: at most "+most+" characters.")
		}
		require.Empty(t, c.sent("/user/create-account"), "nothing was sent")
	})
}

func TestNewPasswordTicksItsRules(t *testing.T) {
	c := newCustomer(t, phone)
	c.open("/create-account")
	done := func() []string {
		return evaluate[[]string](c, `[...document.querySelectorAll(".checklist__done")].map((line) => line.dataset.rule + line.textContent.slice(-7))`)
	}
	require.Empty(t, done())
	for _, step := range []struct {
		key  string
		done []string
	}{{"A", []string{"capital (done)"}}, {"!", []string{"capital (done)", "sign (done)"}}, {"aaaaaa", []string{"length (done)", "capital (done)", "sign (done)"}}} {
		c.fill("#create-account-password", c.value("#create-account-password")+step.key)
		require.Equal(t, step.done, done())
	}
	c.fill("#create-account-password", "a")
	require.Empty(t, done())

	require.Equal(t, "password", evaluate[string](c, `document.querySelector("#create-account-password").type`))
	c.click("Show password")
	require.Equal(t, "text", evaluate[string](c, `document.querySelector("#create-account-password").type`))
	require.Equal(t, "true", evaluate[string](c, `document.querySelector(".password__toggle").ariaPressed`))
	c.click("Create the account")
	require.Equal(t, "password", evaluate[string](c, `document.querySelector("#create-account-password").type`), "hidden again when sent")
}

func TestRegisteringByClicks(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.add("1", "3")
		c.open("/login?next=checkout/confirm")
		c.click("Create an account")
		c.arrive("/create-account")
		require.Equal(t, "checkout/confirm", c.parameter("next"))
		c.fillRegistration()
		c.fill("First name", "  Ada  Maria ")
		c.check("Send me the newsletter", true)
		c.doubleClick("Create the account")
		c.arrive("/checkout/confirm")
		require.Len(t, c.sent("/user/create-account"), 1)
		form := c.sent("/user/create-account")[0].form
		require.Equal(t, url.Values{
			"firstname": {"Ada Maria"}, "lastname": {"Lovelace"}, "username": {c.username}, "email_address": {c.email}, "password": {password}, "confirm_password": {password},
			"newsletter": {"true"}, "remember_me": {"false"},
		}, form)
		require.True(t, c.cookies()["sessionid"].Session, "forgotten when the browser is closed")
		require.Equal(t, "1", c.text("#cart-item-count-wrapper"), "the cart came along")
		require.Equal(t, "AL", c.text("#header-account-initials"))
		c.closeBrowser()
		require.False(t, c.isMember())
	})
}

func TestRegisteringIsRefusedInWords(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		taken := newCustomer(t, desktop)
		taken.register()

		c.open("/create-account")
		c.fillRegistration()
		c.fill("User name", taken.username)
		c.click("Create the account")
		require.Equal(t, "This user name is taken. Please choose another.", c.problemOf("username"))
		require.Equal(t, "User name", c.focused(), "one problem is met in its field")
		require.Equal(t, c.email, c.value("E-mail address"))
		require.Equal(t, password, c.value("#create-account-password"), "nothing needs to be entered again")

		c.fill("User name", c.username)
		c.awaitCount(`[data-field="username"] .field__problems`, 0)
		for _, field := range []string{"#create-account-password", "The same password again"} {
			c.fill(field, "P@ssw0rd")
		}
		c.press("Enter")
		require.Contains(t, c.problemOf("password"), "Many people use this password")

		c.expect("/user/create-account")
		for n, how := range []breakage{status(500), dropped(), invalidJSON(), status(502), limited(20 * time.Minute)} {
			c.fail("/user/create-account", how, 1)
			c.click("Create the account")
			c.awaitSent("/clientevent/ajaxerror", n+1)
		}
		c.saysInForm("Please wait 20 minutes")
		require.Equal(t, "Ada", c.value("First name"))
		require.True(t, c.checked("I agree to the terms"))
		for _, event := range c.sent("/clientevent/ajaxerror") {
			require.Equal(t, "create-account-create-account", event.query.Get("error_id"))
		}

		c.fail("/user/create-account", answers(`{"create_account": "created_but_login_failed", "user-api-version": "0.0.1"}`), 1)
		c.click("Create the account")
		c.saysInForm("(E: 03)")
		c.within(".form__summary").click("Log in")
		c.arrive("/login")
	})
}

// TestAnAnswerThatIsLost is journeys.md D6: the account was made, its maker does not know.
func TestAnAnswerThatIsLost(t *testing.T) {
	c := newCustomer(t, phone)
	c.expect("/user/create-account")
	c.open("/create-account?next=cart")
	c.fillRegistration()
	c.fail("/user/create-account", lostAnswer(), 1)
	c.click("Create the account")
	c.saysInForm("Check your connection")
	c.click("Create the account")
	c.saysInForm("Your first try may have made the account")
	require.Equal(t, "This user name is taken. Please choose another.", c.problemOf("username"))
	c.within(".form__summary").click("Log in")
	c.arrive("/login")
	c.fillLogin(c.username, password)
	c.press("Enter")
	c.arrive("/cart")
}

func TestLoginRightAndWrong(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.register()
		c.logOut()
		c.open("/login")
		c.click("=Log in")
		require.Equal(t, "The user name is missing.", c.problemOf("username"))
		require.Equal(t, "The password is missing.", c.problemOf("password"))

		const wrong = "The user name or the password is not right."
		for username, plain := range map[string]string{c.username: "Wrong!pass1", newUsername(): password, strings.ToUpper(c.username): password} {
			c.fillLogin(username, plain)
			c.press("Enter")
			c.saysInForm(wrong)
			require.Empty(t, c.value("#login-password"))
			require.Equal(t, username, c.value("User name"))
			require.True(t, evaluate[bool](c, `document.activeElement.matches(".form__summary")`))
			c.reload()
		}
		c.axe()
		c.fillLogin(" "+c.username+" ", password)
		c.click("Show password")
		c.doubleClick("=Log in")
		c.arrive("/account")
		require.Len(t, c.sent("/user/login"), 4)
		require.True(t, c.cookies()["sessionid"].Session)

		c.open("/login") // members have no use for it
		c.arrive("/account")
		c.open("/create-account?next=cart")
		c.arrive("/cart")
		c.open("/reset-password")
		c.arrive("/account")
	})
}

func TestKeepMeLoggedIn(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.register()
		c.logOut()
		c.open("/login")
		c.fillLogin(c.username, password)
		c.check("Keep me logged in", true)
		c.press("Enter")
		c.arrive("/account")
		session := c.cookies()["sessionid"]
		require.False(t, session.Session)
		require.True(t, session.HTTPOnly)
		const twoWeeks = 14 * 24 * time.Hour
		require.WithinDuration(t, time.Now().Add(twoWeeks), time.Unix(int64(session.Expires), 0), time.Minute)
		c.closeBrowser()
		require.True(t, c.isMember())
	})
}

func TestLoginLeadsWhereNextSaysAndNowhereElse(t *testing.T) {
	for _, one := range []struct{ query, path, more string }{
		{"?next=checkout/confirm", "/checkout/confirm", ""},
		{"?next=account/order&order_identifier=NoSuchOrder1&message=not-authenticated", "/account/order", "?identifier=NoSuchOrder1"},
		{"?next=account/change-password", "/account/change-password", ""},
		{"?next=https://evil.example", "/account", ""},
		{"?next=//evil.example", "/account", ""},
		{"?next=javascript:alert(1)", "/account", ""},
		{`?next=\\evil.example`, "/account", ""},
		{"?next=%2F%2Fevil.example", "/account", ""},
		{`?next=/\evil.example`, "/account", ""},
		{"?next=no/such/page", "/account", ""},
	} {
		t.Run(one.query, func(t *testing.T) {
			c := newCustomer(t, phone)
			c.register()
			c.logOut()
			c.open("/login" + one.query)
			if strings.Contains(one.query, "message") {
				c.see("You are not logged in any more")
			}
			c.fillLogin(c.username, password)
			c.press("Enter")
			c.arrive(one.path)
			require.Equal(t, shop.site, evaluate[string](c, "location.origin"))
			if one.more != "" {
				require.Equal(t, one.path+one.more, c.address())
			}
			c.open("/login" + one.query) // the way of those who are logged in already
			c.arrive(one.path)
			require.Equal(t, shop.site, evaluate[string](c, "location.origin"))
		})
	}
}

func TestParametersSurviveTheWayToRegistrationAndBack(t *testing.T) {
	c := newCustomer(t, desktop)
	const query = "next=account%2Forder&order_identifier=AbC1&email_verification_code=x%3Ay%3Az"
	c.open("/login?message=not-authenticated&" + query)
	c.click("Create an account")
	c.arrive("/create-account")
	require.Equal(t, "/create-account?"+query, c.address())
	c.within("main").click("Log in")
	c.arrive("/login")
	require.Equal(t, "/login?"+query, c.address())
}

func TestGuestCartJoinsTheMembers(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.register()
		c.add("1", "2")
		c.logOut()
		c.add("1", "5")
		c.add("6", "1")
		c.open("/login?next=cart")
		c.fillLogin(c.username, password)
		c.press("Enter")
		c.arrive("/cart")
		require.Equal(t, "2", c.text("#cart-item-count-wrapper"))
		require.Equal(t, "2", c.lineQuantity("1"), "the member's own quantity stays (contract user.md 2.4)")
		require.Empty(t, c.cookie("an_ct"))
	})
}

func TestLoginSurvivesTrouble(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.register()
		c.logOut()
		c.open("/login")
		c.fillLogin(c.username, password)
		c.expect("/user/login")
		for n, how := range []breakage{status(500), status(http.StatusBadGateway), dropped(), invalidJSON()} {
			c.fail("/user/login", how, 1)
			c.click("#login-password")
			c.press("Enter")
			c.awaitSent("/clientevent/ajaxerror", n+1)
			require.Equal(t, password, c.value("#login-password"))
		}
		require.Equal(t, "login-login", c.sent("/clientevent/ajaxerror")[0].query.Get("error_id"))

		release := c.hold("/user/login")
		c.click("#login-password")
		c.press("Enter", "Enter", "Enter")
		c.awaitSent("/user/login", 5)
		release()
		c.arrive("/account")
		require.Len(t, c.sent("/user/login"), 5, "sent once")
	})
}

func TestTooManyLoginsAreToldToWait(t *testing.T) {
	c := newCustomer(t, phone)
	c.register()
	c.logOut()
	c.open("/login")
	for range 10 {
		c.post("/user/login", url.Values{"username": {newUsername()}, "password": {"x"}, "remember_me": {"false"}})
	}
	c.expect("/user/login")
	c.fillLogin(c.username, password)
	c.press("Enter")
	c.saysInForm("That was tried too often. Please wait")
	require.Len(t, c.sent("/user/login"), 1, "a limit is no reason to try again")
	require.Equal(t, password, c.value("#login-password"))
	c.fail("/user/login", answers(`{"login": "true", "user-api-version": "0.0.1"}`), 1) // an hour later
	c.click("=Log in")
	c.awaitSent("/user/login", 2)
}

// TestTokensAreRepairedSilently is journeys.md D3: missing, stale, rotated in another tab.
func TestTokensAreRepairedSilently(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.expect("/user/forgot-username")
		send := func(attempts int) {
			c.fill("E-mail address", c.email)
			c.press("Enter")
			c.see("Look into your mail")
			require.Len(t, c.sent("/user/forgot-username"), attempts)
			c.reload()
		}
		c.open("/forgot-username")
		c.dropCookie("csrftoken")
		send(1)
		c.setCookie("csrftoken", strings.Repeat("x", 32))
		send(2) // whatever it is, cookie and header agree
		c.setCookie("csrftoken", "nonsense")
		send(4)

		c.fill("E-mail address", c.email)
		other := c.tab()
		other.open("/about")
		other.register() // rotates the token
		c.press("Enter")
		c.see("Look into your mail")
		require.Len(t, c.sent("/user/forgot-username"), 5, "the newest token is read when it is sent")
	})
}

func TestTwoTabs(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		other := newCustomer(t, desktop)
		other.register()
		c.register()
		c.open("/contact")
		second := c.tab()
		second.open("/account")

		c.click("Menu")
		c.click("Logout")
		c.arrive("/login")
		second.arrive("/login") // notices by itself
		second.within("main").notSee(c.email)

		second.fillLogin(c.username, password)
		second.press("Enter")
		second.arrive("/account")
		c.arrive("/account") // a login page that nobody writes on goes along

		c.open("/contact")
		c.click("Leave us a message")
		c.fill("#chat-message", "From A")
		second.logIn(other.username) // in this browser, without any page that could tell
		c.click("Send the message")
		c.see("You have signed in or out in another tab.")
		require.Empty(t, c.sent("/user/put-chat-message"), "nothing of A's page is done as B")
	})
}

func TestNothingPrivateIsLeftAfterLogout(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.register()
		c.add("1", "4")
		c.open("/cart")
		c.open("/contact")
		c.open("/account")
		c.see(c.email)
		c.click("Menu")
		c.click("Logout")
		c.arrive("/login")
		require.Equal(t, "0", c.text("#cart-item-count-wrapper"))
		require.Empty(t, c.cookie("sessionid"))
		require.Empty(t, c.cookie("an_ct"))
		for range 2 {
			c.back()
			c.await(`document.querySelector("#main").style.visibility !== "hidden"`)
			c.notSee(c.email, "AS", "Ada")
		}
		require.Equal(t, "0", c.text("#cart-item-count-wrapper"))
		require.Zero(t, evaluate[int](c, "sessionStorage.length"))
	})
}

func TestLeavingThePageEmptiesPasswords(t *testing.T) {
	c := newCustomer(t, desktop)
	c.open("/login")
	c.fillLogin("somebody", password)
	c.click("Show password")
	c.within("footer").click("Contact")
	c.arrive("/contact")
	c.back()
	require.Empty(t, c.value("#login-password"))
	require.Equal(t, "password", evaluate[string](c, `document.querySelector("#login-password").type`))
}

func TestPasswordManagersKnowTheFields(t *testing.T) {
	c := newCustomer(t, desktop)
	for page, want := range map[string]string{
		"/login":          "username current-password",
		"/create-account": "given-name family-name email username new-password new-password",
		"/reset-password": "username email",
		"/set-new-password?password_reset_code=a:b:c": "username new-password new-password",
		"/forgot-username":                            "email",
	} {
		c.open(page)
		require.Equal(t, want, evaluate[string](c, `[...document.querySelectorAll("main form input[autocomplete]")].map((field) => field.autocomplete).join(" ")`), page)
	}
}
