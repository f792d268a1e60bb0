package web_test

import (
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/gateway/dialect"
	"github.com/bartgottschalk/startupwebapp/gateway/web"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

func TestForms(t *testing.T) {
	t.Parallel()
	s := newShop(t, nil)
	require.Equal(t, 200, s.post("/user/login", "username=a&username=b&password=%21").Code)
	require.Equal(t, dialect.Fields{"username": "b", "password": "!"}, s.fields)

	require.Equal(t, 200, s.ask("POST", "/user/login", `{"username":"a"}`, "Content-Type", "application/json", "Origin", page, "Cookie", cookie, "X-CSRFToken", token).Code)
	require.Empty(t, s.fields, "JSON has no fields")

	require.Equal(t, 400, s.ask("POST", "/user/login", "x", "Content-Type", "multipart/form-data", "Origin", page, "Cookie", cookie, "X-CSRFToken", token).Code)
	require.Equal(t, 200, s.post("/user/login", strings.Repeat("a=1&", 999)+"a=1").Code)
	require.Equal(t, 400, s.post("/user/login", strings.Repeat("a=1&", 1000)+"a=1").Code)
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	const limit = 2_621_440
	s := newShop(t, nil)
	value := strings.Repeat("x", limit-len("username="))
	require.Equal(t, 200, s.post("/user/login", "username="+value).Code)
	require.Equal(t, 400, s.post("/user/login", "username="+value+"x").Code)
	chunked := []string{"Content-Type", form, "Origin", page, "Cookie", cookie, "X-CSRFToken", token}
	require.Equal(t, 400, s.askFrom("POST", "/user/login", io.MultiReader(strings.NewReader("username="+value+"x")), chunked...).Code)
	require.Equal(t, 200, s.askFrom("POST", "/user/login", io.MultiReader(strings.NewReader("username=x")), chunked...).Code)

	require.Equal(t, 200, s.ask("POST", "/order/stripe-webhook", "\xff{raw}").Code)
	require.Equal(t, "\xff{raw}", string(s.raw), "the signature is over these bytes")
	require.Equal(t, 400, s.ask("POST", "/order/stripe-webhook", strings.Repeat("x", limit+1)).Code)
}

// serve puts the shop on a real connection, where resets and limits of net/http show.
func serve(t *testing.T, s *shop) string {
	t.Helper()
	server := httptest.NewUnstartedServer(s.door)
	server.Config.MaxHeaderBytes = 64 << 10
	server.Start()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// A client that first sends all of its 10 MB and then reads sees the answer, not a reset connection.
func TestHugeBodiesAreAnswered(t *testing.T) {
	t.Parallel()
	const size = 10 << 20
	address := serve(t, newShop(t, func(settings *web.Settings) { settings.HTTPSRedirect = false }))
	proof := "Content-Type: " + form + "\r\nCookie: " + cookie + "\r\nX-CSRFToken: " + token + "\r\n"
	for _, c := range []struct {
		target, headers string
		want            int
	}{
		{"/user/login", "", 403}, {"/user/login", proof, 400}, {"/foo", "", 404}, {"/user", "", 301}, {"/user/token", "", 403},
		{"/user/token", proof, 400}, {"/order/stripe-webhook", "", 400}, {"/healthz", "", 405},
	} {
		t.Run(c.target, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, address)
			_, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n%s\r\n", c.target, size, c.headers)
			require.NoError(t, err)
			_, err = io.WriteString(conn, strings.Repeat("x", size))
			require.NoError(t, err, "all of it is taken")
			require.Equal(t, c.want, readStatus(t, conn))
		})
	}
}

