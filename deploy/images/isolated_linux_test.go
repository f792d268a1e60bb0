package images_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

// insideVariable holds the world of the copy of this test that runs isolated.
const insideVariable = "IMAGES_TEST_INSIDE"

// world is what the isolated half is told by the half outside.
type world struct {
	Roots    map[string]string // root file systems by process
	Sockets  string            // the directory of PostgreSQL's socket, the only way out
	Tenant   string            // the name of the database, and the prefix of its roles
	AdminURL string            // with the socket as mounted in the containers
	Outside  string            // an address that answers outside
}

// The five programs as containers run them: from their image's root file system alone, as its user, with nothing to write to, without a
// network but a loopback that they share (as they would the shop's private one) and PostgreSQL, which is reached by a socket.
func TestTheFiveRunIsolated(t *testing.T) {
	if given := os.Getenv(insideVariable); given != "" {
		var told world
		require.NoError(t, json.Unmarshal([]byte(given), &told))
		runInside(t, told)
		return
	}
	t.Parallel()
	if why := cannotIsolate(); why != "" {
		t.Skip("processes cannot be isolated here, which takes root on Linux: " + why)
	}
	told := prepareWorld(t)
	text, err := json.Marshal(told)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	again := isolated(exec.CommandContext(ctx, "/proc/self/exe", "-test.run=^TestTheFiveRunIsolated$", "-test.v", "-test.timeout=4m"))
	again.Env = append(os.Environ(), insideVariable+"="+string(text))
	said, err := again.CombinedOutput()
	require.NoError(t, err, "%s", said)
	require.Contains(t, string(said), "--- PASS: TestTheFiveRunIsolated")
	t.Logf("%s", said)
}

// isolated gives a command processes, mounts and a network of its own; when it ends, all that it started ends.
func isolated(command *exec.Cmd) *exec.Cmd {
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID, Pdeathsig: syscall.SIGKILL,
	}
	return command
}

func cannotIsolate() string {
	if os.Getuid() != 0 {
		return "not root"
	}
	if err := isolated(exec.Command("/proc/self/exe", "-test.run=^$")).Run(); err != nil {
		return err.Error()
	}
	return ""
}

func prepareWorld(t *testing.T) world {
	t.Helper()
	adminURL := os.Getenv("ADMIN_DATABASE_URL")
	require.NotEmpty(t, adminURL, "set ADMIN_DATABASE_URL to an administrator's PostgreSQL URL, or run the tests with scripts/test")
	told := world{Roots: map[string]string{}, Tenant: "images_" + strings.ToLower(identifier.New(8)), Sockets: t.TempDir()}
	for _, process := range processes() {
		told.Roots[process] = roots.of(t, process, runtime.GOARCH)
	}
	admin, err := pgx.ParseConfig(adminURL)
	require.NoError(t, err)
	require.NoError(t, os.Chmod(told.Sockets, 0o755))
	forward(t, filepath.Join(told.Sockets, ".s.PGSQL.5432"), admin)
	bySocket := url.URL{
		Scheme: "postgres", User: url.UserPassword(admin.User, admin.Password), Path: "/" + admin.Database,
		RawQuery: "sslmode=disable&host=" + url.QueryEscape(socketsInside),
	}
	told.AdminURL = bySocket.String()
	told.Outside = listenOutside(t)
	t.Cleanup(func() { dropTenant(t, admin, told.Tenant) })
	return told
}

// forward stands in front of the PostgreSQL of the tests, wherever that listens, with a socket.
func forward(t *testing.T, socket string, to *pgx.ConnConfig) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "unix", socket)
	require.NoError(t, err)
	require.NoError(t, os.Chmod(socket, 0o777))
	network, address := "tcp", net.JoinHostPort(to.Host, fmt.Sprint(to.Port))
	if strings.HasPrefix(to.Host, "/") {
		network, address = "unix", filepath.Join(to.Host, fmt.Sprintf(".s.PGSQL.%d", to.Port))
	}
	var connections sync.WaitGroup
	connections.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Go(func() { pass(client, network, address) })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); connections.Wait() })
}

// pass carries bytes both ways until one side ends.
func pass(client net.Conn, network, address string) {
	defer func() { _ = client.Close() }()
	server, err := new(net.Dialer).DialContext(context.Background(), network, address)
	if err != nil {
		return
	}
	var ways sync.WaitGroup
	for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
		ways.Go(func() {
			_, _ = io.Copy(way[0], way[1])
			_ = client.Close()
			_ = server.Close()
		})
	}
	ways.Wait()
}

// listenOutside answers on the machine's own loopback, which nobody inside may reach.
func listenOutside(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().String()
}

func dropTenant(t *testing.T, admin *pgx.ConnConfig, tenant string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, admin)
	require.NoError(t, err)
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{tenant}.Sanitize()+" WITH (FORCE)")
	for _, process := range processes() {
		_, failure := conn.Exec(ctx, "DROP ROLE IF EXISTS "+pgx.Identifier{tenant + "_" + process}.Sanitize())
		err = errors.Join(err, failure)
	}
	require.NoError(t, err)
}
