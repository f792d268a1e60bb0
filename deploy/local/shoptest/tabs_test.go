package shoptest

import (
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

// TestOldTabIsPaidAfterTheNewOneOpened: the page in the old tab takes no money any more.
func TestOldTabIsPaidAfterTheNewOneOpened(t *testing.T) {
	ways := map[string]func(c *customer){
		"cart changed": func(c *customer) { c.add("7", "1") },
		"cart deleted and filled anew": func(c *customer) {
			require.Equal(c.t, "success", c.post("/order/cart-delete-cart", nil).text("cart_delete_cart"))
			c.add("1", "1")
		},
		"registered meanwhile": func(c *customer) { c.register("tabs-" + identifier.New(8)) },
		"logged in to an account with the same goods": func(c *customer) {
			username, other := "tabs-"+identifier.New(8), guest(c.t)
			other.email = c.email
			other.add("1", "2")
			other.register(username)
			c.logIn(username)
		},
	}
	for name, change := range ways {
		t.Run(name, func(t *testing.T) {
			c := guest(t)
			c.add("1", "1")
			old, oldPage := c.checkOut()
			change(c)
			session, page := c.checkOut()
			require.NotEqual(t, old, session)
			status, _ := c.pay(oldPage, goodCard)
			require.Equal(t, http.StatusGone, status)
			status, _ = c.pay(page, goodCard)
			require.Equal(t, http.StatusSeeOther, status)
			requireOneOrder(t, c, session)
			require.Empty(t, orders(t, old))
		})
	}
	requireBalance(t)
}

// TestOldTabIsPaidWhileTheNewOneOpens lets the two race. Whoever wins, each page that took money is one order, and what was
// paid for is not in the cart of the other.
func TestOldTabIsPaidWhileTheNewOneOpens(t *testing.T) {
	const rounds = 8
	paidOld := 0
	for round := range rounds {
		c := guest(t)
		c.add("1", "1")
		old, oldPage := c.checkOut()
		c.add("7", "1")
		var oldStatus int
		var session, page string
		var group sync.WaitGroup
		group.Go(func() { session, page = c.checkOut() })
		group.Go(func() {
			time.Sleep(time.Duration(round) * 4 * time.Millisecond) // another head start in each round
			oldStatus, _ = c.pay(oldPage, goodCard)
		})
		group.Wait()
		newStatus, _ := c.pay(page, goodCard)
		require.Equal(t, http.StatusSeeOther, newStatus)
		ordered := requireOneOrder(t, c, session)
		if oldStatus != http.StatusSeeOther {
			require.Equal(t, "28.05", c.total(ordered), "both goods and shipping")
			continue
		}
		paidOld++
		require.Equal(t, "13.06", c.total(requirePaidOrder(t, old)))
		require.Equal(t, "24.55", c.total(ordered), "what was left and shipping")
	}
	t.Logf("the old tab won %d of %d", paidOld, rounds)
	requireBalance(t)
}

// TestMemberPaysInTwoBrowsersAtOnce: both have the account's cart, get the same page, and press its button together.
func TestMemberPaysInTwoBrowsersAtOnce(t *testing.T) {
	username := "twice-" + identifier.New(8)
	first, second := guest(t), guest(t)
	second.email = first.email
	first.add("1", "1")
	first.register(username)
	second.logIn(username)
	second.otherGateway()
	session, page := first.checkOut()
	other, _ := second.checkOut()
	require.Equal(t, session, other)
	arrived := make([]string, 2)
	var group sync.WaitGroup
	for i, browser := range []*customer{first, second} {
		group.Go(func() {
			status, _ := browser.pay(page, goodCard)
			require.Equal(t, http.StatusSeeOther, status)
			arrived[i] = browser.arrive(session)
		})
	}
	group.Wait()
	require.Equal(t, arrived[0], arrived[1])
	require.Equal(t, arrived[0], requireOneOrder(t, first, session))
	requireBalance(t)
}

// payWith is pay with further fields of the page.
func (c *customer) payWith(page string, fields url.Values) (status int, location string) {
	c.t.Helper()
	form := url.Values{
		"email": {c.email}, "name": {"Ada Shopper"}, "line1": {"1 Main St"}, "city": {"Chicago"},
		"state": {"IL"}, "postal_code": {"60601"}, "country": {"US"},
	}
	for field, values := range fields {
		form[field] = values
	}
	client := &http.Client{Timeout: 15 * time.Second, CheckRedirect: c.client.CheckRedirect}
	answer, err := client.PostForm(page, form)
	require.NoError(c.t, err)
	require.NoError(c.t, answer.Body.Close())
	return answer.StatusCode, answer.Header.Get("Location")
}
