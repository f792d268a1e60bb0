// Package rpc builds the gRPC servers, clients and in-process connections of the shop, so that every call
// between its processes has the same guards: authentication, a deadline, recovery, typed errors, tracing.
//
// What is served and who may be called is wired in each service, not here.
package rpc

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc/filters"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"

	"github.com/bartgottschalk/startupwebapp/services/platform/config"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const (
	largestRequest = 4 << 20  // bytes a server reads
	largestReply   = 16 << 20 // bytes a server sends; a whole catalogue must fit
	mostStreams    = 1024     // calls at once on one connection
	// window is what may be under way unread, bytes. A fixed size also spares the pings by which gRPC measures the line,
	// one for nearly every small call.
	window = 1 << 20

	// connections end after this age (gRPC spreads it by 10 %), so that calls spread anew over the instances;
	// calls under way then have the grace to finish, and open streams must be opened again.
	connectionAge      = 5 * time.Minute
	connectionAgeGrace = 30 * time.Second

	clientPing  = 20 * time.Second // how often a client asks whether a silent connection lives
	pingTimeout = 5 * time.Second
	serverPing  = time.Minute

	stopGrace = 5 * time.Second // for handlers to notice that their context ended
)

// ServerConfig is what the environment says about a gRPC server.
type ServerConfig struct {
	Addr         string         `env:"GRPC_ADDR" envDefault:"127.0.0.1:0" help:"where the service listens; port 0 takes a free one" expects:"host:port"`
	Secrets      config.Secrets `env:"SERVICE_SECRETS,required" help:"shared by the services: the first is sent, all are accepted"`
	DrainDelay   time.Duration  `env:"DRAIN_DELAY" envDefault:"0s" help:"how long the service goes on as before at shutdown, until its clients know of other instances; behind DNS the time to live there + 5s" expects:"a duration like 15s"`
	DrainTimeout time.Duration  `env:"DRAIN_TIMEOUT" envDefault:"20s" help:"how long calls under way may take to finish at shutdown"`
}

// Server is a gRPC server that listens already and answers from Serve on.
type Server struct {
	grpc         *grpc.Server
	listener     net.Listener
	health       *healthPoll
	guard        *guard
	drainDelay   time.Duration
	drainTimeout time.Duration
}

// NewServer listens at once, so that the address is known before anything is served; it fails when the
// address cannot be listened on or no secret is given. healthy is asked at the start of Serve, then every two
// seconds, or ten times a second while it fails, and decides what grpc.health answers; nil means always healthy.
// Call Serve or Close.
func NewServer(cfg ServerConfig, tel telemetry.Telemetry, healthy func(context.Context) error) (*Server, error) {
	if len(cfg.Secrets) == 0 {
		return nil, errors.New("SERVICE_SECRETS is required: a server without a secret would answer anybody")
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("GRPC_ADDR: %w", err)
	}
	guards := newGuard(cfg.Secrets, tel)
	server := &Server{
		grpc:         grpc.NewServer(serverOptions(guards, tel)...),
		listener:     listener,
		health:       newHealthPoll(healthy, tel.Logger),
		guard:        guards,
		drainDelay:   cfg.DrainDelay,
		drainTimeout: cfg.DrainTimeout,
	}
	grpc_health_v1.RegisterHealthServer(server.grpc, server.health.answers)
	return server, nil
}

func serverOptions(guards *guard, tel telemetry.Telemetry) []grpc.ServerOption {
	options := []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(Report(tel), Recover(), guards.unary),
		grpc.ChainStreamInterceptor(guards.stream),
		grpc.MaxRecvMsgSize(largestRequest),
		grpc.MaxSendMsgSize(largestReply),
		grpc.MaxConcurrentStreams(mostStreams),
		grpc.InitialWindowSize(window), grpc.InitialConnWindowSize(window),
		grpc.ConnectionTimeout(10 * time.Second),
		grpc.WaitForHandlers(true),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionAge: connectionAge, MaxConnectionAgeGrace: connectionAgeGrace, Time: serverPing, Timeout: pingTimeout,
		}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: clientPing / 2, PermitWithoutStream: true}),
	}
	if !tel.On { // the handler costs on every call, even when its spans go nowhere
		return options
	}
	return append(options, grpc.StatsHandler(otelgrpc.NewServerHandler(
		otelgrpc.WithTracerProvider(tel.Tracers), otelgrpc.WithMeterProvider(tel.Meters),
		otelgrpc.WithPropagators(tel.Propagator), otelgrpc.WithFilter(filters.Not(filters.HealthCheck())),
	)))
}

// RegisterService adds a service; call it before Serve. It makes Server a grpc.ServiceRegistrar.
func (s *Server) RegisterService(desc *grpc.ServiceDesc, implementation any) {
	s.grpc.RegisterService(desc, implementation)
}

// Addr is the address that the server listens on, as host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Close releases the address of a server that was never served.
func (s *Server) Close() {
	s.grpc.Stop()
	_ = s.listener.Close() // Serve may have closed it already
}

// Linger gives a context that ends DrainDelay after ctx does, or at once when cancel is called, which must happen in the end.
// A service hands it to everything that it runs: a name server may name an instance, and clients believe it, for a while after
// the instance was told to end, and what still comes needs all of the service.
func (s *Server) Linger(ctx context.Context) (lingering context.Context, cancel context.CancelFunc) {
	lingering, end := context.WithCancel(context.WithoutCancel(ctx))
	forget := context.AfterFunc(ctx, func() {
		defer end()
		delay := time.NewTimer(s.drainDelay)
		defer delay.Stop()
		select {
		case <-delay.C:
		case <-lingering.Done():
		}
	})
	return lingering, func() { forget(); end() }
}

// Serve answers calls until ctx is done, then drains: it reports NOT_SERVING, ends the contexts of open
// streams, lets the calls under way finish within DrainTimeout, and cuts off what is left. It returns when
// no handler runs any more; an error says that listening failed or that a handler would not end.
func (s *Server) Serve(ctx context.Context) error {
	polling, stopPolling := context.WithCancel(ctx)
	polled := make(chan struct{})
	go func() {
		defer close(polled)
		s.health.run(polling)
	}()
	defer func() { stopPolling(); <-polled }()

	served := make(chan error, 1)
	go func() { served <- s.grpc.Serve(s.listener) }()
	select {
	case err := <-served:
		s.guard.drain()
		return fmt.Errorf("serve gRPC on %s: %w", s.Addr(), err)
	case <-ctx.Done():
	}
	if err := s.drain(); err != nil {
		return err
	}
	if err := <-served; err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("serve gRPC on %s: %w", s.Addr(), err)
	}
	return nil
}

func (s *Server) drain() error {
	s.health.answers.Shutdown()
	s.guard.drain()
	if endsWithin(s.drainTimeout, s.grpc.GracefulStop) {
		return nil
	}
	if endsWithin(stopGrace, s.grpc.Stop) {
		return nil
	}
	return errors.New("handlers still run after the server was stopped")
}

// endsWithin reports whether stop returned in time. A stop that does not is left to end with the process.
func endsWithin(limit time.Duration, stop func()) bool {
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop()
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-stopped:
		return true
	case <-timer.C:
		return false
	}
}
