package web

import (
	"net/http"
	"strings"
)

// origins are those whose pages may call with credentials (contract encodings.md 7): exact, case-sensitive.
type origins struct {
	allowed map[string][]string // by origin: the header value that names it
}

//nolint:gochecknoglobals // constants, as those of answer.go
var (
	corsCredentials = []string{"true"}
	corsHeaders     = []string{"accept, authorization, content-type, idempotency-key, user-agent, x-csrftoken, x-requested-with"}
	corsMethods     = []string{"DELETE, GET, OPTIONS, PATCH, POST, PUT"}
	corsMaxAge      = []string{"86400"}
)

func newOrigins(allowed []string) origins {
	known := make(map[string][]string, len(allowed))
	for _, origin := range allowed {
		known[origin] = []string{origin}
	}
	return origins{allowed: known}
}

// setHeaders sets the CORS headers of an answer and tells whether the request is a preflight.
func (o origins) setHeaders(header http.Header, r *http.Request, secure bool) (isPreflight bool) {
	header["Vary"] = varyOrigin
	isOptions := r.Method == http.MethodOptions
	if isOptions {
		_, isPreflight = r.Header["Access-Control-Request-Method"]
	}
	origin := originOf(r)
	if origin == "" {
		return isPreflight
	}
	named, known := o.allowed[origin]
	if !known || isOwn(origin, r.Host, secure) {
		return isPreflight
	}
	header["Access-Control-Allow-Origin"] = named
	header["Access-Control-Allow-Credentials"] = corsCredentials
	if isOptions {
		header["Access-Control-Allow-Headers"] = corsHeaders
		header["Access-Control-Allow-Methods"] = corsMethods
		header["Access-Control-Max-Age"] = corsMaxAge
	}
	return isPreflight
}

// trusts tells whether a changing request may come from an origin (contract encodings.md 4).
func (o origins) trusts(origin, host string, secure bool) bool {
	_, known := o.allowed[origin]
	return known || isOwn(origin, host, secure)
}

// trustsHost tells whether one of the origins is at a host, for the Referer of old browsers.
func (o origins) trustsHost(host string) bool {
	for origin := range o.allowed {
		if _, named, _ := strings.Cut(origin, "://"); strings.EqualFold(named, host) {
			return true
		}
	}
	return false
}

// isOwn tells whether an origin is the API itself, as this request was addressed.
func isOwn(origin, host string, secure bool) bool {
	scheme := "http://"
	if secure {
		scheme = "https://"
	}
	rest, ok := strings.CutPrefix(origin, scheme)
	return ok && strings.EqualFold(rest, host)
}

func originOf(r *http.Request) string {
	if values := r.Header["Origin"]; len(values) > 0 {
		return values[0]
	}
	return ""
}

func writePreflight(a *answer) {
	header := a.Header()
	header["Content-Type"] = htmlType
	header["Content-Length"] = emptyLength
	a.route = "preflight"
	a.WriteHeader(http.StatusOK)
}
