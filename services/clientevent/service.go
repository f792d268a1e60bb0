// Package clientevent takes what browsers report: page views, errors of calls, button clicks, followed links. This file
// wires the rooms; the rules live in recording, settings and partition.
package clientevent

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	clienteventv1 "github.com/bartgottschalk/startupwebapp/proto/clientevent/v1"
	"github.com/bartgottschalk/startupwebapp/services/clientevent/migrations"
	"github.com/bartgottschalk/startupwebapp/services/clientevent/partition"
	"github.com/bartgottschalk/startupwebapp/services/clientevent/recording"
	"github.com/bartgottschalk/startupwebapp/services/clientevent/settings"
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

	EventRetention partition.Retention `env:"EVENT_RETENTION_MONTHS" envDefault:"13" help:"how long events are kept; a month is dropped once all of it is older"`
}

var errRetention = errors.New("EVENT_RETENTION_MONTHS is not valid: expected " + partition.Retention(0).Expects())

// Program is the clientevent executable.
func Program() process.Program[Config] {
	return process.Program[Config]{
		Name:        "clientevent",
		Serve:       Serve,
		Migrate:     Migrate,
		Healthcheck: rpc.Healthcheck(),
		Tasks: map[string]process.Task[Config]{
			"export-account":    {Help: "[-member-code CODE] ID: print the events of an account as one JSON document", Run: exportAccount},
			"anonymise-account": {Help: "[-member-code CODE] ID: make the events of an account nobody's", Run: anonymiseAccount},
		},
	}
}

// Migrate brings the schema up to date and makes the partitions of the next months.
func Migrate(ctx context.Context, cfg Config, tel telemetry.Telemetry) error {
	if err := migration.Up(ctx, cfg.AdminConfig.URL, cfg.Config.URL, migrations.Set()); err != nil {
		return fmt.Errorf("migrate clientevent: %w", err)
	}
	db, err := postgres.Open(ctx, cfg.Config, tel)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer db.Close()
	if _, err := partition.Make(ctx, db, utcNow()); err != nil {
		return fmt.Errorf("migrate clientevent: %w", err)
	}
	return nil
}

// Serve answers calls until ctx is done, those under way are finished, and what they recorded is written.
func Serve(ctx context.Context, cfg Config, tel telemetry.Telemetry) error {
	service, err := New(ctx, cfg, tel)
	if err != nil {
		return err
	}
	return service.Run(ctx)
}

// Service is the running clientevent service. Call Run exactly once: it releases what New took.
type Service struct {
	server     *rpc.Server
	db         *postgres.Database
	recorder   *recording.Recorder
	settings   *settings.Settings
	tel        telemetry.Telemetry
	drainLimit time.Duration
	retention  partition.Retention
}

// rooms is the gRPC service: each method is one of the rooms' own.
type rooms struct {
	clienteventv1.UnsafeClientEventServiceServer // a method that no room has does not compile
	*recording.Recorder
	*settings.Settings
}

// New connects and listens; calls are answered once Run is called. It fails on a schema older than this program.
func New(ctx context.Context, cfg Config, tel telemetry.Telemetry) (*Service, error) {
	if !cfg.EventRetention.Valid() {
		return nil, errRetention // a Config made by hand has not been parsed
	}
	db, err := postgres.Open(ctx, cfg.Config, tel)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	service := &Service{db: db, tel: tel, drainLimit: cfg.DrainTimeout, retention: cfg.EventRetention, recorder: recording.New(db, tel, utcNow)}
	if err := service.prepare(ctx, cfg); err != nil {
		db.Close()
		return nil, err
	}
	return service, nil
}

func (s *Service) prepare(ctx context.Context, cfg Config) error {
	err := migration.Check(ctx, s.db, migrations.Set())
	if err != nil {
		return fmt.Errorf("check schema: %w", err)
	}
	if s.settings, err = settings.Load(ctx, s.db, s.tel); err != nil {
		return fmt.Errorf("load settings: %w", err)
	}
	if s.server, err = rpc.NewServer(cfg.ServerConfig, s.tel, s.recorder.Healthy); err != nil { //nolint:contextcheck // asked as long as the server lives
		return fmt.Errorf("listen: %w", err)
	}
	s.server.RegisterService(&clienteventv1.ClientEventService_ServiceDesc, rooms{Recorder: s.recorder, Settings: s.settings})
	return nil
}

// Addr is where the service listens, host:port.
func (s *Service) Addr() string { return s.server.Addr() }

// Run serves until DRAIN_DELAY after ctx is done, lets calls under way finish, writes what is queued, and closes the database. The two waits
// have DrainTimeout each; the calls of this service take no time, so the writing has nearly all of it.
func (s *Service) Run(ctx context.Context) error {
	defer s.db.Close()
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	var workers sync.WaitGroup
	var following error
	workers.Go(func() { s.recorder.Run(working, s.drainLimit) })
	workers.Go(func() { following = s.settings.Follow(working) })
	workers.Go(func() { partition.Keep(working, s.db, s.tel.Logger, utcNow, s.retention) })
	lingering, leave := s.server.Linger(ctx)
	defer leave()
	serving := s.server.Serve(lingering)
	stop()
	workers.Wait()
	if err := errors.Join(serving, following); err != nil {
		return fmt.Errorf("serve clientevent: %w", err)
	}
	return nil
}

func utcNow() time.Time { return time.Now().UTC() }
