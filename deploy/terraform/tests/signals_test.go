package tests

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/gateway/routes"
)

type signal struct {
	Services []string
	Pattern  string
	Value    string
}

func signals(t *testing.T) map[string]signal {
	t.Helper()
	var all map[string]signal
	require.NoError(t, json.Unmarshal(read(t, "../modules/observability/signals.json"), &all))
	require.NotEmpty(t, all)
	return all
}

var (
	message   = regexp.MustCompile(`\$\.msg = "([^"*]+)\*?"`)
	attribute = regexp.MustCompile(`\$\.([a-z_]+)`)
	route     = regexp.MustCompile(`\$\.route = "([^"*]+)(\*?)"`)
)

// sourceOf is the code whose lines end up in a service's log.
func sourceOf(t *testing.T, service string) string {
	t.Helper()
	folder := "../../../services/" + service
	if service == "gateway" {
		folder = "../../../gateway"
	}
	return codeOf(t, folder) + codeOf(t, "../../../services/platform")
}

func codeOf(t *testing.T, folder string) string {
	t.Helper()
	var code strings.Builder
	require.NoError(t, filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := os.ReadFile(name)
		code.Write(text)
		return err
	}))
	require.NotZero(t, code.Len(), folder)
	return code.String()
}

// TestSignalsAreLogged finds the words of every pattern in the code of the services whose logs it looks at.
func TestSignalsAreLogged(t *testing.T) {
	t.Parallel()
	for name, signal := range signals(t) {
		for _, service := range signal.Services {
			code := sourceOf(t, service)
			for _, found := range message.FindAllStringSubmatch(signal.Pattern, -1) {
				require.Contains(t, code, `"`+found[1], "%s: %s logs no such line", name, service)
			}
			for _, found := range attribute.FindAllStringSubmatch(signal.Pattern+" "+signal.Value, -1) {
				standard := found[1] == "msg" || found[1] == "level" // slog's own
				require.True(t, standard || strings.Contains(code, `"`+found[1]+`"`), "%s: %s logs no attribute %s", name, service, found[1])
			}
		}
	}
}

func TestSignalsHaveSomethingToLookFor(t *testing.T) {
	t.Parallel()
	for name, signal := range signals(t) {
		require.NotEmpty(t, signal.Services, name)
		require.True(t, message.MatchString(signal.Pattern) || strings.Contains(signal.Pattern, "$.level"), name)
	}
}

// TestRoutesOfSignalsExist: a number that is never there looks like a shop without visitors.
func TestRoutesOfSignalsExist(t *testing.T) {
	t.Parallel()
	table, err := routes.Read(read(t, "../../../gateway/routes.yaml"))
	require.NoError(t, err)
	for name, signal := range signals(t) {
		for _, found := range route.FindAllStringSubmatch(signal.Pattern, -1) {
			require.True(t, leadsSomewhere(table, found[1], found[2] == "*"), "%s: no route is %s", name, found[1])
		}
	}
}

func leadsSomewhere(table *routes.Table, wanted string, prefix bool) bool {
	for _, route := range table.All() {
		if route.Path == wanted || prefix && strings.HasPrefix(route.Path, wanted) {
			return true
		}
	}
	return false
}
