package inprocess

import (
	"flag"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/bartgottschalk/startupwebapp/gateway/routes"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

// hostileValues are what a field may hold that no page puts there, percent-encoded.
func hostileValues() map[string]string {
	return map[string]string{
		"nothing": "", "a space": "+", "a word": "abc", "negative": "-1", "a fraction": "1.5", "an exponent": "1e9", "a big number": "2147483648",
		"a bigger number": "9223372036854775808", "a number without end": strings.Repeat("9", 400), "digits of another script": url.QueryEscape("٣"),
		"digits grouped": "1_0", "null": "null", "an array": "%5B1%5D", "an object": "%7B%22a%22%3A1%7D", "SQL": url.QueryEscape(`'; DROP TABLE cart; --`),
		"a percent sign": "%25s%25n%25d", "a broken escape": "%zz%", "markup": url.QueryEscape(`<script>alert(1)</script>`), "a line end": "a%0D%0ABcc:+x@example.com",
		"an emoji": url.QueryEscape("🛒"), "a combining mark": url.QueryEscape("a\u0301\u202e"), "an address": url.QueryEscape("a@b.co"),
		"long": strings.Repeat("a", 300), "longer": strings.Repeat("a", 70_000), "a template": "%7Brecipient_first_name%7D%7B%7D%7B0%7D",
	}
}

// unreadable are values that are no text: refused before anybody is asked.
func unreadable() map[string]string {
	return map[string]string{
		"not UTF-8": "%ff%fe", "half a character": "%c3", "an overlong slash": "%c0%af", "a surrogate": "%ed%a0%80", "a NUL": "%00", "a NUL within": "1%002",
	}
}

// fieldsOf are the names that a route takes from form or query.
func fieldsOf(t testing.TB, route *routes.Route) (names []string) {
	t.Helper()
	if route.Method == http.MethodGet {
		return route.Inputs
	}
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(route.RPC)
	require.NoError(t, err)
	fields := found.(protoreflect.MethodDescriptor).Input().Fields()
	for i := range fields.Len() {
		names = append(names, fields.Get(i).JSONName())
	}
	return names
}

func goodForm(t testing.TB, route *routes.Route) url.Values {
	t.Helper()
	if known, ok := goodForms()[route.Path]; ok {
		return known
	}
	form := url.Values{}
	for _, name := range fieldsOf(t, route) {
		form.Set(name, "1")
	}
	return form
}

// with is the encoded form with one field as given, encoded already.
func with(form url.Values, name, encoded string) string {
	var parts []string
	for other, values := range form {
		if other != name {
			parts = append(parts, url.QueryEscape(other)+"="+url.QueryEscape(values[0]))
		}
	}
	slices.Sort(parts)
	return strings.Join(append(parts, name+"="+encoded), "&")
}

func without(form url.Values, name string) string {
	shorter := url.Values{}
	for other, values := range form {
		if other != name {
			shorter[other] = values
		}
	}
	return shorter.Encode()
}

// fieldAttacks change one field of a form at a time.
func fieldAttacks(t testing.TB, route *routes.Route) (attacks []attack) {
	form := goodForm(t, route)
	post := func(name, body string, status int) {
		attacks = append(attacks, attack{name: name, method: http.MethodPost, path: route.Path, body: body, status: status})
	}
	for _, field := range fieldsOf(t, route) {
		post("without "+field, without(form, field), 0)
		for what, value := range hostileValues() {
			post(field+" is "+what, with(form, field, value), 0)
		}
		for what, value := range unreadable() {
			post(field+" is "+what, with(form, field, value), http.StatusBadRequest)
		}
		post(field+" is 1 MB", with(form, field, strings.Repeat("9", 1<<20)), 0)
		post(field+" is 1 MB of spaces", with(form, field, strings.Repeat("+", 1<<20)), 0)
		post(field+" is repeated", form.Encode()+"&"+field+"=1&"+field+"=2", 0)
		post(field+" is an array", form.Encode()+"&"+field+"%5B%5D=1&"+field+"%5B0%5D=1&"+field+"%5Ba%5D=1&"+field+".a=1&"+field+"%5B=1", 0)
	}
	return attacks
}

// formAttacks are about the body as a whole.
func formAttacks(t testing.TB, route *routes.Route) []attack {
	form := goodForm(t, route).Encode()
	many := strings.TrimSuffix(strings.Repeat("a=1&", 1001), "&")
	attacks := []attack{
		{name: "nothing", body: ""},
		{name: "only separators", body: "&&&=&=&;;"},
		{name: "JSON", contentType: "application/json", body: `{"sku_id": 1, "quantity": 1}`},
		{name: "deep JSON", contentType: "application/json", body: strings.Repeat("[", 100_000)},
		{name: "XML", contentType: "text/xml", body: `<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>`},
		{name: "a content type that is none", contentType: ";;;=", body: form},
		{name: "a charset that is none", contentType: "application/x-www-form-urlencoded; charset=utf-99", body: form},
		{name: "multipart without boundary", contentType: "multipart/form-data", body: form + "&a=1", status: http.StatusBadRequest},
		{name: "multipart with an endless boundary", contentType: "multipart/form-data; boundary=" + strings.Repeat("x", 3000), body: form + "&a=1", status: http.StatusBadRequest},
		{name: "multipart that is none", contentType: "multipart/form-data; boundary=x", body: form},
		{name: "multipart cut short", contentType: "multipart/form-data; boundary=x", body: "--x\r\nContent-Disposition: form-data; name=\"sku_id\"\r\n\r\n1", status: http.StatusBadRequest},
		{name: "multipart with a file", contentType: "multipart/form-data; boundary=x", body: "--x\r\nContent-Disposition: form-data; name=\"sku_id\"; filename=\"../../x\"\r\n\r\n1\r\n--x--\r\n"},
		{name: "multipart within multipart", contentType: "multipart/form-data; boundary=x", body: "--x\r\nContent-Type: multipart/mixed; boundary=y\r\nContent-Disposition: form-data; name=\"sku_id\"\r\n\r\n--y\r\n\r\n1\r\n--y--\r\n--x--\r\n"},
		{name: "multipart with many headers", contentType: "multipart/form-data; boundary=x", body: "--x\r\n" + strings.Repeat("A: b\r\n", 20_000) + "\r\n1\r\n--x--\r\n"},
		{name: "multipart with many parts", contentType: "multipart/form-data; boundary=x", body: strings.Repeat("--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n", 1001) + "--x--\r\n", status: http.StatusBadRequest},
		{name: "multipart with bytes", contentType: "multipart/form-data; boundary=x", body: "--x\r\nContent-Disposition: form-data; name=\"sku_id\"\r\n\r\n\xff\x00\r\n--x--\r\n"},
		{name: "1001 fields", body: many, status: http.StatusBadRequest},
		{name: "names that are no text", body: form + "&%ff=1&%00=1"},
		{name: "10 MB", bodySize: 10 << 20, status: http.StatusBadRequest},
		{name: "10 MB in chunks", bodySize: 10 << 20, chunked: true, status: http.StatusBadRequest},
		{name: "10 MB of JSON", bodySize: 10 << 20, contentType: "application/json", status: http.StatusBadRequest},
		{name: "2.5 MB in one field", bodySize: 2_621_440},
		{name: "a body that claims to be compressed", body: form, header: map[string]string{"Content-Encoding": "gzip"}},
		{name: "another method in a header", body: form, header: map[string]string{"X-Http-Method-Override": "DELETE"}},
	}
	for i := range attacks {
		attacks[i].method, attacks[i].path = http.MethodPost, route.Path
	}
	return attacks
}

// idleForm is a good one, but for passwords: hashing one takes as long as all else together.
func idleForm(t testing.TB, route *routes.Route) string {
	form := goodForm(t, route)
	if _, hashes := form["password"]; hashes {
		return without(form, "password")
	}
	return form.Encode()
}

// doorAttacks are for any path: what the door has to refuse or to bear before anybody is asked.
func doorAttacks(t testing.TB, route *routes.Route, from *customer) []attack {
	form := ""
	if route.Method == http.MethodPost {
		form = idleForm(t, route)
	}
	protected := 0 // reads need no token, and the webhook has its signature
	if route.Method == http.MethodPost && !route.HasRaw {
		protected = http.StatusForbidden
	}
	attacks := []attack{
		{name: "a wrong host", host: "evil.example", status: http.StatusBadRequest},
		{name: "a host that begins well", host: "localhost.evil.example", status: http.StatusBadRequest},
		{name: "a host with a user", host: "localhost@evil.example", status: http.StatusBadRequest},
		{name: "a wrong origin", header: map[string]string{"Origin": "https://evil.example"}, status: protected},
		{name: "an origin that is null", header: map[string]string{"Origin": "null"}, status: protected},
		{name: "an origin that begins well", header: map[string]string{"Origin": "http://localhost:8080.evil.example"}, status: protected},
		{name: "an origin that is nothing", header: map[string]string{"Origin": ""}, status: protected},
		{name: "no token", header: map[string]string{"X-Csrftoken": ""}, status: protected},
		{name: "a wrong token", header: map[string]string{"X-Csrftoken": strings.Repeat("a", 32)}, status: protected},
		{name: "a short token", header: map[string]string{"X-Csrftoken": from.cookies["csrftoken"][:31]}, status: protected},
		{name: "a token of 64 that is none", header: map[string]string{"X-Csrftoken": strings.Repeat("a", 64)}, status: protected},
		{name: "a token with bytes", header: map[string]string{"X-Csrftoken": "\xff" + from.cookies["csrftoken"][1:]}, status: protected},
		{name: "no token cookie", cookies: map[string]string{"csrftoken": ""}, status: protected},
		{name: "a token cookie that is none", cookies: map[string]string{"csrftoken": "x"}, status: protected},
		{name: "a gateway's own headers", header: map[string]string{"Grpc-Timeout": "1n", "Grpc-Metadata-Account": "1", "X-Forwarded-Host": "evil.example"}},
		{name: "a trace that is none", header: map[string]string{"Traceparent": "00-" + strings.Repeat("0", 32) + "-zz-ff", "Tracestate": strings.Repeat("a=b,", 200), "Baggage": "a"}},
		{name: "addresses that are none", header: map[string]string{"X-Forwarded-For": strings.Repeat("1.2.3.4,", 500) + "\xff'; --", "X-Forwarded-Proto": "gopher"}},
		{name: "an agent of bytes", header: map[string]string{"User-Agent": strings.Repeat("\xff\xfe", 5000)}},
		{name: "a long header", header: map[string]string{"X-Long": strings.Repeat("x", 60_000)}},
		{name: "conditions that are none", header: map[string]string{"If-None-Match": strings.Repeat(`"x",`, 3000), "If-Modified-Since": "never", "Range": "bytes=5-1,9999999999999999999-"}},
		{name: "encodings that are none", header: map[string]string{"Accept-Encoding": "gzip;q=NaN, *;q=-1,;;", "Accept": "\xff", "Accept-Language": strings.Repeat("en;q=0.1,", 2000)}},
	}
	for i := range attacks {
		attacks[i].method, attacks[i].path, attacks[i].body = route.Method, target(route), form
	}
	return append(attacks, cookieAttacks(route, form, from)...)
}

// cookieAttacks present cookies that are not ours, or not any more.
func cookieAttacks(route *routes.Route, form string, from *customer) (attacks []attack) {
	for _, name := range []string{"an_ct", "sessionid", "anonymousclientevent"} {
		good := from.cookies[name]
		if good == "" {
			good = strings.Repeat("a", 20) + ":1aaaaa:" + strings.Repeat("b", 43)
		}
		middle := len(good) / 2
		for what, value := range map[string]string{
			"tampered": good[:middle] + flipped(good[middle]) + good[middle+1:], "cut": good[:middle], "cut by one": good[:len(good)-1], "doubled": good + good,
			"quoted": `"` + good + `"`, "only colons": ":::::", "not ASCII": "\xff\xfe:\x80", "escaped": "%00%ff", "long": strings.Repeat("x", 30_000), "a number": "-1",
			"in capitals": strings.ToUpper(good), "False": "False", "32 of nobody": strings.Repeat("z", 32),
		} {
			attacks = append(attacks, attack{
				name: "cookie " + name + " " + what, method: route.Method, path: target(route), body: form, cookies: map[string]string{name: value},
			})
		}
	}
	return append(attacks, attack{
		name: "1000 cookies", method: route.Method, path: target(route), body: form,
		header: map[string]string{"Cookie": strings.Repeat("sessionid=x; an_ct=; =; ;", 1000)},
	})
}

func flipped(character byte) string {
	if character == 'A' {
		return "B"
	}
	return "A"
}

// queryAttacks put into the query what forms get in their bodies.
func queryAttacks(t testing.TB, route *routes.Route) (attacks []attack) {
	get := func(name, query string) {
		attacks = append(attacks, attack{name: name, method: http.MethodGet, path: target(route) + "?" + query})
	}
	get("an unknown field", "a=1&b%5B%5D=2&%ff=%00")
	get("only separators", "&&&=&=;;")
	get("many fields", strings.Repeat("a=1&", 1001))
	for _, field := range fieldsOf(t, route) {
		for what, value := range hostileValues() {
			if len(value) < 50_000 {
				get(field+" is "+what, field+"="+value)
			}
		}
		for what, value := range unreadable() {
			get(field+" is "+what, field+"="+value)
		}
		get(field+" is long", field+"="+strings.Repeat("x", 60_000))
		get(field+" is repeated and an array", field+"=1&"+field+"=2&"+field+"%5B%5D=3&"+field+"%5B0%5D%5Ba%5D=3&"+field+".a=4")
	}
	return attacks
}

// methodAttacks use methods that the path does not serve.
func methodAttacks(t testing.TB, route *routes.Route) (attacks []attack) {
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW", "get", "PROPFIND"} {
		if method == route.Method || method == http.MethodHead && route.Method == http.MethodGet {
			continue
		}
		if method == http.MethodPost && route.AlsoPosted {
			continue
		}
		body := ""
		if method != http.MethodHead {
			body = goodForm(t, route).Encode()
		}
		attacks = append(attacks, attack{name: "by " + method, method: method, path: target(route), body: body, status: http.StatusMethodNotAllowed})
	}
	return attacks
}

