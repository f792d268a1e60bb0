// Package order wires the order service: its rooms, their database and the server they answer through.
// Rules live in the rooms: catalogue, cart, checkout and purchase.
package order

import (
	"context"
	"errors"
	"log/slog"
	"time"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/cart"
	"github.com/bartgottschalk/startupwebapp/services/order/catalogue"
	"github.com/bartgottschalk/startupwebapp/services/order/demo"
	"github.com/bartgottschalk/startupwebapp/services/order/migrations"
	"github.com/bartgottschalk/startupwebapp/services/platform/migration"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/platform/rpc"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// Config is what the environment says.
type Config struct {
	Server   rpc.ServerConfig
	Database postgres.Config
	Admin    migration.AdminConfig

	PaymentAddr   string        `env:"PAYMENT_ADDR,required" help:"the payment service" expects:"a gRPC target like dns:///payment.internal:9090"`
	UserAddr      string        `env:"USER_ADDR,required" help:"the user service" expects:"a gRPC target like dns:///user.internal:9090"`
	SiteOrigin    string        `env:"SITE_ORIGIN" envDefault:"http://localhost:8080" help:"origin of the pages, where Stripe sends customers back to" expects:"an origin like https://shop.example"`
	SweepInterval time.Duration `env:"SWEEP_INTERVAL" envDefault:"1m" help:"how often open checkouts are looked at"`
}

// Program is the executable with its subcommands.
func Program() process.Program[Config] {
	return process.Program[Config]{
		Name:    "order",
		Serve:   Serve,
		Migrate: migrate,
		Tasks: map[string]process.Task[Config]{
			"load-demo": {Help: "put the demo goods into a shop that has no product", Run: loadDemo},
		},
	}
}

// Service is the wired service. New listens already; Run must be called to answer and to let go of everything.
type Service struct {
	db        *postgres.Database
	server    *rpc.Server
	catalogue *catalogue.Catalogue
}

// New opens the database, refuses a schema older than the program, reads the catalogue and listens.
func New(ctx context.Context, cfg Config, tel telemetry.Telemetry) (*Service, error) {
	db, err := postgres.Open(ctx, cfg.Database, tel)
	if err != nil {
		return nil, err
	}
	service, err := wire(ctx, cfg, tel, db)
	if err != nil {
		db.Close()
		return nil, err
	}
	return service, nil
}

func wire(ctx context.Context, cfg Config, tel telemetry.Telemetry, db *postgres.Database) (*Service, error) {
	if err := migration.Check(ctx, db, migrations.Set()); err != nil {
		return nil, err
	}
	goods, err := catalogue.Open(ctx, db, tel, time.Now)
	if err != nil {
		return nil, err
	}
	carts := cart.New(db, goods, time.Now)
	server, err := rpc.NewServer(cfg.Server, tel, db.Ping)
	if err != nil {
		return nil, err
	}
	orderv1.RegisterCatalogueServiceServer(server, goods)
	orderv1.RegisterCartServiceServer(server, carts)
	return &Service{db: db, server: server, catalogue: goods}, nil
}

// Addr is where the service listens, as host:port.
func (s *Service) Addr() string { return s.server.Addr() }

// Run answers until ctx is done or a part of the service fails, lets all parts finish, and closes the database.
func (s *Service) Run(ctx context.Context) error {
	defer s.db.Close()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	parts := []func(context.Context) error{s.server.Serve, s.catalogue.Run}
	ended := make(chan error, len(parts))
	for _, part := range parts {
		go func() {
			defer stop() // one cannot go on without the others
			ended <- part(ctx)
		}()
	}
	var failures error
	for range parts {
		failures = errors.Join(failures, <-ended)
	}
	return failures
}

// Serve runs the service until ctx is done and everything is drained.
func Serve(ctx context.Context, cfg Config, tel telemetry.Telemetry) error {
	service, err := New(ctx, cfg, tel)
	if err != nil {
		return err
	}
	return service.Run(ctx)
}

func migrate(ctx context.Context, cfg Config, _ telemetry.Telemetry) error {
	return migration.Up(ctx, cfg.Admin.URL, cfg.Database.URL, migrations.Set())
}

func loadDemo(ctx context.Context, cfg Config, tel telemetry.Telemetry, _ []string) error {
	db, err := postgres.Open(ctx, cfg.Database, tel)
	if err != nil {
		return err
	}
	defer db.Close()
	loaded, err := demo.Load(ctx, db)
	if err != nil {
		return err
	}
	tel.Logger.InfoContext(ctx, "demo goods", slog.Bool("loaded", loaded))
	return nil
}
