package images_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// shown tells whether .dockerignore lets a path of the repository into the context of a build. It knows the forms that the file
// uses: *, a path, !path, and **/name; the last line that matches decides.
func shown(t testing.TB, rules []string, path string) bool {
	t.Helper()
	seen := true
	for _, rule := range rules {
		pattern, lets := strings.CutPrefix(rule, "!")
		if matches(t, pattern, path) {
			seen = lets
		}
	}
	return seen
}

func matches(t testing.TB, pattern, path string) bool {
	t.Helper()
	if name, anywhere := strings.CutPrefix(pattern, "**/"); anywhere {
		require.NotContains(t, name, "*")
		return slices.Contains(strings.Split(path, "/"), name)
	}
	if pattern == "*" {
		return true
	}
	require.NotContains(t, pattern, "*", "a form that this test does not know")
	return path == pattern || strings.HasPrefix(path, pattern+"/")
}

func ignoreRules(t testing.TB) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, ".dockerignore"))
	require.NoError(t, err)
	return instructions(string(text))
}

// instructions are the lines that are neither empty nor comments.
func instructions(text string) []string {
	var found []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			found = append(found, line)
		}
	}
	return found
}

// copyContext copies what a container engine would be shown.
func copyContext(t testing.TB, from, into string) {
	t.Helper()
	rules := ignoreRules(t)
	require.NoError(t, filepath.WalkDir(from, func(name string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		path, err := filepath.Rel(from, name)
		require.NoError(t, err)
		if entry.IsDir() && slices.Contains([]string{".git", ".local", "node_modules", ".terraform"}, entry.Name()) {
			require.False(t, shown(t, rules, filepath.ToSlash(path)))
			return filepath.SkipDir
		}
		if !entry.Type().IsRegular() || !shown(t, rules, filepath.ToSlash(path)) {
			return nil
		}
		info, err := entry.Info()
		require.NoError(t, err)
		content, err := os.ReadFile(name)
		require.NoError(t, err)
		target := filepath.Join(into, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(target), 0o750))
		return os.WriteFile(target, content, info.Mode().Perm())
	}))
}

func TestAContainerEngineIsShownSourcesAlone(t *testing.T) {
	t.Parallel()
	rules := ignoreRules(t)
	for path, wanted := range map[string]bool{
		"go.work": true, "services/user/go.mod": true, "deploy/images/rootfs": true, "deploy/ship/go.mod": true, "deploy/terraform/go.mod": true, "deploy/terraform/tests/main_test.go": false, "gateway/site/pages.yaml": true,
		".git/config": false, ".local/data/secrets.json": false, "deploy/local/.local/x": false, ".env": false, "deploy/local/.env": false,
		"deploy/terraform/envs/production/terraform.tfstate": false, "deploy/ship/cmd/ship/main.go": false, "secrets.txt": false,
		"deploy/local/browser/node_modules/axe-core/axe.js": false, ".github/workflows/deploy.yml": false,
	} {
		require.Equal(t, wanted, shown(t, rules, path), path)
	}
}
