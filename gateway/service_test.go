package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/grpc"

	clienteventv1 "github.com/bartgottschalk/startupwebapp/proto/clientevent/v1"
	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/services/platform/config"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/rpc"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const patience = 15 * time.Second

var testSecrets = config.Secrets{"a-secret-of-tests"}

// peer is one of the four services, as far as these tests need it.
type peer struct {
	orderv1.UnimplementedCatalogueServiceServer
	orderv1.UnimplementedCartServiceServer
	userv1.UnimplementedSessionServiceServer
	clienteventv1.UnimplementedClientEventServiceServer

	sick    atomic.Bool
	hold    chan struct{} // when set, sessions are resolved only after it is closed
	holding chan struct{}
	mu      sync.Mutex
	events  []*clienteventv1.Event
}

func (p *peer) GetCatalogue(context.Context, *orderv1.GetCatalogueRequest) (*orderv1.GetCatalogueResponse, error) {
	return &orderv1.GetCatalogueResponse{Catalogue: testCatalogue()}, nil
}

func (p *peer) WatchCatalogue(_ *orderv1.WatchCatalogueRequest, stream grpc.ServerStreamingServer[orderv1.WatchCatalogueResponse]) error {
	if err := stream.Send(&orderv1.WatchCatalogueResponse{Catalogue: testCatalogue()}); err != nil {
		return err
	}
	<-stream.Context().Done()
	return stream.Context().Err()
}

func (p *peer) ResolveSession(ctx context.Context, _ *userv1.ResolveSessionRequest) (*userv1.ResolveSessionResponse, error) {
	if p.hold == nil {
		return nil, fault.New(fault.Unauthenticated, "session-unknown", "")
	}
	close(p.holding)
	select {
	case <-p.hold:
		return nil, fault.New(fault.Unauthenticated, "session-unknown", "")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *peer) GetSettings(context.Context, *clienteventv1.GetSettingsRequest) (*clienteventv1.GetSettingsResponse, error) {
	return &clienteventv1.GetSettingsResponse{LogClientEvents: true}, nil
}

func (p *peer) RecordEvents(_ context.Context, request *clienteventv1.RecordEventsRequest) (*clienteventv1.RecordEventsResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = append(p.events, request.GetEvents()...)
	return &clienteventv1.RecordEventsResponse{}, nil
}

func (p *peer) recorded() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.events)
}

func testCatalogue() *orderv1.Catalogue {
	made := &orderv1.Catalogue{Version: "1"}
	for i := range 3 {
		prose := strings.Repeat("Paper clips hold paper. ", 10)
		made.Products = append(made.Products, &orderv1.Product{
			Identifier: fmt.Sprintf("product%d", i), Title: "Paper Clips", TitleUrl: "PaperClips", Headline: &prose, DescriptionPart_1: &prose,
			Images: []*orderv1.Image{{ImageId: 1, Url: "/img/product/paper_clip_main_2.jpg", Main: true}},
			Skus:   []*orderv1.Sku{{SkuId: int64(i), PriceMinor: 350}},
		})
	}
	return made
}

// start runs something until the test is over.
func start(t testing.TB, run func(ctx context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			require.NoError(t, <-done)
		})
	}
	t.Cleanup(stop)
	return stop
}

func startPeer(t testing.TB, p *peer) (addr string, stop func()) {
	t.Helper()
	server, err := rpc.NewServer(rpc.ServerConfig{Addr: "127.0.0.1:0", Secrets: testSecrets, DrainTimeout: time.Second}, telemetry.Silent(), func(context.Context) error {
		if p.sick.Load() {
			return errors.New("sick")
		}
		return nil
	})
	require.NoError(t, err)
	orderv1.RegisterCatalogueServiceServer(server, p)
	orderv1.RegisterCartServiceServer(server, p)
	userv1.RegisterSessionServiceServer(server, p)
	clienteventv1.RegisterClientEventServiceServer(server, p)
	return server.Addr(), start(t, server.Serve)
}

// edgeConfig is that of an edge whose four services are one peer.
func edgeConfig(addr string) Config {
	cfg := testConfig()
	cfg.Addr, cfg.Secrets, cfg.RequestDeadline, cfg.DrainTimeout = "127.0.0.1:0", testSecrets, 5*time.Second, 10*time.Second
	cfg.AllowedHosts = []string{"localhost", "127.0.0.1"}
	cfg.UserAddr, cfg.OrderAddr, cfg.PaymentAddr, cfg.ClientEventAddr = addr, addr, addr, addr
	return cfg
}

func startEdge(t testing.TB, cfg Config, tel telemetry.Telemetry) (base string, stop func()) {
	t.Helper()
	edge, err := New(context.Background(), cfg, tel)
	require.NoError(t, err)
	return "http://" + edge.Addr(), start(t, edge.Run)
}

