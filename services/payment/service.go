// Package payment is the shop's side of Stripe: it opens, reads and ends Checkout sessions, gives money back and takes
// Stripe's webhooks. This file wires the rooms; the rules live in session, refund, dispute, inbox and stripeapi.
package payment

import (
	"context"
	"errors"
	"fmt"
	"time"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/payment/dispute"
	"github.com/bartgottschalk/startupwebapp/services/payment/inbox"
	"github.com/bartgottschalk/startupwebapp/services/payment/migrations"
	"github.com/bartgottschalk/startupwebapp/services/payment/refund"
	"github.com/bartgottschalk/startupwebapp/services/payment/session"
	"github.com/bartgottschalk/startupwebapp/services/payment/stripeapi"
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
	Stripe  stripeapi.Config
	Webhook inbox.Config
}

// Program is the payment executable.
func Program() process.Program[Config] {
	return process.Program[Config]{Name: "payment", Serve: Serve, Migrate: Migrate, Healthcheck: rpc.Healthcheck()}
}

// Migrate brings the schema up to date.
func Migrate(ctx context.Context, cfg Config, _ telemetry.Telemetry) error {
	if err := migration.Up(ctx, cfg.AdminConfig.URL, cfg.Config.URL, migrations.Set()); err != nil {
		return fmt.Errorf("migrate payment: %w", err)
	}
	return nil
}

// Serve answers calls until ctx is done and those under way are finished.
func Serve(ctx context.Context, cfg Config, tel telemetry.Telemetry) error {
	service, err := New(ctx, cfg, tel)
	if err != nil {
		return err
	}
	return service.Run(ctx)
}

// Service is the running payment service. Call Run exactly once: it releases what New took.
type Service struct {
	server *rpc.Server
	db     *postgres.Database
	parts  []func(context.Context) error // what runs beside each other until the service ends
}

// New connects and listens; calls are answered once Run is called. It fails on a schema older than this program.
func New(ctx context.Context, cfg Config, tel telemetry.Telemetry) (*Service, error) {
	stripe, err := stripeapi.New(cfg.Stripe, tel)
	if err != nil {
		return nil, fmt.Errorf("set up stripe: %w", err)
	}
	db, err := postgres.Open(ctx, cfg.Config, tel)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	service, err := wire(ctx, cfg, tel, db, stripe)
	if err != nil {
		db.Close()
		return nil, err
	}
	return service, nil
}

func wire(ctx context.Context, cfg Config, tel telemetry.Telemetry, db *postgres.Database, stripe *stripeapi.Client) (*Service, error) {
	sessions := session.New(db, stripe, tel, utcNow)
	events, err := inbox.New(cfg.Webhook, db, sessions, stripe, tel, utcNow)
	if err != nil {
		return nil, fmt.Errorf("set up inbox: %w", err)
	}
	server, err := listen(ctx, cfg, tel, db)
	if err != nil {
		return nil, err
	}
	server.RegisterService(&paymentv1.PaymentService_ServiceDesc, rooms{
		Sessions: sessions,
		Inbox:    events,
		Refunds:  refund.New(db, stripe, sessions, tel, utcNow),
		Disputes: dispute.New(stripe, sessions),
	})
	return &Service{server: server, db: db, parts: []func(context.Context) error{server.Serve, events.Run}}, nil
}

// rooms is the gRPC service: each method is one of the rooms' own.
type rooms struct {
	paymentv1.UnsafePaymentServiceServer // a method that no room has does not compile
	*session.Sessions
	*inbox.Inbox
	*refund.Refunds
	*dispute.Disputes
}

func listen(ctx context.Context, cfg Config, tel telemetry.Telemetry, db *postgres.Database) (*rpc.Server, error) {
	if err := migration.Check(ctx, db, migrations.Set()); err != nil {
		return nil, fmt.Errorf("check schema: %w", err)
	}
	server, err := rpc.NewServer(cfg.ServerConfig, tel, db.Ping) //nolint:contextcheck // asked as long as the server lives
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return server, nil
}

// Addr is where the service listens, host:port.
func (s *Service) Addr() string { return s.server.Addr() }

// Run answers until DRAIN_DELAY after ctx is done, or until a part of the service fails, lets every part finish what is under
// way, and closes the database.
func (s *Service) Run(ctx context.Context) error {
	defer s.db.Close()
	ctx, stop := s.server.Linger(ctx)
	defer stop()
	ended := make(chan error, len(s.parts))
	for _, part := range s.parts {
		go func() {
			defer stop() // one part is of no use without the others
			ended <- part(ctx)
		}()
	}
	var failures error
	for range s.parts {
		failures = errors.Join(failures, <-ended)
	}
	if failures != nil {
		return fmt.Errorf("serve payment: %w", failures)
	}
	return nil
}

func utcNow() time.Time { return time.Now().UTC() }
