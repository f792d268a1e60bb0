package inprocess

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// zeros is a body of that many bytes, read without being kept anywhere.
func zeros(size int64) io.Reader { return io.LimitReader(zeroReader{}, size) }

type zeroReader struct{}

func (zeroReader) Read(into []byte) (int, error) {
	for i := range into {
		into[i] = '0'
	}
	return len(into), nil
}

// TestAGoodRequestAfterABadOne goes over the same connection, which a browser or load balancer keeps: what was wrong with
// one request must not become part of the next one.
func TestAGoodRequestAfterABadOne(t *testing.T) {
	form := "application/x-www-form-urlencoded"
	for name, bad := range map[string]struct {
		method, path, contentType string
		size                      int64
		chunked, unprotected      bool
		hangsUp                   bool // a body that a page has no use for is not read to its end
		host                      string
		status                    int
	}{
		"10 MB form":              {method: "POST", path: "/user/login", contentType: form, size: 10 << 20, status: 400},
		"10 MB form in chunks":    {method: "POST", path: "/user/login", contentType: form, size: 10 << 20, chunked: true, status: 400},
		"10 MB multipart":         {method: "POST", path: "/user/login", contentType: "multipart/form-data; boundary=x", size: 10 << 20, status: 400},
		"10 MB JSON":              {method: "POST", path: "/user/login", contentType: "application/json", size: 10 << 20, status: 400},
		"10 MB without token":     {method: "POST", path: "/user/login", contentType: form, size: 10 << 20, unprotected: true, status: 400},
		"10 MB for nobody":        {method: "POST", path: "/nowhere", contentType: form, size: 10 << 20, status: 404},
		"10 MB to another host":   {method: "POST", path: "/user/login", contentType: form, size: 10 << 20, host: "evil.example", status: 400},
		"10 MB put":               {method: "PUT", path: "/user/login", contentType: form, size: 10 << 20, status: 405},
		"10 MB webhook":           {method: "POST", path: "/order/stripe-webhook", contentType: "application/json", size: 10 << 20, status: 400},
		"10 MB to a page":         {method: "GET", path: "/order/cart-items", contentType: form, size: 10 << 20, status: 200, hangsUp: true},
		"10 MB to the catalogue":  {method: "GET", path: "/order/products", contentType: form, size: 10 << 20, status: 200, hangsUp: true},
		"10 MB to an event":       {method: "GET", path: "/clientevent/pageview", contentType: form, size: 10 << 20, chunked: true, status: 200, hangsUp: true},
		"10 MB to a moved index":  {method: "POST", path: "/order", contentType: form, size: 10 << 20, status: 301},
		"10 MB by OPTIONS":        {method: "OPTIONS", path: "/user/login", contentType: form, size: 10 << 20, status: 405},
		"10 MB to the health":     {method: "POST", path: "/healthz", contentType: form, size: 10 << 20, status: 405},
		"broken multipart":        {method: "POST", path: "/user/login", contentType: "multipart/form-data; boundary=x", size: 500, status: 400},
		"multipart, no boundary":  {method: "POST", path: "/user/login", contentType: "multipart/form-data", size: 500, status: 400},
		"just over the old limit": {method: "POST", path: "/user/login", contentType: form, size: 2_621_441, status: 400},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCustomer(t)
			c.get("/user/token")
			line := newLine(t)
			status := line.send(bad.method, bad.path, zeros(bad.size), func(r *http.Request) {
				r.Header.Set("Content-Type", bad.contentType)
				r.Header.Set("Cookie", c.cookieHeader())
				if !bad.unprotected {
					r.Header.Set("X-Csrftoken", c.cookies["csrftoken"])
				}
				if bad.host != "" {
					r.Host = bad.host
				}
				r.ContentLength = bad.size
				if bad.chunked {
					r.ContentLength = -1
				}
			})
			require.Equal(t, bad.status, status)
			require.Equal(t, http.StatusOK, line.send(http.MethodGet, "/user/logged-in", nil))
			require.Equal(t, http.StatusOK, line.send(http.MethodGet, "/order/products", nil))
			require.Equal(t, []bool{false, !bad.hangsUp, true}, line.reused, "over one connection")
		})
	}
}

// TestABodyWithoutEndDoesNotHoldTheShop: beyond what is worth reading the answer comes and the connection goes.
func TestABodyWithoutEndDoesNotHoldTheShop(t *testing.T) {
	c := newCustomer(t)
	c.get("/user/token")
	const size = 64 << 20
	sent := &countedReader{from: zeros(size)}
	began := time.Now()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, shop.api()+"/user/login", sent)
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("X-Csrftoken", c.cookies["csrftoken"])
	request.Header.Set("Cookie", c.cookieHeader())
	response, err := http.DefaultClient.Do(request)
	if err == nil { // the answer may be lost with the connection that the client goes on writing into
		require.Equal(t, http.StatusBadRequest, response.StatusCode)
		require.NoError(t, response.Body.Close())
	}
	require.Less(t, sent.read.Load(), int64(size), "not all of it was taken")
	require.Less(t, time.Since(began), requestLimit)
	require.Equal(t, http.StatusOK, newLine(t).send(http.MethodGet, "/user/logged-in", nil))
}

