package inprocess

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/gateway/routes"
)

const (
	usualSeed     = 20261123
	usualRequests = 600
)

// dice makes random requests, the same ones for the same seed.
type dice struct {
	*rand.Rand
	t      *testing.T
	routes []*routes.Route
	values []string // percent-encoded
}

// TestRandomRequests mixes by chance what the other tests try one at a time. INPROCESS_SEED and INPROCESS_REQUESTS make
// other and longer runs.
func TestRandomRequests(t *testing.T) {
	besiege(t)
	seed := fromEnvironment(t, "INPROCESS_SEED", usualSeed)
	d := &dice{Rand: rand.New(rand.NewPCG(uint64(seed), 0)), t: t, routes: allRoutes(t)}
	for _, values := range []map[string]string{hostileValues(), unreadable()} {
		for _, name := range slices.Sorted(maps.Keys(values)) {
			d.values = append(d.values, values[name])
		}
	}
	customers := besieged(t)
	awaitCalm(t, customers["member"])
	from := newSiege(t, customers["guest"])
	newSiege(t, customers["member"]) // fetches the token
	met := map[int]int{}
	for n := range fromEnvironment(t, "INPROCESS_REQUESTS", usualRequests) {
		from.from = customers[oneOf(d, []string{"guest", "member"})]
		one := d.attack(from.from)
		one.name = fmt.Sprintf("seed %d, request %d", seed, n)
		met[from.send(one)]++
		if n%50 == 49 {
			shop.spans.forget()
		}
	}
	t.Logf("answers by status: %v", met)
	require.Greater(t, met[http.StatusOK], 50, "by chance some are good")
	require.Greater(t, met[http.StatusBadRequest], 50)
	require.Empty(t, shop.logs.all())
	requireShopSells(t)
}

func fromEnvironment(t testing.TB, variable string, usual int) int {
	t.Helper()
	given := os.Getenv(variable)
	if given == "" {
		return usual
	}
	number, err := strconv.Atoi(given)
	require.NoError(t, err)
	return number
}

// chance is true once in so many times.
func (d *dice) chance(in int) bool { return d.IntN(in) == 0 }

func oneOf[T any](d *dice, list []T) T { return list[d.IntN(len(list))] }

func (d *dice) attack(from *customer) attack {
	route := oneOf(d, d.routes)
	made := attack{method: route.Method, path: d.path(route), header: map[string]string{}, cookies: map[string]string{}}
	if d.chance(15) {
		made.method = oneOf(d, []string{"GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"})
	}
	if d.chance(3) || route.Method == http.MethodGet && len(route.Inputs) > 0 {
		made.path += "?" + d.fields(route)
	}
	if made.method != http.MethodGet && made.method != http.MethodHead {
		d.fillBody(&made, route)
	}
	for _, name := range []string{"an_ct", "sessionid", "csrftoken", "anonymousclientevent"} {
		if d.chance(12) {
			made.cookies[name] = d.mutatedLine(from.cookies[name] + "x")
		}
	}
	if d.chance(10) {
		made.header["Origin"] = oneOf(d, []string{"null", "http://localhost:8080", "https://evil.example", shop.api(), ""})
	}
	if d.chance(20) {
		made.host = oneOf(d, []string{"localhost", "127.0.0.1:1", "evil.example", "[::1]:80", "LOCALHOST.", "localhost:x"})
	}
	return made
}

func (d *dice) path(route *routes.Route) string {
	path := target(route)
	if before, _, hasVariable := strings.Cut(route.Path, "{"); hasVariable && d.chance(2) {
		path = before + url.PathEscape(d.text(12))
	}
	if d.chance(25) {
		path += oneOf(d, []string{"/", "/..", "//", "%00", "%2f", ".", "a"})
	}
	return path
}

// fields are those of the route, most of them as they should be, and sometimes one of nobody.
func (d *dice) fields(route *routes.Route) string {
	form := goodForm(d.t, route)
	var parts []string
	for _, name := range fieldsOf(d.t, route) {
		switch {
		case d.chance(8):
			continue
		case d.chance(4):
			parts = append(parts, name+"="+oneOf(d, d.values))
		case d.chance(10):
			parts = append(parts, name+"="+url.QueryEscape(d.text(40)))
		case d.chance(15):
			parts = append(parts, name+"=1", name+"%5B%5D=2", name+"=3")
		default:
			parts = append(parts, name+"="+url.QueryEscape(form.Get(name)))
		}
	}
	if d.chance(5) {
		parts = append(parts, url.QueryEscape(d.text(5))+"="+oneOf(d, d.values))
	}
	d.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	return strings.Join(parts, "&")
}

func (d *dice) fillBody(made *attack, route *routes.Route) {
	made.body = d.fields(route)
	made.contentType = formType
	if d.chance(6) {
		made.body = d.mutated(made.body)
	}
	if d.chance(8) {
		made.contentType = oneOf(d, []string{"multipart/form-data; boundary=x", "application/json", "text/plain", "multipart/form-data", d.mutatedLine(formType)})
	}
	if made.contentType == "multipart/form-data; boundary=x" {
		made.body = d.mutated("--x\r\nContent-Disposition: form-data; name=\"sku_id\"\r\n\r\n1\r\n--x--\r\n")
	}
	if route.HasRaw {
		d.fillEvent(made)
	}
	made.chunked = d.chance(10)
}

func (d *dice) fillEvent(made *attack) {
	made.contentType = "application/json"
	made.body = `{"id":"evt_` + strconv.Itoa(d.IntN(1e9)) + `","type":"checkout.session.completed","data":{"object":{"object":"checkout.session","id":"cs_test_x","client_reference_id":"checkout_y","amount_total":1}}}`
	if d.chance(2) {
		made.body = d.mutated(made.body)
	}
	made.header["Stripe-Signature"] = signed(made.body, shop.secrets["STRIPE_WEBHOOK_SECRET"], time.Now())
	if d.chance(4) {
		made.header["Stripe-Signature"] = d.mutatedLine(made.header["Stripe-Signature"])
	}
}

// mutated has some bytes changed, taken out or put in, or the end cut off.
func (d *dice) mutated(text string) string {
	bytes := []byte(text)
	for range 1 + d.IntN(4) {
		if len(bytes) == 0 {
			return ""
		}
		at := d.IntN(len(bytes))
		switch d.IntN(4) {
		case 0:
			bytes[at] = byte(0x20 + d.IntN(0xe0))
		case 1:
			bytes = append(bytes[:at], bytes[at+1:]...)
		case 2:
			bytes = slices.Insert(bytes, at, byte(0x20+d.IntN(0xe0)))
		default:
			bytes = bytes[:at]
		}
	}
	return string(bytes)
}

// mutatedLine is mutated and can still be a header.
func (d *dice) mutatedLine(text string) string {
	bytes := []byte(d.mutated(text))
	return string(slices.DeleteFunc(bytes, func(c byte) bool { return c < ' ' || c == 0x7f }))
}

// text is up to so many characters of anything.
func (d *dice) text(most int) string {
	var made strings.Builder
	for range d.IntN(most + 1) {
		made.WriteRune(oneOf(d, []rune{'a', 'Z', '0', '9', '-', '_', ' ', '%', '\'', '"', '<', '\\', '/', '.', ';', 0, '\n', '\r', 'ä', '٣', '🛒', 0x202e, 0xfffd, 0x10ffff}))
	}
	return made.String()
}
