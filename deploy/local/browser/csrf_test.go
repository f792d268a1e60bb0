package browser

import (
	"fmt"
	"io/fs"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/gateway/site"
)

// staleToken is no token that the shop ever gave. A question on the way, such as who the visitor is, brings a good one, so that the
// shop itself may have no reason to refuse; the refusal is made up.
const staleToken = "stale"

// change is something that a page posts. prepare goes up to the last press, which act does; done sees that the shop did it, once.
type change struct {
	name, path         string
	prepare, act, done func(t *testing.T, c *customer)
}

// TestEveryChangeSurvivesAStaleToken is journeys.md D3: one silent repetition, at every POST, and the change is made once.
func TestEveryChangeSurvivesAStaleToken(t *testing.T) {
	changes := append(append(changesOfTheCart(), changesOfTheOrder()...), append(changesOfStrangers(), changesOfMembers()...)...)
	t.Run("the list is whole", func(t *testing.T) { requireEveryPost(t, changes) })
	for _, each := range changes {
		t.Run(each.name, func(t *testing.T) {
			c := newCustomer(t, phone)
			c.acceptCookies()
			each.prepare(t, c)
			before := len(c.sent(each.path))
			c.setCookie("csrftoken", staleToken)
			c.fail(each.path, status(http.StatusForbidden), 1)
			c.expect(each.path + ": status 403") // counted below
			each.act(t, c)
			tries := c.awaitSent(each.path, before+2)[before:]
			each.done(t, c)
			require.Len(t, c.sent(each.path), before+2, "refused, then taken")
			token := tries[1].header.Get("X-Csrftoken")
			require.NotEmpty(t, token)
			require.NotEqual(t, staleToken, token)
			require.Equal(t, tries[0].form, tries[1].form)
			require.Equal(t, tries[0].header.Get("Idempotency-Key"), tries[1].header.Get("Idempotency-Key"))
			require.Zero(t, c.count(".notice--problem"), "nobody is troubled with it")
		})
	}
}

var postOfPage = regexp.MustCompile(`post\(\s*'(/[^'?]+)'`)

// requireEveryPost: what the scripts post is in the list. Those that name their path elsewhere (buy.js, payment.js) are here by hand.
func requireEveryPost(t *testing.T, changes []change) {
	t.Helper()
	listed := map[string]bool{deletePath: true} // an emptied cart is as good as none, so a refusal is not even noticed
	for _, each := range changes {
		listed[each.path] = true
	}
	found := map[string]bool{addPath: true, startPath: true}
	require.NoError(t, fs.WalkDir(site.Default(), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".js") {
			return err
		}
		script, err := fs.ReadFile(site.Default(), path)
		for _, match := range postOfPage.FindAllSubmatch(script, -1) {
			found[string(match[1])] = true
		}
		return err
	}))
	require.Greater(t, len(found), 20)
	for path := range found {
		require.True(t, listed[path], "%s is posted by a page but not tried here", path)
	}
}

func pressEnter(_ *testing.T, c *customer) { c.press("Enter") }

// pressing is an act: what stands in the words or the selector is pressed.
func pressing(what string) func(t *testing.T, c *customer) {
	return func(_ *testing.T, c *customer) { c.click(what) }
}

func openTheCart(_ *testing.T, c *customer) { c.openCart() }

func changesOfTheCart() []change {
	return []change{
		{"add", addPath, func(_ *testing.T, c *customer) { c.open(paperClips) }, pressing(addIt), func(t *testing.T, c *customer) {
			c.see("in your cart")
			require.Equal(t, "1", c.lineQuantity(leftClips))
		}},
		{"quantity", quantityPath, openTheCart, func(_ *testing.T, c *customer) { c.fill(quantityBox(leftClips), "4") }, func(t *testing.T, c *customer) {
			c.within(subtotal(leftClips)).see("$14.00")
			require.Equal(t, "4", c.lineQuantity(leftClips))
		}},
		{"remove", removePath, openTheCart, pressing(removeIt(leftClips)), func(t *testing.T, c *customer) {
			c.awaitCount(row(leftClips), 0)
			c.within("#cart-totals").see("Items $14.99")
			require.Empty(t, c.lineQuantity(leftClips))
			require.Equal(t, "1", c.lineQuantity(bands))
		}},
		{"put back", addPath, func(_ *testing.T, c *customer) {
			c.openCart()
			c.click(removeIt(leftClips))
			c.awaitCount(row(leftClips), 0)
		}, pressing("Put back Desk-Tidy Paper Clips, Silver, Medium"), func(t *testing.T, c *customer) {
			c.awaitCount(row(leftClips), 1)
			require.Equal(t, "1", c.lineQuantity(leftClips))
		}},
		{"shipping", shippingPath, openTheCart, pressing("#shipping-FedExGround"), func(_ *testing.T, c *customer) {
			c.within("#cart-totals").see("Shipping $10.85")
			c.reload()
			c.within("#cart-totals").see("Shipping $10.85")
		}},
		discountCode("discount code", applyPath, false), discountCode("discount code removed", uncodePath, true),
	}
}

