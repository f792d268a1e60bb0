package gateway

import (
	"net/http"
	"net/url"
	"strings"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"github.com/bartgottschalk/startupwebapp/gateway/web"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// observed traces and measures requests, when anybody looks. Only a likeness of the request is shown to the
// instrumentation, for it would record the client's address, browser and path.
func observed(door http.Handler, tel telemetry.Telemetry) http.Handler {
	if !tel.On {
		return door
	}
	observe := otelhttp.NewMiddleware("request",
		otelhttp.WithTracerProvider(tel.Tracers),
		otelhttp.WithMeterProvider(tel.Meters),
		otelhttp.WithPropagators(tel.Propagator),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return strings.TrimSpace(r.Method + " " + r.Pattern) }),
	)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if web.IsHealthCheck(r.URL.Path) {
			door.ServeHTTP(w, r)
			return
		}
		observe(http.HandlerFunc(func(w http.ResponseWriter, shown *http.Request) {
			real := r.WithContext(shown.Context())
			defer func() { shown.Pattern = real.Pattern }()
			door.ServeHTTP(w, real)
		})).ServeHTTP(w, likeness(r))
	})
}

// likeness has what names a span, and what continues a caller's trace.
func likeness(r *http.Request) *http.Request {
	header := http.Header{}
	for _, name := range []string{"Traceparent", "Tracestate", "Baggage"} {
		if values, ok := r.Header[name]; ok {
			header[name] = values
		}
	}
	shown := &http.Request{Method: r.Method, Host: r.Host, URL: &url.URL{}, Header: header, Proto: r.Proto, ContentLength: r.ContentLength}
	return shown.WithContext(r.Context())
}