// besieged are those in whose name attacks are sent: somebody with a cart has more to break.
func besieged(t testing.TB) map[string]*customer {
	guest, member := newCustomer(t), newCustomer(t)
	guest.add("1", "1")
	member.register()
	member.add("1", "1")
	guest.get("/user/logged-in")
	require.NotEmpty(t, guest.cookies["an_ct"])
	require.NotEmpty(t, member.cookies["sessionid"])
	return map[string]*customer{"guest": guest, "member": member}
}

func TestHostileRequestsToEveryPath(t *testing.T) {
	besiege(t)
	customers := besieged(t)
	awaitCalm(t, customers["member"])
	total := 0
	for _, route := range allRoutes(t) {
		t.Run(strings.Trim(route.Path, "/"), func(t *testing.T) {
			shop.spans.forget()
			keepCart(customers["guest"])
			keepCart(customers["member"])
			guest := newSiege(t, customers["guest"])
			guest.all(doorAttacks(t, route, guest.from))
			guest.all(methodAttacks(t, route))
			if route.Method == http.MethodGet {
				guest.all(queryAttacks(t, route))
			}
			if route.HasForm {
				guest.all(fieldAttacks(t, route))
				guest.all(formAttacks(t, route))
			}
			total += guest.sent
			t.Logf("%d requests, the slowest %s: %s", guest.sent, guest.slowest.Round(time.Millisecond), guest.slowestName)
			if !route.HasForm || !asMember(route.Path) {
				return
			}
			member := newSiege(t, customers["member"])
			member.all(fieldAttacks(t, route))
			total += member.sent
		})
	}
	if run := flag.Lookup("test.run"); run == nil || run.Value.String() == "" { // else it may be a part of them
		require.Greater(t, total, 1000, "requests in all")
	}
	require.Empty(t, shop.logs.all(), "what a client sends is no error of ours")
	requireShopSells(t)
}

