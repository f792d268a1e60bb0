package rollout

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/bartgottschalk/startupwebapp/deploy/local/stack"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
	"github.com/bartgottschalk/startupwebapp/services/platform/rpc"
)

const (
	patience    = 60 * time.Second
	tick        = 20 * time.Millisecond
	stopTimeout = 45 * time.Second // of a task: after that the cluster kills it
	// clients look this often; drainDelay is several times as long as that and the time to live together, for slow machines
	lookupEvery = "250ms"
	drainDelay  = "3s"
)

// services in the order in which they are started and replaced: servers before their clients.
func services() []string { return []string{"user", "payment", "order", "clientevent", "gateway"} }

// cluster runs the shop as ECS does: tasks at addresses of their own, registered under a name or behind the balancer.
type cluster struct {
	t      testing.TB
	around *stack.Stack
	names  *names
	edge   *balancer
	books  *pgxpool.Pool // as administrator
	subnet string        // 127.a.b.
	port   string        // of every task

	mutex sync.Mutex
	last  int
	tasks map[string][]*task // that are wanted, by service
	all   []*task            // that were ever started
}

// task is one running instance.
type task struct {
	service, host string
	address       string
	command       *exec.Cmd
	log           string
	ended         chan struct{}
}

func newCluster(t testing.TB, each int) *cluster {
	t.Helper()
	admin := os.Getenv("ADMIN_DATABASE_URL")
	require.NotEmpty(t, admin, "run it with scripts/test ./deploy/local/rollout")
	c := &cluster{t: t, names: newNames(t), tasks: map[string][]*task{}, port: freePort(t)}
	c.subnet = fmt.Sprintf("127.%d.%d.", 10+rand.IntN(240), 1+rand.IntN(250))
	options := stack.Options{
		BinDir: programs(), DataDir: t.TempDir(), AdminURL: admin, Out: os.Stderr, WithoutPrograms: true,
		Database: "rollout_" + strings.ToLower(identifier.New(8)), Environ: append(os.Environ(), c.settings()...),
	}
	require.NoError(t, options.UseFreePorts())
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var err error
	c.around, err = stack.Start(ctx, options)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, c.around.Stop(context.Background()))
		require.NoError(t, stack.DropDatabase(context.Background(), admin, options.Database))
	})
	c.openBooks(ctx, admin, options.Database)
	c.edge = newBalancer(t, options.APIAddr)
	t.Cleanup(c.end)
	for _, service := range services() {
		c.deploy(service, each)
	}
	return c
}

// settings are those of production in small: names instead of addresses, and one proxy in front.
func (c *cluster) settings() []string {
	settings := []string{
		"TRUSTED_PROXY_HOPS=1", "SWEEP_INTERVAL=1s", "MAIL_RETRY_AFTER=200ms", "DATABASE_MAX_CONNS=4", "DRAIN_DELAY=" + drainDelay,
		"ALLOWED_HOSTS=localhost",
	}
	for _, service := range services() {
		target := fmt.Sprintf("dns://%s/%s:%s?every=%s", c.names.conn.LocalAddr(), strings.TrimSuffix(nameOf(service), "."), c.port, lookupEvery)
		settings = append(settings, strings.ToUpper(service)+"_ADDR="+target)
	}
	return settings
}

// programs is where scripts/build puts the built programs.
func programs() string {
	if folder := os.Getenv("SHOP_BIN_DIR"); folder != "" {
		return folder
	}
	return filepath.Join("..", "..", "..", ".local", "bin")
}

// freePort is free at every address of this machine, and none that outgoing connections get.
func freePort(t testing.TB) string {
	t.Helper()
	for {
		port := strconv.Itoa(20000 + rand.IntN(12000))
		if listener, err := net.Listen("tcp", ":"+port); err == nil {
			require.NoError(t, listener.Close())
			return port
		}
	}
}

func (c *cluster) openBooks(ctx context.Context, admin, database string) {
	settings, err := pgxpool.ParseConfig(admin)
	require.NoError(c.t, err)
	settings.ConnConfig.Database, settings.MaxConns = database, 2
	c.books, err = pgxpool.NewWithConfig(ctx, settings)
	require.NoError(c.t, err)
	c.t.Cleanup(c.books.Close)
}

