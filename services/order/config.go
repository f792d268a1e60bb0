package order

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/bartgottschalk/startupwebapp/services/order/cart"
	"github.com/bartgottschalk/startupwebapp/services/order/catalogue"
	"github.com/bartgottschalk/startupwebapp/services/order/demo"
	"github.com/bartgottschalk/startupwebapp/services/order/migrations"
	"github.com/bartgottschalk/startupwebapp/services/order/purchase"
	"github.com/bartgottschalk/startupwebapp/services/order/stock"
	"github.com/bartgottschalk/startupwebapp/services/platform/config"
	"github.com/bartgottschalk/startupwebapp/services/platform/migration"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/platform/rpc"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// Config is all that the process reads from its environment.
type Config struct {
	rpc.ServerConfig
	postgres.Config
	migration.AdminConfig
	PaymentAddr   string        `env:"PAYMENT_ADDR,required" help:"the payment service" expects:"a gRPC target like dns:///payment.internal:9090"`
	UserAddr      string        `env:"USER_ADDR,required" help:"the user service" expects:"a gRPC target like dns:///user.internal:9090"`
	SiteOrigin    config.Origin `env:"SITE_ORIGIN" envDefault:"http://localhost:8080" help:"origin of the pages: where Stripe sends customers back to, base of relative pictures"`
	SweepInterval time.Duration `env:"SWEEP_INTERVAL" envDefault:"1m" help:"how often unsettled checkouts and unhandled payment events are looked at" expects:"a duration above 0, like 1m"`
	GuestCart     int           `env:"GUEST_CART_DAYS" envDefault:"90" help:"after how many days without a change a guest's cart is deleted; 0 keeps it" expects:"a number of days from 0 to 36500"`
	MemberCart    int           `env:"MEMBER_CART_DAYS" envDefault:"365" help:"the same of an account's cart" expects:"a number of days from 0 to 36500"`
}

// mostCartDays is a hundred years.
const mostCartDays = 36500

var (
	errSiteOrigin    = errors.New("SITE_ORIGIN is not valid: expected an origin like https://shop.example")
	errSweepInterval = errors.New("SWEEP_INTERVAL is not valid: expected a duration above 0, like 1m")
	errGuestCart     = errors.New("GUEST_CART_DAYS is not valid: expected a number of days from 0 to 36500")
	errMemberCart    = errors.New("MEMBER_CART_DAYS is not valid: expected a number of days from 0 to 36500")
)

// check refuses what has the right type and still makes no sense.
func (c Config) check() error {
	var origin config.Origin // a Config made by hand has not been through it
	if origin.UnmarshalText([]byte(c.SiteOrigin)) != nil {
		return errSiteOrigin
	}
	if c.SweepInterval <= 0 {
		return errSweepInterval
	}
	if c.GuestCart < 0 || c.GuestCart > mostCartDays {
		return errGuestCart
	}
	if c.MemberCart < 0 || c.MemberCart > mostCartDays {
		return errMemberCart
	}
	return nil
}

func (c Config) cartPolicy() cart.Policy {
	const day = 24 * time.Hour
	return cart.Policy{Guests: time.Duration(c.GuestCart) * day, Members: time.Duration(c.MemberCart) * day}
}

