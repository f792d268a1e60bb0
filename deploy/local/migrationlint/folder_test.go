package migrationlint_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/local/migrationlint"
)

const harmless = "-- +goose Up\nSELECT 1;\n"

func folder(t *testing.T, last *migrationlint.Release, files map[string]string) []string {
	t.Helper()
	listed := fstest.MapFS{}
	for name, text := range files {
		listed[name] = &fstest.MapFile{Data: []byte(text)}
	}
	findings, err := migrationlint.Folder(listed, "m", last)
	require.NoError(t, err)
	told := []string{}
	for _, finding := range findings {
		told = append(told, fmt.Sprintf("%s:%d %s", finding.File, finding.Line, finding.Rule))
	}
	return told
}

func TestVersions(t *testing.T) {
	t.Parallel()
	require.Empty(t, folder(t, nil, map[string]string{"00001_a.sql": harmless, "00100_b.sql": harmless}))
	require.Equal(t, []string{"m/00001_b.sql:1 version"}, folder(t, nil, map[string]string{"00001_a.sql": harmless, "00001_b.sql": harmless}))
	for _, name := range []string{"1_a.sql", "000001_a.sql", "00000_a.sql", "a.sql", "00001.sql", "00001_.sql", "-0001_a.sql"} {
		require.Equal(t, []string{"m/" + name + ":1 version"}, folder(t, nil, map[string]string{name: harmless}), name)
	}
}

func TestWhatIsReleasedIsSettled(t *testing.T) {
	t.Parallel()
	const destructive = "-- +goose Up\nDROP TABLE goods;\n"
	last := &migrationlint.Release{Name: "v1", Files: map[string][]byte{"00002_a.sql": []byte(destructive), "00005_b.sql": []byte(harmless)}}
	same := map[string]string{"00002_a.sql": destructive, "00005_b.sql": harmless}
	require.Empty(t, folder(t, last, same), "it is not judged again")

	for what, each := range map[string]struct {
		change   map[string]string
		expected []string
	}{
		"changed": {map[string]string{"00002_a.sql": destructive + "-- more\n"}, []string{"m/00002_a.sql:3 released"}},
		"gone":    {map[string]string{"00005_b.sql": ""}, []string{"m/00005_b.sql:1 released"}},
		"late":    {map[string]string{"00003_c.sql": harmless}, []string{"m/00003_c.sql:1 version"}},
		"next":    {map[string]string{"00006_c.sql": harmless}, []string{}},
		"renamed": {map[string]string{"00005_b.sql": "", "00005_other.sql": harmless}, []string{"m/00005_b.sql:1 released", "m/00005_other.sql:1 version"}},
	} {
		files := map[string]string{}
		for name, text := range same {
			files[name] = text
		}
		for name, text := range each.change {
			if files[name] = text; text == "" {
				delete(files, name)
			}
		}
		require.Equal(t, each.expected, folder(t, last, files), what)
	}
}

func TestReleaseIsTheNewestTag(t *testing.T) {
	t.Parallel()
	repository := t.TempDir()
	git := func(arguments ...string) {
		identity := []string{"-C", repository, "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"}
		said, err := exec.Command("git", append(identity, arguments...)...).CombinedOutput()
		require.NoError(t, err, "%s", said)
	}
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Join(repository, "a", "m"), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(repository, "a", "m", name), []byte(text), 0o600))
		git("add", ".")
		git("commit", "-q", "-m", "change")
	}
	require.Empty(t, migrationlint.NewestTag(t.Context(), repository), "no repository")
	git("init", "-q")
	write("00001_a.sql", harmless)
	require.Empty(t, migrationlint.NewestTag(t.Context(), repository), "no tag")
	git("tag", "v1")
	write("00002_b.sql", harmless)
	write("note.txt", "none")
	git("tag", "v2")
	write("00003_c.sql", harmless)
	require.Equal(t, "v2", migrationlint.NewestTag(t.Context(), repository))

	last, err := migrationlint.ReleaseOf(t.Context(), repository, "v2", "a/m")
	require.NoError(t, err)
	require.Equal(t, &migrationlint.Release{Name: "v2", Files: map[string][]byte{"00001_a.sql": []byte(harmless), "00002_b.sql": []byte(harmless)}}, last)
	last, err = migrationlint.ReleaseOf(t.Context(), repository, "v1", "new/folder")
	require.NoError(t, err)
	require.Empty(t, last.Files, "a service that the release did not have")
	_, err = migrationlint.ReleaseOf(t.Context(), repository, "v9", "a/m")
	require.ErrorContains(t, err, "v9")
}
