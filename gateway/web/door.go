// Package web is the front door of the edge: everything about HTTP that has nothing to do with what is asked.
//
// Every request passes the same stations in this order, and the first that refuses answers:
//
//	recovery, log line      a panic is a 500 page; one line per request without addresses, queries or cookies
//	security headers        on every answer; HSTS only over https
//	/healthz, /livez        for load balancers and probes, under any host name
//	https redirect          301, when asked for (HTTPS_REDIRECT)
//	CORS                    headers on every answer; a preflight ends here, for any path
//	allowed hosts           400
//	routes                  301 to the slash of an index, 404
//	cross-site reads        403 for a path that changes something when read, when another site's page asks (crosssite.go)
//	CSRF                    403; reads the form (400 when that cannot be done)
//	method                  405
//	catalogue               answered from bytes
//	deadline, visitor, form and query fields, then the gateway's handlers
//
// Where the old server's order shows, this is its order (contract encodings.md 4, 6, 7). No rule of the shop lives here.
package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/bartgottschalk/startupwebapp/gateway/routes"
	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const (
	healthPath = "/healthz" // can work just now
	livePath   = "/livez"   // should go on living
)

// IsHealthCheck tells whether a path is one that load balancers and probes ask all day.
func IsHealthCheck(path string) bool { return path == healthPath || path == livePath }

// Settings are what the environment says about the front door.
type Settings struct {
	AllowedHosts   []string // without ports; one that begins with a dot means all names under it
	AllowedOrigins []string // for CORS and CSRF, like https://shop.example
	CookieDomain   string   // whose pages a Referer may come from, see csrf.go
	HTTPSRedirect  bool
	BehindProxy    bool          // X-Forwarded-Proto is believed
	Deadline       time.Duration // of one request to the handlers
}

// Rooms are what the front door leads to.
type Rooms struct {
	Health http.Handler
	Live   http.Handler
	Direct map[protoreflect.FullName]http.Handler // RPCs that are answered without the gateway's handlers
	API    http.Handler                           // everything else of the routes
}

// Door is the handler of the API's server. It is safe for concurrent use.
type Door struct {
	table     *routes.Table
	visitors  *visitor.Policy
	rooms     Rooms
	hosts     hosts
	origins   origins
	cookieFor string
	redirect  bool
	proxied   bool
	deadline  time.Duration
	logger    *slog.Logger
	answers   sync.Pool
}

// New makes the front door.
func New(settings Settings, table *routes.Table, visitors *visitor.Policy, rooms Rooms, tel telemetry.Telemetry) *Door {
	return &Door{
		table:     table,
		visitors:  visitors,
		rooms:     rooms,
		hosts:     newHosts(settings.AllowedHosts),
		origins:   newOrigins(settings.AllowedOrigins),
		cookieFor: settings.CookieDomain,
		redirect:  settings.HTTPSRedirect,
		proxied:   settings.BehindProxy,
		deadline:  settings.Deadline,
		logger:    tel.Logger,
		answers:   sync.Pool{New: func() any { return new(answer) }},
	}
}

// ServeHTTP leads a request through the stations.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begun := time.Now()
	a := d.answers.Get().(*answer)
	*a = answer{ResponseWriter: w, route: "unknown", quiet: slog.LevelInfo}
	defer d.leave(a, r, begun)
	d.enter(a, r)
}

// leave turns a panic into a page and writes the log line.
func (d *Door) leave(a *answer, r *http.Request, begun time.Time) {
	failure := recover()
	if failure != nil {
		d.logger.ErrorContext(r.Context(), "request panicked", "route", a.route, "panic", fmt.Sprint(failure), "stack", string(debug.Stack()))
	}
	cutShort := failure != nil && a.status != 0
	if failure != nil && !cutShort {
		writePage(a, http.StatusInternalServerError)
	}
	d.log(a, r, begun)
	a.ResponseWriter = nil
	d.answers.Put(a)
	if cutShort {
		panic(http.ErrAbortHandler) // the client must not take half an answer for a whole one
	}
}

