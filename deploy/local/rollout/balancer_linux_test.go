package rollout

import (
	"context"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	checkEvery   = 100 * time.Millisecond
	checkTimeout = 3 * time.Second
	enoughChecks = 2 // of one kind in a row turn a target
)

// balancer does what an application load balancer does: it asks targets for their health, sends requests in turn to those that are
// well, keeps connections to them, says who the client was, and never sends a request twice.
type balancer struct {
	transport *http.Transport
	proxy     *httputil.ReverseProxy

	mutex    sync.Mutex
	targets  []*target
	turn     int
	answered int
	broken   []string
	watching sync.WaitGroup
}

// target is a gateway. Its fields belong to the balancer's mutex.
type target struct {
	address string
	healthy bool
	checks  int
	served  map[string]int // by path
	leave   context.CancelFunc
}

type chosen struct{}

func newBalancer(t testing.TB, address string) *balancer {
	t.Helper()
	b := &balancer{transport: &http.Transport{MaxIdleConnsPerHost: 64, IdleConnTimeout: time.Minute}}
	b.proxy = &httputil.ReverseProxy{
		Transport: b.transport, Rewrite: forward, ModifyResponse: b.note, ErrorHandler: b.fail, ErrorLog: log.New(io.Discard, "", 0),
	}
	listener, err := net.Listen("tcp", address)
	require.NoError(t, err)
	server := &http.Server{Handler: b, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-ended
		for _, address := range b.addresses() {
			b.deregister(address)
		}
		b.watching.Wait()
		b.transport.CloseIdleConnections()
	})
	return b
}

// ServeHTTP sends a request to the next target.
func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	to := b.choose(r.URL.Path)
	if to == "" {
		b.fail(w, r, fmt.Errorf("no target is healthy"))
		return
	}
	b.proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), chosen{}, to)))
}

func (b *balancer) choose(path string) string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for range b.targets {
		b.turn++
		if one := b.targets[b.turn%len(b.targets)]; one.healthy {
			one.served[path]++
			return one.address
		}
	}
	return ""
}

// forward adds the address that the client really has, whatever it says of itself.
func forward(request *httputil.ProxyRequest) {
	to, _ := request.In.Context().Value(chosen{}).(string)
	request.Out.URL.Scheme, request.Out.URL.Host, request.Out.Host = "http", to, request.In.Host
	request.Out.Header["X-Forwarded-For"] = request.In.Header["X-Forwarded-For"]
	request.SetXForwarded()
	request.Out.GetBody = nil // a request that was begun is not sent again
}

// note counts an answer, and keeps those that no request may get.
func (b *balancer) note(answer *http.Response) error {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.answered++
	if answer.StatusCode >= 500 {
		b.broken = append(b.broken, fmt.Sprint(answer.Request.Method, " ", answer.Request.URL.Path, ": ", answer.Status))
	}
	return nil
}

func (b *balancer) fail(w http.ResponseWriter, r *http.Request, err error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if r.Context().Err() == nil { // else the client went away
		b.broken = append(b.broken, fmt.Sprint(r.Method, " ", r.URL.Path, ": ", err))
	}
	w.WriteHeader(http.StatusBadGateway)
}

// register begins to ask a new target for its health; until it is well, it gets nothing.
func (b *balancer) register(address string) {
	ctx, leave := context.WithCancel(context.Background())
	one := &target{address: address, served: map[string]int{}, leave: leave}
	b.mutex.Lock()
	b.targets = append(b.targets, one)
	b.mutex.Unlock()
	b.watching.Go(func() { b.watch(ctx, one) })
}

// deregister sends the target nothing from now on. What is under way there is finished.
func (b *balancer) deregister(address string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	b.targets = slices.DeleteFunc(b.targets, func(one *target) bool {
		if one.address != address {
			return false
		}
		one.leave()
		return true
	})
}

func (b *balancer) watch(ctx context.Context, one *target) {
	every := time.NewTicker(checkEvery)
	defer every.Stop()
	last, row := false, 0
	for {
		status, err := livez(ctx, one.address)
		well := err == nil && status == http.StatusOK
		if well != last {
			last, row = well, 0
		}
		row++
		b.mutex.Lock()
		one.checks++
		if row >= enoughChecks {
			one.healthy = well
		}
		b.mutex.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
	}
}

// livez is what a gateway says of its health.
func livez(ctx context.Context, address string) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/livez", nil)
	if err != nil {
		return 0, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}

// state is a copy of what is known of a target; nothing of one that is not registered.
func (b *balancer) state(address string) (healthy bool, checks int, served map[string]int) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for _, one := range b.targets {
		if one.address == address {
			return one.healthy, one.checks, maps.Clone(one.served)
		}
	}
	return false, 0, nil
}

func (b *balancer) addresses() (all []string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for _, one := range b.targets {
		all = append(all, one.address)
	}
	return all
}

// answers tells how many there were.
func (b *balancer) answers() int {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.answered
}

// failures are answers that no request may get, since the last time.
func (b *balancer) failures() (broken []string) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	broken, b.broken = b.broken, nil
	return broken
}
