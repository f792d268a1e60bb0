package web_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/reflect/protoreflect"

	_ "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/dialect"
	"github.com/bartgottschalk/startupwebapp/gateway/routes"
	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
	"github.com/bartgottschalk/startupwebapp/gateway/web"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const (
	host   = "startupwebapp-api.mosaicmeshai.com"
	page   = "https://startupwebapp.mosaicmeshai.com"
	token  = "abcdefghijklmnopqrstuvwxyzABCDEF"
	cookie = "csrftoken=" + token
)

// shop is a front door with a stub behind it that tells what reached it.
type shop struct {
	door    *web.Door
	logs    *bytes.Buffer
	reached *http.Request // by the API, nil when it was not
	fields  dialect.Fields
	raw     []byte
	answer  func(w http.ResponseWriter, r *http.Request)
}

func newShop(t testing.TB, change func(*web.Settings)) *shop {
	t.Helper()
	text, err := os.ReadFile("../routes.yaml")
	require.NoError(t, err)
	table, err := routes.Read(text)
	require.NoError(t, err)
	settings := web.Settings{
		AllowedHosts:   []string{host, "localhost", "127.0.0.1", "[::1]", ".shop.example"},
		AllowedOrigins: []string{"https://www.mosaicmeshai.com", page, "https://" + host},
		CookieDomain:   ".mosaicmeshai.com",
		HTTPSRedirect:  true,
		BehindProxy:    true,
		Deadline:       time.Second,
	}
	if change != nil {
		change(&settings)
	}
	s := &shop{logs: &bytes.Buffer{}}
	visitors := visitor.NewPolicy(visitor.Settings{CookieDomain: ".mosaicmeshai.com", CookieSecure: true, Key: signing.Key{Secret: "secret"}}, time.Now)
	tel := telemetry.Silent()
	tel.Logger = slog.New(slog.NewJSONHandler(s.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s.door = web.New(settings, table, visitors, web.Rooms{
		Health: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("healthy")) }),
		Live:   http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("alive")) }),
		Direct: map[protoreflect.FullName]http.Handler{
			"storefront.v1.OrderAreaService.ListProducts": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("products")) }),
		},
		API: http.HandlerFunc(s.api),
	}, tel)
	return s
}

func (s *shop) api(w http.ResponseWriter, r *http.Request) {
	s.reached = r
	if body, ok := r.Body.(*dialect.Body); ok {
		s.fields = body.Fields
	} else {
		s.raw, _ = io.ReadAll(r.Body)
	}
	if s.answer != nil {
		s.answer(w, r)
		return
	}
	_, _ = w.Write([]byte("answered"))
}

// ask sends a request as a browser behind the load balancer would; headers are name, value, ...
func (s *shop) ask(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	return s.askFrom(method, target, strings.NewReader(body), headers...)
}

func (s *shop) askFrom(method, target string, body io.Reader, headers ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, "/", body)
	parsed, err := url.ParseRequestURI(target)
	if err != nil {
		panic(err)
	}
	request.URL, request.RequestURI, request.Host = parsed, target, host
	request.Header.Set("X-Forwarded-Proto", "https")
	for i := 0; i < len(headers); i += 2 {
		switch {
		case headers[i] == "Host":
			request.Host = headers[i+1]
		case headers[i+1] == "":
			request.Header.Del(headers[i])
		default:
			request.Header.Add(headers[i], headers[i+1])
		}
	}
	s.reached, s.fields, s.raw = nil, nil, nil
	recorder := httptest.NewRecorder()
	s.door.ServeHTTP(recorder, request)
	return recorder
}

func (s *shop) post(target, form string, headers ...string) *httptest.ResponseRecorder {
	base := []string{"Content-Type", "application/x-www-form-urlencoded; charset=UTF-8", "Origin", page, "Cookie", cookie, "X-CSRFToken", token}
	return s.ask(http.MethodPost, target, form, append(base, headers...)...)
}

func requireSecurityHeaders(t *testing.T, header http.Header) {
	t.Helper()
	require.Equal(t, "DENY", header.Get("X-Frame-Options"))
	require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))
	require.Equal(t, "same-origin", header.Get("Referrer-Policy"))
	require.Equal(t, "same-origin", header.Get("Cross-Origin-Opener-Policy"))
}

