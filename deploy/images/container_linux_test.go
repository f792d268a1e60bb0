package images_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/images/contents"
)

const (
	socketsInside = "/postgresql" // where PostgreSQL's socket is mounted in every container
	serviceSecret = "a-secret-between-services"
	patience      = 30 * time.Second
)

// container is one process of the shop in its image.
type container struct {
	name, root string
	environ    []string
	serving    *exec.Cmd
	logs       *lockedBuffer
	ended      chan error
}

// enterIsolation makes what the process cannot get by its start: mounts that nobody else sees, and a loopback that is up.
func enterIsolation(t *testing.T) {
	t.Helper()
	require.NoError(t, syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""))
	require.NoError(t, syscall.Mount("proc", "/proc", "proc", 0, ""))
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer func() { _ = syscall.Close(socket) }()
	request := struct { // struct ifreq of netdevice(7)
		name  [syscall.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}{flags: syscall.IFF_UP | syscall.IFF_RUNNING}
	copy(request.name[:], "lo")
	_, _, failure := syscall.Syscall(syscall.SYS_IOCTL, uintptr(socket), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request)))
	require.Zero(t, failure)
}

// newContainer mounts the image as an engine does: read-only, with the sockets on a mount point of their own.
func newContainer(t *testing.T, told world, name string) *container {
	t.Helper()
	root := filepath.Join(t.TempDir(), "root")
	copied, err := exec.CommandContext(t.Context(), "cp", "-a", told.Roots[name], root).CombinedOutput()
	require.NoError(t, err, "%s", copied)
	require.NoError(t, os.Mkdir(root+socketsInside, 0o755))
	require.NoError(t, syscall.Mount(root, root, "", syscall.MS_BIND, ""))
	t.Cleanup(func() { _ = syscall.Unmount(root, syscall.MNT_DETACH) })
	require.NoError(t, syscall.Mount(told.Sockets, root+socketsInside, "", syscall.MS_BIND, ""))
	t.Cleanup(func() { _ = syscall.Unmount(root+socketsInside, syscall.MNT_DETACH) })
	require.NoError(t, syscall.Mount("", root, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY|syscall.MS_NOSUID|syscall.MS_NODEV, ""))
	return &container{name: name, root: root, environ: environOf(told, name), logs: &lockedBuffer{}}
}

func ports() map[string]string {
	return map[string]string{"user": "9091", "order": "9092", "payment": "9093", "clientevent": "9094", "gateway": "8000"}
}

// environOf are a process's variables as Terraform would set them, but for the addresses and the secrets, which lie here openly.
func environOf(told world, name string) []string {
	at := func(peer string) string { return "127.0.0.1:" + ports()[peer] }
	role := url.UserPassword(told.Tenant+"_"+name, "a-password")
	database := url.URL{Scheme: "postgres", User: role, Path: "/" + told.Tenant, RawQuery: "sslmode=disable&host=" + url.QueryEscape(socketsInside)}
	environ := []string{"SERVICE_SECRETS=" + serviceSecret, "SITE_ORIGIN=https://shop.example"}
	if name == "gateway" {
		return append(environ, "API_ADDR=0.0.0.0:"+ports()[name], "SECRET_KEY="+strings.Repeat("k", 50), "STRIPE_PUBLISHABLE_KEY=pk_test_x", "DRAIN_DELAY=500ms",
			"USER_ADDR="+at("user"), "ORDER_ADDR="+at("order"), "PAYMENT_ADDR="+at("payment"), "CLIENTEVENT_ADDR="+at("clientevent"))
	}
	environ = append(environ, "GRPC_ADDR=0.0.0.0:"+ports()[name], "DATABASE_URL="+database.String(), "ADMIN_DATABASE_URL="+told.AdminURL)
	switch name {
	case "user":
		return append(environ, "SECRET_KEY="+strings.Repeat("k", 50), "MAIL_TRANSPORT=smtp://127.0.0.1:1")
	case "order":
		return append(environ, "USER_ADDR="+at("user"), "PAYMENT_ADDR="+at("payment"))
	case "payment":
		return append(environ, "STRIPE_SECRET_KEY=sk_test_x", "STRIPE_WEBHOOK_SECRET=whsec_x", "STRIPE_API_URL=http://127.0.0.1:1")
	}
	return environ
}

