// Package stack runs the whole shop on one machine: PostgreSQL, the four services, the edge, the pages, a mailbox and
// a Stripe sandbox. `scripts/up` and the whole-shop tests start it. Nothing of it goes to production.
package stack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/bartgottschalk/startupwebapp/deploy/local/mailbox"
	"github.com/bartgottschalk/startupwebapp/deploy/local/stripesandbox"
)

const (
	migrationPatience = 2 * time.Minute
	readinessPatience = 60 * time.Second
)

// services are the programs with a database of their own.
func services() []string { return []string{"user", "payment", "clientevent", "order"} }

// programs are all, in the order in which they start; they stop the other way round.
func programs() []string { return append(services(), "gateway") }

// Stack is a running shop. Safe for concurrent use.
type Stack struct {
	options   Options
	secrets   secrets
	adminURL  string
	smtpAddr  string
	processes map[string][]*Process
	sandbox   *stripesandbox.Sandbox
	mailbox   *mailbox.Mailbox

	// failed has room for the one failure that ends a running shop.
	failed chan error

	// closers undo the steps of Start, the last one first.
	closers []func(context.Context) error
	// background are the stack's own servers.
	background sync.WaitGroup
}

// Start brings the shop up and answers when it is ready. On an error everything that was started is stopped again.
func Start(ctx context.Context, options Options) (*Stack, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Stack{options: options, processes: map[string][]*Process{}, failed: make(chan error, 1)}
	for _, step := range s.steps() {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, s.Stop(context.WithoutCancel(ctx)))
		}
	}
	return s, nil
}

func (s *Stack) steps() []func(context.Context) error {
	around := []func(context.Context) error{s.checkPorts, s.lock, s.openDatabase, s.prepareData, s.serveMailbox, s.serveSandbox, s.serveSite}
	if s.options.WithoutPrograms {
		return append(around, s.migrate)
	}
	return append(around, s.assignAddresses, s.migrate, s.launch, s.awaitReady, s.tellOperators)
}

// Failed says why the shop cannot go on, when something ended that is not started again by itself.
func (s *Stack) Failed() <-chan error { return s.failed }

// Stop ends everything in order and keeps the data.
func (s *Stack) Stop(ctx context.Context) error {
	var failures []error
	for _, program := range slices.Backward(programs()) {
		failures = append(failures, s.stopAll(ctx, program))
	}
	for _, undo := range slices.Backward(s.closers) {
		failures = append(failures, undo(ctx))
	}
	s.closers = nil
	s.background.Wait()
	return errors.Join(failures...)
}

func (s *Stack) stopAll(ctx context.Context, program string) error {
	results := make(chan error, len(s.processes[program]))
	for _, process := range s.processes[program] {
		go func() { results <- process.Stop(ctx) }()
	}
	var failures []error
	for range s.processes[program] {
		failures = append(failures, <-results)
	}
	return errors.Join(failures...)
}

// checkPorts comes before anything is changed, above all before a fresh start drops what there is.
func (s *Stack) checkPorts(context.Context) error {
	for _, port := range s.options.ports() {
		if err := checkFree(port); err != nil {
			return err
		}
	}
	return nil
}

// lock keeps a second shop out of DATA_DIR, whatever database it uses.
func (s *Stack) lock(context.Context) error {
	unlock, err := lockData(s.options.DataDir)
	if err != nil {
		return err
	}
	s.onStop(func(context.Context) error { return unlock() })
	return nil
}

func (s *Stack) prepareData(context.Context) error {
	if s.options.Fresh {
		if err := s.clearData(); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Join(s.options.DataDir, "logs"), 0o755); err != nil {
		return fmt.Errorf("make DATA_DIR: %w", err)
	}
	kept, err := loadSecrets(s.options.DataDir)
	s.secrets = kept
	return err
}

// clearData removes what a shop keeps and nothing else that may lie in the folder, such as built programs.
func (s *Stack) clearData() error {
	for _, name := range []string{"mailbox", "sandbox", "logs", "secrets.json", environmentFolder} {
		if err := os.RemoveAll(filepath.Join(s.options.DataDir, name)); err != nil {
			return fmt.Errorf("start fresh: %w", err)
		}
	}
	return nil
}

func (s *Stack) serveMailbox(ctx context.Context) error {
	box, err := mailbox.New(mailbox.Options{StateDir: filepath.Join(s.options.DataDir, "mailbox"), Now: time.Now})
	if err != nil {
		return fmt.Errorf("the mailbox: %w", err)
	}
	s.mailbox = box
	pages, err := listen(s.options.mailboxPort())
	if err != nil {
		return err
	}
	s.serveHTTP(pages, box.Handler())
	smtp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("the mailbox: %w", err)
	}
	s.smtpAddr = smtp.Addr().String()
	s.run(ctx, func(ctx context.Context) error { return box.ServeSMTP(ctx, smtp) })
	return nil
}

func (s *Stack) serveSandbox(ctx context.Context) error {
	pages, err := listen(s.options.sandboxPort())
	if err != nil {
		return err
	}
	sandbox, err := stripesandbox.New(stripesandbox.Options{
		StateDir: filepath.Join(s.options.DataDir, "sandbox"), PublicURL: s.SandboxURL(),
		SecretKey: s.secrets.StripeKey, WebhookSecret: s.webhookSecret(), WebhookURL: s.APIURL() + "/order/stripe-webhook",
		Now: time.Now, StandIn: s.options.StandIn,
	})
	if err != nil {
		return errors.Join(fmt.Errorf("the Stripe sandbox: %w", err), pages.Close())
	}
	s.sandbox = sandbox
	s.onStop(func(context.Context) error { return sandbox.Close() })
	s.serveHTTP(pages, sandbox.Handler())
	s.run(ctx, sandbox.Run)
	return nil
}

