package web

import (
	"log/slog"
	"net/http"
)

// answer is the response writer of one request: it remembers the status for the log line.
type answer struct {
	http.ResponseWriter
	status int
	route  string     // a path of the routes, never the path asked for
	quiet  slog.Level // of the log line when all went well
}

// WriteHeader remembers the first status.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write answers with 200 when no status was said.
func (a *answer) Write(body []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(body)
}

// Unwrap gives http.ResponseController what it needs.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// The values of constant headers are shared between all answers, which so cost no allocation: nothing may change them
// in place.
//
//nolint:gochecknoglobals // constants, as far as Go has constant slices
var (
	frameOptions   = []string{"DENY"}
	typeOptions    = []string{"nosniff"}
	referrerPolicy = []string{"same-origin"}
	openerPolicy   = []string{"same-origin"}
	transport      = []string{"max-age=31536000; includeSubDomains; preload"}
	varyOrigin     = []string{"origin"}
	htmlType       = []string{"text/html; charset=utf-8"}
	jsonType       = []string{"application/json"}
	allowGet       = []string{"GET, HEAD"}
	allowPost      = []string{"POST"}
	allowBoth      = []string{"GET, HEAD, POST"}
	emptyLength    = []string{"0"}
)

// setSecurityHeaders: contract encodings.md 7.
func setSecurityHeaders(header http.Header, secure bool) {
	header["X-Frame-Options"] = frameOptions
	header["X-Content-Type-Options"] = typeOptions
	header["Referrer-Policy"] = referrerPolicy
	header["Cross-Origin-Opener-Policy"] = openerPolicy
	if secure {
		header["Strict-Transport-Security"] = transport
	}
}