func TestStatuses(t *testing.T) {
	t.Parallel()
	s := newShop(t, nil)
	for _, c := range []struct {
		method, target string
		headers        []string
		want           int
	}{
		{"GET", "/order/products", nil, 200},
		{"HEAD", "/order/products", nil, 200},
		{"GET", "/user/token", nil, 200},
		{"HEAD", "/user/logged-in", nil, 200},
		{"GET", "/order/abcdefghij", nil, 200},
		{"GET", "/user/", nil, 200},
		{"GET", "/healthz", nil, 200},
		{"GET", "/healthz", []string{"Host", "10.0.0.7:8000", "X-Forwarded-Proto", ""}, 200},
		{"POST", "/healthz", nil, 405},
		{"GET", "/livez", nil, 200},
		{"HEAD", "/livez", []string{"Host", "10.0.0.7:8000", "X-Forwarded-Proto", ""}, 200},
		{"POST", "/livez", nil, 405},
		{"GET", "/livez/", nil, 404},
		{"GET", "/", nil, 404},
		{"GET", "/foo", nil, 404},
		{"GET", "/foo?a=b", nil, 404},
		{"GET", "//user/token", nil, 404},
		{"GET", "/user/token/", nil, 404},
		{"GET", "/order/products/", nil, 404},
		{"GET", "/order/product/", nil, 404},
		{"GET", "/order/product/a%2Fb", nil, 404},
		{"GET", "/order/abc-def", nil, 404},
		{"GET", "/static/nope.css", nil, 404},
		{"GET", "/order/a%00b", nil, 400},
		{"GET", "/user/%ff", nil, 400},
		{"POST", "/foo", nil, 404},
		{"POST", "/user/token", nil, 403},
		{"DELETE", "/order/products", nil, 403},
		{"GET", "/user/login", nil, 405},
		{"HEAD", "/user/login", nil, 405},
		{"OPTIONS", "/user/login", nil, 405},
		{"TRACE", "/user/token", nil, 405},
		{"GET", "/order/products", []string{"Host", "evil.example.com"}, 400},
		{"GET", "/order/products", []string{"Host", ""}, 400},
		{"GET", "/order/products", []string{"Host", host + ":x"}, 400},
		{"GET", "/order/products", []string{"Host", strings.ToUpper(host) + ".:8443"}, 200},
		{"GET", "/order/products", []string{"Host", "[::1]:8000"}, 200},
		{"GET", "/order/products", []string{"Host", "eu.shop.example"}, 200},
		{"GET", "/order/products", []string{"Host", "evilshop.example"}, 400},
		{"GET", "/order/stripe-webhook", nil, 405},
		{"PUT", "/order/stripe-webhook", nil, 405},
		{"POST", "/order/stripe-webhook", nil, 200},
	} {
		got := s.ask(c.method, c.target, "", c.headers...)
		require.Equal(t, c.want, got.Code, "%s %s %v", c.method, c.target, c.headers)
		requireSecurityHeaders(t, got.Header())
		if got.Code == 405 {
			require.NotEmpty(t, got.Header().Get("Allow"))
		}
	}
}

func TestSlashRedirect(t *testing.T) {
	t.Parallel()
	s := newShop(t, nil)
	for target, want := range map[string]string{"/user": "/user/", "/order?a=b": "/order/?a=b", "/clientevent": "/clientevent/"} {
		for _, method := range []string{"GET", "POST"} {
			got := s.ask(method, target, "")
			require.Equal(t, http.StatusMovedPermanently, got.Code)
			require.Equal(t, want, got.Header().Get("Location"))
		}
	}
}