func (d *Door) log(a *answer, r *http.Request, begun time.Time) {
	level := a.quiet
	if a.status >= http.StatusInternalServerError {
		level = slog.LevelWarn
	}
	if !d.logger.Enabled(r.Context(), level) {
		return
	}
	d.logger.LogAttrs(r.Context(), level, "request",
		slog.String("method", knownMethod(r.Method)),
		slog.String("route", a.route),
		slog.Int("status", a.status),
		slog.Float64("milliseconds", float64(time.Since(begun).Microseconds())/1000))
}

// enter is the stations before routing.
func (d *Door) enter(a *answer, r *http.Request) {
	secure := d.isSecure(r)
	setSecurityHeaders(a.Header(), secure)
	if IsHealthCheck(r.URL.Path) {
		d.checkHealth(a, r, r.URL.Path)
		return
	}
	knownHost := d.hosts.allow(r.Host)
	if knownHost && d.redirect && !secure && !isRedirectExempt(r.URL.Path) {
		drain(r)
		redirect(a, "https://"+r.Host+r.URL.RequestURI())
		return
	}
	isPreflight := d.origins.setHeaders(a.Header(), r, secure)
	switch {
	case !knownHost:
		refuse(a, r, http.StatusBadRequest)
	case isPreflight:
		writePreflight(a)
	default:
		d.routed(a, r, secure)
	}
}

// routed is the stations that know the route.
func (d *Door) routed(a *answer, r *http.Request, secure bool) {
	route := d.table.Find(r.URL.Path)
	if route == nil {
		d.astray(a, r)
		return
	}
	a.route, r.Pattern = route.Path, route.Path
	if d.isForeignChange(r, route, secure) {
		refuse(a, r, http.StatusForbidden)
		return
	}
	guest := d.guestOf(route, r)
	fields, admitted := d.checkCSRF(a, r, route, guest, secure)
	if !admitted {
		return
	}
	if !serves(route, r.Method) {
		refuseMethod(a, r, route)
		return
	}
	if direct, ok := d.rooms.Direct[route.RPC]; ok {
		a.quiet = slog.LevelDebug // the old health check asks for the catalogue all day
		direct.ServeHTTP(a, r)
		return
	}
	d.answer(a, r, route, guest, fields)
}

// guestOf is the visitor; plain reads of what everybody may see have none.
func (d *Door) guestOf(route *routes.Route, r *http.Request) *visitor.Visitor {
	if _, direct := d.rooms.Direct[route.RPC]; direct && isSafe(r.Method) {
		return nil
	}
	return d.visitors.Meet(r)
}

// astray answers for a path that nothing is at.
func (d *Door) astray(a *answer, r *http.Request) {
	if moved := d.table.Moved(r.URL.Path); moved != "" {
		a.route = r.URL.Path
		if r.URL.RawQuery != "" {
			moved += "?" + r.URL.RawQuery
		}
		drain(r)
		redirect(a, moved)
		return
	}
	if !isTextPath(r.URL.Path) {
		refuse(a, r, http.StatusBadRequest)
		return
	}
	refuse(a, r, http.StatusNotFound)
}

func (d *Door) answer(a *answer, r *http.Request, route *routes.Route, guest *visitor.Visitor, fields formFields) {
	ctx, cancel := context.WithTimeout(guest.In(r.Context()), d.deadline)
	defer cancel()
	forwarded, ok := forward(ctx, r, route, fields)
	if !ok {
		refuse(a, r, http.StatusBadRequest)
		return
	}
	d.rooms.API.ServeHTTP(a, forwarded)
}

func (d *Door) checkHealth(a *answer, r *http.Request, path string) {
	a.route, a.quiet, r.Pattern = path, slog.LevelDebug, path
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		a.Header()["Allow"] = allowGet
		refuse(a, r, http.StatusMethodNotAllowed)
		return
	}
	if path == livePath {
		d.rooms.Live.ServeHTTP(a, r)
		return
	}
	d.rooms.Health.ServeHTTP(a, r)
}
