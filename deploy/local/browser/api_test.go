package browser

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

// password is that of every account made here.
const password = "Tr0ub4dor&Horse"

// object is a JSON answer.
type object map[string]any

func (o object) object(key string) object {
	inner, _ := o[key].(map[string]any)
	return inner
}

func (o object) text(key string) string {
	text, _ := o[key].(string)
	return text
}

// cookies are those that the API gets from this customer.
func (c *customer) cookies() map[string]*network.Cookie {
	c.t.Helper()
	found := map[string]*network.Cookie{}
	for _, cookie := range tell(c, network.GetCookies, network.GetCookiesParams{URLs: []string{shop.api + "/"}}).Cookies {
		found[cookie.Name] = cookie
	}
	return found
}

// cookie is the value of one, "" when there is none.
func (c *customer) cookie(name string) string {
	c.t.Helper()
	if found := c.cookies()[name]; found != nil {
		return found.Value
	}
	return ""
}

// setCookie sets one for pages and API, until the browser is closed.
func (c *customer) setCookie(name, value string) {
	c.t.Helper()
	tell(c, network.SetCookie, network.SetCookieParams{Name: name, Value: value, URL: shop.api + "/", Path: "/"})
}

// dropCookie removes one, such as the session's.
func (c *customer) dropCookie(name string) {
	c.t.Helper()
	tell(c, network.DeleteCookies, network.DeleteCookiesParams{Name: name, URL: shop.api + "/"})
}

// clearCookies removes all.
func (c *customer) clearCookies() { c.t.Helper(); tell(c, network.ClearBrowserCookies, cdp.Empty{}) }

// acceptCookies agrees to the cookie notice as a click on it would; the next page shows none.
func (c *customer) acceptCookies() { c.t.Helper(); c.setCookie("termsofserviceagreed", "true") }

// closeBrowser removes what a browser forgets when it is closed: cookies without an end, and what tabs kept.
func (c *customer) closeBrowser() {
	c.t.Helper()
	for name, cookie := range c.cookies() {
		if cookie.Session {
			c.dropCookie(name)
		}
	}
	evaluate[any](c, `globalThis.sessionStorage?.clear()`)
}

// get asks the API with the browser's cookies and client address, but past the proxy: it is not counted and never broken.
func (c *customer) get(path string) object {
	c.t.Helper()
	return c.ask(http.MethodGet, path, nil)
}

// post is get for a form; the CSRF cookie is fetched when there is none.
func (c *customer) post(path string, form url.Values) object {
	c.t.Helper()
	if c.cookie("csrftoken") == "" {
		c.get("/user/token")
	}
	if form == nil {
		form = url.Values{}
	}
	return c.ask(http.MethodPost, path, form)
}

func (c *customer) ask(method, path string, form url.Values) object {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, shop.api+path, strings.NewReader(form.Encode()))
	require.NoError(c.t, err)
	for name, cookie := range c.cookies() {
		request.AddCookie(&http.Cookie{Name: name, Value: cookie.Value})
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	request.Header.Set("X-CSRFToken", c.cookie("csrftoken"))
	request.Header.Set("X-Forwarded-For", c.client)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(c.t, err)
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	require.NoError(c.t, err)
	require.Equal(c.t, http.StatusOK, answer.StatusCode, "%s %s: %s", method, path, body)
	c.takeCookies(answer.Cookies())
	var said object
	require.NoError(c.t, json.Unmarshal(body, &said), "%s: %s", path, body)
	return said
}

// takeCookies puts what the API set into the browser.
func (c *customer) takeCookies(given []*http.Cookie) {
	c.t.Helper()
	for _, cookie := range given {
		if cookie.MaxAge < 0 || !cookie.Expires.IsZero() && cookie.Expires.Before(time.Now()) {
			c.dropCookie(cookie.Name)
			continue
		}
		taken := network.SetCookieParams{
			Name: cookie.Name, Value: cookie.Value, URL: shop.api + "/", Path: "/", HTTPOnly: &cookie.HttpOnly, Secure: &cookie.Secure,
			SameSite: map[http.SameSite]network.CookieSameSite{
				http.SameSiteLaxMode: network.CookieSameSiteLax, http.SameSiteStrictMode: network.CookieSameSiteStrict, http.SameSiteNoneMode: network.CookieSameSiteNone,
			}[cookie.SameSite],
		}
		switch {
		case cookie.MaxAge > 0:
			taken.Expires = secondsOf(time.Now().Add(time.Duration(cookie.MaxAge) * time.Second))
		case !cookie.Expires.IsZero():
			taken.Expires = secondsOf(cookie.Expires)
		}
		tell(c, network.SetCookie, taken)
	}
}

// add puts goods into the cart, without pages.
func (c *customer) add(sku, quantity string) {
	c.t.Helper()
	added := c.post("/order/cart-add-product-sku", url.Values{"sku_id": {sku}, "quantity": {quantity}})
	require.Equal(c.t, "success", added.text("cart_add_product_sku"), "%v", added)
}

func newUsername() string { return "member" + strings.ToLower(identifier.New(10)) }

// register makes an account and logs in, without pages; the user name is in c.username.
func (c *customer) register() {
	c.t.Helper()
	c.username = newUsername()
	made := c.post("/user/create-account", url.Values{
		"firstname": {"Ada"}, "lastname": {"Shopper"}, "username": {c.username}, "email_address": {c.email},
		"password": {password}, "confirm_password": {password}, "newsletter": {"false"}, "remember_me": {"true"},
	})
	require.Equal(c.t, "true", made.text("create_account"), "%v", made)
}