func startReady(t testing.TB, p *peer, change func(*Config), tel telemetry.Telemetry) (base string, stop func()) {
	t.Helper()
	addr, _ := startPeer(t, p)
	cfg := edgeConfig(addr)
	if change != nil {
		change(&cfg)
	}
	base, stop = startEdge(t, cfg, tel)
	require.Eventually(t, func() bool { return fetch(base+"/healthz").status == 200 }, patience, 20*time.Millisecond)
	return base, stop
}

type fetched struct {
	status int
	header http.Header
	body   string
}

// fetch reads an address; no answer at all has status 0.
func fetch(url string, headers ...string) fetched { return tryBy(http.DefaultClient, url, headers...) }

func tryBy(client *http.Client, url string, headers ...string) fetched {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		return fetched{body: err.Error()}
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			request.Host = headers[i+1]
			continue
		}
		request.Header.Set(headers[i], headers[i+1])
	}
	answer, err := client.Do(request)
	if err != nil {
		return fetched{body: err.Error()}
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return fetched{body: err.Error()}
	}
	return fetched{answer.StatusCode, answer.Header, string(body)}
}

func TestCatalogueOverTheWire(t *testing.T) {
	t.Parallel()
	base, _ := startReady(t, &peer{}, nil, telemetry.Silent())
	list := fetch(base+"/order/products", "Origin", pageOrigin)
	require.Equal(t, 200, list.status)
	require.True(t, json.Valid([]byte(list.body)), list.body)
	require.Contains(t, list.body, `"price_low":"3.50"`)
	require.Equal(t, pageOrigin, list.header.Get("Access-Control-Allow-Origin"))
	require.Equal(t, "DENY", list.header.Get("X-Frame-Options"))
	require.Equal(t, 304, fetch(base+"/order/products", "If-None-Match", list.header.Get("Etag")).status)
	require.Contains(t, fetch(base+"/order/product/product2").body, `"product":"success"`)
	require.Contains(t, fetch(base+"/order/product/nothing").body, `"error":"product-identifier-not-found"`)
	require.Equal(t, 404, fetch(base+"/order/product/no-thing").status)
}

func TestIndexesTokenAndEvents(t *testing.T) {
	t.Parallel()
	p := &peer{}
	base, stop := startReady(t, p, nil, telemetry.Silent())
	for _, area := range []string{"/user", "/order", "/clientevent"} {
		index := fetch(base + area + "?a=b") // follows the redirect
		require.Equal(t, 200, index.status)
		require.Contains(t, index.body, "0.0.1")
		require.Contains(t, index.header.Get("Cache-Control"), "no-store")
	}
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	token := tryBy(&http.Client{Jar: jar}, base+"/user/token")
	require.Regexp(t, `^\{"token":"<input .*value=.*[A-Za-z0-9]{64}.*","user-api-version":"0.0.1"\}$`, token.body)
	require.Regexp(t, `^csrftoken=[A-Za-z0-9]{32}; expires=.*; Max-Age=31449600; Path=/; SameSite=Lax$`, token.header.Get("Set-Cookie"))

	event := fetch(base + "/clientevent/pageview?url=a&client_event_id=1&anonymous_id=%ff&pageWidth=x")
	require.Equal(t, `"thank you"`, event.body)
	require.Equal(t, "application/json", event.header.Get("Content-Type"))
	stop()
	require.Equal(t, 1, p.recorded(), "what was queued is sent before the edge ends")
}

func TestHealth(t *testing.T) {
	t.Parallel()
	sick := &peer{}
	sick.sick.Store(true)
	sickAddr, _ := startPeer(t, sick)
	goodAddr, _ := startPeer(t, &peer{})
	cfg := edgeConfig(goodAddr)
	cfg.OrderAddr, cfg.PaymentAddr = "127.0.0.1:1", sickAddr
	base, _ := startEdge(t, cfg, telemetry.Silent())
	lacks := func(want string) func() bool {
		return func() bool {
			got := fetch(base + "/healthz")
			return got.status == 503 && got.body == want
		}
	}
	require.Eventually(t, lacks(`{"missing":["order","payment","catalogue"],"status":"unavailable"}`), patience, 20*time.Millisecond)
	require.Equal(t, 503, fetch(base+"/order/products").status)
	require.Equal(t, 200, fetch(base+"/order/").status, "what needs nobody works")

	whole := edgeConfig(goodAddr)
	whole.PaymentAddr = sickAddr
	base, _ = startEdge(t, whole, telemetry.Silent())
	require.Eventually(t, lacks(`{"missing":["payment"],"status":"unavailable"}`), patience, 20*time.Millisecond)
	sick.sick.Store(false)
	require.Eventually(t, func() bool { return fetch(base+"/healthz").body == `{"status":"ok"}` }, patience, 20*time.Millisecond)
	require.Equal(t, 200, fetch(base+"/healthz", "Host", "10.0.0.7").status)
}

