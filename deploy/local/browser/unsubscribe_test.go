package browser

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// memberLink is the unsubscribe link of a member's welcome mail, prospectLink that of a guest's order mail.
func (c *customer) memberLink() string {
	c.t.Helper()
	c.register()
	return here(c.t, c.awaitLink("/account/email-unsubscribe"))
}

func (c *customer) prospectLink() string {
	c.t.Helper()
	c.add("1", "1")
	c.buyAnd("true")
	return here(c.t, c.awaitLink("pr_token="))
}

func (c *customer) isUnsubscribed() bool {
	c.t.Helper()
	is, _ := c.account("personal_data")["email_unsubscribed"].(bool)
	return is
}

func TestUnsubscribeAsMember(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		link := c.memberLink()
		reader := newCustomer(t, c.device) // the link needs no login
		reader.acceptCookies()
		reader.open(link)
		reader.see("buye***", "@example.com", "Mails about your orders and your account still come.")
		reader.notSee(c.email)
		reader.axe()
		campaign := reader.awaitSent("/clientevent/linkevent", 1)
		require.Len(t, campaign, 1)
		require.Equal(t, []string{"null", "null"}, []string{campaign[0].query.Get("pr_cd"), campaign[0].query.Get("ad_cd")})
		require.NotEmpty(t, campaign[0].query.Get("em_cd"))
		require.NotEmpty(t, campaign[0].query.Get("mb_cd"))
		require.Empty(t, reader.sent("/user/email-unsubscribe-confirm"))
		require.False(t, c.isUnsubscribed(), "opening the link changes nothing")
		require.Equal(t, "/account/edit-communication-preferences", evaluate[string](reader, `document.querySelector("main p a").getAttribute("href")`))

		reader.doubleClick("Yes, unsubscribe me")
		reader.see("You are unsubscribed")
		require.Len(t, reader.sent("/user/email-unsubscribe-confirm"), 1)
		require.True(t, c.isUnsubscribed())
		reader.axe()

		reader.open(link)
		reader.see("This link names no address that gets mails from us", "(E: 03)")
	})
}

func TestUnsubscribeAsProspect(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.acceptCookies()
		link := c.prospectLink()
		c.open(link)
		c.see("Shall we send no more news to")
		require.Zero(t, c.count("main p a"), "nothing about an account")
		require.Equal(t, "/", evaluate[string](c, `document.querySelector("main .actions a").getAttribute("href")`))
		c.click("Yes, unsubscribe me")
		c.see("You are unsubscribed")
		require.Equal(t, "You are unsubscribed", c.focused())

		send := `document.querySelector("#unsubscribe-why-form .actions button").disabled`
		require.True(t, evaluate[bool](c, send), "no reason, nothing to send")
		c.check("Something else", true)
		require.False(t, evaluate[bool](c, send))
		c.click("Send the reason")
		c.see("The reason is missing.")
		c.fill("What was it?", "  <i>Clips</i> everywhere 📎 ")
		c.check("I never signed up for them", true)
		c.expect("/user/email-unsubscribe-why")
		c.fail("/user/email-unsubscribe-why", status(500), 1)
		c.click("Send the reason")
		c.see("It is not your fault")
		c.eventSent("email-unsubscribe-why")
		require.Contains(t, c.value("What was it?"), "<i>Clips</i>")
		c.click("Send the reason")
		c.see("Thank you for telling us.")
		sent := c.sent("/user/email-unsubscribe-why")[1].form
		require.Equal(t, "<i>Clips</i> everywhere 📎", sent.Get("other"))
		require.Equal(t, []string{"true", "false", "false", "false"},
			[]string{sent.Get("never_signed_up"), sent.Get("spam"), sent.Get("inappropriate"), sent.Get("no_longer_want_to_receive")})
		require.NotContains(t, link, sent.Get("pr_token"), "the token is the new one")
		require.False(t, sent.Has("token"))
	})
}

// TestUnsubscribeLinksAsMailProgramsLeaveThem is journeys.md D1: a full stop taken along, cut, tampered with, without a token.
func TestUnsubscribeLinksAsMailProgramsLeaveThem(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.acceptCookies()
		link := c.memberLink()
		parsed, err := url.Parse(link)
		require.NoError(t, err)
		token := parsed.Query().Get("token")
		c.open("/account/email-unsubscribe?token=" + token + ").")
		c.see("Shall we send no more news to")
		for query, seen := range map[string][2]string{
			"":                            {"E: 04", "token-required"},
			"?token=":                     {"E: 03", "member-not-found"},
			"?token=" + token[:20]:        {"E: 03", "member-not-found"},
			"?pr_token=" + token:          {"E: 03", "member-not-found"},
			"?token=%3Cb%3Ex":             {"E: 03", "member-not-found"},
			"?token=x&pr_token=" + token:  {"E: 03", "member-not-found"},
			"?token=" + token + "&token=": {"", ""},
		} {
			c.open("/account/email-unsubscribe" + query)
			if seen[0] == "" {
				c.see("Shall we send no more news to")
				continue
			}
			c.see("This link names no address that gets mails from us", seen[0])
			c.eventSent("email-unsubscribe-lookup-" + seen[1])
		}
		require.False(t, c.isUnsubscribed())
	})
}

