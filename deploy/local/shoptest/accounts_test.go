package shoptest

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

const (
	newPassword = "Another&Horse7"
	tick        = 100 * time.Millisecond
)

func newUsername() string { return "member" + strings.ToLower(identifier.New(10)) }

// mailsTo are the mails to one address alone, newest first.
func mailsTo(t testing.TB, address string) (mails []object) {
	t.Helper()
	for _, mail := range fetchJSON(t, shop.MailboxURL()+"/messages") {
		if all := addresses(mail); len(all) == 1 && all[0] == address {
			mails = append(mails, mail)
		}
	}
	return mails
}

// awaitLink gives what follows a link parameter in the newest mail to an address that has it, once n mails are there.
func awaitLink(t testing.TB, address, parameter string, n int) (value string) {
	t.Helper()
	link := regexp.MustCompile(regexp.QuoteMeta(parameter) + `=([A-Za-z0-9:_-]+)`)
	require.Eventually(t, func() bool {
		found := mailsTo(t, address)
		if len(found) < n {
			return false
		}
		for _, mail := range found {
			if match := link.FindStringSubmatch(mail.text("text")); match != nil {
				value = match[1]
				return true
			}
		}
		return false
	}, patience, tick, "mail with %s to %s", parameter, address)
	return value
}

// orderNumbers are the orders that the account page lists.
func (c *customer) orderNumbers() (numbers []string) {
	c.t.Helper()
	for _, listed := range c.get("/user/account-content").object("account_content").object("orders_data") {
		order, _ := listed.(map[string]any)
		numbers = append(numbers, object(order).text("identifier"))
	}
	return numbers
}

func TestGuestOrdersComeWithTheVerifiedAddress(t *testing.T) {
	t.Parallel()
	buyer := guest(t)
	buyer.add("1", "1")
	order := buyer.arrive(buyer.buy())

	stranger, owner := guest(t), guest(t)
	stranger.email, owner.email = strings.ToUpper(buyer.email[:1])+buyer.email[1:], buyer.email
	stranger.register(newUsername())
	require.Empty(t, stranger.orderNumbers(), "an address that nobody proved brings no orders")
	owner.register(newUsername())

	code := awaitLink(t, owner.email, "email_verification_code", 2)
	verified := stranger.post("/user/verify-email-address-response", url.Values{"email_verification_code": {code}})
	require.Equal(t, "code-doesnt-match", verified.text("verify_email_address_response"), "a code is good for one account")
	mailed := strings.ReplaceAll(code, ":", "%3A") + "."
	verified = owner.post("/user/verify-email-address-response", url.Values{"email_verification_code": {mailed}})
	require.Equal(t, "success", verified.text("verify_email_address_response"))
	require.Equal(t, []string{order}, owner.orderNumbers())
	require.Equal(t, "success", owner.get("/order/"+order).text("order_detail"))

	require.Equal(t, "verification_email_sent", stranger.get("/user/verify-email-address").text("verify_email_address"))
	code = awaitLink(t, stranger.email, "email_verification_code", 2)
	verified = stranger.post("/user/verify-email-address-response", url.Values{"email_verification_code": {code}})
	require.Equal(t, "success", verified.text("verify_email_address_response"))
	require.Empty(t, stranger.orderNumbers(), "the first who proves an address has its orders")
}

func TestAForgottenPasswordIsReplacedThroughTheMail(t *testing.T) {
	t.Parallel()
	member, elsewhere := guest(t), guest(t)
	username := newUsername()
	member.register(username)
	elsewhere.logIn(username)
	elsewhere.email = member.email

	asking := guest(t)
	asked := asking.post("/user/reset-password", url.Values{"username": {username}, "email_address": {strings.ToUpper(member.email)}})
	require.Equal(t, "success", asked.text("reset_password"))
	code := awaitLink(t, member.email, "password_reset_code", 2)
	form := url.Values{"username": {username}, "password_reset_code": {code}, "new_password": {newPassword}, "confirm_new_password": {newPassword}}
	require.Equal(t, "success", asking.post("/user/set-new-password", form).text("set_new_password"))
	require.Equal(t, "code-doesnt-match", asking.post("/user/set-new-password", form).text("set_new_password"), "a code works once")
	for _, browser := range []*customer{member, elsewhere} {
		require.Equal(t, false, browser.get("/user/logged-in")["logged_in"], "every session ends")
	}
	entered := asking.post("/user/login", url.Values{"username": {username}, "password": {password}, "remember_me": {"true"}})
	require.Equal(t, "false", entered.text("login"))
	entered = asking.post("/user/login", url.Values{"username": {username}, "password": {newPassword}, "remember_me": {"true"}})
	require.Equal(t, "true", entered.text("login"))
	require.Eventually(t, func() bool { return len(mailsTo(t, member.email)) == 3 }, patience, tick, "welcome, code, notice")
}