// discountCode applies one, or removes it again.
func discountCode(name, path string, isApplied bool) change {
	var code string
	enter := func(_ *testing.T, c *customer) { c.fill(codeField, code); c.click(applyIt) }
	applied := func(_ *testing.T, c *customer) { c.within("#cart-totals").see("Item discount −$1.85") }
	made := change{name: name, path: path, prepare: func(t *testing.T, c *customer) {
		code = newCode(t, "-type", "percent-off", "-amount", "10", "-description", "{}% off")
		c.openCart()
		if isApplied {
			enter(t, c)
			applied(t, c)
		}
	}, act: enter, done: applied}
	if isApplied {
		made.act = func(_ *testing.T, c *customer) { c.click("Remove the code " + code) }
		made.done = func(_ *testing.T, c *customer) {
			c.awaitCount(fmt.Sprintf(`[data-code="%s"]`, code), 0)
			c.within("#cart-totals").notSee("Item discount")
		}
	}
	return made
}

func changesOfTheOrder() []change {
	return []change{
		{"guest's address", lookupPath, func(_ *testing.T, c *customer) {
			c.add(leftClips, "1")
			c.open("/checkout/confirm")
			c.click("Go on as a guest")
			c.fill("Your e-mail address", c.email)
		}, pressing("Continue"), func(_ *testing.T, c *customer) { c.see("The confirmation goes to "+c.email, "Pay $") }},
		{"pay", startPath, func(_ *testing.T, c *customer) {
			c.add(leftClips, "1")
			c.asGuest()
			c.check(termsBox, true)
		}, pressing(payButton), func(t *testing.T, c *customer) {
			c.arriveAt(shop.sandbox + "/pay/")
			require.NotEmpty(t, c.sent(startPath)[1].header.Get("Idempotency-Key"))
			c.paidOrder(goodCard)
			require.Len(t, charged(t, c.session()), 1)
		}},
	}
}

// onceMailed waits for as many mails to the customer as there are to be, and sees that they are no more.
func onceMailed(t *testing.T, c *customer, mails int) {
	t.Helper()
	require.Eventually(t, func() bool { return len(c.mailsTo(c.email)) >= mails }, c.patience, 4*tick)
	require.Len(t, c.mailsTo(c.email), mails)
}

// registered is a member who has had the welcome mail; then it is logged out.
func registered(t *testing.T, c *customer) {
	t.Helper()
	c.register()
	onceMailed(t, c, 1)
	c.logOut()
}

func changesOfStrangers() []change {
	arrived := func(t *testing.T, c *customer) { c.arrive("/account"); require.True(t, c.isMember()) }
	return []change{
		{"register", "/user/create-account", func(_ *testing.T, c *customer) { c.open("/create-account"); c.fillRegistration() }, pressing("Create the account"),
			func(t *testing.T, c *customer) { arrived(t, c); onceMailed(t, c, 1) }},
		{"log in", "/user/login", func(t *testing.T, c *customer) { registered(t, c); c.open("/login"); c.fillLogin(c.username, password) }, pressEnter, arrived},
		{"forgotten user name", "/user/forgot-username", func(t *testing.T, c *customer) {
			registered(t, c)
			c.open("/forgot-username")
			c.fill("E-mail address", c.email)
		}, pressEnter, func(t *testing.T, c *customer) { c.see("Look into your mail"); onceMailed(t, c, 2) }},
		{"forgotten password", "/user/reset-password", func(t *testing.T, c *customer) {
			registered(t, c)
			c.open("/reset-password")
			c.fill("User name", c.username)
			c.fill("E-mail address", c.email)
		}, pressEnter, func(t *testing.T, c *customer) { c.see("Look into your mail"); onceMailed(t, c, 2) }},
		{"new password", "/user/set-new-password", func(t *testing.T, c *customer) {
			registered(t, c)
			c.open(c.resetLink())
			c.fill("User name", c.username)
			c.fill("#set-new-password-new-password", newPassword)
			c.fill("The same password again", newPassword)
		}, pressEnter, func(_ *testing.T, c *customer) { c.see("The password is changed") }},
		{"teaser", notifyPath, func(_ *testing.T, c *customer) {
			c.open("/pythonabot")
			c.fill(notifyField, c.email)
			c.check("#how_excited_3", true)
		}, pressing("Keep me posted"), func(_ *testing.T, c *customer) { c.see(notifyThanks) }},
		{"chat", "/user/put-chat-message", func(_ *testing.T, c *customer) {
			c.open("/about")
			c.click("#chat-icon")
			c.fill("#chat-name", "Ada Byron")
			c.fill("#chat-email-address", c.email)
			c.fill("#chat-message", "Hello")
		}, pressing("Send the message"), func(_ *testing.T, c *customer) { c.see("Thank you. We have your message") }},
		{"unsubscribe", "/user/email-unsubscribe-confirm", func(_ *testing.T, c *customer) { c.open(c.prospectLink()); c.see("Shall we send no more news to") },
			pressing("Yes, unsubscribe me"), func(_ *testing.T, c *customer) { c.see("You are unsubscribed") }},
		{"why unsubscribed", "/user/email-unsubscribe-why", func(_ *testing.T, c *customer) {
			c.open(c.prospectLink())
			c.click("Yes, unsubscribe me")
			c.see("You are unsubscribed")
			c.check("I never signed up for them", true)
		}, pressing("Send the reason"), func(_ *testing.T, c *customer) { c.see("Thank you for telling us.") }},
	}
}

