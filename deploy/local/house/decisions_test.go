package house

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const root = "../../.."

// TestEveryDecisionIsHeldByATest reads the table of what became of the old shop's defects: a test that is renamed or removed
// takes its row along.
func TestEveryDecisionIsHeldByATest(t *testing.T) {
	t.Parallel()
	table, err := os.ReadFile(filepath.Join(root, "services/user/DEFECTS.md"))
	require.NoError(t, err)
	known := testsOf(t)
	named := regexp.MustCompile("`(Test[A-Za-z0-9_]+)`").FindAllSubmatch(table, -1)
	require.Greater(t, len(named), 30)
	for _, name := range named {
		require.Contains(t, known, string(name[1]))
	}
}

// testsOf are the names of all tests of the house.
func testsOf(t *testing.T) map[string]bool {
	t.Helper()
	function := regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9_]+)\(`)
	names := map[string]bool{}
	for _, folder := range []string{"services", "gateway", "deploy"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(root, folder), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, found := range function.FindAllSubmatch(text, -1) {
				names[string(found[1])] = true
			}
			return err
		}))
	}
	return names
}
