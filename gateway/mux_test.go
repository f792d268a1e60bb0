package gateway

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/dialect"
	"github.com/bartgottschalk/startupwebapp/gateway/routes"
	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
	"github.com/bartgottschalk/startupwebapp/gateway/web"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const (
	testSecret = "a-secret-of-tests-for-cookies"
	csrfToken  = "abcdefghijklmnopqrstuvwxyzABCDEF"
	pageOrigin = "http://localhost:8080"
)

// recordingConn stands for the handlers: it remembers the last call and answers as told.
type recordingConn struct {
	mu      sync.Mutex
	method  string
	request proto.Message
	calls   int
	answer  func(ctx context.Context, reply proto.Message) error
}

func (c *recordingConn) Invoke(ctx context.Context, method string, request, reply any, _ ...grpc.CallOption) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.method, c.request, c.calls = method, request.(proto.Message), c.calls+1
	if c.answer != nil {
		return c.answer(ctx, reply.(proto.Message))
	}
	return nil
}

func (c *recordingConn) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, fault.New(fault.Internal, "no-streams", "")
}

func testConfig() Config {
	return Config{SiteOrigin: pageOrigin, AllowedHosts: []string{"localhost"}, SecretKey: testSecret, RequestDeadline: time.Second}
}

// newChain is the edge without peers: front door, gateway, and conn in the handlers' place.
func newChain(t testing.TB, conn grpc.ClientConnInterface) (http.Handler, *routes.Table) {
	t.Helper()
	table, err := routes.Read(routesFile)
	require.NoError(t, err)
	renderer, err := dialect.NewRenderer(areas()...)
	require.NoError(t, err)
	mux, err := newMux(context.Background(), conn, renderer, time.Now)
	require.NoError(t, err)
	cfg := testConfig()
	return web.New(cfg.webSettings(), table, cfg.visitors(), web.Rooms{Health: http.NotFoundHandler(), API: mux}, telemetry.Silent()), table
}

func send(chain http.Handler, method, target, contentType, body string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, "/", strings.NewReader(body))
	parsed, err := url.ParseRequestURI(target)
	if err != nil {
		panic(err)
	}
	request.URL, request.Host = parsed, "localhost:8000"
	request.Header.Set("Origin", pageOrigin)
	request.Header.Set("Cookie", "csrftoken="+csrfToken)
	request.Header.Set("X-CSRFToken", csrfToken)
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	recorder := httptest.NewRecorder()
	chain.ServeHTTP(recorder, request)
	return recorder
}

const formType = "application/x-www-form-urlencoded"

// pathOf is a path that the route is asked by.
func pathOf(route *routes.Route) string {
	path, _, has := strings.Cut(route.Path, "{")
	switch {
	case has:
		return path + "abc123"
	case route.IsIndex:
		return path + "/"
	}
	return path
}

// Every line of routes.yaml leads to its RPC, with every field of the request in its place.
func TestEveryRouteLeadsToItsRPC(t *testing.T) {
	t.Parallel()
	conn := &recordingConn{}
	chain, table := newChain(t, conn)
	for _, route := range table.All() {
		fields := url.Values{}
		description := requestOf(t, route)
		for i := range description.Fields().Len() {
			fields.Add(description.Fields().Get(i).JSONName(), "first")
			fields.Add(description.Fields().Get(i).JSONName(), "value of "+string(description.Fields().Get(i).Name()))
		}
		target, body := pathOf(route), fields.Encode()
		if route.Method == http.MethodGet {
			target, body = target+"?"+body+"&pageWidth%5B%5D=1&a.b=c&unknown=%ff", ""
		}
		got := send(chain, route.Method, target, formType, body)
		require.Equal(t, http.StatusOK, got.Code, route.Path)
		require.Equal(t, string(route.RPC), strings.ReplaceAll(strings.TrimPrefix(conn.method, "/"), "/", "."), route.Path)
		requireFields(t, route, conn.request.ProtoReflect(), body)
		if route.AlsoPosted {
			conn.method = ""
			require.Equal(t, http.StatusOK, send(chain, http.MethodPost, pathOf(route), formType, "a=b").Code, route.Path)
			require.Contains(t, conn.method, string(route.RPC.Name()))
			conn.calls--
		}
	}
	require.Len(t, table.All(), conn.calls)
}

