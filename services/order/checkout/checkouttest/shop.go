// Package checkouttest runs checkouts for tests: the demo shop of package ordertest with a payment service and a mail
// service in memory, a clock to turn, and faults wherever a process may die. Nothing outside tests imports it.
package checkouttest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/books"
	"github.com/bartgottschalk/startupwebapp/services/order/cart"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout"
	"github.com/bartgottschalk/startupwebapp/services/order/exception"
	"github.com/bartgottschalk/startupwebapp/services/order/fulfilment"
	"github.com/bartgottschalk/startupwebapp/services/order/migrations"
	"github.com/bartgottschalk/startupwebapp/services/order/ordertest"
	"github.com/bartgottschalk/startupwebapp/services/order/purchase"
	"github.com/bartgottschalk/startupwebapp/services/order/refund"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
	"github.com/bartgottschalk/startupwebapp/services/platform/jobs"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// Origin is the shop's SITE_ORIGIN.
const Origin = "https://shop.test"

// SweepInterval is the shop's SWEEP_INTERVAL; the clock has to be turned for anything to be due.
const SweepInterval = time.Minute

// Goods of the demo shop that are in stock, with their prices, and the cost of the default way to send them.
const (
	PaperClips  = int64(1)
	BinderClips = int64(6)
	RubberBands = int64(7)

	PaperClipsMinor  = int64(350)
	BinderClipsMinor = int64(399)
	RubberBandsMinor = int64(1499)
	GroundMinor      = int64(956)
)

// Clock is time that passes only when a test says so. Safe for concurrent use.
type Clock struct {
	mutex sync.Mutex
	now   time.Time
}

// Now is the time.
func (c *Clock) Now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.now
}

// Advance lets time pass.
func (c *Clock) Advance(by time.Duration) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.now = c.now.Add(by)
}

// Shop is the demo shop with checkouts. Client is how its first process reaches Payment.
type Shop struct {
	*ordertest.Shop
	*Process
	Clock   *Clock
	Payment *Payment
	Mail    *Mail
	tel     telemetry.Telemetry
}

// Process is one process of the order service on the shop's database.
type Process struct {
	Checkouts   *checkout.Checkouts
	Purchases   *purchase.Purchases
	Refunds     *refund.Refunds
	Fulfilments *fulfilment.Fulfilments
	Exceptions  *exception.Exceptions
	Client      *Client
}

// Open opens the shop; it closes when the test ends.
func Open(t testing.TB) *Shop { return OpenWith(t, telemetry.Silent()) }

// OpenWith is Open with telemetry.
func OpenWith(t testing.TB, tel telemetry.Telemetry) *Shop {
	t.Helper()
	clock := &Clock{now: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}
	shop := &Shop{Shop: ordertest.Open(t), Clock: clock, Payment: NewPayment(clock.Now), Mail: &Mail{}, tel: tel}
	shop.Carts = cart.New(shop.DB, shop.Catalogue, clock.Now)
	shop.Process = shop.Another(t, nil)
	return shop
}

// Another starts one more process on the same database. queue takes its jobs; nil is the real queue.
func (s *Shop) Another(t testing.TB, queue purchase.Queue) *Process {
	t.Helper()
	if queue == nil {
		queue = s.queue(t, jobs.Config{})
	}
	process := &Process{Client: &Client{Payment: s.Payment}, Purchases: purchase.New(s.DB, queue, s.Clock.Now)}
	process.Refunds = refund.New(refund.Dependencies{
		Database: s.DB, Payment: process.Client, Purchases: process.Purchases, Telemetry: s.tel, Now: s.Clock.Now, SweepInterval: SweepInterval,
	})
	process.Fulfilments = fulfilment.New(fulfilment.Dependencies{
		Database: s.DB, Purchases: process.Purchases, Refunds: process.Refunds, Telemetry: s.tel, Now: s.Clock.Now,
	})
	process.Exceptions = exception.New(s.DB, process.Refunds, s.tel, s.Clock.Now)
	process.Checkouts = checkout.New(checkout.Config{SiteOrigin: Origin, SweepInterval: SweepInterval}, checkout.Dependencies{
		Database: s.DB, Catalogue: s.Catalogue, Carts: s.Carts, Purchases: process.Purchases,
		Exceptions: process.Exceptions, Aftermath: process.Refunds,
		Payment: process.Client, Telemetry: s.tel, Now: s.Clock.Now,
	})
	return process
}