// createAccount makes an account on the pages, from the page create-account on; the user name is in c.username.
func (c *customer) createAccount() {
	c.t.Helper()
	c.arrive("/create-account")
	c.username = newUsername()
	for field, text := range map[string]string{
		"firstname": "Ada", "lastname": "Shopper", "username": c.username, "email_address": c.email, "password": password, "confirm_password": password,
	} {
		c.fill("[name="+field+"]", text)
	}
	c.check("[name=agree]", true)
	c.click("Create the account")
	c.await(`!location.pathname.startsWith("/create-account")`)
	c.untilReady()
}

// enter logs in on the pages, from the page login on.
func (c *customer) enter(username string) {
	c.t.Helper()
	c.arrive("/login")
	c.fill("[name=username]", username)
	c.fill("[name=password]", password)
	c.click("=Log in")
	c.await(`!location.pathname.startsWith("/login")`)
	c.untilReady()
	c.username = username
}

// logIn opens a session without pages.
func (c *customer) logIn(username string) {
	c.t.Helper()
	entered := c.post("/user/login", url.Values{"username": {username}, "password": {password}, "remember_me": {"true"}})
	require.Equal(c.t, "true", entered.text("login"), "%v", entered)
	c.username = username
}

// logOut ends the session without pages.
func (c *customer) logOut() { c.t.Helper(); c.get("/user/logout") }

// Cards of the sandbox (deploy/local/stripesandbox/README.md).
const (
	goodCard     = "4242424242424242"
	declinedCard = "4000000000000002"
	lateCard     = "4000002500003155"
)

// pay waits for the payment page, fills it in and submits it. A good card leads to /checkout/success, and that on to
// the order: c.arrive("/account/order").
func (c *customer) pay(card string) {
	c.t.Helper()
	c.arriveAt(shop.sandbox + "/pay/")
	c.fill("#card", card)
	if !evaluate[bool](c, `document.querySelector("#email").readOnly`) {
		c.fill("#email", c.email)
	}
	for field, text := range map[string]string{
		"#name": "Ada Shopper", "#line1": "1 Main St", "#city": "Chicago", "#state": "IL", "#postal_code": "60601", "#country": "US",
	} {
		c.fill(field, text)
	}
	c.click("main form button")
}

// buy is a purchase without pages but the payment page's own form: what is in the cart is ordered. It gives the payment session and the order's identifier.
func (c *customer) buy() (session, order string) {
	c.t.Helper()
	return c.buyAnd("false")
}

// buyAnd is buy, with the newsletter ordered or not: "true" or "false".
func (c *customer) buyAnd(newsletter string) (session, order string) {
	c.t.Helper()
	started := c.post("/order/create-checkout-session", url.Values{
		"agree_to_terms_of_sale": {"true"}, "newsletter": {newsletter}, "anonymous_email_address": {c.email},
	})
	require.Equal(c.t, "success", started.text("create_checkout_session"), "%v", started)
	form := url.Values{
		"card": {goodCard}, "email": {c.email}, "name": {"Ada Shopper"}, "line1": {"1 Main St"}, "city": {"Chicago"},
		"state": {"IL"}, "postal_code": {"60601"}, "country": {"US"},
	}
	client := http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.PostForm(started.text("checkout_url"), form)
	require.NoError(c.t, err)
	require.NoError(c.t, answer.Body.Close())
	require.Equal(c.t, http.StatusSeeOther, answer.StatusCode, "the payment page takes the card")
	session = started.text("session_id")
	said := c.get("/order/checkout-session-success?session_id=" + url.QueryEscape(session))
	require.Equal(c.t, "success", said.text("checkout_session_success"), "%v", said)
	return session, said.text("order_identifier")
}

// mail is one of the mailbox.
type mail struct {
	Subject, Text, HTML string
	To                  []string
	Time                time.Time
}

// mailsTo are the mails to an address, newest first.
func (c *customer) mailsTo(address string) (found []mail) {
	c.t.Helper()
	answer, err := http.Get(shop.mailbox + "/messages")
	require.NoError(c.t, err)
	defer func() { _ = answer.Body.Close() }()
	var all []mail
	require.NoError(c.t, json.NewDecoder(answer.Body).Decode(&all))
	for _, one := range all {
		for _, to := range one.To {
			if to == address || strings.HasSuffix(to, "<"+address+">") {
				found = append(found, one)
			}
		}
	}
	return found
}

// awaitMail waits for a mail to this customer whose subject or text holds a part, and gives the newest.
func (c *customer) awaitMail(part string) (found mail) {
	c.t.Helper()
	require.Eventually(c.t, func() bool {
		for _, one := range c.mailsTo(c.email) {
			if strings.Contains(one.Subject, part) || strings.Contains(one.Text, part) {
				found = one
				return true
			}
		}
		return false
	}, patience, 4*tick, "a mail with %q to %s", part, c.email)
	return found
}

var linkInMail = regexp.MustCompile(`https?://[^\s<>"]+`)

// awaitLink waits for the newest mail to this customer with a link that holds a part, and gives the link as written.
func (c *customer) awaitLink(part string) (link string) {
	c.t.Helper()
	require.Eventually(c.t, func() bool {
		for _, one := range c.mailsTo(c.email) {
			for _, link = range linkInMail.FindAllString(one.Text, -1) {
				if strings.Contains(link, part) {
					return true
				}
			}
		}
		return false
	}, patience, 4*tick, "a mail with a link that holds %q to %s", part, c.email)
	return link
}

func secondsOf(moment time.Time) cdp.TimeSinceEpoch { return cdp.TimeSinceEpoch(moment.Unix()) }
