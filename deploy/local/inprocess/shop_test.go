// Package inprocess looks into the whole shop while it is used: the four services, two of user, the edge, the Stripe
// sandbox and the mailbox run inside the test, on loopback and a real PostgreSQL, and hand every span to one recorder.
// So it can tell what a request costs over all services, which trace it belongs to, and what hostile input leaves behind.
//
// What customers see when real processes come and go is shoptest's business.
package inprocess

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/deploy/local/mailbox"
	"github.com/bartgottschalk/startupwebapp/deploy/local/stack"
	"github.com/bartgottschalk/startupwebapp/deploy/local/stripesandbox"
	"github.com/bartgottschalk/startupwebapp/gateway"
	"github.com/bartgottschalk/startupwebapp/services/clientevent"
	clienteventmigrations "github.com/bartgottschalk/startupwebapp/services/clientevent/migrations"
	"github.com/bartgottschalk/startupwebapp/services/order"
	"github.com/bartgottschalk/startupwebapp/services/order/demo"
	ordermigrations "github.com/bartgottschalk/startupwebapp/services/order/migrations"
	"github.com/bartgottschalk/startupwebapp/services/payment"
	paymentmigrations "github.com/bartgottschalk/startupwebapp/services/payment/migrations"
	"github.com/bartgottschalk/startupwebapp/services/platform/config"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
	"github.com/bartgottschalk/startupwebapp/services/platform/migration"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
	"github.com/bartgottschalk/startupwebapp/services/user"
	usermigrations "github.com/bartgottschalk/startupwebapp/services/user/migrations"
)

const (
	startPatience = time.Minute
	// patience is how long the shop may take for what it does behind a customer's back.
	patience = 20 * time.Second
	// never is a sweep interval that no test lives to see.
	never = "24h"
)

// shop is what all tests of the package buy in. They run one after the other: switches of the sandbox, and what is
// counted and compared, are the whole shop's.
var shop *wholeShop

