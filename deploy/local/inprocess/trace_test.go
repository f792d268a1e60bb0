package inprocess

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// completion is the span under which a checkout becomes an order.
const completion = "complete checkout"

// stations are what a purchase passes from the pay button to the mail, once each, by service.
var stations = []struct{ service, span string }{
	{"gateway", "POST /order/create-checkout-session"},
	{"order", "order.v1.CheckoutService/StartCheckout"},
	{"payment", "payment.v1.PaymentService/OpenSession"},
	{"order", completion},
	{"order", "job order_confirmation"},
	{"user", "user.v1.MailService/SendOrderConfirmation"},
	{"user", "job mail.send"},
}

func TestOnePurchaseIsOneTraceCompletedByTheSuccessPage(t *testing.T) {
	webhooks(t, "drop")
	shop.spans.forget()
	c := newCustomer(t)
	c.add("1", "2")
	session, page, purchase := c.checkOut()
	c.pay(page)
	_, arrival := c.arrive(session)
	requireOneTrace(t, c, purchase)
	requireLinked(t, purchase, arrival)
	require.Equal(t, []string{"gateway", "order", "payment"}, shop.spans.of(arrival).services(), "the success page itself")
}

func TestOnePurchaseIsOneTraceCompletedByTheWebhookAlone(t *testing.T) {
	shop.spans.forget()
	c := newCustomer(t)
	c.add("1", "1")
	_, page, purchase := c.checkOut()
	c.pay(page)
	requireOneTrace(t, c, purchase)
	var webhook trace.TraceID
	require.Eventually(t, func() bool {
		received := shop.spans.all().named("gateway", "POST /order/stripe-webhook")
		if len(received) > 0 {
			webhook = received[0].SpanContext.TraceID()
		}
		return len(received) > 0
	}, patience, 20*time.Millisecond)
	requireLinked(t, purchase, webhook)
}

// TestOnePurchaseIsOneTraceCompletedBySweepAlone buys through an order service of its own: the shop's sweeps never come.
func TestOnePurchaseIsOneTraceCompletedBySweepAlone(t *testing.T) {
	webhooks(t, "drop")
	edge := startSweepingShop(t)
	shop.spans.forget()
	c := newCustomer(t)
	c.api = edge
	c.add("6", "1")
	_, page, purchase := c.checkOut()
	c.pay(page)
	requireOneTrace(t, c, purchase)
	require.Empty(t, shop.spans.all().named("gateway", "POST /order/stripe-webhook"))
	require.Empty(t, shop.spans.all().named("order", "order.v1.CheckoutService/CompleteCheckout"))
}

// TestOnePurchaseIsOneTraceOfAMember also has the user service tell whose cart is paid.
func TestOnePurchaseIsOneTraceOfAMember(t *testing.T) {
	webhooks(t, "drop")
	shop.spans.forget()
	c := newCustomer(t)
	c.register()
	// The job of the welcome mail ends a moment after the mail is there.
	require.Eventually(t, func() bool { return len(shop.spans.all().named("user", "job mail.send")) == 1 }, patience, 20*time.Millisecond, "welcome mail")
	c.add("1", "1")
	shop.spans.forget()
	session, page, purchase := c.checkOut()
	c.pay(page)
	c.arrive(session)
	requireOneTrace(t, c, purchase)
	require.Len(t, shop.spans.of(purchase).named("user", "user.v1.SessionService/ResolveSession"), 1)
}

// TestTwoPurchasesAreTwoTraces by one customer, with one cart after the other.
func TestTwoPurchasesAreTwoTraces(t *testing.T) {
	webhooks(t, "drop")
	shop.spans.forget()
	c := newCustomer(t)
	traces := map[trace.TraceID]bool{}
	for range 2 {
		c.add("1", "1")
		session, page, purchase := c.checkOut()
		c.pay(page)
		c.arrive(session)
		traces[purchase] = true
	}
	require.Len(t, traces, 2)
	for purchase := range traces {
		awaitStations(t, purchase)
	}
}

