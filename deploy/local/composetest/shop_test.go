package composetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/local/stack"
	"github.com/bartgottschalk/startupwebapp/gateway/site"
	"github.com/bartgottschalk/startupwebapp/services/platform/localpostgres"
)

// patience is how long a container may take to become healthy, a task to end, a process to stop.
const patience = 60 * time.Second

// engine runs the composed services on the loopback address, in the order and under the conditions of the file, each told nothing
// but its composed environment. What an engine's network does is done by places: http addresses stay as they are and are
// resolved by a proxy, in the others host:port is replaced.
type engine struct {
	t       *testing.T
	project *types.Project
	// places are the loopback addresses of what listens in the network, by host:port there.
	places map[string]string
	proxy  *httptest.Server
	state  string

	mutex sync.Mutex
	asked map[string]bool // by proxy: host:port
	ended map[string]bool // tasks that are done
	alive map[string]*container
	order []string // of starting
}

type container struct {
	command *exec.Cmd
	said    *bytes.Buffer
	ended   chan error
}

func newEngine(t *testing.T, project *types.Project) *engine {
	t.Helper()
	e := &engine{
		t: t, project: project, places: map[string]string{}, state: t.TempDir(),
		asked: map[string]bool{}, ended: map[string]bool{}, alive: map[string]*container{},
	}
	for name, ports := range map[string][]string{
		"user": {"9090"}, "order": {"9090"}, "payment": {"9090"}, "clientevent": {"9090"},
		"gateway": {"8000"}, "pages": {"8080"}, "mailbox": {"8025", "1025"}, "stripe-sandbox": {"8090"},
	} {
		for _, port := range ports {
			e.places[name+":"+port] = e.publishedAt(name, port)
		}
	}
	e.proxy = httptest.NewServer(e.nameService())
	t.Cleanup(e.proxy.Close)
	return e
}

// publishedAt is where the file publishes a port, else a free address.
func (e *engine) publishedAt(name, port string) string {
	for _, published := range e.project.Services[name].Ports {
		if fmt.Sprint(published.Target) == port {
			return net.JoinHostPort(published.HostIP, published.Published)
		}
	}
	return "127.0.0.1:" + freePort(e.t)
}

func freePort(t *testing.T) string {
	t.Helper()
	var options stack.Options
	require.NoError(t, options.UseFreePorts()) // which keeps others off while the options are kept
	t.Cleanup(func() { runtime.KeepAlive(&options) })
	_, port, err := net.SplitHostPort(options.APIAddr)
	require.NoError(t, err)
	return port
}

// nameService passes requests on to the names of the network, as they are.
func (e *engine) nameService() http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			e.mutex.Lock()
			e.asked[r.In.URL.Host] = true
			e.mutex.Unlock()
			r.Out.URL.Host, r.Out.Host = e.places[r.In.URL.Host], r.In.Host
			r.Out.Header["X-Forwarded-Proto"] = r.In.Header["X-Forwarded-Proto"]
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
}

// environ is what the process of a service is told here.
func (e *engine) environ(service types.ServiceConfig) []string {
	replacements := []string{"=/state", "=" + filepath.Join(e.state, service.Name)}
	for place, address := range e.places {
		_, port, _ := strings.Cut(place, ":")
		replacements = append(replacements, "@"+place, "@"+address, "dns:///"+place, "dns:///"+address, "smtp://"+place, "smtp://"+address)
		if strings.HasPrefix(place, service.Name+":") {
			replacements = append(replacements, "=0.0.0.0:"+port, "="+address)
		}
	}
	replace := strings.NewReplacer(replacements...)
	var environ []string
	for _, entry := range environOf(service) {
		environ = append(environ, replace.Replace(entry))
	}
	return append(environ, "HTTP_PROXY="+e.proxy.URL)
}

// binary is the program in the image of a service.
func (e *engine) binary(service types.ServiceConfig) string {
	name := strings.TrimPrefix(strings.Join(service.Entrypoint, " "), "/")
	if wanted := service.Build.Args["SERVICE"]; wanted != nil {
		name = *wanted
	}
	folder := os.Getenv("SHOP_BIN_DIR")
	if folder == "" {
		folder = filepath.Join(root, ".local", "bin")
	}
	path := filepath.Join(folder, name)
	require.FileExists(e.t, path, "composetest needs the built programs: run it with scripts/test ./deploy/local/composetest")
	return path
}

// up starts a service after everything that it depends on, and returns when it is healthy, or has ended if it is a task.
func (e *engine) up(name string) {
	e.t.Helper()
	if e.ended[name] || e.alive[name] != nil {
		return
	}
	service := e.project.Services[name]
	for _, needed := range slices.Sorted(maps.Keys(service.DependsOn)) {
		e.up(needed)
	}
	switch {
	case name == "postgres":
		e.startPostgres()
	case name == "pages":
		e.startPages(service)
	case isTask(service):
		e.runTask(service)
	default:
		e.start(service)
	}
}

