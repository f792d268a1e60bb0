//go:build unix

package localpostgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const oldestMajor = 15

// programs are those of one PostgreSQL.
type programs struct {
	major            int
	initdb, postgres string
}

// findPrograms prefers the newest installed one, but for an existing cluster takes the version that made it.
func findPrograms(ctx context.Context, home home, logs io.Writer) (programs, error) {
	wanted, err := majorOf(home)
	if err != nil {
		return programs{}, err
	}
	var found []programs
	for _, directory := range candidates(ctx) {
		if candidate, ok := programsIn(ctx, directory); ok && (!home.user.foreign || reachable(directory, home.user)) {
			found = append(found, candidate)
		}
	}
	slices.SortStableFunc(found, func(a, b programs) int { return b.major - a.major })
	for _, candidate := range found {
		if wanted == 0 || candidate.major == wanted {
			return candidate, nil
		}
	}
	if wanted != 0 && wanted != downloadMajor {
		return programs{}, fmt.Errorf("the data were made by PostgreSQL %d, which is not installed; install it or start with --fresh", wanted)
	}
	return download(ctx, home, logs)
}

// majorOf is 0 when there is no cluster yet.
func majorOf(home home) (int, error) {
	content, err := os.ReadFile(filepath.Join(home.data(), "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read version: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		return 0, fmt.Errorf("read version: %w", err)
	}
	return major, nil
}

// candidates are the directories where PostgreSQL's programs usually lie.
func candidates(ctx context.Context) []string {
	var directories []string
	if path, err := exec.LookPath("postgres"); err == nil {
		directories = append(directories, filepath.Dir(path))
	}
	if output, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		directories = append(directories, strings.TrimSpace(string(output)))
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin",
		"/Applications/Postgres.app/Contents/Versions/*/bin",
	} {
		matches, _ := filepath.Glob(pattern) // fails for malformed patterns only
		directories = append(directories, matches...)
	}
	return directories
}

var versionLine = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

func programsIn(ctx context.Context, directory string) (programs, bool) {
	found := programs{initdb: filepath.Join(directory, "initdb"), postgres: filepath.Join(directory, "postgres")}
	if _, err := os.Stat(found.initdb); err != nil {
		return programs{}, false
	}
	output, err := exec.CommandContext(ctx, found.postgres, "--version").Output()
	if err != nil {
		return programs{}, false
	}
	match := versionLine.FindSubmatch(output)
	if match == nil {
		return programs{}, false
	}
	found.major, err = strconv.Atoi(string(match[1]))
	return found, err == nil && found.major >= oldestMajor
}