func requestOf(t *testing.T, route *routes.Route) protoreflect.MessageDescriptor {
	t.Helper()
	for _, service := range areas() {
		if method := service.Methods().ByName(route.RPC.Name()); method != nil && method.FullName() == route.RPC {
			return method.Input()
		}
	}
	require.Fail(t, "no such method", route.RPC)
	return nil
}

func requireFields(t *testing.T, route *routes.Route, request protoreflect.Message, body string) {
	t.Helper()
	fields := request.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		want := "value of " + string(field.Name())
		if strings.Contains(route.Path, "{"+string(field.Name())+"}") {
			want = "abc123"
		}
		if route.HasRaw {
			require.Equal(t, body, string(request.Get(field).Bytes()))
			continue
		}
		require.Equal(t, want, request.Get(field).String(), "%s of %s", field.Name(), route.Path)
	}
}

func TestIndexPagesAreNotKept(t *testing.T) {
	t.Parallel()
	chain, _ := newChain(t, &recordingConn{answer: func(_ context.Context, reply proto.Message) error {
		proto.Merge(reply, &storefrontv1.ShowUserIndexResponse{Html: "<p>hello</p>"})
		return nil
	}})
	got := send(chain, http.MethodGet, "/user/", "", "")
	require.Equal(t, "<p>hello</p>", got.Body.String())
	require.Equal(t, "text/html; charset=utf-8", got.Header().Get("Content-Type"))
	require.Equal(t, "max-age=0, no-cache, no-store, must-revalidate, private", got.Header().Get("Cache-Control"))
	expires, err := http.ParseTime(got.Header().Get("Expires"))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), expires, 5*time.Second)
}

func TestAnswersCarryCookiesAndStatus(t *testing.T) {
	t.Parallel()
	chain, _ := newChain(t, &recordingConn{answer: func(ctx context.Context, reply proto.Message) error {
		guest := visitor.From(ctx)
		guest.SendCSRF()
		guest.SetSession(strings.Repeat("a", 32), true)
		guest.Status(http.StatusTeapot)
		proto.Merge(reply, &storefrontv1.LogInResponse{Login: "true"})
		return nil
	}})
	got := send(chain, http.MethodPost, "/user/login", formType, "")
	require.Equal(t, http.StatusTeapot, got.Code)
	require.JSONEq(t, `{"login":"true","user-api-version":"0.0.1"}`, got.Body.String())
	require.Equal(t, "application/json", got.Header().Get("Content-Type"))
	require.Len(t, got.Header()["Set-Cookie"], 2)
	require.Equal(t, []string{"origin", "Cookie"}, got.Header()["Vary"])
}

func TestFailuresArePages(t *testing.T) {
	t.Parallel()
	conn := &recordingConn{}
	chain, _ := newChain(t, conn)
	for _, c := range []struct {
		failure error
		want    int
		retry   string
	}{
		{fault.New(fault.RateLimited, "rate-limited", "").After(time.Minute), 403, "60"},
		{fault.New(fault.Invalid, "field-missing", ""), 400, ""},
		{fault.New(fault.Unavailable, "unavailable", ""), 503, "1"},
		{fault.New(fault.Internal, "internal", ""), 500, ""},
		{fault.New(fault.NotFound, "order-not-found", "").GRPCStatus().Err(), 404, ""},
	} {
		conn.answer = func(ctx context.Context, _ proto.Message) error {
			visitor.From(ctx).ForgetSession()
			return c.failure
		}
		got := send(chain, http.MethodGet, "/user/logged-in", "", "")
		require.Equal(t, c.want, got.Code)
		require.Equal(t, c.retry, got.Header().Get("Retry-After"))
		require.Equal(t, "text/html; charset=utf-8", got.Header().Get("Content-Type"))
		require.Equal(t, pageOrigin, got.Header().Get("Access-Control-Allow-Origin"))
		require.Len(t, got.Header()["Set-Cookie"], 1, "the dead session is deleted all the same")
	}
}

