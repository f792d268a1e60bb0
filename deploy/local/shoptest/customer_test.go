package shoptest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

// lastAddress gives every customer an address of its own, so that limits per address stay out of the way.
var lastAddress atomic.Uint32

// customer is a browser: cookies, an address of its own, and the CSRF header with every post.
type customer struct {
	t       testing.TB
	api     string
	client  *http.Client
	address string
	email   string
}

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

func newCustomer(t testing.TB, api string) *customer {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	n := lastAddress.Add(1)
	return &customer{
		t: t, api: api,
		client: &http.Client{Jar: jar, Timeout: 15 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}},
		address: fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255),
		email:   "buyer-" + strings.ToLower(identifier.New(10)) + "@example.com",
	}
}

// send sends one request and returns status and body, without judging them.
func (c *customer) send(method, path string, form url.Values, change ...func(*http.Request)) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	request, err := http.NewRequestWithContext(ctx, method, c.api+path, body)
	if err != nil {
		return 0, nil, err
	}
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
		request.Header.Set("X-CSRFToken", c.cookie("csrftoken"))
	}
	request.Header.Set("X-Forwarded-For", c.address)
	for _, apply := range change {
		apply(request)
	}
	answer, err := c.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	said, err := io.ReadAll(answer.Body)
	return answer.StatusCode, said, err
}

func (c *customer) cookie(name string) string {
	address, err := url.Parse(c.api)
	require.NoError(c.t, err)
	for _, cookie := range c.client.Jar.Cookies(address) {
		if cookie.Name == name {
			return cookie.Value
		}
	}
	return ""
}

// get expects a 200 with a JSON object.
func (c *customer) get(path string) object {
	c.t.Helper()
	status, body, err := c.send(http.MethodGet, path, nil)
	return c.expectObject(path, status, body, err)
}

// post expects a 200 with a JSON object; the CSRF cookie is fetched when there is none.
func (c *customer) post(path string, form url.Values) object {
	c.t.Helper()
	if c.cookie("csrftoken") == "" {
		c.get("/user/token")
	}
	if form == nil {
		form = url.Values{}
	}
	status, body, err := c.send(http.MethodPost, path, form)
	return c.expectObject(path, status, body, err)
}

func (c *customer) expectObject(path string, status int, body []byte, err error) object {
	c.t.Helper()
	require.NoError(c.t, err, path)
	require.Equal(c.t, http.StatusOK, status, "%s: %s", path, body)
	var answer object
	require.NoError(c.t, json.Unmarshal(body, &answer), "%s: %s", path, body)
	return answer
}

func (c *customer) add(sku, quantity string) {
	c.t.Helper()
	added := c.post("/order/cart-add-product-sku", url.Values{"sku_id": {sku}, "quantity": {quantity}})
	require.Equal(c.t, "success", added.text("cart_add_product_sku"), "%v", added)
}

func (c *customer) cartLines() int {
	c.t.Helper()
	return len(c.get("/order/cart-items").object("item_data").object("product_sku_data"))
}

const password = "Tr0ub4dor&Horse"

func (c *customer) register(username string) {
	c.t.Helper()
	created := c.post("/user/create-account", url.Values{
		"firstname": {"Ada"}, "lastname": {"Shopper"}, "username": {username}, "email_address": {c.email},
		"password": {password}, "confirm_password": {password}, "newsletter": {"false"}, "remember_me": {"true"},
	})
	require.Equal(c.t, "true", created.text("create_account"), "%v", created)
}

func (c *customer) logIn(username string) {
	c.t.Helper()
	entered := c.post("/user/login", url.Values{"username": {username}, "password": {password}, "remember_me": {"true"}})
	require.Equal(c.t, "true", entered.text("login"), "%v", entered)
}

// checkOut presses the pay button and returns the payment session and its page.
func (c *customer) checkOut() (session, page string) {
	c.t.Helper()
	started := c.post("/order/create-checkout-session", url.Values{
		"agree_to_terms_of_sale": {"true"}, "newsletter": {"false"}, "anonymous_email_address": {c.email},
	})
	require.Equal(c.t, "success", started.text("create_checkout_session"), "%v", started)
	return started.text("session_id"), started.text("checkout_url")
}

// card numbers of the sandbox.
const (
	goodCard     = "4242424242424242"
	declinedCard = "4000000000000002"
)

// pay fills in the payment page and returns its status and where it leads.
func (c *customer) pay(page, card string) (status int, location string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	form := url.Values{
		"card": {card}, "email": {c.email}, "name": {"Ada Shopper"}, "line1": {"1 Main St"}, "city": {"Chicago"},
		"state": {"IL"}, "postal_code": {"60601"}, "country": {"US"},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, page, strings.NewReader(form.Encode()))
	require.NoError(c.t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := c.client.Do(request)
	require.NoError(c.t, err)
	defer func() { _ = answer.Body.Close() }()
	return answer.StatusCode, answer.Header.Get("Location")
}

// buy pays with a good card.
func (c *customer) buy() (session string) {
	c.t.Helper()
	session, page := c.checkOut()
	status, location := c.pay(page, goodCard)
	require.Equal(c.t, http.StatusSeeOther, status)
	require.Contains(c.t, location, session)
	return session
}

// arrive opens the success page and returns the order's identifier.
func (c *customer) arrive(session string) string {
	c.t.Helper()
	answer := c.get("/order/checkout-session-success?session_id=" + url.QueryEscape(session))
	require.Equal(c.t, "success", answer.text("checkout_session_success"), "%v", answer)
	return answer.text("order_identifier")
}