func TestOneUserNameForTwentyAtOnce(t *testing.T) {
	t.Parallel()
	username := newUsername()
	applicants := make([]*customer, 20)
	for n := range applicants {
		applicants[n] = guest(t)
		if n%2 == 1 {
			applicants[n].otherGateway()
		}
		applicants[n].get("/user/token")
	}
	answers := make(chan string, len(applicants))
	atOnce(len(applicants), func(n int) {
		c := applicants[n]
		status, body, err := c.send(http.MethodPost, "/user/create-account", url.Values{
			"firstname": {"Ada"}, "lastname": {"Shopper"}, "username": {username}, "email_address": {c.email},
			"password": {password}, "confirm_password": {password}, "newsletter": {"false"}, "remember_me": {"true"},
		})
		answers <- fmt.Sprint(status, " ", string(body), " ", err)
	})
	close(answers)
	made, unavailable := 0, 0
	for answer := range answers {
		switch {
		case strings.Contains(answer, `"create_account":"true"`):
			made++
		case strings.Contains(answer, `"unavailable"`):
			unavailable++
		default:
			t.Error(answer)
		}
	}
	require.Equal(t, 1, made)
	require.Equal(t, 19, unavailable)
	require.Equal(t, 1, count(t, "user", "SELECT count(*) FROM accounts WHERE username = $1", username))
}

func TestTwentyFirstCartRequestsOfAMemberMakeOneCart(t *testing.T) {
	t.Parallel()
	member := guest(t)
	username := newUsername()
	member.register(username)
	account := count(t, "user", "SELECT id FROM accounts WHERE username = $1", username)
	atOnce(20, func(int) {
		status, body, err := member.send(http.MethodPost, "/order/cart-add-product-sku", url.Values{"sku_id": {"1"}, "quantity": {"1"}})
		if err != nil || status != http.StatusOK || !strings.Contains(string(body), "success") {
			t.Errorf("%d %s %v", status, body, err)
		}
	})
	require.Equal(t, 1, count(t, "order", "SELECT count(*) FROM cart WHERE account_id = $1", account))
	require.Equal(t, 1, member.cartLines())
}

// A link that is followed, wishes that are saved and a name that is changed, all at once: each leaves what it changes.
func TestUnsubscribingAndPreferencesAtOnceLoseNothing(t *testing.T) {
	t.Parallel()
	member, scanner := guest(t), guest(t)
	username := newUsername()
	member.register(username)
	token := awaitLink(t, member.email, "token", 1)
	scanner.get("/user/token")
	atOnce(12, func(n int) {
		c, path, form := member, "/user/update-my-information", url.Values{
			"firstname": {fmt.Sprint("Ada", n)}, "lastname": {"Shopper"}, "email_address": {member.email},
		}
		switch n % 3 {
		case 0:
			c, path, form = scanner, "/user/email-unsubscribe-confirm", url.Values{"token": {token}}
		case 1:
			path, form = "/user/update-communication-preferences", url.Values{
				"newsletter": {"false"}, "email_unsubscribe": {"true"}, "no_longer_want_to_receive": {"true"}, "never_signed_up": {"false"},
				"inappropriate": {"false"}, "spam": {"false"}, "other": {fmt.Sprint("reason ", n)},
			}
		}
		if status, body, err := c.send(http.MethodPost, path, form); err != nil || status != http.StatusOK {
			t.Error(path, status, string(body), err)
		}
	})
	const whole = `SELECT count(*) FROM accounts WHERE username = $1 AND email_unsubscribed AND NOT newsletter_subscriber
		AND first_name ~ '^Ada[0-9]+$' AND unsubscribe_token <> $2`
	require.Equal(t, 1, count(t, "user", whole, username, token))
	const reasons = `SELECT count(DISTINCT other) FROM unsubscribe_reasons r JOIN accounts a ON a.id = r.account_id WHERE a.username = $1`
	require.Equal(t, 4, count(t, "user", reasons, username))
	gone := scanner.get("/user/email-unsubscribe-lookup?token=" + token)
	require.Equal(t, "member-not-found", gone.object("errors").text("error"), "a used link is dead")
}

func TestTheSessionsOfAnAccount(t *testing.T) {
	t.Parallel()
	here, there := guest(t), guest(t)
	username := newUsername()
	here.register(username)
	there.logIn(username)
	listed, _ := here.get("/user/sessions")["sessions"].([]any)
	require.Len(t, listed, 2)
	for _, one := range listed {
		session, _ := one.(map[string]any)
		if current, _ := session["current"].(bool); current {
			continue
		}
		here.post("/user/end-session", url.Values{"session": {object(session).text("reference")}})
	}
	require.Equal(t, false, there.get("/user/logged-in")["logged_in"])
	require.Equal(t, true, here.get("/user/logged-in")["logged_in"])
}

// atOnce starts n calls together and waits for all.
func atOnce(n int, call func(int)) {
	var calls sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		calls.Go(func() {
			<-start
			call(i)
		})
	}
	close(start)
	calls.Wait()
}
