//go:build unix

package localpostgres_test

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/localpostgres"
)

// directory is one that an unprivileged user can reach; what lies in it goes away with the test.
func directory(t *testing.T) string {
	t.Helper()
	path, err := os.MkdirTemp("/var/tmp", "localpostgres-test-")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(path, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(path)) })
	return filepath.Join(path, "cluster")
}

func start(t *testing.T, dataDir string, logs io.Writer) *localpostgres.Cluster {
	t.Helper()
	return startWith(t, dataDir, logs, localpostgres.WithoutDurability())
}

func startWith(t *testing.T, dataDir string, logs io.Writer, options ...localpostgres.Option) *localpostgres.Cluster {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cluster, err := localpostgres.Start(ctx, dataDir, logs, options...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cluster.Stop()) })
	return cluster
}

func ask(t *testing.T, target, sql string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, target)
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(ctx)) }()
	var answer string
	require.NoError(t, conn.QueryRow(ctx, sql).Scan(&answer))
	return answer
}

func postmaster(t *testing.T, dataDir string) int {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dataDir, "data", "postmaster.pid"))
	require.NoError(t, err)
	first, _, _ := strings.Cut(string(content), "\n")
	pid, err := strconv.Atoi(first)
	require.NoError(t, err)
	return pid
}

func TestDataOutliveStopAndStart(t *testing.T) {
	t.Parallel()
	dataDir := directory(t)
	cluster := start(t, dataDir, t.Output())
	require.Equal(t, "200", ask(t, cluster.AdminURL(), "SHOW max_connections"))
	require.Equal(t, "127.0.0.1//UTF8", ask(t, cluster.AdminURL(), "SELECT concat_ws('/', current_setting('listen_addresses'), current_setting('unix_socket_directories'), current_setting('server_encoding'))"))
	ask(t, cluster.AdminURL(), "WITH made AS (SELECT set_config('x.y', '1', false)) SELECT 'ok' FROM made")
	conn, err := pgx.Connect(t.Context(), cluster.AdminURL())
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "CREATE TABLE kept AS SELECT 'here' AS what")
	require.NoError(t, err)
	require.NoError(t, cluster.Stop(), "open sessions are ended")
	require.NoError(t, cluster.Stop())
	require.Equal(t, "here", ask(t, start(t, dataDir, t.Output()).AdminURL(), "SELECT what FROM kept"))
}

func TestPasswordIsNeededAndPrivate(t *testing.T) {
	t.Parallel()
	dataDir := directory(t)
	cluster := start(t, dataDir, t.Output())
	config, err := pgx.ParseConfig(cluster.AdminURL())
	require.NoError(t, err)
	config.Password = "guessed"
	_, err = pgx.ConnectConfig(t.Context(), config)
	require.ErrorContains(t, err, "28P01")
	info, err := os.Stat(filepath.Join(dataDir, "password"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestDirectoryInUseIsRefused(t *testing.T) {
	t.Parallel()
	dataDir := directory(t)
	start(t, dataDir, t.Output())
	_, err := localpostgres.Start(t.Context(), dataDir, t.Output())
	require.ErrorContains(t, err, "in use by another process")
}

func TestServerAndMachineCrashAreRecoveredFrom(t *testing.T) {
	t.Parallel()
	dataDir := directory(t)
	cluster := startWith(t, dataDir, t.Output())
	conn, err := pgx.Connect(t.Context(), cluster.AdminURL())
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "CREATE TABLE kept AS SELECT 'here' AS what")
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(postmaster(t, dataDir), syscall.SIGKILL))
	require.NoError(t, cluster.Stop())

	// The note left behind now names a living process that is no PostgreSQL: this one.
	note := filepath.Join(dataDir, "data", "postmaster.pid")
	content, err := os.ReadFile(note)
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(content), "\n")
	require.NoError(t, os.WriteFile(note, []byte(strconv.Itoa(os.Getpid())+"\n"+rest), 0o600))
	require.Equal(t, "here", ask(t, start(t, dataDir, t.Output()).AdminURL(), "SELECT what FROM kept"))
}