func TestHTTPSRedirect(t *testing.T) {
	t.Parallel()
	s := newShop(t, nil)
	for _, method := range []string{"GET", "POST", "OPTIONS"} {
		got := s.ask(method, "/user/token?a=b", "", "X-Forwarded-Proto", "", "Origin", page, "Access-Control-Request-Method", "POST")
		require.Equal(t, http.StatusMovedPermanently, got.Code)
		require.Equal(t, "https://"+host+"/user/token?a=b", got.Header().Get("Location"))
		require.Empty(t, got.Header().Get("Access-Control-Allow-Origin"), "contract encodings.md 6")
		require.Empty(t, got.Header().Get("Strict-Transport-Security"))
	}
	got := s.ask("GET", "/order/products", "", "X-Forwarded-Proto", "", "Origin", page)
	require.Equal(t, 200, got.Code, "the old health check")
	require.Equal(t, page, got.Header().Get("Access-Control-Allow-Origin"))
	require.Empty(t, got.Header().Get("Strict-Transport-Security"))
	require.Equal(t, http.StatusBadRequest, s.ask("GET", "/user/token", "", "X-Forwarded-Proto", "", "Host", "evil.example").Code, "never redirects to a foreign host")

	plain := newShop(t, func(settings *web.Settings) { settings.HTTPSRedirect, settings.BehindProxy = false, false })
	got = plain.ask("GET", "/user/token", "")
	require.Equal(t, 200, got.Code)
	require.Empty(t, got.Header().Get("Strict-Transport-Security"), "without a proxy nobody's X-Forwarded-Proto is believed")
}

func TestCORS(t *testing.T) {
	t.Parallel()
	s := newShop(t, nil)
	for _, c := range []struct {
		name    string
		origin  string
		allowed bool
	}{
		{"allowed", page, true},
		{"not allowed", "https://evil.example.com", false},
		{"none", "", false},
		{"null", "null", false},
		{"other case", strings.ToUpper(page), false},
		{"other scheme", strings.Replace(page, "https", "http", 1), false},
		{"the API's own, though listed", "https://" + host, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			for target, status := range map[string]int{"/order/products": 200, "/user/token": 200, "/no/such": 404} {
				got := s.ask("GET", target, "", "Origin", c.origin)
				require.Equal(t, status, got.Code)
				requireCORS(t, got.Header(), c.origin, c.allowed, false)
			}
			preflight := s.ask("OPTIONS", "/any/path", "", "Origin", c.origin, "Access-Control-Request-Method", "POST")
			require.Equal(t, 200, preflight.Code)
			require.Empty(t, preflight.Body.String())
			requireCORS(t, preflight.Header(), c.origin, c.allowed, true)
			bare := s.ask("OPTIONS", "/order/products", "", "Origin", c.origin)
			requireCORS(t, bare.Header(), c.origin, c.allowed, true)
		})
	}
}

func requireCORS(t *testing.T, header http.Header, origin string, allowed, isOptions bool) {
	t.Helper()
	require.Contains(t, strings.ToLower(strings.Join(header["Vary"], ",")), "origin")
	require.Equal(t, "max-age=31536000; includeSubDomains; preload", header.Get("Strict-Transport-Security"))
	if !allowed {
		for name := range header {
			require.False(t, strings.HasPrefix(name, "Access-Control-"), name)
		}
		return
	}
	require.Equal(t, []string{origin}, header["Access-Control-Allow-Origin"])
	require.Equal(t, "true", header.Get("Access-Control-Allow-Credentials"))
	if isOptions {
		require.Equal(t, "accept, authorization, content-type, idempotency-key, user-agent, x-csrftoken, x-requested-with", header.Get("Access-Control-Allow-Headers"))
		require.Equal(t, "DELETE, GET, OPTIONS, PATCH, POST, PUT", header.Get("Access-Control-Allow-Methods"))
		require.Equal(t, "86400", header.Get("Access-Control-Max-Age"))
	}
}

