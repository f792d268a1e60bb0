// Package payment is the shop's side of Stripe: it opens, reads and ends Checkout sessions and takes Stripe's webhooks.
// This file wires the rooms; the rules live in session, inbox and stripeapi.
package payment

import (
	"context"
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
	return process.Program[Config]{Name: "payment", Serve: Serve, Migrate: Migrate}
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
	server, err := listen(ctx, cfg, tel, db)
	if err != nil {
		db.Close()
		return nil, err
	}
	sessions := session.New(db, stripe, tel, utcNow)
	server.RegisterService(&paymentv1.PaymentService_ServiceDesc, rooms{
		Sessions: sessions,
		Inbox:    inbox.New(cfg.Webhook, db, sessions, utcNow),
		Refunds:  &refund.Refunds{},
		Disputes: &dispute.Disputes{},
	})
	return &Service{server: server, db: db}, nil
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

// Run serves until ctx is done, lets calls under way finish, and closes the database.
func (s *Service) Run(ctx context.Context) error {
	defer s.db.Close()
	if err := s.server.Serve(ctx); err != nil {
		return fmt.Errorf("serve payment: %w", err)
	}
	return nil
}

func utcNow() time.Time { return time.Now().UTC() }
