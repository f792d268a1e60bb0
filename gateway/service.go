// Package gateway is the edge of the shop: it answers the REST paths of the old pages (routes.yaml) by calling the four
// services. It has no database and holds no rule of the shop. This file wires it; the rooms are dialect, web, routes,
// visitor, catalogue and the areas.
package gateway

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	clienteventv1 "github.com/bartgottschalk/startupwebapp/proto/clientevent/v1"
	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/catalogue"
	"github.com/bartgottschalk/startupwebapp/gateway/clienteventarea"
	"github.com/bartgottschalk/startupwebapp/gateway/dialect"
	"github.com/bartgottschalk/startupwebapp/gateway/idempotency"
	"github.com/bartgottschalk/startupwebapp/gateway/orderarea"
	"github.com/bartgottschalk/startupwebapp/gateway/routes"
	"github.com/bartgottschalk/startupwebapp/gateway/shopper"
	"github.com/bartgottschalk/startupwebapp/gateway/userarea"
	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
	"github.com/bartgottschalk/startupwebapp/gateway/web"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/platform/rpc"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

//go:embed routes.yaml
var routesFile []byte

var errNoHandler = fault.New(fault.Internal, "no-handler", "")

const (
	headerTimeout = 10 * time.Second
	readTimeout   = 30 * time.Second // a form over a bad line
	writeTimeout  = 60 * time.Second
	idleTimeout   = 120 * time.Second // longer than the load balancer keeps its connections
	largestHeader = 64 << 10          // bytes
)

// Gateway is the edge, listening already. Make it with New, then Run it once.
type Gateway struct {
	cfg      Config
	listener net.Listener
	server   *http.Server
	peers    *peers
	keeper   *catalogue.Keeper
	events   *clienteventarea.Reporter
	ready    *readiness
	tel      telemetry.Telemetry
}

// Program is the edge's executable.
func Program() process.Program[Config] {
	return process.Program[Config]{Name: "gateway", Serve: Serve, Healthcheck: &process.Healthcheck{Variable: "API_ADDR", Ask: askLive}}
}

// Serve runs an edge until ctx is done and its last request is answered.
func Serve(ctx context.Context, cfg Config, tel telemetry.Telemetry) error {
	edge, err := New(ctx, cfg, tel)
	if err != nil {
		return err
	}
	return edge.Run(ctx)
}

// New wires an edge and listens. It does not wait for the services: /healthz says what is still missing.
func New(ctx context.Context, cfg Config, tel telemetry.Telemetry) (*Gateway, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	connected, err := dialPeers(cfg, tel)
	if err != nil {
		return nil, err
	}
	edge := &Gateway{cfg: cfg, peers: connected, tel: tel}
	if err := edge.wire(ctx); err != nil {
		return nil, errors.Join(err, connected.close())
	}
	edge.listener, err = new(net.ListenConfig).Listen(ctx, "tcp", cfg.Addr)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("API_ADDR: %w", err), connected.close())
	}
	return edge, nil
}

// Addr is the address that the edge listens on, as host:port.
func (g *Gateway) Addr() string { return g.listener.Addr().String() }

// Run answers requests until ctx is done. Then /healthz and /livez turn to 503 first, so that the load balancer sends no more;
// what comes nevertheless is still answered until DRAIN_DELAY is over, and what is under way until DRAIN_TIMEOUT.
func (g *Gateway) Run(ctx context.Context) error {
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var workers sync.WaitGroup
	workers.Go(func() { g.keeper.Run(background) })
	workers.Go(func() { g.events.Run(background) })
	served := make(chan error, 1)
	go func() { served <- g.server.Serve(g.listener) }()

	var failure error
	select {
	case failure = <-served:
	case <-ctx.Done():
		failure = g.drain(background)
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			failure = errors.Join(failure, err)
		}
	}
	stop()
	workers.Wait()
	return errors.Join(failure, g.peers.close())
}

func (g *Gateway) drain(ctx context.Context) error {
	g.ready.draining.Store(true)
	time.Sleep(g.cfg.DrainDelay)
	ctx, cancel := context.WithTimeout(ctx, g.cfg.DrainTimeout)
	defer cancel()
	if err := g.server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("requests were cut short: %w", err), g.server.Close())
	}
	return nil
}

