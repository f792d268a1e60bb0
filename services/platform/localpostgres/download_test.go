//go:build unix

package localpostgres

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// The download takes a network and tens of megabytes, so it is tried on demand.
func TestDownloadedProgramsRun(t *testing.T) {
	if os.Getenv("LOCALPOSTGRES_DOWNLOAD") == "" {
		t.Skip("set LOCALPOSTGRES_DOWNLOAD=1 to download PostgreSQL")
	}
	opened, err := openHome(t.TempDir()+"/cluster", t.Output())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(opened.path)) })
	programs, err := download(t.Context(), opened, t.Output())
	require.NoError(t, err)
	require.Equal(t, downloadMajor, programs.major)

	password, err := opened.password()
	require.NoError(t, err)
	require.NoError(t, initialise(t.Context(), opened, programs, settings{}))
	cluster := &Cluster{home: opened}
	require.NoError(t, cluster.launch(t.Context(), programs, password, settings{}))
	require.NoError(t, cluster.Stop())
}
