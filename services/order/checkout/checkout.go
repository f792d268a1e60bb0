package checkout

import (
	"context"
	"strings"
	"time"

	"go.opentelemetry.io/otel/metric"
	"golang.org/x/sync/singleflight"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/cart"
	"github.com/bartgottschalk/startupwebapp/services/order/catalogue"
	"github.com/bartgottschalk/startupwebapp/services/order/exception"
	"github.com/bartgottschalk/startupwebapp/services/order/purchase"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// The states of a checkout; README.md has the table of what leads from one to the other.
const (
	stateOpen       = "open"
	stateSuperseded = "superseded"
	stateCompleted  = "completed"
	stateException  = "exception"
)

// currency is the shop's only one (contract order.md 8).
const currency = "usd"

// The outcomes that callers are told of (proto order.v1.CheckoutService).
var (
	errNotAllowed    = fault.New(fault.PermissionDenied, "checkout-not-allowed", "")
	errCartIsEmpty   = fault.New(fault.FailedPrecondition, "cart-is-empty", "")
	errTermsRequired = fault.New(fault.Invalid, "agree-to-terms-of-sale-required", "")
	errTermsUnmet    = fault.New(fault.Invalid, "agree-to-terms-of-sale-must-be-checked", "")
	errNotAvailable  = fault.New(fault.FailedPrecondition, "sku-not-available", "")
	errNothingShips  = fault.New(fault.FailedPrecondition, "shipping-method-not-available", "")
	errEmailInvalid  = fault.New(fault.Invalid, "email-invalid", "")
	errBusy          = fault.New(fault.Unavailable, "stripe-unavailable", "")
	errNoSession     = fault.New(fault.NotFound, "session-not-found", "")
	errNotOurs       = fault.New(fault.NotFound, "checkout-not-found", "")
	errNotPaid       = fault.New(fault.FailedPrecondition, "payment-not-completed", "")
	errException     = fault.New(fault.Conflict, "payment-exception", "")
)

// Config is how the room is set.
type Config struct {
	// SiteOrigin is where the pages are: Stripe sends customers back there, relative pictures are below it.
	SiteOrigin string
	// SweepInterval is how often the sweep runs; a new checkout is first asked about after twice that time. Above 0.
	SweepInterval time.Duration
}

// Dependencies is whom a checkout works with. All are required.
type Dependencies struct {
	Database  *postgres.Database
	Catalogue *catalogue.Catalogue
	Carts     *cart.Carts
	Purchases *purchase.Purchases
	Payment   paymentv1.PaymentServiceClient
	// Exceptions takes payments that cannot become orders.
	Exceptions *exception.Exceptions
	// Aftermath hears of events about money that was paid.
	Aftermath Aftermath
	Telemetry telemetry.Telemetry
	Now       func() time.Time
}

// Aftermath learns what became of a payment at Stripe; package refund does. Both are safe to repeat and to race, and answer
// fault Unavailable when nothing could be learnt now. A payment or a dispute that is not ours is no error.
type Aftermath interface {
	LearnRefunds(ctx context.Context, paymentIntentID string) error
	LearnDispute(ctx context.Context, disputeID string) error
}

// Checkouts answers the calls of CheckoutService and sweeps up what nobody told it. Safe for concurrent use, and for
// any number of processes on the same database.
type Checkouts struct {
	orderv1.UnimplementedCheckoutServiceServer
	cfg        Config
	db         *postgres.Database
	catalogue  *catalogue.Catalogue
	carts      *cart.Carts
	purchases  *purchase.Purchases
	payment    paymentv1.PaymentServiceClient
	tel        telemetry.Telemetry
	now        func() time.Time
	exceptions *exception.Exceptions
	aftermath  Aftermath
	completing singleflight.Group
	completed  metric.Int64Counter
}

// New makes the room. Run sweeps; nothing else needs ending.
func New(cfg Config, needs Dependencies) *Checkouts {
	cfg.SiteOrigin = strings.TrimRight(cfg.SiteOrigin, "/")
	return &Checkouts{
		cfg:        cfg,
		db:         needs.Database,
		catalogue:  needs.Catalogue,
		carts:      needs.Carts,
		purchases:  needs.Purchases,
		payment:    needs.Payment,
		exceptions: needs.Exceptions,
		aftermath:  needs.Aftermath,
		tel:        needs.Telemetry,
		now:        func() time.Time { return needs.Now().UTC() },
		completed:  needs.Telemetry.Counter("order.checkouts.completed", "{checkout}", "Checkouts that became an order"),
	}
}

// CheckoutAllowed tells whether this shopper may check out at all.
func (c *Checkouts) CheckoutAllowed(_ context.Context, request *orderv1.CheckoutAllowedRequest) (*orderv1.CheckoutAllowedResponse, error) {
	return &orderv1.CheckoutAllowedResponse{Allowed: c.catalogue.Snapshot().Allows(request.GetShopper())}, nil
}