func (g *Gateway) wire(ctx context.Context) error {
	table, err := routes.Read(routesFile)
	if err != nil {
		return err
	}
	renderer, err := dialect.NewRenderer(areas()...)
	if err != nil {
		return err
	}
	g.keeper = catalogue.NewKeeper(orderv1.NewCatalogueServiceClient(g.peers.order), renderer, g.tel)
	g.events = clienteventarea.NewReporter(clienteventv1.NewClientEventServiceClient(g.peers.clientevent), g.tel)
	g.ready = newReadiness(g.peers, g.keeper.Loaded, time.Now)
	mux, err := newMux(ctx, g.handlers(), renderer, time.Now)
	if err != nil {
		return err
	}
	door := web.New(g.cfg.webSettings(), table, g.cfg.visitors(), web.Rooms{
		Health: g.ready,
		Live:   http.HandlerFunc(g.ready.serveLive),
		API:    idempotency.New(g.keepers(), mux),
		Direct: map[protoreflect.FullName]http.Handler{
			"storefront.v1.OrderAreaService.ListProducts": http.HandlerFunc(g.keeper.ServeList),
			"storefront.v1.OrderAreaService.ShowProduct":  http.HandlerFunc(g.keeper.ServeProduct),
		},
	}, g.tel)
	g.server = newServer(observed(door, g.tel))
	return nil
}

// areas are the services of the old REST surface.
func areas() []protoreflect.ServiceDescriptor {
	return servicesOf(storefrontv1.File_storefront_v1_user_proto, storefrontv1.File_storefront_v1_order_proto, storefrontv1.File_storefront_v1_clientevent_proto)
}

// handlers are the areas behind a connection of this process.
func (g *Gateway) handlers() *rpc.InProcessConn {
	sessions := userv1.NewSessionServiceClient(g.peers.user)
	finder, prospects := shopper.NewFinder(sessions), userv1.NewProspectServiceClient(g.peers.user)
	carts, orders := orderv1.NewCartServiceClient(g.peers.order), orderv1.NewOrderServiceClient(g.peers.order)
	conn := rpc.InProcess(rpc.Report(g.tel), rpc.Recover())
	storefrontv1.RegisterUserAreaServiceServer(conn, userarea.New(userarea.Peers{
		Finder: finder, Accounts: userv1.NewAccountServiceClient(g.peers.user), Sessions: sessions,
		Verifications: userv1.NewVerificationServiceClient(g.peers.user), Credentials: userv1.NewCredentialServiceClient(g.peers.user),
		Subscriptions: userv1.NewSubscriptionServiceClient(g.peers.user), Terms: userv1.NewTermsServiceClient(g.peers.user),
		Chat: userv1.NewChatServiceClient(g.peers.user), Prospects: prospects,
		Carts: carts, Orders: orders, Events: g.events, Logger: g.tel.Logger, Now: time.Now,
	}))
	storefrontv1.RegisterOrderAreaServiceServer(conn, orderarea.New(orderarea.Peers{
		Finder: finder, Carts: carts, Checkouts: orderv1.NewCheckoutServiceClient(g.peers.order), Orders: orders,
		Payments: paymentv1.NewPaymentServiceClient(g.peers.payment), Prospects: prospects,
		Limits:               userv1.NewLimitServiceClient(g.peers.user),
		StripePublishableKey: g.cfg.PublishableKey, Logger: g.tel.Logger,
	}))
	storefrontv1.RegisterClientEventAreaServiceServer(conn, clienteventarea.New(g.events, time.Now))
	return conn
}

// keepers are whom repeated requests are looked up at.
func (g *Gateway) keepers() idempotency.Peers {
	return idempotency.Peers{
		Store:  orderv1.NewIdempotencyServiceClient(g.peers.order),
		Finder: shopper.NewFinder(userv1.NewSessionServiceClient(g.peers.user)),
		Logger: g.tel.Logger,
	}
}

func (c Config) webSettings() web.Settings {
	return web.Settings{
		AllowedHosts:   c.AllowedHosts,
		AllowedOrigins: c.allowedOrigins(),
		CookieDomain:   string(c.CookieDomain),
		HTTPSRedirect:  c.HTTPSRedirect,
		BehindProxy:    c.behindProxy(),
		Deadline:       c.RequestDeadline,
	}
}

func (c Config) visitors() *visitor.Policy {
	return visitor.NewPolicy(visitor.Settings{
		CookieDomain:     string(c.CookieDomain),
		CookieSecure:     c.cookieSecure(),
		TrustedProxyHops: int(c.TrustedProxyHops),
		Key:              signing.Key{Secret: string(c.SecretKey), Fallbacks: c.SecretFallbacks.Texts()},
	}, time.Now)
}

// newServer bounds what a client can hold on to. Its own log is dropped: it names client addresses.
func newServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    largestHeader,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
}
