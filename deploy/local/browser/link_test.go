package browser

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const newPassword = "Corr3ct!Battery"

// here is a mailed link's path and query; mails name the shop by its public address.
func here(t testing.TB, link string) string {
	t.Helper()
	parsed, err := url.Parse(link)
	require.NoError(t, err)
	return strings.TrimPrefix(link, parsed.Scheme+"://"+parsed.Host)
}

// resetLink has one mailed by clicks.
func (c *customer) resetLink() string {
	c.t.Helper()
	before := len(c.mailsTo(c.email))
	c.open("/reset-password")
	c.fill("User name", c.username)
	c.fill("E-mail address", c.email)
	c.press("Enter")
	c.see("Look into your mail", "folder for unwanted mail", c.email)
	require.Eventually(c.t, func() bool { return len(c.mailsTo(c.email)) > before }, c.patience, tick)
	return here(c.t, c.awaitLink("/set-new-password?password_reset_code="))
}

// setPassword fills in the page of the link and sends it.
func (c *customer) setPassword(username, plain string) {
	c.t.Helper()
	c.fill("User name", username)
	c.fill("#set-new-password-new-password", plain)
	c.fill("The same password again", plain)
	c.press("Enter")
}

// TestWelcomeLink is journeys.md D1: opened while logged out, then login, then verified.
func TestWelcomeLink(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.open("/create-account")
		c.fillRegistration()
		c.click("Create the account")
		c.arrive("/account")
		link := here(t, c.awaitLink("/account/?email_verification_code="))
		c.logOut()
		c.open(link)
		c.arrive("/login")
		c.see("Log in to confirm your e-mail address.")
		c.fillLogin(c.username, password)
		c.press("Enter")
		c.arrive("/account")
		require.Eventually(t, func() bool {
			verified, _ := c.get("/user/account-content").object("account_content").object("email_data")["email_verified"].(bool)
			return verified
		}, c.patience, 4*tick, "the address is verified")
	})
}

func TestForgottenUserName(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.register()
		c.logOut()
		c.open("/login")
		c.click("I forgot my user name")
		c.arrive("/forgot-username")
		c.press("Tab")
		c.click("Mail me my user name")
		require.Equal(t, "The e-mail address is missing.", c.problemOf("email_address"))
		require.Equal(t, "E-mail address", c.focused())
		c.expect("/user/forgot-username")
		c.fail("/user/forgot-username", status(500), 1)
		c.fill("E-mail address", " "+c.email)
		c.press("Enter")
		c.saysInForm("It is not your fault")
		require.Contains(t, c.value("E-mail address"), c.email)
		c.press("Tab")
		c.doubleClick("Mail me my user name")
		c.see("Look into your mail", "If there is an account with "+c.email, "folder for unwanted mail")
		require.Len(t, c.sent("/user/forgot-username"), 2, "the failed one, and one of the two clicks")
		c.axe()
		require.Contains(t, c.awaitMail(c.username).Text, "/login")

		c.click("Send again or change the address")
		require.Equal(t, "E-mail address", c.focused())
		c.fill("E-mail address", "nobody-of-this-name@example.com")
		c.press("Enter")
		c.see("If there is an account with nobody-of-this-name@example.com") // the same, whether there is one or not
	})
}

func TestResetPasswordEndToEnd(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.register() // stays logged in elsewhere
		owner := newCustomer(t, c.device)
		owner.username, owner.email = c.username, c.email

		link := owner.resetLink()
		owner.axe()
		owner.open(link)
		owner.setPassword(owner.username, "P@ssw0rd")
		require.Contains(t, owner.problemOf("new-password"), "Many people use this password")
		owner.setPassword(owner.username, "A"+owner.username+"!")
		require.Contains(t, owner.problemOf("new-password"), "too much like the user name")
		owner.setPassword(owner.username, newPassword)
		owner.see("The password is changed", owner.username)
		owner.axe()
		require.False(t, c.isMember(), "everybody is logged out")
		owner.within("main").click("Log in")
		owner.arrive("/login")
		owner.fillLogin(owner.username, password)
		owner.press("Enter")
		owner.saysInForm("is not right")
		owner.fillLogin(owner.username, newPassword)
		owner.press("Enter")
		owner.arrive("/account")

		c.open("/about")
		c.open(link) // used twice
		c.setPassword(c.username, "An0ther!Password")
		c.saysInForm("has been used already")
		c.within(".form__summary").click("Ask for a new link")
		c.arrive("/reset-password")
		require.True(t, owner.isMember(), "nothing has changed")
	})
}