// memberAt opens a page as a member.
func memberAt(address string, further ...func(c *customer)) func(t *testing.T, c *customer) {
	return func(_ *testing.T, c *customer) {
		c.register()
		c.open(address)
		for _, step := range further {
			step(c)
		}
	}
}

func changesOfMembers() []change {
	saved := func(words string) func(t *testing.T, c *customer) {
		return func(_ *testing.T, c *customer) { c.arrive("/account"); c.see(words) }
	}
	return []change{
		{"information", "/user/update-my-information", memberAt("/account/edit-my-information", func(c *customer) { c.fill("First name", "Grace") }),
			pressing("Save"), func(t *testing.T, c *customer) {
				saved("Your information is saved.")(t, c)
				require.Equal(t, "Grace", c.account("personal_data").text("first_name"))
			}},
		{"preferences", "/user/update-communication-preferences",
			memberAt("/account/edit-communication-preferences", func(c *customer) { c.check("#edit-communication-preferences-newsletter", true) }),
			pressing("Save"), saved("You get the newsletter.")},
		{"password", "/user/change-my-password", memberAt("/account/change-password", func(c *customer) {
			c.fill(currentPassword, password)
			c.fill(freshPassword, newPassword)
			c.fill(againPassword, newPassword)
		}), pressEnter, saved("Your password is changed.")},
		{"confirmed address", "/user/verify-email-address-response", func(_ *testing.T, c *customer) { c.register(); c.open("/about"); c.emailCode() },
			func(_ *testing.T, c *customer) { c.open("/account/?email_verification_code=" + c.emailCode()) },
			func(t *testing.T, c *customer) {
				c.see("is confirmed.")
				require.Equal(t, true, c.account("email_data")["email_verified"])
			}},
		{"new terms", "/user/terms-of-use-agree", func(_ *testing.T, c *customer) {
			c.register()
			c.fail("/user/terms-of-use-agree-check", answers(`{"terms_of_use_agree_check": false, "version": 1, "version_note": "<p>Nothing new.</p>"}`), 1)
			c.open("/about")
			c.check("I have read and agree", true)
		}, pressing("Agree and go on"), func(_ *testing.T, c *customer) { c.awaitCount("#terms-dialogue", 0) }},
		{"one device", "/user/end-session", withAnotherDevice, pressing("#account-devices-list li:last-child button"), oneDeviceLeft},
		{"other devices", "/user/end-other-sessions", func(t *testing.T, c *customer) {
			withAnotherDevice(t, c)
			newCustomer(t, phone).logIn(c.username)
			c.reload()
			c.awaitCount("#account-devices-list li", 3)
		}, pressing("Log out everywhere else"), oneDeviceLeft},
	}
}

func withAnotherDevice(t *testing.T, c *customer) {
	c.register()
	newCustomer(t, phone).logIn(c.username)
	c.open("/account")
	c.awaitCount("#account-devices-list li", 2)
}

func oneDeviceLeft(_ *testing.T, c *customer) {
	c.awaitCount("#account-devices-list li", 1)
	c.see("This device")
}