// run keeps a background loop of the stack until Stop; it outlives the start, which ctx is for.
func (s *Stack) run(ctx context.Context, loop func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	s.background.Go(func() {
		defer close(ended)
		if err := loop(ctx); err != nil && ctx.Err() == nil {
			_, _ = fmt.Fprintln(s.options.Out, err)
		}
	})
	s.onStop(func(context.Context) error { cancel(); <-ended; return nil })
}

func (s *Stack) serveHTTP(listener net.Listener, handler http.Handler) {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	s.background.Go(func() { _ = server.Serve(listener) })
	s.onStop(func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			return server.Close()
		}
		return nil
	})
}

func (s *Stack) onStop(undo func(context.Context) error) {
	s.closers = append(s.closers, undo)
}

// assignAddresses gives every process its port before the first one starts: they are told of each other at start.
func (s *Stack) assignAddresses(context.Context) error {
	free, held, err := freeAddresses(len(programs()) * s.options.Instances)
	if err != nil {
		return err
	}
	s.onStop(func(context.Context) error { return held.giveUp() })
	for i, program := range programs() {
		for n := range s.options.Instances {
			address := free[i*s.options.Instances+n]
			if program == "gateway" && n == 0 {
				address = s.options.APIAddr
			}
			s.processes[program] = append(s.processes[program], s.newProcess(program, n, address))
		}
	}
	return nil
}

func (s *Stack) newProcess(program string, n int, address string) *Process {
	name := program
	if n > 0 {
		name = fmt.Sprintf("%s-%d", program, n+1)
	}
	return &Process{
		Name: name, Address: address, path: filepath.Join(s.options.BinDir, program),
		logPath: filepath.Join(s.options.DataDir, "logs", name+".log"), out: s.options.Out,
	}
}

// addresses is the gRPC target of a service: all of its instances.
func (s *Stack) addresses(program string) string {
	var addresses []string
	for _, process := range s.processes[program] {
		addresses = append(addresses, process.Address)
	}
	return strings.Join(addresses, ",")
}

func (s *Stack) migrate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, migrationPatience)
	defer cancel()
	results := make(chan error, len(services()))
	for _, service := range services() {
		go func() { results <- s.migrateService(ctx, service) }()
	}
	var failures []error
	for range services() {
		failures = append(failures, <-results)
	}
	return errors.Join(failures...)
}

func (s *Stack) migrateService(ctx context.Context, service string) error {
	own, err := s.databaseOf(service)
	if err != nil {
		return err
	}
	own["ADMIN_DATABASE_URL"] = s.adminURL
	environ := s.environ(service, own)
	if err := runOnce(ctx, s.options.BinDir, service, environ, "migrate"); err != nil || service != "order" {
		return err
	}
	return runOnce(ctx, s.options.BinDir, service, environ, "load-demo")
}

func (s *Stack) databaseOf(service string) (map[string]string, error) {
	own, err := serviceURL(s.adminURL, s.options.Database, service, s.secrets.Passwords[service])
	if err != nil {
		return nil, err
	}
	return map[string]string{"DATABASE_URL": own}, nil
}

func (s *Stack) launch(context.Context) error {
	for _, program := range programs() {
		for _, process := range s.processes[program] {
			own := map[string]string{"API_ADDR": process.Address}
			if program != "gateway" {
				database, err := s.databaseOf(program)
				if err != nil {
					return err
				}
				own = map[string]string{"GRPC_ADDR": process.Address, "DATABASE_URL": database["DATABASE_URL"]}
			}
			own["ADMIN_DATABASE_URL"] = "" // for migrations alone
			process.environ = s.environ(program, own)
			if err := process.Start(); err != nil {
				return err
			}
		}
	}
	return nil
}

// APIURL is the address of the first gateway.
func (s *Stack) APIURL() string { return "http://" + named(s.options.APIAddr) }

// MailboxURL is the address of the mailbox's pages.
func (s *Stack) MailboxURL() string { return "http://" + named(s.options.MailboxAddr) }

// SandboxURL is the address of the Stripe sandbox as browsers and services see it.
func (s *Stack) SandboxURL() string {
	return "http://" + named(s.options.SandboxAddr)
}

// SiteURL is the address of the pages.
func (s *Stack) SiteURL() string {
	return "http://" + named(s.options.SiteAddr)
}

// AdminURL is an administrator's URL of the shop's PostgreSQL.
func (s *Stack) AdminURL() string { return s.adminURL }

// ServiceURL is the database URL of one service.
func (s *Stack) ServiceURL(service string) (string, error) {
	own, err := s.databaseOf(service)
	return own["DATABASE_URL"], err
}

// Variables are what an instance of a program is told, as NAME=value, but for where it listens.
func (s *Stack) Variables(program string) ([]string, error) {
	if program == "gateway" {
		return s.environ(program, nil), nil
	}
	own, err := s.databaseOf(program)
	return s.environ(program, own), err
}

// Processes are the instances of one program.
func (s *Stack) Processes(program string) []*Process { return s.processes[program] }

// Run runs a one-off command of a service, such as order's audit; the error carries what it said.
func (s *Stack) Run(ctx context.Context, service string, arguments ...string) error {
	own, err := s.databaseOf(service)
	if err != nil {
		return err
	}
	return runOnce(ctx, s.options.BinDir, service, s.environ(service, own), arguments...)
}
