package standalone

import (
	"context"
	"errors"

	"github.com/bartgottschalk/startupwebapp/deploy/local/stripesandbox"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// StripeSandboxConfig is what the environment says about a Stripe sandbox. Browsers and the shop may reach it under different
// names: PublicURL is what browsers are sent to, STRIPE_API_URL of the payment service what the shop asks.
type StripeSandboxConfig struct {
	Addr          string `env:"SANDBOX_ADDR" envDefault:"127.0.0.1:8090" help:"where API, payment page and switches listen" expects:"host:port"`
	PublicURL     string `env:"SANDBOX_PUBLIC_URL" envDefault:"http://localhost:8090" help:"where browsers find the payment page" expects:"a URL like http://localhost:8090"`
	WebhookURL    string `env:"WEBHOOK_URL" help:"where events are sent; empty: nowhere" expects:"a URL like http://gateway:8000/order/stripe-webhook"`
	SecretKey     string `env:"STRIPE_SECRET_KEY,required" help:"what callers of the API must show" expects:"a key like sk_test_..."`
	WebhookSecret string `env:"STRIPE_WEBHOOK_SECRET,required" help:"signs the webhooks" expects:"a secret like whsec_..."`
	StateDir      string `env:"STATE_DIR,required" help:"what outlives a restart" expects:"a folder"`
}

// StripeSandbox is the program cmd/stripesandbox.
func StripeSandbox() process.Program[StripeSandboxConfig] {
	return process.Program[StripeSandboxConfig]{
		Name: "stripesandbox", Serve: serveStripeSandbox,
		Healthcheck: &process.Healthcheck{Variable: "SANDBOX_ADDR", Ask: askHealth},
	}
}

func serveStripeSandbox(ctx context.Context, cfg StripeSandboxConfig, tel telemetry.Telemetry) error {
	sandbox, err := stripesandbox.New(stripesandbox.Options{
		StateDir: cfg.StateDir, PublicURL: cfg.PublicURL, SecretKey: cfg.SecretKey,
		WebhookSecret: cfg.WebhookSecret, WebhookURL: cfg.WebhookURL, Logger: tel.Logger,
	})
	if err != nil {
		return err
	}
	tel.Logger.InfoContext(ctx, "serving", "address", cfg.Addr)
	return errors.Join(Serve(ctx, cfg.Addr, sandbox.Handler(), sandbox.Run), sandbox.Close())
}
