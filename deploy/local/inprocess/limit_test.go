package inprocess

import (
	"fmt"
	"hash/crc32"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

const (
	logIn         = "user.v1.SessionService/LogIn"
	createAccount = "user.v1.AccountService/CreateAccount"
)

// calmAddress is an address of its own whose window of an hour (contract user.md 1.6: shifted by the checksum of who is
// counted) does not end while the test runs. subject is what of the address is counted.
func calmAddress(subject func(string) string) string {
	for {
		address := nextAddress()
		shift := int64(crc32.ChecksumIEEE([]byte(subject(address)))) % 3600
		if left := 3600 - (time.Now().Unix()-shift)%3600; left > 600 && left < 3600 {
			return address
		}
	}
}

func whole(address string) string { return address }

// wrongPassword is for a name that nobody has and nobody else tries: failures of one name add up, too.
func wrongPassword() url.Values {
	return url.Values{"username": {"nobody-" + identifier.New(10)}, "password": {"Wr0ng!password"}, "remember_me": {"false"}}
}

// noAccount is counted like any other attempt and makes none.
func noAccount() url.Values {
	return url.Values{
		"firstname": {""}, "lastname": {""}, "username": {""}, "email_address": {""},
		"password": {""}, "confirm_password": {""}, "newsletter": {""}, "remember_me": {""},
	}
}

func requireRefusedForLater(t testing.TB, refused answer) {
	t.Helper()
	require.Equal(t, http.StatusForbidden, refused.status, "%s", refused.body)
	require.Contains(t, refused.header.Get("Content-Type"), "text/html")
	seconds, err := strconv.Atoi(refused.header.Get("Retry-After"))
	require.NoError(t, err)
	require.Positive(t, seconds)
	require.LessOrEqual(t, seconds, 3600)
}

// TestLimitsPerAddressAreSharedByAllInstances of the user service: the gateway asks them in turn, and they count together.
func TestLimitsPerAddressAreSharedByAllInstances(t *testing.T) {
	for _, limited := range []struct {
		path, call string
		form       func() url.Values
		most       int
	}{
		{"/user/login", logIn, wrongPassword, 10},
		{"/user/create-account", createAccount, noAccount, 5},
	} {
		t.Run(limited.path, func(t *testing.T) {
			awaitBothInstances(t)
			shop.spans.forget()
			c := newCustomer(t)
			c.address = calmAddress(whole)
			for n := range limited.most {
				require.Equal(t, http.StatusOK, c.post(limited.path, limited.form()).status, "attempt %d", n+1)
			}
			requireRefusedForLater(t, c.post(limited.path, limited.form()))
			require.Equal(t, []string{"user", "user-2"}, instancesOf(limited.call))

			other := newCustomer(t)
			require.Equal(t, http.StatusOK, other.post(limited.path, limited.form()).status, "another address is not affected")
			requireRefusedForLater(t, c.post(limited.path, limited.form()))
		})
	}
}

// awaitBothInstances waits until the gateway has found both: one may have become ready a moment after the other.
func awaitBothInstances(t testing.TB) {
	t.Helper()
	c := newCustomer(t)
	require.Eventually(t, func() bool {
		c.cookies["sessionid"] = strings.Repeat("x", 32) // of nobody, but it has to be asked for
		c.get("/user/logged-in")
		return len(instancesOf("user.v1.SessionService/ResolveSession")) == 2
	}, patience, 10*time.Millisecond)
}

func instancesOf(call string) (names []string) {
	met := map[string]bool{}
	for _, span := range shop.spans.all().named("user", call) {
		met[instanceOf(span)] = true
	}
	for _, name := range []string{"user", "user-2"} {
		if met[name] {
			names = append(names, name)
		}
	}
	return names
}

func TestDiscountCodesCannotBeGuessed(t *testing.T) {
	c := newCustomer(t)
	c.address = calmAddress(whole)
	c.add("1", "1")
	guess := func() answer {
		return c.post("/order/cart-apply-discount-code", url.Values{"discount_code_id": {identifier.New(8)}})
	}
	for range 60 {
		require.Equal(t, "cart-discount-code-not-found", guess().object(t).object("errors")["error"])
	}
	requireRefusedForLater(t, guess())
	require.Equal(t, true, c.get("/order/cart-discount-codes")["cart_found"], "only tries are limited")
}

func TestLimitHoldsForAttemptsAtOnce(t *testing.T) {
	const attempts, most = 16, 5
	c := newCustomer(t)
	c.address = calmAddress(whole)
	c.get("/user/token")
	statuses := make([]int, attempts)
	var group sync.WaitGroup
	for n := range attempts {
		browser := newCustomer(t)
		browser.address, browser.cookies = c.address, map[string]string{"csrftoken": c.cookies["csrftoken"]}
		group.Go(func() { statuses[n] = browser.send(http.MethodPost, "/user/create-account", noAccount()).status })
	}
	group.Wait()
	counted := map[int]int{}
	for _, status := range statuses {
		counted[status]++
	}
	require.Equal(t, map[int]int{http.StatusOK: most, http.StatusForbidden: attempts - most}, counted)
}

// TestAnIPv6CustomerIsCountedByTheirNetwork: whoever has one has 2^64 addresses (contract user.md 1.6).
func TestAnIPv6CustomerIsCountedByTheirNetwork(t *testing.T) {
	network := func(address string) string { return "2001:db8:" + hexOf(address) + "::/64" }
	chosen := hexOf(calmAddress(network))
	c := newCustomer(t)
	for n := range 5 {
		c.address = fmt.Sprintf("2001:db8:%s::%x", chosen, n+1)
		require.Equal(t, http.StatusOK, c.post("/user/create-account", noAccount()).status)
	}
	c.address = "2001:db8:" + chosen + "::ffff"
	requireRefusedForLater(t, c.post("/user/create-account", noAccount()))
	c.address = "2001:db8:" + chosen + ":1::1"
	require.Equal(t, http.StatusOK, c.post("/user/create-account", noAccount()).status, "the neighbour's network")
}

// hexOf makes a group of an IPv6 address of the last half of an IPv4 one.
func hexOf(address string) string {
	four := netip.MustParseAddr(address).As4()
	return strconv.FormatUint(uint64(four[2])<<8|uint64(four[3])|0x1000, 16)
}

// TestTheAddressCannotBeChosen: what a client writes into X-Forwarded-For before the proxy's own entry is not believed.
func TestTheAddressCannotBeChosen(t *testing.T) {
	address := calmAddress(whole)
	c := newCustomer(t)
	for n := range 6 {
		c.address = fmt.Sprintf("203.0.113.%d, %s", n+1, address)
		tried := c.post("/user/create-account", noAccount())
		if n < 5 {
			require.Equal(t, http.StatusOK, tried.status)
			continue
		}
		requireRefusedForLater(t, tried)
	}
}