func (s *Shop) queue(t testing.TB, cfg jobs.Config) *jobs.Jobs {
	t.Helper()
	queue, err := jobs.New(s.DB, migrations.Schema, s.tel, cfg)
	require.NoError(t, err)
	return queue
}

// WorkJobs works the queue until the test ends.
func (s *Shop) WorkJobs(t testing.TB) {
	t.Helper()
	workers := river.NewWorkers()
	purchase.AddConfirmer(workers, s.DB, s.Catalogue, s.Mail, s.Clock.Now)
	purchase.AddNotifier(workers, s.DB, s.Mail, s.Clock.Now)
	queue := s.queue(t, jobs.Config{Workers: workers, OnDiscarded: purchase.MailGivenUp(s.tel)})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- queue.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})
}

// Guest is a shopper with a cart cookie and nothing else.
func Guest() *orderv1.Shopper { return &orderv1.Shopper{AnonymousCartId: identifier.New(20)} }

// Member is a signed-in shopper.
func Member(accountID int64) *orderv1.Shopper {
	return &orderv1.Shopper{AccountId: accountID, Username: "member", Email: "member@example.com"}
}

// Fill puts goods into the shopper's cart.
func (s *Shop) Fill(t testing.TB, shopper *orderv1.Shopper, skuID int64, quantity int32) {
	t.Helper()
	_, err := s.Carts.AddToCart(t.Context(), &orderv1.AddToCartRequest{Shopper: shopper, SkuId: skuID, Quantity: quantity})
	require.NoError(t, err)
}

// Cart is what is in the shopper's cart: quantities by SKU.
func (s *Shop) Cart(t testing.TB, shopper *orderv1.Shopper) map[int64]int32 {
	t.Helper()
	answer, err := s.Carts.GetCart(t.Context(), &orderv1.GetCartRequest{Shopper: shopper})
	require.NoError(t, err)
	contents := map[int64]int32{}
	for _, line := range answer.GetCart().GetLines() {
		contents[line.GetSkuId()] = line.GetQuantity()
	}
	return contents
}

// Request is a start of a checkout with everything agreed.
func Request(shopper *orderv1.Shopper) *orderv1.StartCheckoutRequest {
	agreed := true
	return &orderv1.StartCheckoutRequest{Shopper: shopper, TermsOfSaleAgreed: &agreed}
}

// Start starts a checkout that must succeed and answers its session.
func (s *Shop) Start(t testing.TB, shopper *orderv1.Shopper) string {
	t.Helper()
	answer, err := s.Checkouts.StartCheckout(t.Context(), Request(shopper))
	require.NoError(t, err)
	require.Equal(t, "https://stripe.test/pay/"+answer.GetSessionId(), answer.GetUrl())
	return answer.GetSessionId()
}

// Complete completes a checkout that must succeed and answers its order.
func (s *Shop) Complete(t testing.TB, sessionID string) string {
	t.Helper()
	answer, err := s.Checkouts.CompleteCheckout(t.Context(), &orderv1.CompleteCheckoutRequest{SessionId: sessionID})
	require.NoError(t, err)
	return answer.GetOrderIdentifier()
}

// Order reads an order as whoever may see it.
func (s *Shop) Order(t testing.TB, identifier string, accountID int64) *orderv1.Order {
	t.Helper()
	answer, err := s.Purchases.GetOrder(t.Context(), &orderv1.GetOrderRequest{Identifier: identifier, AccountId: accountID})
	require.NoError(t, err)
	return answer.GetOrder()
}

// Checkout is the state and the reference of the checkout whose session this is.
func (s *Shop) Checkout(t testing.TB, sessionID string) (state, reference string) {
	t.Helper()
	err := s.DB.QueryRow(t.Context(), "SELECT state, reference FROM checkout WHERE session_id = $1", sessionID).Scan(&state, &reference)
	require.NoError(t, err)
	return state, reference
}

// Violations audits the books. Confirmation mails may be under way.
func (s *Shop) Violations(t testing.TB) []books.Violation {
	t.Helper()
	report, err := books.Audit(t.Context(), s.DB, s.Clock.Now(), time.Hour)
	require.NoError(t, err)
	return report.Violations
}
