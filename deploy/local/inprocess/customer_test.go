package inprocess

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

const (
	requestLimit = 20 * time.Second
	password     = "Tr0ub4dor&Horse"
	goodCard     = "4242424242424242"
)

// lastAddress gives every customer an address of its own, so that limits per address stay out of the way.
var lastAddress atomic.Uint32

func nextAddress() string {
	n := lastAddress.Add(1)
	return fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255)
}

// customer is a browser whose cookies the test can see and change. Every request begins a trace that the test knows.
type customer struct {
	t       testing.TB
	api     string
	cookies map[string]string
	address string
	email   string
}

func newCustomer(t testing.TB) *customer {
	return &customer{
		t: t, api: shop.api(), cookies: map[string]string{}, address: nextAddress(),
		email: "buyer-" + strings.ToLower(identifier.New(10)) + "@example.com",
	}
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

// answer is what came back, and the trace of the request.
type answer struct {
	status int
	header http.Header
	body   []byte
	trace  trace.TraceID
}

func (a answer) object(t testing.TB) object {
	t.Helper()
	require.Equal(t, http.StatusOK, a.status, "%s", a.body)
	var content object
	require.NoError(t, json.Unmarshal(a.body, &content), "%s", a.body)
	return content
}

// send sends a request as a page would, and keeps the cookies that come back.
func (c *customer) send(method, path string, form url.Values, changes ...func(*http.Request)) answer {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), requestLimit)
	defer cancel()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	request, err := http.NewRequestWithContext(ctx, method, c.api+path, body)
	require.NoError(c.t, err)
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
		request.Header.Set("X-Csrftoken", c.cookies["csrftoken"])
	}
	request.Header.Set("X-Forwarded-For", c.address)
	request.Header.Set("Cookie", c.cookieHeader())
	traced := begin(request)
	for _, change := range changes {
		change(request)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(c.t, err, path)
	defer func() { _ = response.Body.Close() }()
	said, err := io.ReadAll(response.Body)
	require.NoError(c.t, err, path)
	c.keep(response)
	return answer{status: response.StatusCode, header: response.Header, body: said, trace: traced}
}

// begin gives a request a trace.
func begin(request *http.Request) trace.TraceID {
	var id trace.TraceID
	_, _ = rand.Read(id[:]) // never fails
	request.Header.Set("Traceparent", fmt.Sprintf("00-%s-00f067aa0ba902b7-01", id))
	return id
}

func (c *customer) cookieHeader() string {
	var pairs []string
	for name, value := range c.cookies {
		pairs = append(pairs, name+"="+value)
	}
	return strings.Join(pairs, "; ")
}

func (c *customer) keep(response *http.Response) {
	for _, cookie := range response.Cookies() {
		if cookie.MaxAge < 0 {
			delete(c.cookies, cookie.Name)
			continue
		}
		c.cookies[cookie.Name] = cookie.Value
	}
}

func (c *customer) get(path string) object {
	c.t.Helper()
	return c.send(http.MethodGet, path, nil).object(c.t)
}

func (c *customer) post(path string, form url.Values) answer {
	c.t.Helper()
	if c.cookies["csrftoken"] == "" {
		c.get("/user/token")
	}
	return c.send(http.MethodPost, path, form)
}

func (c *customer) add(sku, quantity string) {
	c.t.Helper()
	added := c.post("/order/cart-add-product-sku", url.Values{"sku_id": {sku}, "quantity": {quantity}}).object(c.t)
	require.Equal(c.t, "success", added.text("cart_add_product_sku"), "%v", added)
}

func (c *customer) register() (username string) {
	c.t.Helper()
	username = "member-" + identifier.New(8)
	created := c.post("/user/create-account", url.Values{
		"firstname": {"Ada"}, "lastname": {"Shopper"}, "username": {username}, "email_address": {c.email},
		"password": {password}, "confirm_password": {password}, "newsletter": {"false"}, "remember_me": {"true"},
	}).object(c.t)
	require.Equal(c.t, "true", created.text("create_account"), "%v", created)
	require.NotEmpty(c.t, c.cookies["sessionid"])
	return username
}

// checkOut presses the pay button; the answer's trace is that of the purchase.
func (c *customer) checkOut() (session, page string, purchase trace.TraceID) {
	c.t.Helper()
	pressed := c.post("/order/create-checkout-session", url.Values{
		"agree_to_terms_of_sale": {"true"}, "newsletter": {"false"}, "anonymous_email_address": {c.email},
	})
	started := pressed.object(c.t)
	require.Equal(c.t, "success", started.text("create_checkout_session"), "%v", started)
	return started.text("session_id"), started.text("checkout_url"), pressed.trace
}

// pay fills in the sandbox's payment page.
func (c *customer) pay(page string) {
	c.t.Helper()
	form := url.Values{
		"card": {goodCard}, "email": {c.email}, "name": {"Ada Shopper"}, "line1": {"1 Main St"}, "city": {"Chicago"},
		"state": {"IL"}, "postal_code": {"60601"}, "country": {"US"},
	}
	require.Equal(c.t, http.StatusSeeOther, submit(c.t, page, form), "payment page")
}

// arrive opens the success page.
func (c *customer) arrive(session string) (order string, request trace.TraceID) {
	c.t.Helper()
	page := c.send(http.MethodGet, "/order/checkout-session-success?session_id="+url.QueryEscape(session), nil)
	arrived := page.object(c.t)
	require.Equal(c.t, "success", arrived.text("checkout_session_success"), "%v", arrived)
	return arrived.text("order_identifier"), page.trace
}

// submit posts a form to a page of the sandbox and gives the status.
func submit(t testing.TB, address string, form url.Values) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), requestLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode
}

// webhooks sets how the sandbox delivers from now on, and back to normal when the test ends.
func webhooks(t testing.TB, mode string) {
	t.Helper()
	set := func(mode string) {
		require.Equal(t, http.StatusOK, submit(t, shop.sandboxURL+"/sandbox/webhooks", url.Values{"mode": {mode}}))
	}
	set(mode)
	t.Cleanup(func() { set("normal") })
}

// mailsTo are the subjects of what arrived for an address.
func mailsTo(t testing.TB, address string) (subjects []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), requestLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, shop.mailboxURL+"/messages", nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	var mails []struct {
		To      []string
		Subject string
	}
	require.NoError(t, json.NewDecoder(response.Body).Decode(&mails))
	for _, mail := range mails {
		if strings.Contains(strings.Join(mail.To, ","), address) {
			subjects = append(subjects, mail.Subject)
		}
	}
	return subjects
}