func startSweepingShop(t *testing.T) (api string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startPatience)
	defer cancel()
	before := len(shop.closers)
	t.Cleanup(func() {
		started := shop.closers[before:]
		shop.closers = shop.closers[:before]
		for i := len(started) - 1; i >= 0; i-- {
			require.NoError(t, started[i]())
		}
	})
	sweeping, err := shop.startOrder(ctx, "order-sweeping", "200ms")
	require.NoError(t, err)
	edge, err := shop.startEdge(ctx, "gateway-sweeping", sweeping)
	require.NoError(t, err)
	require.NoError(t, awaitHealth(ctx, "http://"+edge))
	return "http://" + edge
}

// awaitStations waits until the purchase has passed them all.
func awaitStations(t testing.TB, purchase trace.TraceID) {
	t.Helper()
	for _, station := range stations {
		require.Eventually(t, func() bool {
			return len(shop.spans.of(purchase).named(station.service, station.span)) > 0
		}, patience, 20*time.Millisecond, "%s of %s is not in the purchase's trace %s; there is %s", station.span, station.service, purchase, shop.spans.all())
	}
}

// requireOneTrace is the promise: whatever belongs to the purchase, from the pay button to the mail, is in the trace that
// the pay button began, in one tree.
func requireOneTrace(t testing.TB, c *customer, purchase trace.TraceID) {
	t.Helper()
	awaitStations(t, purchase)
	subjects := mailsTo(t, c.email)
	require.NotEmpty(t, subjects)
	require.Eventually(t, func() bool { return len(shop.spans.of(purchase).orphans()) == 0 }, patience, 20*time.Millisecond,
		"spans without their parent: %s", shop.spans.of(purchase).orphans())
	spans := shop.spans.of(purchase)
	require.Equal(t, []string{"gateway", "order", "payment", "user"}, spans.services())
	for _, station := range stations {
		everywhere := shop.spans.all().named(station.service, station.span)
		require.Len(t, everywhere, 1, "%s happens once, in one trace: %s", station.span, everywhere)
	}
	requireWithin(t, spans, completion, "order_confirmation")
}

// requireWithin: the job was queued by the completion and not by whoever called it.
func requireWithin(t testing.TB, spans recorded, ancestor, kind string) {
	t.Helper()
	parents := map[trace.SpanID]tracetest.SpanStub{}
	for _, span := range spans {
		parents[span.SpanContext.SpanID()] = span
	}
	at := spans.named("order", "job "+kind)[0]
	for at.Name != ancestor {
		parent, known := parents[at.Parent.SpanID()]
		require.True(t, known, "job %s does not come from %q", kind, ancestor)
		at = parent
	}
}

// requireLinked: the completion names the request that brought it about, whose trace is another one.
func requireLinked(t testing.TB, purchase, request trace.TraceID) {
	t.Helper()
	require.NotEqual(t, purchase, request)
	links := shop.spans.of(purchase).named("order", completion)[0].Links
	require.Len(t, links, 1)
	require.Equal(t, request, links[0].SpanContext.TraceID())
}

// TestRequestsOfOthersBeginTheirOwnTrace is the control: the recorder can tell traces apart.
func TestRequestsOfOthersBeginTheirOwnTrace(t *testing.T) {
	c := newCustomer(t)
	first, second := c.send(http.MethodGet, "/user/token", nil), c.send(http.MethodGet, "/user/token", nil)
	require.NotEqual(t, first.trace, second.trace)
	for _, one := range []answer{first, second} {
		require.Eventually(t, func() bool { return len(shop.spans.of(one.trace)) > 0 }, patience, 10*time.Millisecond)
		require.Len(t, shop.spans.of(one.trace).named("gateway", "GET /user/token"), 1)
	}
}