// newHost is an address that no task had before.
func (c *cluster) newHost() string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.last++
	return c.subnet + strconv.Itoa(c.last+1)
}

// start runs a task that nobody knows yet.
func (c *cluster) start(service string, more ...string) *task {
	c.t.Helper()
	host := c.newHost()
	one := &task{service: service, host: host, address: net.JoinHostPort(host, c.port), ended: make(chan struct{})}
	one.log = filepath.Join(c.t.TempDir(), service+"-"+host+".log")
	logs, err := os.Create(one.log)
	require.NoError(c.t, err)
	variables, err := c.around.Variables(service)
	require.NoError(c.t, err)
	one.command = exec.Command(filepath.Join(programs(), service))
	one.command.Env = append(append(variables, "GRPC_ADDR="+one.address, "API_ADDR="+one.address, "ADMIN_DATABASE_URL="), more...)
	one.command.Stdout, one.command.Stderr = logs, logs
	one.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // whose end is what Pdeathsig waits for
		defer runtime.UnlockOSThread()
		started <- one.command.Start()
		_ = one.command.Wait()
		_ = logs.Close()
		close(one.ended)
	}()
	require.NoError(c.t, <-started)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.all = append(c.all, one)
	return one
}

// end kills what still runs, before what it needs goes.
func (c *cluster) end() {
	for _, one := range c.all {
		_ = one.command.Process.Kill()
		<-one.ended
	}
}

// deploy brings up tasks and gives those that ran before. It is minimum 100 %, maximum 200 %: all the new ones come first.
func (c *cluster) deploy(service string, each int) (old []*task) {
	c.t.Helper()
	old = c.tasks[service]
	fresh := make([]*task, each)
	for i := range fresh {
		fresh[i] = c.start(service)
	}
	for _, one := range fresh {
		c.join(one)
	}
	c.tasks[service] = fresh
	return old
}

// join registers a task as soon as it lives; the balancer itself asks its targets.
func (c *cluster) join(one *task) {
	c.t.Helper()
	if one.service == "gateway" {
		c.edge.register(one.address)
		c.await(one, func() bool { healthy, _, _ := c.edge.state(one.address); return healthy })
		return
	}
	c.await(one, func() bool { return one.lives(c.t.Context()) })
	c.names.register(one.service, one.host)
}

func (c *cluster) await(one *task, condition func() bool) {
	c.t.Helper()
	deadline := time.Now().Add(patience)
	for !condition() {
		select {
		case <-one.ended:
			require.FailNow(c.t, one.service+" ended", "%s", one.words())
		default:
		}
		require.True(c.t, time.Now().Before(deadline), "%s does not come up: %s", one.service, one.words())
		time.Sleep(tick)
	}
}

func (one *task) lives(ctx context.Context) bool {
	conn, err := grpc.NewClient("passthrough:///"+one.address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	answer, err := healthv1.NewHealthClient(conn).Check(ctx, &healthv1.HealthCheckRequest{Service: rpc.LiveService})
	return err == nil && answer.GetStatus() == healthv1.HealthCheckResponse_SERVING
}

// words are the last of a task's log.
func (one *task) words() string {
	said, _ := os.ReadFile(one.log)
	return string(said[max(0, len(said)-4000):])
}

// retire deregisters tasks and tells them to end at the same moment, while clients and balancer still know them. They must end by
// themselves, well, and in time.
func (c *cluster) retire(tasks []*task) {
	c.t.Helper()
	for _, one := range tasks {
		c.names.deregister(one.service, one.host)
		require.NoError(c.t, one.command.Process.Signal(syscall.SIGTERM))
		c.edge.deregister(one.address)
	}
	timeout := time.After(stopTimeout)
	for _, one := range tasks {
		select {
		case <-one.ended:
			require.Zero(c.t, one.command.ProcessState.ExitCode(), "%s: %s", one.service, one.words())
		case <-timeout:
			_ = one.command.Process.Kill()
			require.FailNow(c.t, one.service+" did not end in time", "%s", one.words())
		}
	}
}

// crash ends a task the hard way, and whoever watches over it takes it from the names.
func (c *cluster) crash(one *task) {
	c.t.Helper()
	require.NoError(c.t, one.command.Process.Kill())
	<-one.ended
	c.names.deregister(one.service, one.host)
	c.edge.deregister(one.address)
}
