package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health/grpc_health_v1"
)

const (
	readinessAge     = time.Second // how old an answer may be
	readinessTimeout = 2 * time.Second
)

// readiness answers /healthz: 200 when everything behind the edge is ready, else 503 with the names of what is missing.
type readiness struct {
	services map[string]grpc_health_v1.HealthClient
	loaded   func() bool // whether the catalogue is there
	now      func() time.Time
	draining atomic.Bool

	asking  sync.Mutex // one asks at a time, the others wait for what it learns
	asked   time.Time
	missing []string

	wasReady atomic.Bool // nothing lacked once, see liveness.go
}

func newReadiness(peers *peers, loaded func() bool, now func() time.Time) *readiness {
	made := &readiness{services: map[string]grpc_health_v1.HealthClient{}, loaded: loaded, now: now}
	for name, conn := range map[string]*grpc.ClientConn{
		"user": peers.user, "order": peers.order, "payment": peers.payment, "clientevent": peers.clientevent,
	} {
		made.services[name] = grpc_health_v1.NewHealthClient(conn)
	}
	return made
}

// ServeHTTP answers GET and HEAD.
func (r *readiness) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	answer, status := map[string]any{"status": "ok"}, http.StatusOK
	if missing := r.lacks(request.Context()); len(missing) > 0 {
		answer, status = map[string]any{"status": "unavailable", "missing": missing}, http.StatusServiceUnavailable
	}
	writeHealth(w, answer, status)
}

func writeHealth(w http.ResponseWriter, answer map[string]any, status int) {
	body, err := json.Marshal(answer)
	if err != nil {
		status = http.StatusInternalServerError // cannot happen: texts alone
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// lacks names what is not ready, sorted.
func (r *readiness) lacks(ctx context.Context) []string {
	if r.draining.Load() {
		return []string{"gateway"}
	}
	r.asking.Lock()
	defer r.asking.Unlock()
	if r.asked.IsZero() || r.now().Sub(r.asked) >= readinessAge {
		r.missing = r.ask(context.WithoutCancel(ctx)) // the answer is for others too
		r.asked = r.now()
	}
	if !r.loaded() {
		return append(slices.Clone(r.missing), "catalogue")
	}
	if len(r.missing) == 0 {
		r.wasReady.Store(true)
	}
	return r.missing
}

func (r *readiness) ask(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, readinessTimeout)
	defer cancel()
	var (
		found   []string
		finding sync.Mutex
		asking  sync.WaitGroup
	)
	for name, service := range r.services {
		asking.Go(func() {
			if serves(ctx, service) {
				return
			}
			finding.Lock()
			defer finding.Unlock()
			found = append(found, name)
		})
	}
	asking.Wait()
	slices.Sort(found)
	return found
}

func serves(ctx context.Context, service grpc_health_v1.HealthClient) bool {
	answer, err := service.Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	return err == nil && answer.GetStatus() == grpc_health_v1.HealthCheckResponse_SERVING
}