// Program is the order executable.
func Program() process.Program[Config] {
	return process.Program[Config]{
		Name:        "order",
		Serve:       Serve,
		Migrate:     Migrate,
		Healthcheck: rpc.Healthcheck(),
		Tasks: map[string]process.Task[Config]{
			"load-demo":                {Help: "put the demo goods into a shop that has no product", Run: loadDemo},
			"load-demo-discount-codes": {Help: "put the discount codes of the old shop's recordings into a shop that has no others", Explains: true, Run: loadDemoDiscountCodes},
			"set-price":                catalogueTask("SKU AMOUNT [-from 2026-12-01]: change a price, now or from then on", catalogue.Counter.SetPrice),
			"shipping-methods":         catalogueTask("list the shipping methods", catalogue.Counter.ListShipping),
			"enable-shipping-method":   catalogueTask("IDENTIFIER: offer a shipping method", catalogue.Counter.EnableShipping),
			"disable-shipping-method":  catalogueTask("IDENTIFIER [-force]: offer a shipping method no longer", catalogue.Counter.DisableShipping),
			"set-stock":                stockTask("SKU COUNT|uncounted: say how many pieces there are", stock.Counter.Set),
			"stock":                    stockTask("list the SKUs with their counts and what is promised to customers", stock.Counter.List),
			"create-discount-code":     {Help: "CODE -type percent-off|dollar-amt-off|free-usps-ground-shipping [-amount 10.00] [-minimum 20.00] [-starts 2026-12-01] [-ends 2027-01-01] [-limit N] [-limit-per-customer N] [-description TEXT]: make a discount code, good for a year unless -ends says otherwise; {} in TEXT is the amount", Explains: true, Run: createDiscountCode},
			"end-discount-code":        {Help: "CODE: let a discount code be over from now on", Explains: true, Run: endDiscountCode},
			"discount-codes":           {Help: "list the discount codes and their uses", Run: listDiscountCodes},
			"audit":                    {Help: "print what is wrong with checkouts, orders, payments, refunds, stock and mails; -patience 15m leaves alone what is younger", Run: audit},
			"reconcile":                {Help: "[-from DAY] [-until DAY] [-days 2] [-grace 15m]: compare the books with Stripe and print what has to be resolved", Run: reconcile},
			"exceptions":               {Help: "[--all]: list what somebody has to decide", Run: listExceptions},
			"resolve-exception":        {Help: "ID --note TEXT [--refund]: close an exception, after giving the proposed sum back", Explains: true, Run: resolveException},
			"show-order":               operatorTask("ORDER: print everything about an order", rooms.showOrder),
			"set-order-status":         operatorTask("ORDER STATUS: move an order along; the customer is mailed", rooms.setOrderStatus),
			"set-tracking":             operatorTask("ORDER NUMBER: note the carrier's number; who waits for the parcel is mailed", rooms.setTracking),
			"cancel-order":             operatorTask("ORDER [-refund] [-restock] [-note TEXT]: end an order that has not left", rooms.cancelOrder),
			"refund-order":             operatorTask("ORDER [-amount 12.00] [-restock all|SKU=QUANTITY,...] [-key K] [-note TEXT]: give money back", rooms.refundOrder),
			"failed-order-mails":       orderMailTask("list confirmations and notices of orders that were given up before the user service took them over", purchase.Counter.ListFailed),
			"resend-order-mail":        orderMailTask("ORDER: queue the mails of an order again that were given up", purchase.Counter.Resend),
			"operator-actions":         {Help: "[-days 7]: list who did what by command, newest first", Explains: true, Run: listActions},
			"export-account":           {Help: "ID: print everything that is kept of an account as one JSON document", Run: exportAccount},
			"anonymise-account":        {Help: "ID: take the person out of an account's orders and delete its cart; the books stay", Run: anonymiseAccount},
		},
	}
}

// Serve answers calls until ctx is done and those under way are finished.
func Serve(ctx context.Context, cfg Config, tel telemetry.Telemetry) error {
	service, err := New(ctx, cfg, tel)
	if err != nil {
		return err
	}
	return service.Run(ctx)
}

// Migrate brings the schema up to date.
func Migrate(ctx context.Context, cfg Config, _ telemetry.Telemetry) error {
	if err := migration.Up(ctx, cfg.AdminConfig.URL, cfg.Config.URL, migrations.Set()); err != nil {
		return fmt.Errorf("migrate order: %w", err)
	}
	return nil
}

func loadDemo(ctx context.Context, cfg Config, tel telemetry.Telemetry, _ []string) error {
	db, err := postgres.Open(ctx, cfg.Config, tel)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer db.Close()
	loaded, err := demo.Load(ctx, db)
	if err != nil {
		return err
	}
	tel.Logger.InfoContext(ctx, "looked after the demo goods", slog.Bool("loaded", loaded))
	return nil
}
