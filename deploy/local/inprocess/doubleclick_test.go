package inprocess

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

const clicks = 20

// again is the same browser in another tab, which may be used beside the first.
func (c *customer) again() *customer {
	tab := *c
	tab.cookies = maps.Clone(c.cookies)
	return &tab
}

func under(key string) func(*http.Request) {
	return func(r *http.Request) {
		if key != "" {
			r.Header.Set("Idempotency-Key", key)
		}
	}
}

func (c *customer) payForm() url.Values {
	return url.Values{"agree_to_terms_of_sale": {"true"}, "newsletter": {"false"}, "anonymous_email_address": {c.email}}
}

// press presses the pay button under a key, "" without one.
func (c *customer) press(key string) answer {
	c.t.Helper()
	return c.send(http.MethodPost, "/order/create-checkout-session", c.payForm(), under(key))
}

// pressAtOnce presses the pay button in many tabs; key is told the number of the click.
func (c *customer) pressAtOnce(key func(click int) string) []answer {
	c.t.Helper()
	answers, start := make([]answer, clicks), make(chan struct{})
	var all sync.WaitGroup
	for click := range clicks {
		tab := c.again()
		all.Go(func() {
			<-start
			answers[click] = tab.press(key(click))
		})
	}
	close(start)
	all.Wait()
	return answers
}

// sessionsMade are how many sessions the sandbox made for the customer, however often it was asked.
func sessionsMade(t testing.TB, c *customer) (made int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), requestLimit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, shop.sandboxURL+"/sandbox/requests", nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	var calls []struct {
		Method, Path string
		Form         map[string][]string
		Status       int
		Replayed     bool
	}
	require.NoError(t, json.NewDecoder(response.Body).Decode(&calls))
	for _, call := range calls {
		email := call.Form["customer_email"]
		isHers := len(email) == 1 && email[0] == c.email
		if isHers && call.Method == http.MethodPost && call.Path == "/v1/checkout/sessions" && call.Status == http.StatusOK && !call.Replayed {
			made++
		}
	}
	return made
}

// TestADoubleClickOpensOneSession: however often, and under whatever keys, the button is pressed on an unchanged cart, there is one
// payment page, one payment and one order.
func TestADoubleClickOpensOneSession(t *testing.T) {
	one := identifier.New(20)
	for name, key := range map[string]func(click int) string{
		"without a key": func(int) string { return "" },
		"one key":       func(int) string { return one },
		"a key each":    func(click int) string { return one + strconv.Itoa(click) },
	} {
		for who, enter := range map[string]func(*customer){"guest": func(*customer) {}, "member": func(c *customer) { c.register() }} {
			t.Run(name+", "+who, func(t *testing.T) {
				c := newCustomer(t)
				c.get("/user/token")
				enter(c)
				c.add("1", "2")
				session, page := "", ""
				waiting := 0
				for _, pressed := range c.pressAtOnce(key) {
					if pressed.status == http.StatusConflict {
						require.Contains(t, string(pressed.body), "idempotency-key-in-use")
						require.NotEmpty(t, pressed.header.Get("Retry-After"))
						waiting++
						continue
					}
					started := pressed.object(t)
					require.Equal(t, "success", started.text("create_checkout_session"), "%v", started)
					if session == "" {
						session, page = started.text("session_id"), started.text("checkout_url")
					}
					require.Equal(t, session, started.text("session_id"))
					require.Equal(t, page, started.text("checkout_url"))
				}
				require.Less(t, waiting, clicks, "one of them went on")
				require.Equal(t, 1, sessionsMade(t, c))

				later := c.press(key(0))
				require.Equal(t, session, later.object(t).text("session_id"))
				replayed := ""
				if key(0) != "" {
					replayed = "true"
				}
				require.Equal(t, replayed, later.header.Get("Idempotent-Replayed"))
				c.pay(page)
				order, _ := c.arrive(session)
				require.Equal(t, 1, shop.count(t, "*", "payments.payment_session WHERE session_id = '"+session+"' AND status = 'complete'"))
				require.Equal(t, 1, shop.count(t, "*", "orders.purchase WHERE identifier = '"+order+"'"))
				require.Equal(t, 1, sessionsMade(t, c))
			})
		}
	}
}

// TestARetryAfterPayingChargesNothing: the answer was lost, the customer has paid in another tab, and a program tries once more.
func TestARetryAfterPayingChargesNothing(t *testing.T) {
	c, key := newCustomer(t), identifier.New(20)
	c.get("/user/token")
	c.add("7", "1")
	first := c.press(key)
	started := first.object(t)
	c.pay(started.text("checkout_url"))
	order, _ := c.arrive(started.text("session_id"))
	retried := c.press(key)
	require.Equal(t, first.body, retried.body)
	require.Equal(t, "true", retried.header.Get("Idempotent-Replayed"))
	require.Equal(t, 1, sessionsMade(t, c))
	again, _ := c.arrive(retried.object(t).text("session_id"))
	require.Equal(t, order, again)
}

// TestAKeyIsForOneForm over the whole shop, and for one customer.
func TestAKeyIsForOneForm(t *testing.T) {
	c, key := newCustomer(t), identifier.New(20)
	c.get("/user/token")
	c.add("1", "1")
	require.Equal(t, "success", c.press(key).object(t).text("create_checkout_session"))
	form := c.payForm()
	form.Set("newsletter", "true")
	reused := c.send(http.MethodPost, "/order/create-checkout-session", form, under(key))
	require.Equal(t, http.StatusUnprocessableEntity, reused.status)
	require.JSONEq(t, `{"error":"idempotency-key-reused","order-api-version":"0.0.1"}`, string(reused.body))

	other := newCustomer(t)
	other.get("/user/token")
	other.add("1", "1")
	theirs := other.press(key)
	require.Equal(t, "success", theirs.object(t).text("create_checkout_session"))
	require.Empty(t, theirs.header.Get("Idempotent-Replayed"), "somebody else's key is another one")

	kept := shop.asAdministrator(t, "SELECT DISTINCT owner || ' ' || operation, (claimed_until - began_at)::text FROM orders.idempotent_request WHERE key = '"+key+"'")
	require.Len(t, kept, 2)
	for owner, claimed := range kept {
		require.Regexp(t, `^[0-9a-f]{64} POST /order/create-checkout-session$`, owner, "nothing that names a customer")
		require.Equal(t, "00:00:30", claimed)
	}
}

// TestWithTheOrderServiceAwayNothingIsDone: an edge that cannot ask whose turn it is does not find out by trying.
func TestWithTheOrderServiceAwayNothingIsDone(t *testing.T) {
	c, key := newCustomer(t), identifier.New(20)
	c.get("/user/token")
	c.add("1", "1")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	addr, err := shop.startEdge(ctx, "lonely-gateway", "127.0.0.1:1")
	require.NoError(t, err)
	lonely := c.again()
	lonely.api = "http://" + addr
	got := lonely.press(key)
	require.Equal(t, http.StatusServiceUnavailable, got.status)
	require.NotEmpty(t, got.header.Get("Retry-After"))
	require.Zero(t, sessionsMade(t, c))
	require.Zero(t, shop.count(t, "*", "orders.idempotent_request WHERE key = '"+key+"'"))
	require.Equal(t, "success", c.press(key).object(t).text("create_checkout_session"), "the key is as good as new")
}
