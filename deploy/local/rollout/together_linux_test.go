package rollout

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/local/shopper"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

// loginsPerAddress is how many wrong passwords an address may try in an hour (contract user.md 1.6).
const loginsPerAddress = 10

// gatewaysBehave checks, before anybody else is there, that it does not matter which gateway is asked: the balancer asks them in
// turn. That several instances of a service share limits and names is proved in deploy/local/inprocess and shoptest.
func gatewaysBehave(t *testing.T, c *cluster) {
	for _, one := range []struct {
		name      string
		behaviour func(*testing.T, *cluster)
	}{
		{"sessions, carts and proofs of origin", browserAtBoth},
		{"limits count once", limitAtBoth},
		{"a price changes at both", priceAtBoth},
		{"a key is good at both", keyAtBoth},
		{"a webhook comes to both", webhookAtBoth}, // the last: webhooks disturb the turns
	} {
		t.Run(one.name, func(t *testing.T) {
			one.behaviour(t, c)
			require.Empty(t, c.edge.failures())
		})
	}
}

// servedBy counts requests of a path by gateway.
func servedBy(c *cluster, path string) (counts []int) {
	for _, address := range c.edge.addresses() {
		_, _, served := c.edge.state(address)
		counts = append(counts, served[path])
	}
	return counts
}

// requireBothAsked makes sure that a check was one of both gateways.
func requireBothAsked(t testing.TB, c *cluster, path string, before []int) {
	t.Helper()
	after := servedBy(c, path)
	require.Len(t, after, 2)
	for i := range after {
		require.Greater(t, after[i], before[i], "%s at gateway %d", path, i+1)
	}
}

func browserAtBoth(t *testing.T, c *cluster) {
	browser, leave := newBrowser(t, c)
	defer leave()
	paths := []string{"/user/logged-in", "/order/cart-items", "/order/cart-add-product-sku"}
	before := map[string][]int{}
	for _, path := range paths {
		before[path] = servedBy(c, path)
	}
	require.NoError(t, browser.Register(t.Context(), "both"+strings.ToLower(identifier.New(10))))
	for n := range 4 {
		require.NoError(t, browser.Add(t.Context(), 1, 1)) // under the proof of origin that one of them gave
		said, err := browser.Get(t.Context(), "/user/logged-in")
		require.NoError(t, err)
		require.Equal(t, true, said["logged_in"])
		lines, err := browser.Lines(t.Context())
		require.NoError(t, err)
		require.Equal(t, n+1, lines[1])
		if n%2 == 0 { // an even number of requests per round would always meet the same gateway
			_, err = browser.Get(t.Context(), "/order/products")
			require.NoError(t, err)
		}
	}
	for _, path := range paths {
		requireBothAsked(t, c, path, before[path])
	}
}

func limitAtBoth(t *testing.T, c *cluster) {
	browser, leave := calmBrowser(t, c)
	defer leave()
	before := servedBy(c, "/user/login")
	for n := range loginsPerAddress + 4 {
		browser.Address = fmt.Sprint("10.9.9.", n) // what it says of itself counts for nothing behind the balancer
		_, err := browser.Post(t.Context(), "/user/login", url.Values{"username": {"nobody" + identifier.New(8)}, "password": {"Wr0ng!password"}, "remember_me": {"false"}})
		if n < loginsPerAddress {
			require.NoError(t, err, "attempt %d", n+1)
			continue
		}
		var refused *shopper.Trouble
		require.ErrorAs(t, err, &refused, "attempt %d", n+1)
		require.Equal(t, http.StatusForbidden, refused.Status)
	}
	requireBothAsked(t, c, "/user/login", before)
}

// calmBrowser has an address whose hour does not end while the test runs (contract user.md 1.6: hours are shifted by the checksum).
func calmBrowser(t testing.TB, c *cluster) (*shopper.Shopper, func()) {
	t.Helper()
	for {
		browser, leave := newBrowser(t, c)
		shift := int64(crc32.ChecksumIEEE([]byte(browser.Address))) % 3600
		if left := 3600 - (time.Now().Unix()-shift)%3600; left > 600 && left < 3600 {
			return browser, leave
		}
		leave()
	}
}

func keyAtBoth(t *testing.T, c *cluster) {
	browser, leave := newBrowser(t, c)
	defer leave()
	const path, attempts = "/order/create-checkout-session", 4
	require.NoError(t, browser.Add(t.Context(), 1, 1))
	before, key := servedBy(c, path), identifier.New(20)
	sessions := make(chan string, attempts)
	var clicks sync.WaitGroup
	for range attempts {
		clicks.Go(func() {
			page, err := browser.CheckOutUnder(context.Background(), key)
			var refused *shopper.Trouble
			if errors.As(err, &refused) && refused.Status == http.StatusConflict {
				return // the first is still under way
			}
			if err != nil {
				t.Error(err)
			}
			sessions <- page.Session
		})
	}
	clicks.Wait()
	for range 2 {
		page, err := browser.CheckOutUnder(t.Context(), key)
		require.NoError(t, err)
		sessions <- page.Session
	}
	close(sessions)
	first := <-sessions
	require.NotEmpty(t, first)
	for session := range sessions {
		require.Equal(t, first, session)
	}
	requireBothAsked(t, c, path, before)
}

func webhookAtBoth(t *testing.T, c *cluster) {
	turnWebhooks(t, c, "duplicate")
	defer turnWebhooks(t, c, "normal")
	browser, leave := newBrowser(t, c)
	defer leave()
	const path = "/order/stripe-webhook"
	before := servedBy(c, path)
	require.NoError(t, browser.Add(t.Context(), 1, 2))
	page, err := browser.CheckOut(t.Context())
	require.NoError(t, err)
	status, err := browser.Pay(t.Context(), page.Page, shopper.GoodCard, "")
	require.NoError(t, err)
	require.Equal(t, http.StatusSeeOther, status)
	require.Eventually(t, func() bool { // each twice, and nobody else asks meanwhile
		after := servedBy(c, path)
		return after[0] > before[0] && after[1] > before[1]
	}, patience, tick)
	order, err := browser.Arrive(t.Context(), page.Session)
	require.NoError(t, err)
	require.NotEmpty(t, order) // one order and one mail: see requireBooks
}

func turnWebhooks(t testing.TB, c *cluster, mode string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.around.SandboxURL()+"/sandbox/webhooks", strings.NewReader("mode="+mode))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
}

func priceAtBoth(t *testing.T, c *cluster) {
	visitor, leave := newBrowser(t, c)
	defer leave()
	var body string
	visitor.Watch = func(answer shopper.Answer) { body = string(answer.Body) }
	shows := func(price string) bool { // at both: they are asked in turn
		for range 2 {
			if _, err := visitor.Get(t.Context(), "/order/products"); err != nil || !strings.Contains(body, price) {
				return false
			}
		}
		return true
	}
	require.False(t, shows(`"41.07"`))
	before := servedBy(c, "/order/products")
	require.NoError(t, c.around.Run(t.Context(), "order", "set-price", "1", "41.07", "-yes", "-by", "ada"))
	require.Eventually(t, func() bool { return shows(`"41.07"`) }, patience, tick)
	requireBothAsked(t, c, "/order/products", before)
}