func TestMain(m *testing.M) {
	code, err := runInShop(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func runInShop(m *testing.M) (code int, err error) {
	adminURL := os.Getenv("ADMIN_DATABASE_URL")
	if adminURL == "" {
		return 1, errors.New("inprocess needs ADMIN_DATABASE_URL: run it with scripts/test ./deploy/local/inprocess")
	}
	data, err := os.MkdirTemp("", "inprocess-")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(data) }()
	ctx, cancel := context.WithTimeout(context.Background(), startPatience)
	defer cancel()
	shop = newWholeShop(adminURL, data)
	defer func() { err = errors.Join(err, shop.stop()) }()
	if err := shop.start(ctx); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// wholeShop is every part of the shop in this process.
type wholeShop struct {
	adminURL string
	database string
	data     string
	secrets  map[string]string
	spans    *recorder
	logs     *loggedLines

	gatewayAddr string
	sandboxURL  string
	mailboxURL  string
	// sandboxPort is listened on before the sandbox itself can start, which must know the gateway's port.
	sandboxPort net.Listener
	// paymentRuns is since when: soon after its start it looks for events that no webhook brought.
	paymentRuns time.Time
	// addresses of the services, by name
	addresses map[string]string
	// books is the administrator's connection, opened when first needed.
	reading      sync.Mutex
	books        *pgx.Conn
	contentQuery string
	// closers undo the steps of start, the last one first.
	closers []func() error
}

func newWholeShop(adminURL, data string) *wholeShop {
	return &wholeShop{
		adminURL: adminURL, data: data, database: "inprocess_" + strings.ToLower(identifier.New(8)),
		spans: newRecorder(), logs: &loggedLines{}, addresses: map[string]string{},
		secrets: map[string]string{
			"SECRET_KEY": identifier.New(50), "SERVICE_SECRETS": identifier.New(40), "STRIPE_SECRET_KEY": "sk_test_" + identifier.New(24),
			"STRIPE_WEBHOOK_SECRET": "whsec_" + identifier.New(32), "STRIPE_PUBLISHABLE_KEY": "pk_test_" + identifier.New(24),
		},
	}
}

func (s *wholeShop) start(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		s.makeDatabase, s.startMailbox, s.listenForSandbox, s.startServices, s.startGateway, s.startSandbox, s.awaitHealth,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *wholeShop) stop() error {
	var failures []error
	for _, undo := range slices.Backward(s.closers) {
		failures = append(failures, undo())
	}
	return errors.Join(failures...)
}

func (s *wholeShop) onStop(undo func() error) { s.closers = append(s.closers, undo) }

// sets are the migrations by service.
func sets() map[string]migration.Set {
	return map[string]migration.Set{
		"user": usermigrations.Set(), "order": ordermigrations.Set(), "payment": paymentmigrations.Set(), "clientevent": clienteventmigrations.Set(),
	}
}

func (s *wholeShop) makeDatabase(ctx context.Context) error {
	s.onStop(s.dropDatabase)
	for service, set := range sets() {
		if err := migration.Up(ctx, s.adminURL, s.databaseURL(service), set); err != nil {
			return err
		}
	}
	db, err := postgres.Open(ctx, postgres.Config{URL: s.databaseURL("order")}, telemetry.Silent())
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = demo.Load(ctx, db)
	return err
}

// role is a name of this run's own: roles belong to the whole cluster.
func (s *wholeShop) role(service string) string { return service + "_service_" + s.database }

func (s *wholeShop) databaseURL(service string) string {
	parsed, err := url.Parse(s.adminURL)
	if err != nil {
		return ""
	}
	parsed.User = url.UserPassword(s.role(service), s.secrets["SERVICE_SECRETS"])
	parsed.Path = "/" + s.database
	return parsed.String()
}

// adminURLOfShop is the administrator's view of the shop's database, for the books.
func (s *wholeShop) adminURLOfShop() string {
	parsed, err := url.Parse(s.adminURL)
	if err != nil {
		return ""
	}
	parsed.Path = "/" + s.database
	return parsed.String()
}

func (s *wholeShop) dropDatabase() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := stack.DropDatabase(ctx, s.adminURL, s.database); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, s.adminURL)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	var failures []error
	for service := range sets() {
		_, err := conn.Exec(ctx, "DROP ROLE IF EXISTS "+pgx.Identifier{s.role(service)}.Sanitize())
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}

func (s *wholeShop) startMailbox(context.Context) error {
	box, err := mailbox.New(mailbox.Options{StateDir: filepath.Join(s.data, "mailbox"), Now: time.Now})
	if err != nil {
		return err
	}
	smtp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	pages, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.mailboxURL = "http://" + pages.Addr().String()
	s.secrets["MAIL_TRANSPORT"] = "smtp://" + smtp.Addr().String()
	s.serveHTTP(pages, box.Handler())
	s.run(func(ctx context.Context) error { return box.ServeSMTP(ctx, smtp) })
	return nil
}

func (s *wholeShop) listenForSandbox(context.Context) (err error) {
	if s.sandboxPort, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	s.sandboxURL = "http://" + s.sandboxPort.Addr().String()
	s.secrets["STRIPE_API_URL"] = s.sandboxURL
	return nil
}

func (s *wholeShop) startSandbox(context.Context) error {
	sandbox, err := stripesandbox.New(stripesandbox.Options{
		StateDir: filepath.Join(s.data, "sandbox"), PublicURL: s.sandboxURL, SecretKey: s.secrets["STRIPE_SECRET_KEY"],
		WebhookSecret: s.secrets["STRIPE_WEBHOOK_SECRET"], WebhookURL: s.api() + "/order/stripe-webhook", Now: time.Now,
	})
	if err != nil {
		return err
	}
	s.onStop(sandbox.Close)
	s.serveHTTP(s.sandboxPort, sandbox.Handler())
	s.run(sandbox.Run)
	return nil
}

func (s *wholeShop) serveHTTP(listener net.Listener, handler http.Handler) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	s.onStop(func() error { err := server.Close(); serving.Wait(); return err })
}