// command is the image's entry point with arguments.
func (c *container) command(ctx context.Context, arguments ...string) *exec.Cmd {
	made := exec.CommandContext(ctx, "/service", arguments...)
	made.Dir, made.Env = "/", c.environ
	made.SysProcAttr = &syscall.SysProcAttr{Chroot: c.root, Credential: &syscall.Credential{Uid: contents.User, Gid: contents.User}}
	return made
}

// run gives the exit code and what was said.
func (c *container) run(t *testing.T, arguments ...string) (code int, said string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command := c.command(ctx, arguments...)
	output, err := command.CombinedOutput()
	if command.ProcessState == nil {
		require.NoError(t, err, c.name)
	}
	return command.ProcessState.ExitCode(), string(output)
}

// start serves, and waits until healthcheck says that it lives.
func (c *container) start(t *testing.T) {
	t.Helper()
	code, said := c.run(t, "healthcheck")
	require.Equal(t, 1, code, c.name)
	require.Contains(t, said, "does not answer")
	c.serving = c.command(context.WithoutCancel(t.Context()))
	c.serving.Stderr = c.logs
	require.NoError(t, c.serving.Start())
	c.ended = make(chan error, 1)
	go func() { c.ended <- c.serving.Wait() }()
	require.Eventually(t, func() bool {
		code, said = c.run(t, "healthcheck")
		return code == 0
	}, patience, 50*time.Millisecond, "%s: %s", c.name, c.logs)
	require.Empty(t, said)
}

// requireNoRights looks at the running process from outside: who it is, and what it could do.
func (c *container) requireNoRights(t *testing.T) {
	t.Helper()
	about := fmt.Sprintf("/proc/%d", c.serving.Process.Pid)
	status, err := os.ReadFile(about + "/status")
	require.NoError(t, err)
	require.Contains(t, string(status), "\nUid:\t65532\t65532\t65532\t65532\n")
	require.Contains(t, string(status), "\nGid:\t65532\t65532\t65532\t65532\n")
	require.Regexp(t, `(?m)^Groups:\s*$`, string(status))
	require.Regexp(t, `(?m)^CapEff:\s0+$`, string(status))
	for _, place := range []string{"/written", "/etc/ssl/written", "/etc/passwd"} { // as root here, who may do more than the process
		err := os.WriteFile(about+"/root"+place, []byte("x"), 0o600)
		require.ErrorIs(t, err, syscall.EROFS, place)
	}
	_, err = new(net.Dialer).DialContext(t.Context(), "tcp", "192.0.2.1:443")
	require.ErrorIs(t, err, syscall.ENETUNREACH)
}

// stopDuring ends the process while something is under way: it is told to stop, says at once that it is ending, and lives on until
// finish lets go what was held; then it ends well.
func (c *container) stopDuring(t *testing.T, finish func()) {
	t.Helper()
	require.NoError(t, c.serving.Process.Signal(syscall.SIGTERM))
	require.Eventually(t, func() bool { code, _ := c.run(t, "healthcheck"); return code == 1 }, patience, 20*time.Millisecond, c.name)
	select {
	case err := <-c.ended:
		require.FailNow(t, "it did not wait for what was under way", "%s: %v\n%s", c.name, err, c.logs)
	default:
	}
	finish()
	select {
	case err := <-c.ended:
		require.NoError(t, err, "%s: %s", c.name, c.logs)
	case <-time.After(patience): // 45 s is what ECS gives
		require.FailNow(t, "it does not end", "%s: %s", c.name, c.logs)
	}
	require.NotContains(t, c.logs.String(), "panic")
}

// lockedBuffer is written by one process while the test reads.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(text)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
