package inprocess

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestUnusualPaths are sent as they are written.
func TestUnusualPaths(t *testing.T) {
	besiege(t)
	before := shop.content(t)
	long := strings.Repeat("a", 60_000)
	for _, path := range []string{
		"//order/products", "/order//products", "/order/products/", "/order/products//", "/./order/products", "/order/./products", "/order/../order/products",
		"/order/%2e%2e/user/token", "/order/%2E%2E", "/order/..", "/..", "/../../etc/passwd", "/order%2Fproducts", "/order/%2Fproducts", "/order/product%2Fabc",
		"/order/product/", "/order/product/..", "/order/product/%00", "/order/product/%ff", "/order/product/a%00b", "/order/product/%C3%A4", "/order/product/" + long,
		"/order/" + long, "/order/%D9%A3%D9%A4", "/order/product/%D9%A3", "/order/a-b", "/order/a b", "/order/a%20b", "/order/a+b", "/order/a;b", "/order/a?b?c", "/order/a#b",
		"/order/%", "/order/%z", "/order/%2", "/ORDER/products", "/Order/Products", "/order\\products", "/order/{order_identifier}", "/order/product/{product_identifier}",
		"/order/*", "/order/:cart", "/order/products:list", "/%6frder/products", "/order/%70roducts", "/user/login/", "/user/login%00", "/user/token.json", "/user/token;a=1",
		"/healthz/", "/healthz?x=%ff", "/favicon.ico", "/.env", "/.git/config", "/debug/pprof/", "/metrics", "/admin/", "/v1/checkout/sessions", "/storefront.v1.OrderAreaService/ListProducts",
		"*", "http://localhost/order/products", "http://evil.example/order/products", "https://localhost:1/user/token", "order/products", "?", "/?/order/products", "/\x01", "/\x7f", "/\xff\xfe",
		"/order/\u00e4", "/" + strings.Repeat("a/", 20_000), "/" + strings.Repeat("../", 2000), "/clientevent/pageview?url=" + long, "/clientevent/pageview?" + strings.Repeat("&", 50_000),
	} {
		got := overTheWire(t, []byte("GET "+path+" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
		require.NotEmpty(t, got, "%.100q", path)
		require.Less(t, got[0], http.StatusInternalServerError, "%.100q", path)
	}
	require.Equal(t, before, shop.content(t))
	require.Empty(t, shop.logs.all())
}

// TestUnusualMessages are no good HTTP at all.
func TestUnusualMessages(t *testing.T) {
	besiege(t)
	before := shop.content(t)
	request := "GET /user/token HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
	for name, sent := range map[string]string{
		"nothing":                     "",
		"bytes":                       "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"half a line":                 "GET /user/to",
		"half a header":               request + "X-A",
		"HTTP/0.9":                    "GET /user/token\r\n\r\n",
		"HTTP/9":                      strings.Replace(request, "1.1", "9.9", 1) + "\r\n",
		"the preface of HTTP/2":       "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"a huge header":               request + "X-A: " + strings.Repeat("a", 2<<20) + "\r\n\r\n",
		"many headers":                request + strings.Repeat("X-A: b\r\n", 20_000) + "\r\n",
		"a huge cookie":               request + "Cookie: sessionid=" + strings.Repeat("a", 1<<20) + "\r\n\r\n",
		"a header with a NUL":         request + "X-A: a\x00b\r\n\r\n",
		"a header with a line end":    request + "X-A: a\rb\r\n\r\n",
		"a folded header":             request + "X-A: a\r\n b\r\n\r\n",
		"a header without name":       request + ": b\r\n\r\n",
		"a name with a space":         request + "X A: b\r\n\r\n",
		"two hosts":                   request + "Host: evil.example\r\n\r\n",
		"a host with a NUL":           strings.Replace(request, "localhost", "local\x00host", 1) + "\r\n",
		"a host with a slash":         strings.Replace(request, "localhost", "localhost/evil", 1) + "\r\n",
		"a length that is none":       strings.Replace(request, "GET", "POST", 1) + "Content-Length: -1\r\n\r\n",
		"a length without end":        strings.Replace(request, "GET", "POST", 1) + "Content-Length: 99999999999999999999\r\n\r\n",
		"a coding that is none":       strings.Replace(request, "GET", "POST", 1) + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"less than announced":         strings.Replace(request, "GET /user/token", "POST /user/login", 1) + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\nusername=",
		"chunks cut short":            strings.Replace(request, "GET /user/token", "POST /user/login", 1) + "Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nuser",
		"a chunk without end":         strings.Replace(request, "GET", "POST", 1) + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nuser",
		"an expectation that is none": request + "Expect: the-unexpected\r\n\r\n",
		"an upgrade":                  request + "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
		"a method without end":        strings.Repeat("G", 100_000) + " / HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"CONNECT":                     "CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\nConnection: close\r\n\r\n",
		"CONNECT to a path":           "CONNECT /user/token HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
	} {
		for _, status := range overTheWire(t, []byte(sent)) {
			// Go's server itself says 501 and 505 to what is no request that it could read.
			isUnreadable := status == http.StatusNotImplemented || status == http.StatusHTTPVersionNotSupported
			require.True(t, status < http.StatusInternalServerError || isUnreadable, "%s: %d", name, status)
		}
	}
	require.Equal(t, before, shop.content(t))
	require.Empty(t, shop.logs.all())
	requireShopSells(t)
}