// Whatever a client sends to any path, no answer blames us and no handler gets what is no text.
func TestHostileInputIsNeverOurFault(t *testing.T) {
	t.Parallel()
	conn := &recordingConn{}
	chain, table := newChain(t, conn)
	multi := "multipart/form-data; boundary=b"
	for _, route := range table.All() {
		target := pathOf(route)
		for _, hostile := range []struct{ query, contentType, body string }{
			{"", "", ""},
			{"%ff=%00&url=%ff%00&session_id=%ff", formType, "username=%ff&sku_id=%00&firstname=%ff"},
			{strings.Repeat("a=b&", 2000), formType, strings.Repeat("a=b&", 2000)},
			{"url=" + strings.Repeat("x", 50000), formType, "username=" + strings.Repeat("x", 3<<20)},
			{"url[]=1&url.x=2&url=%&%zz", formType, "sku_id[]=1&sku_id.x=2&%zz=%"},
			{"", "multipart/form-data", "x"},
			{"", multi, "--b\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\n\xff\x00\r\n--b--\r\n"},
			{"", multi, "--b\r\nContent-Disposition: form-data; name=\"username"},
			{"", multi, strings.Repeat("--b\r\n\r\n\r\n", 2000) + "--b--"},
			{"", "application/json", `{"username": 5`},
			{"", "text/plain\xff; ;;", "\x00\xff"},
		} {
			for _, method := range []string{"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"} {
				got := send(chain, method, target+"?"+hostile.query, hostile.contentType, hostile.body)
				require.Less(t, got.Code, 500, "%s %s %.40q", method, target, hostile)
				if route.Service == "storefront.v1.ClientEventAreaService" && method == "GET" {
					require.Equal(t, 200, got.Code, "an event is never refused: %.40q", hostile)
				}
				if conn.request != nil {
					_, err := proto.Marshal(conn.request)
					require.NoError(t, err, "a request that no service can be sent")
				}
			}
		}
	}
}

func FuzzChain(f *testing.F) {
	chain, _ := newChain(f, &recordingConn{})
	f.Add("GET", "/clientevent/pageview?url=a", "", "")
	f.Add("POST", "/user/login", formType, "username=a")
	f.Add("POST", "/order/stripe-webhook", "application/json", "{}")
	f.Fuzz(func(t *testing.T, method, target, contentType, body string) {
		parsed, err := url.ParseRequestURI(target)
		if err != nil || !strings.HasPrefix(target, "/") || strings.ContainsAny(method, " \t\r\n") {
			return
		}
		request := httptest.NewRequest(http.MethodGet, "/", strings.NewReader(body))
		request.Method, request.URL, request.Host = method, parsed, "localhost"
		request.Header.Set("Content-Type", contentType)
		request.Header.Set("Cookie", "csrftoken="+csrfToken)
		request.Header.Set("X-CSRFToken", csrfToken)
		recorder := httptest.NewRecorder()
		chain.ServeHTTP(recorder, request)
		require.Less(t, recorder.Code, 500)
	})
}

func BenchmarkSmallGet(b *testing.B) {
	chain, _ := newChain(b, &recordingConn{answer: func(ctx context.Context, reply proto.Message) error {
		visitor.From(ctx).SendCSRF()
		proto.Merge(reply, &storefrontv1.TellLoggedInResponse{ClientEventId: proto.Int64(1), FirstName: proto.String("Ada")})
		return nil
	}})
	benchmark(b, chain, "/user/logged-in")
}

func BenchmarkPageview(b *testing.B) {
	chain, _ := newChain(b, &recordingConn{answer: func(_ context.Context, reply proto.Message) error {
		proto.Merge(reply, &storefrontv1.ReportPageviewResponse{Answer: "thank you"})
		return nil
	}})
	benchmark(b, chain, "/clientevent/pageview?client_event_id=1&anonymous_id=abc&url=https%3A%2F%2Fshop.example%2Fproducts&pageWidth=1200")
}

// discard is a response writer without costs of its own.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header            { return d.header }
func (d *discard) Write(body []byte) (int, error) { return len(body), nil }
func (d *discard) WriteHeader(int)                {}

func benchmark(b *testing.B, handler http.Handler, target string) {
	b.Helper()
	request := httptest.NewRequest(http.MethodGet, target, http.NoBody)
	request.Host = "localhost:8000"
	request.Header.Set("Origin", pageOrigin)
	request.Header.Set("Accept-Encoding", "gzip, deflate")
	request.Header.Set("Cookie", "csrftoken="+csrfToken)
	w := &discard{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		handler.ServeHTTP(w, request)
	}
	require.NotEmpty(b, w.header.Get("Content-Type"))
}
