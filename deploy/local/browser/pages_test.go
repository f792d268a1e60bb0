package browser

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/gateway/site"
)

// sight is a page as anybody may open it. Titles are what the old shop's tests look for (contract storefront.md 9).
type sight struct {
	// address is the page's, query what it is opened with to have something to show.
	address, query, title string
	// member pages are opened by somebody who has logged in, goods ones with goods in the cart.
	member, goods bool
	status        int // 0 is 200
}

func sights() []sight {
	return []sight{
		{address: "/", title: "Home Page"},
		{address: "/products", title: "Products"},
		{address: "/product", query: "?name=PaperClips&id=bSusp6dBHm", title: ""}, // that of the goods
		{address: "/cart", title: "Shopping Cart", goods: true},
		{address: "/checkout/confirm", title: "Confirm Order", goods: true},
		{address: "/checkout/success", title: "Processing Order"},
		{address: "/pythonabot", title: "PythonABot"},
		{address: "/ad", title: "Ad Example"},
		{address: "/login", title: "Log In"},
		{address: "/create-account", title: "Create Account"},
		{address: "/forgot-username", title: "Forgot Username"},
		{address: "/reset-password", title: "Reset Password"},
		{address: "/set-new-password", title: "Set Password"},
		{address: "/account", title: "My Account", member: true},
		{address: "/account/edit-my-information", title: "Edit My Information", member: true},
		{address: "/account/edit-communication-preferences", title: "Edit My Communication Preferences", member: true},
		{address: "/account/change-password", title: "Change My Password", member: true},
		{address: "/account/order", title: "My Order", member: true},
		{address: "/account/email-unsubscribe", title: "Email Unsubscribe"},
		{address: "/about", title: "About"},
		{address: "/contact", title: "Contact"},
		{address: "/terms-of-use", title: "Terms of Use"},
		{address: "/privacy-policy", title: "Privacy Policy"},
		{address: "/terms-of-sale", title: "Terms of Sale"},
		{address: "/not-found", title: "Error", status: http.StatusNotFound},
	}
}

// What a page may cost at a first visit, on a phone on the way.
const (
	mostBytes  = 60 << 10 // bodies, compressed, without pictures
	mostShift  = 0.05
	latestDraw = time.Second
)

// TestEveryPageIsListed: a page that is added to the site is added here.
func TestEveryPageIsListed(t *testing.T) {
	published, err := site.Publish(site.Default(), site.Settings{APIOrigin: shop.api, SiteOrigin: shop.site})
	require.NoError(t, err)
	var pages, listed []string
	for _, object := range published.Objects() {
		if strings.HasPrefix(object.ContentType, "text/html") {
			pages = append(pages, "/"+strings.TrimSuffix(object.Key, "index.html"))
		}
	}
	for _, each := range sights() {
		listed = append(listed, each.address)
	}
	require.ElementsMatch(t, listed, pages)
}

// TestPages opens every address at both widths, in light and dark; on the phone as a first visit over a slow network.
func TestPages(t *testing.T) {
	var measured []string
	for _, held := range devices() {
		anybody, member := newCustomer(t, held), newCustomer(t, held)
		anybody.add("1", "2")
		member.register()
		member.add("1", "2")
		_, order := member.buy()
		for _, each := range sights() {
			if each.address == "/account/order" {
				each.query = "?identifier=" + order
			}
			visitor := *anybody
			if each.member {
				visitor = *member
			}
			t.Run(held.name+strings.ReplaceAll(each.address, "/", "_"), func(t *testing.T) {
				visitor.t = t
				measured = append(measured, visitor.inspect(each))
			})
		}
	}
	slices.Sort(measured)
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprint(table, "\tfirst paint\tshift\tKB\tof pictures\tof headers\t\n"+strings.Join(measured, ""))
	_ = table.Flush()
}

// inspect opens a page and holds it against everything that every page must be. It gives a row of measured values.
func (c *customer) inspect(each sight) string {
	c.t.Helper()
	c.light()
	seen := c.firstVisit(each.address + each.query)
	c.inspectOutline(each)
	if c.device.touch {
		assert.Less(c.t, seen.bodies, int64(mostBytes), "bytes without pictures")
		assert.Less(c.t, seen.paint, latestDraw, "first paint")
	}
	assert.LessOrEqual(c.t, seen.shift, mostShift, "the page jumps: %s", strings.Join(seen.shifts, "\n"))
	c.axe()
	c.dark()
	c.axe()
	c.checkWidth()
	c.reckon(each.status)
	return fmt.Sprintf("%s %s\t%d ms\t%.3f\t%.1f\t%.1f\t%.1f\t\n", c.device.name, each.address, seen.paint.Milliseconds(), seen.shift, kilobytes(seen.bodies), kilobytes(seen.pictures), kilobytes(seen.headers))
}

// firstVisit opens a page as if nothing of it were known yet, by phone over a slow network.
func (c *customer) firstVisit(address string) metrics {
	c.t.Helper()
	if c.device.touch {
		c.throttle()
		defer c.fullSpeed()
	}
	c.forgetCache()
	c.open(address)
	c.settled()
	return c.measure()
}

// inspectOutline looks at what readers of the page hear first.
func (c *customer) inspectOutline(each sight) {
	c.t.Helper()
	assert.Equal(c.t, each.address, evaluate[string](c, "location.pathname"), "it stays where it is")
	if each.title != "" {
		assert.Equal(c.t, each.title, c.title())
	}
	for _, landmark := range []string{"header", "nav", "main", "footer"} {
		assert.NotZero(c.t, evaluate[int](c, fmt.Sprintf("document.querySelectorAll(%q).length", landmark)), landmark)
	}
	assert.Equal(c.t, 1, c.count("h1"), "one heading of the first rank is seen")
	assert.Equal(c.t, 1, evaluate[int](c, `document.querySelectorAll("h1").length`))
}

// reckon fails the test for what went wrong on this page alone; the next page of the same customer starts clean.
func (c *customer) reckon(status int) {
	c.t.Helper()
	found := c.unexpected()
	c.forgive()
	if status != 0 {
		found = slices.DeleteFunc(found, func(problem string) bool { return strings.HasSuffix(problem, fmt.Sprint("status ", status)) })
	}
	assert.Empty(c.t, found)
	if c.t.Failed() {
		c.testify(0)
	}
}

// forgive forgets what went wrong so far.
func (w *watch) forgive() {
	w.watching.Lock()
	defer w.watching.Unlock()
	w.problems = nil
}

func kilobytes(bytes int64) float64 { return float64(bytes) / 1024 }