func TestHostileWire(t *testing.T) {
	t.Parallel()
	address := serve(t, newShop(t, func(settings *web.Settings) { settings.HTTPSRedirect = false }))
	for name, sent := range map[string]string{
		"huge header":        "GET /user/token HTTP/1.1\r\nHost: localhost\r\nX-Big: " + strings.Repeat("x", 200<<10) + "\r\n\r\n",
		"huge path":          "GET /" + strings.Repeat("x", 200<<10) + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"no host":            "GET /user/token HTTP/1.1\r\n\r\n",
		"old HTTP":           "GET /user/token HTTP/1.0\r\n\r\n",
		"absolute address":   "GET http://evil.example/user/token HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"star":               "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"connect":            "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"NUL in the path":    "GET /user/%00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"broken escape":      "GET /user/%zz HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"NUL in a header":    "GET /user/token HTTP/1.1\r\nHost: localhost\r\nCookie: a=\x00\r\n\r\n",
		"bad UTF-8 cookies":  "GET /user/token HTTP/1.1\r\nHost: localhost\r\nCookie: \xff=\xfe; sessionid=\xff; an_ct=\xff:\xff:\xff\r\n\r\n",
		"many cookies":       "GET /user/token HTTP/1.1\r\nHost: localhost\r\nCookie: " + strings.Repeat("a=b;", 10000) + "\r\n\r\n",
		"body shorter":       "POST /order/stripe-webhook HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nshort",
		"two lengths":        "POST /order/stripe-webhook HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
		"broken chunks":      "POST /order/stripe-webhook HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"huge promised body": "POST /order/stripe-webhook HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\nx",
		"negative length":    "POST /order/stripe-webhook HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
		"unknown method":     "BREW /user/token HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"garbage":            "\x16\x03\x01\x02\x00\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status := exchange(t, address, sent)
			require.Less(t, status, 500)
			require.GreaterOrEqual(t, status, 200)
		})
	}
}

// exchange sends bytes, closes its sending side, and reads the status of the answer.
func exchange(t *testing.T, address, sent string) int {
	t.Helper()
	conn := dial(t, address)
	go func() {
		_, _ = io.WriteString(conn, sent)
		_ = conn.CloseWrite()
	}()
	return readStatus(t, conn)
}

func dial(t *testing.T, address string) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	return conn.(*net.TCPConn)
}

func readStatus(t *testing.T, conn net.Conn) int {
	t.Helper()
	head := make([]byte, 12)
	_, err := io.ReadFull(conn, head)
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.", string(head[:7]))
	return int(head[9]-'0')*100 + int(head[10]-'0')*10 + int(head[11]-'0')
}

func TestFail(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err        error
		want       int
		retryAfter string
	}{
		{fault.New(fault.RateLimited, "rate-limited", "").After(90500 * time.Millisecond), 403, "91"},
		{fault.New(fault.RateLimited, "rate-limited", ""), 403, ""},
		{fault.New(fault.Invalid, "field-missing", "secret detail"), 400, ""},
		{fault.New(fault.NotFound, "gone", ""), 404, ""},
		{fault.New(fault.Unauthenticated, "who", ""), 401, ""},
		{fault.New(fault.PermissionDenied, "no", ""), 403, ""},
		{fault.New(fault.Conflict, "twice", ""), 409, ""},
		{fault.New(fault.FailedPrecondition, "not-now", ""), 409, ""},
		{fault.New(fault.Unavailable, "away", ""), 503, "1"},
		{fault.New(fault.DeadlineExceeded, "late", ""), 503, "1"},
		{fault.New(fault.Internal, "internal", ""), 500, ""},
		{io.ErrUnexpectedEOF, 500, ""},
		{fault.New(fault.Kind(99), "new", ""), 500, ""},
	} {
		recorder := httptest.NewRecorder()
		web.Fail(recorder, c.err)
		require.Equal(t, c.want, recorder.Code, c.err)
		require.Equal(t, c.retryAfter, recorder.Header().Get("Retry-After"), c.err)
		require.Equal(t, "text/html; charset=utf-8", recorder.Header().Get("Content-Type"))
		require.NotContains(t, recorder.Body.String(), "secret")
		require.Equal(t, fault.KindOf(c.err) == fault.RateLimited, strings.Contains(recorder.Body.String(), "wait a while"), c.err)
	}
}
