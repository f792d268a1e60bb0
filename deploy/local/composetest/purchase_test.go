package composetest

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/local/shopper"
)

// TestACustomerCanBuy walks through every address of a purchase: the pages call the API from their own origin, the API sends the
// browser to the sandbox's public address, the sandbox tells the gateway by its name in the network, and mail arrives.
func TestACustomerCanBuy(t *testing.T) {
	t.Parallel()
	ports := map[string]string{}
	var environ []string
	for _, name := range []string{"SITE_PORT", "API_PORT", "MAILBOX_PORT", "SANDBOX_PORT"} {
		ports[name] = freePort(t)
		environ = append(environ, name+"="+ports[name])
	}
	at := func(name string) string { return "http://localhost:" + ports[name] }
	shop := newEngine(t, composed(t, environ...))
	t.Cleanup(shop.kill)
	for _, name := range slices.Sorted(maps.Keys(shop.project.Services)) {
		shop.up(name)
	}

	requireCrossOrigin(t, at("API_PORT"), at("SITE_PORT"))
	home := get(t, at("SITE_PORT")+"/products")
	require.Contains(t, home.Header.Get("Content-Security-Policy"), "connect-src "+at("API_PORT")+";")

	redirects := &redirectNotes{next: shopper.Transport()}
	customer, err := shopper.New(at("API_PORT"), "", "ada@example.com", redirects)
	require.NoError(t, err)
	ctx := t.Context()
	require.NoError(t, customer.Add(ctx, 1, 1))
	require.NoError(t, customer.Ship(ctx, "UPSGround"))
	total, err := customer.Total(ctx)
	require.NoError(t, err)
	require.Positive(t, total)
	payment, err := customer.CheckOut(ctx)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(payment.Page, at("SANDBOX_PORT")+"/pay/"), payment.Page)
	status, err := customer.Pay(ctx, payment.Page, shopper.GoodCard, "")
	require.NoError(t, err)
	require.Equal(t, http.StatusSeeOther, status)

	// Nobody has come back to the shop yet: what makes the order now is the webhook, for the sweep comes a minute later.
	mail := awaitMail(t, at("MAILBOX_PORT"), "ada@example.com")
	require.Contains(t, mail.Text+mail.HTML, at("SITE_PORT")+"/")
	require.True(t, shop.asked["gateway:8000"] && shop.asked["stripe-sandbox:8090"], "%v", shop.asked)

	back := redirects.last()
	require.True(t, strings.HasPrefix(back, at("SITE_PORT")+"/checkout/success?"), back)
	require.Equal(t, http.StatusOK, get(t, back).StatusCode)
	identifier, err := customer.Arrive(ctx, payment.Session)
	require.NoError(t, err)
	require.NotEmpty(t, identifier)
	shop.down()
}

// redirectNotes keeps where the last redirect led.
type redirectNotes struct {
	next http.RoundTripper

	mutex    sync.Mutex
	location string
}

func (n *redirectNotes) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, err := n.next.RoundTrip(request)
	if err == nil && answer.Header.Get("Location") != "" {
		n.mutex.Lock()
		defer n.mutex.Unlock()
		n.location = answer.Header.Get("Location")
	}
	return answer, err
}

func (n *redirectNotes) last() string {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	return n.location
}

// requireCrossOrigin asks as a browser does that shows the pages.
func requireCrossOrigin(t *testing.T, api, site string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, api+"/order/cart-add-product-sku", nil)
	require.NoError(t, err)
	request.Header.Set("Origin", site)
	request.Header.Set("Access-Control-Request-Method", http.MethodPost)
	request.Header.Set("Access-Control-Request-Headers", "x-csrftoken")
	answer := do(t, request)
	require.Equal(t, site, answer.Header.Get("Access-Control-Allow-Origin"))
	require.Equal(t, "true", answer.Header.Get("Access-Control-Allow-Credentials"))
}

type received struct {
	*http.Response

	body []byte
}

func do(t *testing.T, request *http.Request) received {
	t.Helper()
	answer, err := (&http.Client{Timeout: 10 * time.Second}).Do(request)
	require.NoError(t, err)
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, errors.Join(err, answer.Body.Close()))
	return received{answer, body}
}

func get(t *testing.T, address string) received {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	return do(t, request)
}

type letter struct {
	To         []string
	Text, HTML string
}

func awaitMail(t *testing.T, mailbox, recipient string) letter {
	t.Helper()
	var found letter
	require.Eventually(t, func() bool {
		var letters []letter
		if json.Unmarshal(get(t, mailbox+"/messages").body, &letters) != nil {
			return false
		}
		for _, one := range letters {
			if slices.ContainsFunc(one.To, func(to string) bool { return strings.Contains(to, recipient) }) {
				found = one
				return true
			}
		}
		return false
	}, 20*time.Second, 100*time.Millisecond, "no mail for %s", recipient)
	return found
}