type countedReader struct {
	from io.Reader
	read atomic.Int64 // the client may still be sending when it has its answer
}

func (c *countedReader) Read(into []byte) (int, error) {
	n, err := c.from.Read(into)
	c.read.Add(int64(n))
	return n, err
}

// line is one connection to the shop that remembers whether it was used again.
type line struct {
	t      testing.TB
	client *http.Client
	reused []bool
}

func newLine(t testing.TB) *line {
	transport := &http.Transport{MaxConnsPerHost: 1}
	t.Cleanup(transport.CloseIdleConnections)
	return &line{t: t, client: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
}

func (l *line) send(method, path string, body io.Reader, changes ...func(*http.Request)) int {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), requestLimit)
	defer cancel()
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) { l.reused = append(l.reused, got.Reused) }})
	request, err := http.NewRequestWithContext(ctx, method, shop.api()+path, body)
	require.NoError(l.t, err)
	for _, change := range changes {
		change(request)
	}
	response, err := l.client.Do(request)
	require.NoError(l.t, err)
	defer func() { _ = response.Body.Close() }()
	_, err = io.Copy(io.Discard, response.Body)
	require.NoError(l.t, err)
	return response.StatusCode
}

// TestRequestsInOneGo: a bad request and a good one are sent without waiting in between.
func TestRequestsInOneGo(t *testing.T) {
	c := newCustomer(t)
	c.get("/user/token")
	post := func(body, more string) string {
		return fmt.Sprintf("POST /user/login HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\nX-CSRFToken: %s\r\nContent-Type: application/x-www-form-urlencoded\r\n%s\r\n%s",
			c.cookieHeader(), c.cookies["csrftoken"], more, body)
	}
	good := "GET /user/logged-in HTTP/1.1\r\nHost: localhost\r\n\r\n"
	for name, sent := range map[string]struct {
		text     string
		statuses []int
	}{
		"a NUL in a field":      {post("username=%00", "Content-Length: 12\r\n") + good, []int{400, 200}},
		"too many fields":       {post(strings.Repeat("&", 1001), "Content-Length: 1001\r\n") + good, []int{400, 200}},
		"an unknown path":       {"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n" + good, []int{404, 200}},
		"a wrong host":          {"GET /user/token HTTP/1.1\r\nHost: evil.example\r\n\r\n" + good, []int{400, 200}},
		"two lengths":           {post("username=1", "Content-Length: 10\r\nContent-Length: 3\r\n") + good, []int{400}},
		"length and chunks":     {post("0\r\n\r\n", "Content-Length: 60\r\nTransfer-Encoding: chunked\r\n") + good, []int{400}},
		"broken chunks":         {post("zz\r\n", "Transfer-Encoding: chunked\r\n") + good, []int{400}},
		"no host":               {"GET /user/token HTTP/1.1\r\n\r\n" + good, []int{400}},
		"a body that is hidden": {"GET /user/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + fmt.Sprint(len(good)) + "\r\n\r\n" + good + good, []int{200, 200}},
	} {
		t.Run(name, func(t *testing.T) {
			got := overTheWire(t, []byte(sent.text))
			require.GreaterOrEqual(t, len(got), len(sent.statuses), "%v", got)
			require.Equal(t, sent.statuses, got[:len(sent.statuses)])
			require.LessOrEqual(t, len(got), 2, "no more answers than requests: %v", got)
		})
	}
}

// overTheWire sends bytes as they are and gives the status of each answer until the connection ends or nothing comes.
func overTheWire(t testing.TB, sent []byte) (statuses []int) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", shop.gatewayAddr, 5*time.Second)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	require.NoError(t, conn.SetDeadline(time.Now().Add(requestLimit)))
	go func() {
		_, _ = io.Copy(conn, bytes.NewReader(sent)) // the shop may hang up before it has all
		_ = conn.(*net.TCPConn).CloseWrite()
	}()
	reader := bufio.NewReader(conn)
	for {
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			require.NotErrorIs(t, err, context.DeadlineExceeded)
			return statuses
		}
		statuses = append(statuses, response.StatusCode)
		_, err = io.Copy(io.Discard, response.Body)
		if errors.Join(err, response.Body.Close()) != nil {
			return statuses
		}
	}
}