// asMember tells where members have more to break than guests: their carts, and what they can change of their account but
// for the password, which takes as long to hash as all else together.
func asMember(path string) bool {
	switch path {
	case "/user/verify-email-address-response", "/user/update-my-information", "/user/update-communication-preferences", "/user/terms-of-use-agree",
		"/user/end-session":
		return true
	}
	return strings.HasPrefix(path, "/order/")
}

// keepCart fills a cart that an attack has emptied, deleted or given to an account: a browser has no guest's cookie after that.
func keepCart(c *customer) {
	if items := c.get("/order/cart-items").object("item_data").object("product_sku_data"); len(items) == 0 {
		delete(c.cookies, "an_ct")
		c.add("1", "1")
	}
}

// awaitCalm waits until what customers set off behind their requests has been written.
func awaitCalm(t testing.TB, member *customer) {
	t.Helper()
	require.Eventually(t, func() bool { return len(mailsTo(t, member.email)) > 0 }, patience, 20*time.Millisecond)
}

// requireShopSells is the end of every siege: a customer buys as if nothing had happened.
func requireShopSells(t testing.TB) {
	t.Helper()
	c := newCustomer(t)
	c.add("1", "1")
	session, page, purchase := c.checkOut()
	c.pay(page)
	order, _ := c.arrive(session)
	require.NotEmpty(t, order)
	awaitStations(t, purchase)
}

// TestHugeEventsCrowdOutNobodys: the events of others, which travel in the same batch, arrive all the same.
func TestHugeEventsCrowdOutNobodys(t *testing.T) {
	const clients, each, honest = 8, 50, 10 // of each client's events every tenth is an honest one
	mark := identifier.New(12)
	var group sync.WaitGroup
	for range clients {
		group.Go(func() {
			s := newSiege(t, newCustomer(t))
			for n := range each {
				size := 60_000
				if n%honest == 0 {
					size = 100
				}
				status, _, _, err := s.deliver(attack{method: http.MethodGet, path: "/clientevent/pageview?url=" + mark + strings.Repeat("x", size)})
				if err != nil || status != http.StatusOK {
					t.Errorf("%d %v", status, err)
				}
			}
		})
	}
	group.Wait()
	stored := func() int { return shop.count(t, "*", "clientevents.pageview WHERE url LIKE '"+mark+"%'") }
	if !assert.Eventually(t, func() bool { return stored() == clients*each }, patience, 50*time.Millisecond) {
		t.Errorf("%d of %d events", stored(), clients*each)
	}
}
