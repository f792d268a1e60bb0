package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/bartgottschalk/startupwebapp/deploy/local/stack"
)

// recovery is how long a killed process may take to serve again.
const recovery = 30 * time.Second

// source gives an actor its own choices: the same seed and name give the same ones.
func source(seed uint64, name string) *rand.Rand {
	hash := uint64(14695981039346656037) // FNV-1a
	for _, letter := range []byte(name) {
		hash = (hash ^ uint64(letter)) * 1099511628211
	}
	return rand.New(rand.NewPCG(seed, hash))
}

// pause waits between from and to, or until ctx ends.
func pause(ctx context.Context, random *rand.Rand, from, to time.Duration) bool {
	timer := time.NewTimer(from + time.Duration(random.Int64N(int64(to-from))))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func pick[T any](random *rand.Rand, from []T) T { return from[random.IntN(len(from))] }

// misdeliver changes how webhooks arrive, again and again.
func (s *Shop) misdeliver(ctx context.Context, random *rand.Rand, happened *record) error {
	modes := []string{"duplicate", "reverse,window=500ms", "drop", "delay=2s", "duplicate,reverse,window=800ms", "duplicate,delay=1s", "normal"}
	for {
		mode := pick(random, modes)
		if err := s.switchTo(ctx, http.MethodPost, "/sandbox/webhooks", url.Values{"mode": {mode}}); err != nil {
			return ignoreEnd(ctx, err)
		}
		happened.did("webhooks " + mode)
		if !pause(ctx, random, 700*time.Millisecond, 2500*time.Millisecond) {
			return nil
		}
	}
}

// disturbStripe lets calls of the shop to Stripe fail, take too long, or lose their answers.
func (s *Shop) disturbStripe(ctx context.Context, random *rand.Rand, happened *record) error {
	paths := []string{"/v1/checkout/sessions", "/v1/checkout/sessions/", "/v1/checkout/sessions/*/expire", "/v1/coupons", "/v1/refunds", "/v1"}
	for pause(ctx, random, 150*time.Millisecond, 900*time.Millisecond) {
		fault := url.Values{"path": {pick(random, paths)}, "times": {strconv.Itoa(1 + random.IntN(2))}}
		kind := pick(random, []string{"500", "503", "429", "0", "slow", "lost", "failed after"})
		switch kind {
		case "slow":
			fault.Set("delay", pick(random, []string{"500ms", "3s", "9s"}))
		case "lost":
			fault.Set("status", "0")
			fault.Set("after", "true")
		case "failed after":
			fault.Set("status", "500")
			fault.Set("after", "true")
		default:
			fault.Set("status", kind)
		}
		if err := s.switchTo(ctx, http.MethodPost, "/sandbox/fail", fault); err != nil {
			return ignoreEnd(ctx, err)
		}
		happened.did("Stripe " + kind)
	}
	return nil
}

// killProcesses ends a random process the hard way, waits until it serves again, and goes on.
func (s *Shop) killProcesses(ctx context.Context, random *rand.Rand, happened *record) error {
	programs := []string{"order", "order", "order", "payment", "payment", "user", "gateway", "gateway", "clientevent"}
	for pause(ctx, random, time.Second, 3*time.Second) {
		program := pick(random, programs)
		victim := pick(random, s.stack.Processes(program))
		broken := outage{program: program, address: victim.Address, what: program + " killed", from: time.Now()}
		if err := killAndAwait(context.WithoutCancel(ctx), victim, program); err != nil {
			return err
		}
		broken.until = time.Now()
		happened.broke(broken)
		happened.did("killed " + program)
	}
	return nil
}

// killAndAwait waits until another process has taken the place of the old one, which right after the signal still counts as
// running, and serves.
func killAndAwait(ctx context.Context, victim *stack.Process, program string) error {
	old := victim.PID()
	if err := victim.Kill(); err != nil {
		return err
	}
	serves := servesGRPC
	if program == "gateway" {
		serves = servesHTTP
	}
	err := until(ctx, recovery, func(ctx context.Context) (bool, error) {
		return victim.PID() != 0 && victim.PID() != old && serves(ctx, victim.Address), nil
	})
	if err != nil {
		return fmt.Errorf("%s does not serve again after it was killed: %w; its last words:\n%s", victim.Name, err, victim.LastWords())
	}
	return nil
}

func servesHTTP(ctx context.Context, address string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/healthz", nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

func servesGRPC(ctx context.Context, address string) bool {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	answer, err := healthv1.NewHealthClient(conn).Check(ctx, &healthv1.HealthCheckRequest{})
	return err == nil && answer.GetStatus() == healthv1.HealthCheckResponse_SERVING
}

// cutConnections ends all of a service's connections to the database, from the database's side.
func (s *Shop) cutConnections(ctx context.Context, random *rand.Rand, happened *record) error {
	for pause(ctx, random, 2*time.Second, 5*time.Second) {
		program := pick(random, []string{"order", "order", "payment", "user"})
		broken := outage{program: program, what: program + " lost its database", from: time.Now()}
		_, err := s.count(ctx, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND usename LIKE $1 || '\_service%'`, program)
		if err != nil {
			return ignoreEnd(ctx, err)
		}
		broken.until = time.Now()
		happened.broke(broken)
		happened.did("cut the database from " + program)
	}
	return nil
}

// calm ends all faults of the sandbox and releases what it held back.
func (s *Shop) calm(ctx context.Context) error {
	if err := s.switchTo(ctx, http.MethodDelete, "/sandbox/fail", nil); err != nil {
		return err
	}
	return s.switchTo(ctx, http.MethodPost, "/sandbox/webhooks", url.Values{"mode": {"normal"}})
}

func (s *Shop) switchTo(ctx context.Context, method, path string, form url.Values) error {
	status, err := s.control(ctx, method, path, form)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%s %v: status %d", path, form, status)
	}
	return err
}

// ignoreEnd: what fails because the run is over has not failed.
func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return nil
}