func (e *engine) startPostgres() {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(e.t.Context(), patience)
	defer cancel()
	cluster, err := localpostgres.Start(ctx, filepath.Join(e.state, "postgres"), e.t.Output(), localpostgres.WithoutDurability())
	require.NoError(e.t, err)
	e.t.Cleanup(func() { require.NoError(e.t, cluster.Stop()) })
	e.adopt(ctx, cluster.AdminURL())
	e.ended["postgres"] = true
}

// adopt gives the administrator the password of the file, which the migrations have to know.
func (e *engine) adopt(ctx context.Context, adminURL string) {
	e.t.Helper()
	conn, err := pgx.Connect(ctx, adminURL)
	require.NoError(e.t, err)
	password := *e.project.Services["postgres"].Environment["POSTGRES_PASSWORD"]
	require.NotContains(e.t, password, "'")
	_, err = conn.Exec(ctx, "ALTER ROLE postgres PASSWORD '"+password+"'")
	require.NoError(e.t, errors.Join(err, conn.Close(ctx)))
	at, err := url.Parse(adminURL)
	require.NoError(e.t, err)
	e.places["postgres:5432"] = at.Host
}

func (e *engine) startPages(service types.ServiceConfig) {
	e.t.Helper()
	arguments := service.Build.Args
	require.NotNil(e.t, arguments["SITE_ORIGIN"])
	require.NotNil(e.t, arguments["API_ORIGIN"])
	pages, err := site.Publish(site.Default(), site.Settings{SiteOrigin: *arguments["SITE_ORIGIN"], APIOrigin: *arguments["API_ORIGIN"]})
	require.NoError(e.t, err)
	listener, err := net.Listen("tcp", e.places["pages:8080"])
	require.NoError(e.t, err)
	server := httptest.NewUnstartedServer(pages.Handler())
	require.NoError(e.t, server.Listener.Close())
	server.Listener = listener
	server.Start()
	e.t.Cleanup(server.Close)
	e.ended["pages"] = true
}

func (e *engine) runTask(service types.ServiceConfig) {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(e.t.Context(), patience)
	defer cancel()
	command := exec.CommandContext(ctx, e.binary(service), service.Command...)
	command.Env = e.environ(service)
	said, err := command.CombinedOutput()
	require.NoError(e.t, err, "%s: %s", service.Name, said)
	e.ended[service.Name] = true
}

func (e *engine) start(service types.ServiceConfig) {
	e.t.Helper()
	started := &container{command: exec.Command(e.binary(service), service.Command...), said: &bytes.Buffer{}, ended: make(chan error, 1)}
	started.command.Env = e.environ(service)
	started.command.Stdout, started.command.Stderr = started.said, started.said
	require.NoError(e.t, os.MkdirAll(filepath.Join(e.state, service.Name), 0o750))
	require.NoError(e.t, started.command.Start())
	go func() { started.ended <- started.command.Wait() }()
	e.alive[service.Name] = started
	e.order = append(e.order, service.Name)
	require.Eventually(e.t, func() bool { return e.isHealthy(service) }, patience, 100*time.Millisecond, "%s does not become healthy", service.Name)
}

// isHealthy runs the command of the file with the environment of the container.
func (e *engine) isHealthy(service types.ServiceConfig) bool {
	test := service.HealthCheck.Test
	if len(test) != 3 || test[0] != "CMD" {
		return false
	}
	ctx, cancel := context.WithTimeout(e.t.Context(), time.Duration(*service.HealthCheck.Timeout))
	defer cancel()
	command := exec.CommandContext(ctx, e.binary(service), test[2:]...)
	command.Env = e.environ(service)
	return command.Run() == nil
}

// down stops everything, the last one first, and wants each to end well within its grace period.
func (e *engine) down() {
	e.t.Helper()
	for _, name := range slices.Backward(e.order) {
		stopped := e.alive[name]
		require.NoError(e.t, stopped.command.Process.Signal(syscall.SIGTERM))
		select {
		case err := <-stopped.ended:
			require.NoError(e.t, err, "%s: %s", name, stopped.said)
		case <-time.After(time.Duration(*e.project.Services[name].StopGracePeriod)):
			require.NoError(e.t, errors.New("it does not stop"), name)
		}
		delete(e.alive, name)
	}
	e.order = nil
}

// kill is for tests that fail half-way.
func (e *engine) kill() {
	for _, left := range e.alive {
		_ = left.command.Process.Kill()
		<-left.ended
	}
	if e.t.Failed() {
		for name, left := range e.alive {
			e.t.Logf("%s said:\n%s", name, left.said)
		}
	}
}
