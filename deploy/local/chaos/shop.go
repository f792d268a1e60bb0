package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/bartgottschalk/startupwebapp/deploy/local/shopper"
	"github.com/bartgottschalk/startupwebapp/deploy/local/stack"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

// sweepInterval lets the shop find within seconds what it takes minutes for in production.
const sweepInterval = "1s"

// Shop is a running shop for these tests: two of each service, the sandbox, the mailbox, goods of its own, and a look into all
// its books.
type Shop struct {
	stack     *stack.Stack
	books     *pgxpool.Pool // as administrator, in the shop's database
	office    *office
	transport *http.Transport
	database  string
	adminURL  string
	data      string
	gateways  []string
	goods     goods
	visitors  atomic.Uint32
	numbers   atomic.Int64 // of what races have put up
	run       string       // part of every name, so that nothing of two runs is the same
}

// Settings say where the shop gets its programs and its PostgreSQL.
type Settings struct {
	// BinDir holds the programs that scripts/build builds.
	BinDir string
	// AdminURL is an administrator's PostgreSQL; a database of its own is made there, and dropped by Close.
	AdminURL string
	// Out is told what the runner has to say.
	Out io.Writer
}

// Open starts a shop and fills it with goods.
func Open(ctx context.Context, settings Settings) (*Shop, error) {
	if settings.AdminURL == "" {
		return nil, errors.New("ADMIN_DATABASE_URL is not set: use scripts/chaos or scripts/test")
	}
	data, err := os.MkdirTemp("", "chaos-")
	if err != nil {
		return nil, err
	}
	run := strings.ToLower(identifier.New(8))
	options := stack.Options{
		BinDir: settings.BinDir, DataDir: data, Instances: 2, AdminURL: settings.AdminURL, Out: settings.Out, Database: "chaos_" + run,
		Environ: append(os.Environ(), "TRUSTED_PROXY_HOPS=1", "SWEEP_INTERVAL="+sweepInterval, "MAIL_RETRY_AFTER=200ms"),
	}
	if err := options.UseFreePorts(); err != nil {
		return nil, err
	}
	running, err := stack.Start(ctx, options)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(data))
	}
	s := &Shop{stack: running, transport: shopper.Transport(), database: options.Database, adminURL: settings.AdminURL, data: data, run: run}
	for _, gateway := range running.Processes("gateway") {
		s.gateways = append(s.gateways, "http://"+strings.Replace(gateway.Address, "127.0.0.1", "localhost", 1)) // one cookie jar for both
	}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(err, s.Close(context.WithoutCancel(ctx)))
	}
	return s, nil
}

func (s *Shop) prepare(ctx context.Context) (err error) {
	if s.books, err = openBooks(ctx, s.adminURL, s.database); err != nil {
		return err
	}
	if s.office, err = openOffice(s); err != nil {
		return err
	}
	return s.stockUp(ctx)
}

// Close stops the shop and removes everything of it.
func (s *Shop) Close(ctx context.Context) error {
	if s.office != nil {
		s.office.close()
	}
	if s.books != nil {
		s.books.Close()
	}
	s.transport.CloseIdleConnections()
	return errors.Join(s.stack.Stop(ctx), stack.DropDatabase(ctx, s.adminURL, s.database), os.RemoveAll(s.data))
}

// openBooks keeps few connections: the cluster's may be shared.
func openBooks(ctx context.Context, adminURL, database string) (*pgxpool.Pool, error) {
	settings, err := pgxpool.ParseConfig(adminURL)
	if err != nil {
		return nil, errors.New("ADMIN_DATABASE_URL: expected postgres://admin:password@host:port/database")
	}
	settings.ConnConfig.Database = database
	settings.MaxConns = 4
	return pgxpool.NewWithConfig(ctx, settings)
}

// visitor is a new browser at one of the gateways, with an address of its own, so that limits per address stay out of the way.
func (s *Shop) visitor(gateway int) (*shopper.Shopper, error) {
	n := s.visitors.Add(1)
	return shopper.New(s.gateways[gateway%len(s.gateways)], address(n), fmt.Sprintf("%s-%d@example.com", s.run, n), s.transport)
}

func address(n uint32) string { return fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255) }

// move gives a browser a new address, as phones get: in a long storm a member buys more often than one address may in an hour.
func (s *Shop) move(browser *shopper.Shopper) { browser.Address = address(s.visitors.Add(1)) }

// otherGateway sends the browser to the next gateway, as a load balancer does when one does not answer.
func (s *Shop) otherGateway(browser *shopper.Shopper) {
	for i, gateway := range s.gateways {
		if gateway == browser.API {
			browser.API = s.gateways[(i+1)%len(s.gateways)]
			return
		}
	}
}

// count is the number that a query about all schemas answers.
func (s *Shop) count(ctx context.Context, query string, arguments ...any) (number int, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	err = s.books.QueryRow(ctx, query, arguments...).Scan(&number)
	return number, err
}

// control turns a switch of the sandbox or forgets what was switched.
func (s *Shop) control(ctx context.Context, method, path string, form url.Values) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, s.stack.SandboxURL()+path, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}

// list reads a list of the sandbox or the mailbox.
func list(ctx context.Context, address string) ([]shopper.Object, error) {
	return read[[]shopper.Object](ctx, address)
}

// read gets a JSON document of the sandbox or the mailbox.
func read[T any](ctx context.Context, address string) (document T, err error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return document, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return document, err
	}
	defer func() { _ = answer.Body.Close() }()
	if err := json.NewDecoder(answer.Body).Decode(&document); err != nil {
		return document, fmt.Errorf("%s: %w", address, err)
	}
	return document, nil
}

// until polls a condition; nothing is waited for without a bound.
func until(ctx context.Context, patience time.Duration, condition func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		met, err := condition(ctx)
		if err != nil || met {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-poll.C:
		}
	}
}