func TestUnsubscribeCausesHaveCodes(t *testing.T) {
	c := newCustomer(t, desktop)
	for cause, number := range map[string]string{
		"token-invalid": "01", "token-altered": "02", "member-not-found": "03", "token-required": "04", "email-address-already-unsubscribed": "05", "else": "06",
	} {
		c.fail("/user/email-unsubscribe-lookup", answers(`{"email_unsubscribe_lookup": "error", "errors": {"error": "`+cause+`"}}`), 1)
		c.open("/account/email-unsubscribe?token=x")
		c.see("(E: " + number + ")")
		c.eventSent("email-unsubscribe-lookup-" + strings.Replace(cause, "else", "undefined", 1))

		c.fail("/user/email-unsubscribe-lookup", answers(`{"email_unsubscribe_lookup": "success", "email_address": "a&lt;b&gt;@example.com"}`), 1)
		c.open("/account/email-unsubscribe?token=x")
		c.see("a<b>@example.com")
		c.fail("/user/email-unsubscribe-confirm", answers(`{"email_unsubscribe_confirm": "error", "errors": {"error": "`+cause+`"}}`), 1)
		c.click("Yes, unsubscribe me")
		c.see("(E: 1" + number[1:] + ")")
		c.eventSent("email-unsubscribe-confirm-" + strings.Replace(cause, "else", "undefined", 1))

		c.fail("/user/email-unsubscribe-confirm", answers(`{"email_unsubscribe_confirm": "success", "email_address": "a****@example.com", "token": "new"}`), 1)
		c.click("Yes, unsubscribe me")
		c.see("You are unsubscribed")
		c.fail("/user/email-unsubscribe-why", answers(`{"email_unsubscribe_why": "error", "errors": {"error": "`+cause+`"}}`), 1)
		c.check("They are spam and should be reported", true)
		c.click("Send the reason")
		c.see("(E: 1" + number[1:] + ")")
		require.True(t, c.checked("They are spam and should be reported"), "the form is kept")
		require.Equal(t, "new", c.sent("/user/email-unsubscribe-why")[0].form.Get("token"))
	}
}

func TestUnsubscribeThatFails(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.acceptCookies()
		link := c.memberLink()
		c.expect("/user/email-unsubscribe-")
		c.fail("/user/email-unsubscribe-lookup", status(502), 1)
		c.open(link)
		c.see("It is not your fault")
		c.eventSent("email-unsubscribe-token-lookup")
		c.click("Try again")
		c.see("Shall we send no more news to")
		c.fail("/user/email-unsubscribe-confirm", status(500), 1)
		c.click("Yes, unsubscribe me")
		c.see("It is not your fault")
		c.eventSent("email-unsubscribe-confirm")
		c.fail("/user/email-unsubscribe-confirm", lostAnswer(), 1)
		c.click("Yes, unsubscribe me")
		c.see("The shop cannot be reached.")
		require.True(t, c.isUnsubscribed())
		c.click("Yes, unsubscribe me")
		c.see("most likely your first try has unsubscribed you")
	})
}

// TestUnsubscribeAgain is journeys.md D1: after subscribing again, the newest link works and the old one does not.
func TestUnsubscribeAgain(t *testing.T) {
	c := newCustomer(t, phone)
	c.acceptCookies()
	link := c.memberLink()
	c.open(link)
	c.click("Yes, unsubscribe me")
	c.see("You are unsubscribed")
	c.open("/account/edit-communication-preferences")
	c.check("No news of any kind: unsubscribe me from everything", false)
	c.check("The newsletter, now and then", true)
	c.click("Save")
	c.arrive("/account")
	c.see("You get the newsletter.")
	c.open(link)
	c.see("(E: 03)")
	require.False(t, c.isUnsubscribed())
}

// TestUnsubscribeByWhoeverIsLoggedIn: the link counts, not the visitor.
func TestUnsubscribeByWhoeverIsLoggedIn(t *testing.T) {
	owner, other := newCustomer(t, desktop), newCustomer(t, desktop)
	other.acceptCookies()
	link := owner.memberLink()
	other.register()
	other.open(link)
	other.expect("/user/terms-of-use-agree-check") // may still be on its way
	other.logOut()
	other.get("/user/token")
	other.click("Yes, unsubscribe me")
	other.see("You are unsubscribed")
	require.True(t, owner.isUnsubscribed())
}