// The owner of a cluster is killed; its server lives on, and the next owner takes it over.
func TestServerOfAKilledOwnerIsTakenOver(t *testing.T) {
	t.Parallel()
	dataDir := directory(t)
	owner := exec.Command(os.Args[0], "-test.run=^TestHelperOwner$")
	owner.Env = append(os.Environ(), "LOCALPOSTGRES_HELPER="+dataDir)
	output, err := owner.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, owner.Start())
	first := make([]byte, 512)
	count, err := output.Read(first)
	require.NoError(t, err)
	target := strings.TrimSpace(string(first[:count]))
	before := postmaster(t, dataDir)
	t.Cleanup(func() {
		if t.Failed() {
			_ = syscall.Kill(before, syscall.SIGQUIT) // nobody else would
		}
	})
	require.NoError(t, owner.Process.Kill())
	_ = owner.Wait()
	require.Equal(t, "1", ask(t, target, "SELECT '1'"), "the server itself was not killed")

	cluster := start(t, dataDir, t.Output())
	require.Equal(t, target, cluster.AdminURL())
	require.Equal(t, before, postmaster(t, dataDir))
	require.NoError(t, cluster.Stop())
	_, err = pgx.Connect(t.Context(), target)
	require.Error(t, err, "stopped by its new owner")
}

// TestHelperOwner is the process that the test above kills.
func TestHelperOwner(t *testing.T) {
	dataDir := os.Getenv("LOCALPOSTGRES_HELPER")
	if dataDir == "" {
		t.Skip("only as a child of TestServerOfAKilledOwnerIsTakenOver")
	}
	cluster, err := localpostgres.Start(context.Background(), dataDir, io.Discard, localpostgres.WithoutDurability())
	require.NoError(t, err)
	_, err = os.Stdout.WriteString(cluster.AdminURL() + "\n")
	require.NoError(t, err)
	time.Sleep(time.Minute) // to be killed in
}

func TestHalfMadeClusterIsMadeAnew(t *testing.T) {
	t.Parallel()
	dataDir := directory(t)
	require.NoError(t, os.MkdirAll(filepath.Join(dataDir, "data.new", "base"), 0o700))
	require.Equal(t, "1", ask(t, start(t, dataDir, t.Output()).AdminURL(), "SELECT '1'"))
}

func TestUnknownVersionIsNamed(t *testing.T) {
	t.Parallel()
	dataDir := directory(t)
	require.NoError(t, os.MkdirAll(filepath.Join(dataDir, "data"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dataDir, "data", "PG_VERSION"), []byte("9\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dataDir, "password"), []byte("some\n"), 0o600))
	_, err := localpostgres.Start(t.Context(), dataDir, t.Output())
	require.ErrorContains(t, err, "made by PostgreSQL 9")
}

func TestRootUsesAPlaceThatOthersCanReach(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root runs the server as another user")
	}
	t.Parallel()
	hidden, err := os.MkdirTemp("/var/tmp", "localpostgres-test-") // nobody else may enter it
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(hidden)) })
	var said strings.Builder
	cluster := start(t, filepath.Join(hidden, "cluster"), &said)
	require.Contains(t, said.String(), "cannot reach "+hidden)
	where := ask(t, cluster.AdminURL(), "SHOW data_directory")
	require.True(t, strings.HasPrefix(where, "/var/tmp/startupwebapp-postgres-"), where)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(filepath.Dir(where))) })
	require.NoError(t, cluster.Stop())
	again := start(t, filepath.Join(hidden, "cluster"), &said)
	require.Equal(t, where, ask(t, again.AdminURL(), "SHOW data_directory"), "the same place each time")
	require.NoError(t, again.Stop())
}

func TestTemporaryClusterLeavesNothing(t *testing.T) {
	t.Parallel()
	cluster, err := localpostgres.StartTemporary(t.Context(), t.Output())
	require.NoError(t, err)
	where := ask(t, cluster.AdminURL(), "SHOW data_directory")
	require.NoError(t, cluster.Stop())
	_, err = os.Stat(filepath.Dir(where))
	require.ErrorIs(t, err, os.ErrNotExist)
}