func TestHandlersSeeOnlyWhatIsTheirs(t *testing.T) {
	t.Parallel()
	s := newShop(t, nil)
	got := s.ask("HEAD", "/clientevent/pageview?url=a&url=b%00%ff&pageWidth[]=1&x=%ff&page_width=3", "",
		"Grpc-Timeout", "1n", "X-HTTP-Method-Override", "POST", "TE", "trailers", "Accept", "text/plain", "Cookie", "an_ct=x", "User-Agent", "browser")
	require.Equal(t, 200, got.Code)
	require.Equal(t, http.MethodGet, s.reached.Method)
	require.Empty(t, s.reached.Header)
	require.Equal(t, url.Values{"url": {"b\uFFFD"}}, s.reached.Form, "the last value, as text")
	require.Equal(t, "browser", visitor.From(s.reached.Context()).UserAgent())
	deadline, set := s.reached.Context().Deadline()
	require.True(t, set)
	require.WithinDuration(t, time.Now(), deadline, 2*time.Second)

	require.Equal(t, 200, s.ask("GET", "/user/", "").Code)
	require.Equal(t, "/user", s.reached.URL.Path)
	require.Equal(t, 400, s.ask("GET", "/order/checkout-session-success?session_id=%ff", "").Code)
	require.Equal(t, 400, s.ask("GET", "/order/checkout-session-success?session_id=a%00", "").Code)
	require.Equal(t, 400, s.ask("GET", "/order/checkout-session-success?"+strings.Repeat("a&", 1000), "").Code)
	require.Equal(t, 200, s.ask("GET", "/order/checkout-session-success?x=%ff&session_id=cs%20", "").Code)
	require.Equal(t, "cs ", s.reached.Form.Get("session_id"))
	require.Equal(t, 200, s.ask("GET", "/clientevent/pageview?"+strings.Repeat("a&", 2000)+"url=x", "").Code, "an event is never refused")
}

func TestLogLine(t *testing.T) {
	t.Parallel()
	s := newShop(t, nil)
	s.ask("GET", "/order/product/secretProduct1?token=secret", "", "Cookie", "sessionid=secret", "X-Forwarded-For", "203.0.113.9", "User-Agent", "secret")
	s.ask("GET", "/secret/path", "")
	s.ask("BREW", "/user/token", "", "Cookie", cookie)
	lines := s.logs.String()
	require.Contains(t, lines, `"method":"GET","route":"/order/product/{product_identifier}","status":200,"milliseconds":`)
	require.Contains(t, lines, `"route":"unknown","status":404`)
	require.Contains(t, lines, `"method":"other","route":"/user/token","status":403`)
	for _, private := range []string{"secret", "203.0.113.9", "192.0.2.1", token} {
		require.NotContains(t, lines, private)
	}
}

func TestPanicIsAPage(t *testing.T) {
	t.Parallel()
	s := newShop(t, nil)
	s.answer = func(http.ResponseWriter, *http.Request) { panic("broken") }
	got := s.ask("GET", "/user/token", "", "Origin", page)
	require.Equal(t, 500, got.Code)
	require.Equal(t, page, got.Header().Get("Access-Control-Allow-Origin"))
	require.NotContains(t, got.Body.String(), "broken")
	require.Contains(t, s.logs.String(), "request panicked")

	s.answer = func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("half"))
		panic("broken")
	}
	require.PanicsWithValue(t, http.ErrAbortHandler, func() { s.ask("GET", "/user/token", "") }, "half an answer must not look whole")
	s.answer = nil
	require.Equal(t, 200, s.ask("GET", "/user/token", "").Code)
}

func TestDeadlineReachesHandlers(t *testing.T) {
	t.Parallel()
	s := newShop(t, func(settings *web.Settings) { settings.Deadline = time.Millisecond })
	s.answer = func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		web.Fail(w, context.Cause(r.Context()))
	}
	got := s.ask("GET", "/user/token", "")
	require.Equal(t, 503, got.Code)
	require.Equal(t, "1", got.Header().Get("Retry-After"))
}

func TestPagesCanReadHowLongToWait(t *testing.T) {
	t.Parallel()
	s := newShop(t, nil)
	s.answer = func(w http.ResponseWriter, _ *http.Request) {
		web.Fail(w, fault.New(fault.RateLimited, "rate-limited", "").After(time.Minute))
	}
	require.Equal(t, "Retry-After", s.ask("GET", "/user/token", "", "Origin", page).Header().Get("Access-Control-Expose-Headers"))
	require.Empty(t, s.ask("GET", "/user/token", "", "Origin", "https://evil.example").Header().Get("Access-Control-Expose-Headers"))
}
