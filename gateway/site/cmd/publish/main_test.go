package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPublish(t *testing.T) {
	t.Parallel()
	to := filepath.Join(t.TempDir(), "pages")
	require.NoError(t, os.MkdirAll(filepath.Join(to, "files"), 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(to, "files", "stale"), nil, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(to, "mine"), nil, 0o600))
	var said bytes.Buffer
	environ := []string{"SITE_ORIGIN=http://localhost:8080", "API_ORIGIN=http://localhost:8000", "SHOP_NAME=Clips & Co"}
	require.Zero(t, run([]string{"-to", to}, environ, &said), said.String())
	home, err := os.ReadFile(filepath.Join(to, "files", "index.html"))
	require.NoError(t, err)
	require.Contains(t, string(home), "Clips &amp; Co")
	require.FileExists(t, filepath.Join(to, "nginx.conf"))
	require.NoFileExists(t, filepath.Join(to, "files", "stale"), "of an earlier release")
	require.FileExists(t, filepath.Join(to, "mine"))
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	environ := []string{"SITE_ORIGIN=http://localhost:8080", "API_ORIGIN=http://localhost:8000"}
	for name, one := range map[string]struct {
		arguments, environ []string
		status             int
		says               string
	}{
		"no folder":     {nil, environ, 2, "-to"},
		"an argument":   {[]string{"-to", t.TempDir(), "more"}, environ, 2, "usage"},
		"no origin":     {[]string{"-to", t.TempDir()}, environ[:1], 1, "API_ORIGIN"},
		"no such place": {[]string{"-to", "/dev/null/pages"}, environ, 1, "/dev/null/pages"},
		"a directive":   {[]string{"-to", t.TempDir(), "-listen", "8080; include x"}, environ, 1, "cannot stand in a configuration"},
	} {
		var said bytes.Buffer
		require.Equal(t, one.status, run(one.arguments, one.environ, &said), name)
		require.Contains(t, said.String(), one.says, name)
	}
}