func TestResetLinksAsMailProgramsWriteThem(t *testing.T) {
	for name, write := range map[string]func(string) string{
		"escaped":      func(link string) string { return strings.ReplaceAll(link, ":", "%3A") },
		"full stop":    func(link string) string { return link + "." },
		"bracket":      func(link string) string { return link + "%3E" },
		"closed in ()": func(link string) string { return link + ")." },
		"followed":     func(link string) string { return link + "&utm_source=mail" },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCustomer(t, phone)
			c.register()
			c.logOut()
			c.open(write(c.resetLink()))
			c.setPassword(c.username, newPassword)
			c.see("The password is changed")
		})
	}
}

func TestResetLinksThatAreNoGood(t *testing.T) {
	c := newCustomer(t, phone)
	c.register()
	c.logOut()
	first := c.resetLink()
	link := c.resetLink()
	require.NotEqual(t, first, link)
	for name, bad := range map[string]string{
		"overtaken by a newer one": first, "tampered": link[:len(link)-3] + "xyz", "cut short": link[:len(link)-10], "nonsense": "/set-new-password?password_reset_code=nonsense",
		"markup": "/set-new-password?password_reset_code=%3Cscript%3Ealert(1)%3C/script%3E",
	} {
		c.open(bad)
		c.setPassword(c.username, newPassword)
		c.saysInForm("Your password is as it was.")
		require.Equal(t, c.username, c.value("User name"), name)
	}
	c.open(link)
	c.setPassword(newUsername(), newPassword)
	c.saysInForm("does not fit the user name")

	for _, missing := range []string{"/set-new-password", "/set-new-password?password_reset_code=", "/set-new-password?password_reset_code=."} {
		c.open(missing)
		c.see("A part of the link is missing")
		c.awaitCount("main form", 0)
		c.axe()
	}
	c.click("Ask for a new link")
	c.arrive("/reset-password")

	c.open(link) // has suffered nothing
	c.expect("/user/set-new-password")
	c.fail("/user/set-new-password", status(500), 1)
	c.setPassword(c.username, newPassword)
	c.saysInForm("It is not your fault")
	require.Equal(t, newPassword, c.value("#set-new-password-new-password"))
	c.fail("/user/set-new-password", limited(time.Hour), 1)
	c.click("Set the password")
	c.saysInForm("Please wait an hour")
	c.doubleClick("Set the password")
	c.see("The password is changed")
	require.Empty(t, c.mailsTo("nobody-of-this-name@example.com"))
}

// TestResetLinkWhileSomebodyElseIsHere is journeys.md D1: the named user's password only, no session mixed.
func TestResetLinkWhileSomebodyElseIsHere(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.register()
		c.logOut()
		link := c.resetLink()

		host := newCustomer(t, c.device)
		host.register()
		host.open(link)
		host.see("You are logged in as Ada Shopper.")
		host.setPassword(c.username, newPassword)
		host.see("The password is changed", c.username, "You are still logged in as Ada Shopper.")
		require.Equal(t, host.email, host.get("/user/logged-in").text("email_address"))
		host.within("main").click("To my account")
		host.arrive("/account")
		host.logOut()
		host.logIn(host.username) // its own password is as it was

		c.open("/login")
		c.fillLogin(c.username, newPassword)
		c.press("Enter")
		c.arrive("/account")
	})
}

// TestResetLinkOfOneself: who is logged in as the named user is logged out by it, and the page knows.
func TestResetLinkOfOneself(t *testing.T) {
	c := newCustomer(t, phone)
	c.register()
	c.post("/user/reset-password", url.Values{"username": {c.username}, "email_address": {c.email}})
	c.open(here(t, c.awaitLink("/set-new-password?password_reset_code=")))
	c.see("You are logged in as Ada Shopper.")
	c.setPassword(c.username, newPassword)
	c.see("The password is changed")
	c.awaitCount("#header-account-initials", 0)
	c.within("main").click("Log in")
	c.arrive("/login")
	c.fillLogin(c.username, newPassword)
	c.press("Enter")
	c.arrive("/account")
}

func TestResetsAreLimitedByUserName(t *testing.T) {
	c := newCustomer(t, desktop)
	c.username = newUsername() // of nobody
	for range 5 {
		c.post("/user/reset-password", url.Values{"username": {c.username}, "email_address": {c.email}})
	}
	c.expect("/user/reset-password")
	c.open("/reset-password")
	c.fill("User name", c.username)
	c.fill("E-mail address", c.email)
	c.press("Enter")
	c.saysInForm("That was tried too often. Please wait")
	c.fill("User name", newUsername())
	c.press("Enter")
	c.see("Look into your mail")
}
