package browser

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// exchange is one request of a customer's browser.
type exchange struct {
	method, path string
	// origin is where it went: scheme, host and port.
	origin string
	query  url.Values
	form   url.Values
	header http.Header
}

// proxy stands between one customer's browser and the shop: it gives the customer a client address of its own, which limits count
// by, notes what is asked, and breaks answers on request. Nothing but this machine is reached through it.
type proxy struct {
	server  *httptest.Server
	forward *httputil.ReverseProxy
	client  string

	mu       sync.Mutex
	faults   []*fault
	observed []exchange
}

// local reaches this machine alone, whose servers listen on IPv4.
func localTransport() *http.Transport {
	return &http.Transport{
		MaxIdleConnsPerHost: 16, IdleConnTimeout: 10 * time.Second, DisableCompression: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, network, strings.Replace(address, "localhost:", "127.0.0.1:", 1))
		},
	}
}

func newProxy(t testing.TB, client string) *proxy {
	p := &proxy{client: client}
	transport := localTransport()
	p.forward = &httputil.ReverseProxy{
		Transport: transport, FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			if isAPI(r.In.URL) {
				r.Out.Header.Set("X-Forwarded-For", p.client)
			}
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }, // as a lost connection does
	}
	p.server = httptest.NewUnstartedServer(p)
	// A browser sends a request again by itself when a connection that it has used before is lost; faults would then count double.
	p.server.Config.SetKeepAlivesEnabled(false)
	p.server.Start()
	t.Cleanup(func() {
		p.heal()
		p.server.CloseClientConnections()
		p.server.Close()
		transport.CloseIdleConnections()
	})
	return p
}

func isAPI(address *url.URL) bool { return "http://"+address.Host == shop.api }

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect || r.URL.Hostname() != "localhost" && r.URL.Hostname() != "127.0.0.1" {
		http.Error(w, "the tests reach this machine only", http.StatusBadGateway)
		return
	}
	if r.Method == http.MethodOptions { // asks for leave to ask; the question itself is what counts and what fails
		p.forward.ServeHTTP(w, r)
		return
	}
	p.observe(r)
	if broken := p.take(r.URL); broken != nil {
		broken.act(w, r, p.forward.ServeHTTP)
		return
	}
	p.forward.ServeHTTP(w, r)
}

func (p *proxy) observe(r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	seen := exchange{method: r.Method, path: r.URL.Path, origin: "http://" + r.URL.Host, query: r.URL.Query(), header: r.Header.Clone()}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		seen.form, _ = url.ParseQuery(string(body))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.observed = append(p.observed, seen)
}

// sent are the requests so far whose path is the given one, or begins with it when it ends with a slash.
func (p *proxy) sent(path string) (found []exchange) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, seen := range p.observed {
		if matches(path, &url.URL{Host: strings.TrimPrefix(seen.origin, "http://"), Path: seen.path}) {
			found = append(found, seen)
		}
	}
	return found
}

// everyAPICall stands for any path of the API.
const everyAPICall = "*"

func matches(path string, address *url.URL) bool {
	switch {
	case path == everyAPICall:
		return isAPI(address)
	case strings.HasSuffix(path, "/") && path != "/":
		return strings.HasPrefix(address.Path, path)
	}
	return address.Path == path
}

// fault strikes the next left requests to a path; always when left is below zero.
type fault struct {
	path string
	left int
	act  breakage
	stop func()
}

// breakage answers in the place of the shop, or around it.
type breakage func(w http.ResponseWriter, r *http.Request, shop http.HandlerFunc)

func (p *proxy) take(address *url.URL) *fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.faults {
		if one.left != 0 && matches(one.path, address) {
			one.left--
			return one
		}
	}
	return nil
}

func (p *proxy) inject(one *fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, one)
}

// heal ends all faults, and lets go what is held.
func (p *proxy) heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.faults {
		if one.stop != nil {
			one.stop()
		}
	}
	p.faults = nil
}

// status answers with it and nothing to read.
func status(code int) breakage { return answer(code, "", nil) }

// limited answers as a rate limit does: 403 that says when to come again (contract user.md).
func limited(after time.Duration) breakage {
	return answer(http.StatusForbidden, "{}", http.Header{"Retry-After": {strconv.Itoa(int(after.Seconds()))}})
}

// answers gives a JSON text with status 200.
func answers(body string) breakage { return answer(http.StatusOK, body, nil) }

// invalidJSON is an answer that breaks off in the middle.
func invalidJSON() breakage { return answers(`{"half": "an ans`) }

func answer(code int, body string, header http.Header) breakage {
	return func(w http.ResponseWriter, r *http.Request, _ http.HandlerFunc) {
		for name, values := range header {
			w.Header()[name] = values
			w.Header().Add("Access-Control-Expose-Headers", name)
		}
		if origin := r.Header.Get("Origin"); origin != "" {
			w.Header().Set("Access-Control-Allow-Origin", origin)
			w.Header().Set("Access-Control-Allow-Credentials", "true")
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

// dropped loses the connection before the shop hears of the request.
func dropped() breakage {
	return func(http.ResponseWriter, *http.Request, http.HandlerFunc) { panic(http.ErrAbortHandler) }
}

// lostAnswer lets the shop act and loses the connection then.
func lostAnswer() breakage {
	return func(_ http.ResponseWriter, r *http.Request, shop http.HandlerFunc) {
		shop(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}
}

// delayed lets the answer come later.
func delayed(by time.Duration) breakage {
	return func(w http.ResponseWriter, r *http.Request, shop http.HandlerFunc) {
		timer := time.NewTimer(by)
		defer timer.Stop()
		select {
		case <-timer.C:
			shop(w, r)
		case <-r.Context().Done():
		}
	}
}

// held lets requests wait until release is closed.
func held(release <-chan struct{}) breakage {
	return func(w http.ResponseWriter, r *http.Request, shop http.HandlerFunc) {
		select {
		case <-release:
			shop(w, r)
		case <-r.Context().Done():
		}
	}
}