// What is under way when the end comes is finished, and the load balancer is told first.
func TestDrain(t *testing.T) {
	t.Parallel()
	p := &peer{hold: make(chan struct{}), holding: make(chan struct{})}
	base, stop := startReady(t, p, func(cfg *Config) { cfg.DrainDelay = 500 * time.Millisecond }, telemetry.Silent())
	slow := make(chan fetched, 1)
	go func() {
		slow <- fetch(base+"/user/logged-in", "Cookie", "sessionid="+strings.Repeat("a", 32))
	}()
	<-p.holding
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop()
	}()
	require.Eventually(t, func() bool { return fetch(base+"/healthz").body == `{"missing":["gateway"],"status":"unavailable"}` }, patience, 5*time.Millisecond)
	require.Equal(t, 200, fetch(base+"/order/products").status, "it goes on serving while it drains")
	require.Eventually(t, func() bool { return fetch(base+"/order/products").status == 0 }, patience, 20*time.Millisecond, "then it accepts nothing more")
	close(p.hold)
	got := <-slow
	require.NotZero(t, got.status, "the request under way is answered: %s", got.body)
	require.Contains(t, strings.Join(got.header["Set-Cookie"], "\n"), `sessionid=""`)
	<-stopped
}

func TestServicesThatAreAwayAreNoDefectOfOurs(t *testing.T) {
	t.Parallel()
	addr, stopPeer := startPeer(t, &peer{})
	base, _ := startEdge(t, edgeConfig(addr), telemetry.Silent())
	require.Eventually(t, func() bool { return fetch(base+"/healthz").status == 200 }, patience, 20*time.Millisecond)
	stopPeer()
	got := fetch(base+"/user/logged-in", "Cookie", "sessionid="+strings.Repeat("a", 32))
	require.Equal(t, 503, got.status)
	require.Equal(t, "1", got.header.Get("Retry-After"))
	require.Equal(t, 200, fetch(base+"/order/products").status, "the catalogue is still shown")
}

func TestTraces(t *testing.T) {
	t.Parallel()
	exporter := tracetest.NewInMemoryExporter()
	tel, end := telemetry.Recording(exporter)
	t.Cleanup(func() { require.NoError(t, end(context.Background())) })
	base, _ := startReady(t, &peer{}, nil, tel)
	exporter.Reset()
	const parent = "4bf92f3577b34da6a3ce929d0e0e4736"
	fetch(base+"/order/product/product1?secret=1", "traceparent", "00-"+parent+"-00f067aa0ba902b7-01", "User-Agent", "secret", "X-Forwarded-For", "203.0.113.9")
	var span tracetest.SpanStub
	require.Eventually(t, func() bool {
		for _, ended := range exporter.GetSpans() {
			if ended.Name == "GET /order/product/{product_identifier}" {
				span = ended
			}
		}
		return span.Name != ""
	}, patience, 10*time.Millisecond)
	require.Equal(t, parent, span.SpanContext.TraceID().String(), "a caller's trace goes on")
	recorded := fmt.Sprint(span.Attributes)
	require.Contains(t, recorded, "http.response.status_code")
	for _, private := range []string{"secret", "product1", "203.0.113.9", "client.address", "peer"} {
		require.NotContains(t, recorded, private)
	}
	for _, ended := range exporter.GetSpans() {
		require.NotContains(t, ended.Name, "healthz")
	}
}

func TestLogsNameNobody(t *testing.T) {
	t.Parallel()
	var logs lockedBuffer
	tel := telemetry.Silent()
	tel.Logger = slog.New(slog.NewJSONHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	base, stop := startReady(t, &peer{}, nil, tel)
	fetch(base+"/user/logged-in?secret=1", "Cookie", "sessionid="+strings.Repeat("s", 32), "User-Agent", "secret")
	fetch(base + "/clientevent/pageview?url=secret")
	stop()
	require.Contains(t, logs.String(), `"route":"/user/logged-in"`)
	for _, private := range []string{"secret=", "url=", strings.Repeat("s", 32), `"127.0.0.1:`, testSecrets[0]} {
		require.NotContains(t, logs.String(), private)
	}
}

type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(text)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	addr, _ := startPeer(t, &peer{})
	base, _ := startEdge(t, edgeConfig(addr), telemetry.Silent())
	second := edgeConfig(addr)
	second.Addr = strings.TrimPrefix(base, "http://")
	_, err := New(context.Background(), second, telemetry.Silent())
	require.ErrorContains(t, err, "API_ADDR")
	require.ErrorContains(t, err, "in use")
}
