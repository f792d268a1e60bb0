package inprocess

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

// statementsOf are the statements that a request caused in all services together. The edge's own span ends last.
func statementsOf(t testing.TB, request trace.TraceID) recorded {
	t.Helper()
	require.Eventually(t, func() bool {
		ended := shop.spans.of(request)
		return len(ended) > 0 && ended[len(ended)-1].SpanKind == trace.SpanKindServer && serviceOf(ended[len(ended)-1]) == "gateway"
	}, patience, 10*time.Millisecond)
	return shop.spans.of(request).statements()
}

func requireStatements(t testing.TB, c *customer, path string, least, most int) {
	t.Helper()
	page := c.send(http.MethodGet, path, nil)
	require.Equal(t, http.StatusOK, page.status, "%s", page.body)
	sent := statementsOf(t, page.trace)
	require.GreaterOrEqual(t, len(sent), least, "%s: %s", path, sent)
	require.LessOrEqual(t, len(sent), most, "%s: %s", path, sent)
}

func TestReadingTheCatalogueCostsNoStatement(t *testing.T) {
	c := newCustomer(t)
	products := c.get("/order/products").object("products_data")
	require.Len(t, products, 3)
	for identifier := range products {
		requireStatements(t, c, "/order/product/"+identifier, 0, 0)
	}
	requireStatements(t, c, "/order/products", 0, 0)
	requireStatements(t, c, "/order/product/nothing", 0, 0)
}

func TestStatementsOfAGuest(t *testing.T) {
	c := newCustomer(t)
	requireStatements(t, c, "/user/token", 0, 0)
	requireStatements(t, c, "/user/logged-in", 0, 0)
	requireStatements(t, c, "/order/cart-items", 0, 0)
	c.add("1", "1")
	c.add("7", "1")
	requireStatements(t, c, "/user/logged-in", 1, 1) // 1 and not 0: the count does count
	requireStatements(t, c, "/order/cart-items", 1, 2)
	requireStatements(t, c, "/order/cart-totals", 1, 2)
	require.Len(t, c.get("/order/cart-items").object("item_data").object("product_sku_data"), 2)
}

func TestStatementsOfAMember(t *testing.T) {
	c := newCustomer(t)
	c.add("1", "1")
	c.register()
	requireStatements(t, c, "/user/token", 0, 0)
	requireStatements(t, c, "/user/logged-in", 2, 3)
	requireStatements(t, c, "/order/cart-items", 1, 2)
	require.Equal(t, true, c.get("/user/logged-in")["logged_in"])
}

// TestEventsAreWrittenBehindTheRequest in batches: no page waits for a statement, and many events are few of them.
func TestEventsAreWrittenBehindTheRequest(t *testing.T) {
	const pages = 40
	c := newCustomer(t)
	address := "http://localhost:8080/" + identifier.New(12)
	for range pages {
		requireStatements(t, c, "/clientevent/pageview?"+url.Values{
			"client_event_id": {"null"}, "url": {address}, "pageWidth": {"1280"},
		}.Encode(), 0, 0)
	}
	ofThese := "clientevents.pageview WHERE url = '" + address + "'"
	require.Eventually(t, func() bool { return shop.count(t, "*", ofThese) == pages }, patience, 20*time.Millisecond)
	require.Less(t, shop.count(t, "DISTINCT xmin::text", ofThese), pages/2, "transactions for %d events", pages)
}