// run keeps a loop of the harness going until the shop stops.
func (s *wholeShop) run(loop func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- loop(ctx) }()
	s.onStop(func() error {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	})
}

func (s *wholeShop) startServices(ctx context.Context) error {
	first, err := s.startUser(ctx, "user")
	if err != nil {
		return err
	}
	second, err := s.startUser(ctx, "user-2")
	if err != nil {
		return err
	}
	s.addresses["user"] = first + "," + second
	if s.addresses["payment"], err = start(ctx, s, "payment", payment.New, "DATABASE_URL="+s.databaseURL("payment")); err != nil {
		return err
	}
	s.paymentRuns = time.Now()
	if s.addresses["clientevent"], err = start(ctx, s, "clientevent", clientevent.New, "DATABASE_URL="+s.databaseURL("clientevent")); err != nil {
		return err
	}
	s.addresses["order"], err = s.startOrder(ctx, "order", never)
	return err
}

func (s *wholeShop) startUser(ctx context.Context, name string) (string, error) {
	plain := func(ctx context.Context, cfg user.Config, tel telemetry.Telemetry) (*user.Service, error) {
		return user.New(ctx, cfg, tel)
	}
	return start(ctx, s, name, plain, "DATABASE_URL="+s.databaseURL("user"))
}

func (s *wholeShop) startOrder(ctx context.Context, name, sweepInterval string) (string, error) {
	return start(ctx, s, name, order.New, "DATABASE_URL="+s.databaseURL("order"), "SWEEP_INTERVAL="+sweepInterval,
		"USER_ADDR="+s.addresses["user"], "PAYMENT_ADDR="+s.addresses["payment"])
}

func (s *wholeShop) startGateway(ctx context.Context) (err error) {
	s.gatewayAddr, err = s.startEdge(ctx, "gateway", s.addresses["order"])
	return err
}

func (s *wholeShop) startEdge(ctx context.Context, name, orderAddr string) (string, error) {
	return start(ctx, s, name, gateway.New, "API_ADDR=127.0.0.1:0", "TRUSTED_PROXY_HOPS=1", "ORDER_ADDR="+orderAddr,
		"USER_ADDR="+s.addresses["user"], "PAYMENT_ADDR="+s.addresses["payment"], "CLIENTEVENT_ADDR="+s.addresses["clientevent"])
}

// part is a service or the edge.
type part interface {
	Addr() string
	Run(ctx context.Context) error
}

// start makes a part of the shop under a name of its own in spans and logs, and keeps it running until the shop stops.
func start[C any, P part](ctx context.Context, s *wholeShop, name string, build func(context.Context, C, telemetry.Telemetry) (P, error), environ ...string) (string, error) {
	for variable, value := range s.secrets {
		environ = append(environ, variable+"="+value)
	}
	cfg, err := config.Load[C](environ)
	if err != nil {
		return "", fmt.Errorf("settings of %s: %w", name, err)
	}
	tel, end := telemetry.RecordingAs(name, s.spans)
	tel.Logger = s.logs.logger(name)
	built, err := build(ctx, cfg, tel)
	if err != nil {
		return "", fmt.Errorf("start %s: %w", name, err)
	}
	s.onStop(func() error { return end(context.Background()) })
	s.run(built.Run)
	return built.Addr(), nil
}

func (s *wholeShop) api() string { return "http://" + s.gatewayAddr }

func (s *wholeShop) awaitHealth(ctx context.Context) error { return awaitHealth(ctx, s.api()) }

func awaitHealth(ctx context.Context, api string) error {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, api+"/healthz", nil)
		if err != nil {
			return err
		}
		if answer, err := http.DefaultClient.Do(request); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the shop did not become ready: %w", ctx.Err())
		case <-ticker.C:
		}
	}
}
