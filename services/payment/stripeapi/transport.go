package stripeapi

import (
	"context"
	"io"
	"net"
	"net/http"
	"time"
)

const (
	tryLimit      = 8 * time.Second // of one request to Stripe; a caller's own deadline may be shorter
	largestAnswer = 4 << 20         // bytes; a session with a hundred lines has less than a tenth of it
)

// newHTTPClient has limits in place of the library's defaults, which wait 80 s and read without end.
func newHTTPClient() *http.Client {
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 3 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   3 * time.Second,
		ResponseHeaderTimeout: tryLimit,
		MaxIdleConnsPerHost:   4,
		MaxConnsPerHost:       32, // Stripe takes about 25 requests a second
		IdleConnTimeout:       60 * time.Second,
		ForceAttemptHTTP2:     true,
	}
	return &http.Client{Transport: limited{transport}, Timeout: tryLimit, CheckRedirect: neverFollow}
}

// neverFollow: the API does not redirect, and a redirect would carry the secret elsewhere.
func neverFollow(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// limited notes the status of the answer, which the library loses when the body is not Stripe's JSON, and bounds the body.
type limited struct{ next http.RoundTripper }

// RoundTrip passes the request on.
func (l limited) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := l.next.RoundTrip(request)
	if err != nil {
		return nil, err // the http.Client wraps it itself
	}
	if noted, ok := request.Context().Value(statusKey{}).(*int); ok {
		*noted = response.StatusCode
	}
	response.Body = boundedBody{io.LimitReader(response.Body, largestAnswer), response.Body}
	return response, nil
}

type boundedBody struct {
	io.Reader
	io.Closer
}

type statusKey struct{}

func notingStatus(ctx context.Context) (context.Context, *int) {
	status := new(int)
	return context.WithValue(ctx, statusKey{}, status), status
}
