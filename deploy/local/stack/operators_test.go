package stack_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/local/stack"
)

func TestOperatorsAreToldWhatTheServicesAre(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "SECRET_KEY=the caller's own", "CLOUD_PASSWORD=hunter2")
	_, err := stack.Environment(m.options.DataDir, "user")
	require.ErrorContains(t, err, "scripts/up", "before it runs")
	shop := m.start()
	for _, service := range []string{"user", "order", "payment", "clientevent"} {
		environ, err := stack.Environment(m.options.DataDir, service)
		require.NoError(t, err)
		running := m.started(service)[0].Environ
		for _, entry := range environ {
			name, value, _ := strings.Cut(entry, "=")
			require.Equal(t, running[name], value, service+" "+name)
		}
		require.Contains(t, environ, "DATABASE_URL="+running["DATABASE_URL"], service)
		require.NotContains(t, strings.Join(environ, "\n"), "hunter2", "what is no business of the shop stays in memory")
		info, err := os.Stat(filepath.Join(m.options.DataDir, "environment", service+".json"))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), service)
	}
	told, err := stack.Environment(m.options.DataDir, "user")
	require.NoError(t, err)
	require.Contains(t, told, "SECRET_KEY=the caller's own")

	require.NoError(t, shop.Stop(t.Context()))
	require.NoDirExists(t, filepath.Join(m.options.DataDir, "environment"))
	_, err = stack.Environment(m.options.DataDir, "user")
	require.ErrorContains(t, err, "scripts/up", "after it ran")
}

func TestWhatAKilledShopLeftIsNoRunningShop(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(data, "environment"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(data, "environment", "user.json"), []byte(`{"SECRET_KEY":"old"}`), 0o600))
	for _, step := range []string{"without a lock", "with one that nobody holds"} {
		_, err := stack.Environment(data, "user")
		require.ErrorContains(t, err, "no shop is running", step)
		require.NotContains(t, err.Error(), "\n", "one line")
		require.NoError(t, os.WriteFile(filepath.Join(data, "lock"), nil, 0o600))
	}
}

func TestAShopThatDoesNotGetReadyTellsNobody(t *testing.T) {
	t.Parallel()
	m := newMachine(t, refusing+"=gateway")
	m.refused()
	require.NoDirExists(t, filepath.Join(m.options.DataDir, "environment"))
}
