package previousrelease

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	fetchPatience = 30 * time.Second
	buildPatience = 10 * time.Minute
)

// find gives the revision of the release before the checked out commit, or why there is none to try.
func find(ctx context.Context, repository, forced string) (revision, missing string) {
	revision = forced
	if revision == "" {
		revision = newestTag(ctx, repository)
	}
	if revision == "" {
		fetchTags(ctx, repository)
		revision = newestTag(ctx, repository)
	}
	if revision == "" {
		return "", "no release yet: there is no tag before this commit (PREVIOUS_RELEASE=REVISION tries any)"
	}
	commit, err := git(ctx, repository, "rev-parse", "--verify", "--quiet", revision+"^{commit}")
	if err != nil {
		return "", "this clone does not have " + revision + ": fetch more of it"
	}
	// Trees, too: a clone may have the commit alone.
	if _, err := git(ctx, repository, "ls-tree", "-r", "--name-only", commit); err != nil {
		return "", "this clone has nothing of " + revision + " but its name: fetch more of it"
	}
	return commit, ""
}

// newestTag leaves out those of the checked out commit itself, which are the release that is being made.
func newestTag(ctx context.Context, repository string) string {
	arguments := []string{"describe", "--tags", "--abbrev=0"}
	if said, err := git(ctx, repository, "tag", "--points-at", "HEAD"); err == nil && said != "" {
		for tag := range strings.FieldsSeq(said) {
			arguments = append(arguments, "--exclude="+tag)
		}
	}
	tag, err := git(ctx, repository, arguments...)
	if err != nil {
		return ""
	}
	return tag
}

// fetchTags tries: offline, the tags that are here are all there are.
func fetchTags(ctx context.Context, repository string) {
	remotes, err := git(ctx, repository, "remote")
	if err != nil || remotes == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, fetchPatience)
	defer cancel()
	_, _ = git(ctx, repository, "fetch", "--quiet", "--tags", strings.Fields(remotes)[0])
}

func git(ctx context.Context, repository string, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", append([]string{"-c", "safe.directory=*", "-C", repository}, arguments...)...)
	command.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0")
	said, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w", arguments[0], err)
	}
	return strings.TrimSpace(string(said)), nil
}

// build takes the files of a commit out of the repository and gives a folder with its five programs.
func build(ctx context.Context, t *testing.T, repository, commit string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, buildPatience)
	defer cancel()
	source, programs := t.TempDir(), t.TempDir()
	archive := filepath.Join(t.TempDir(), "release.tar")
	_, err := git(ctx, repository, "archive", "--output="+archive, commit)
	require.NoError(t, err)
	said, err := exec.CommandContext(ctx, "tar", "-xf", archive, "-C", source).CombinedOutput()
	require.NoError(t, err, "%s", said)

	command := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", programs+"/",
		"./services/user/cmd/user", "./services/payment/cmd/payment", "./services/clientevent/cmd/clientevent",
		"./services/order/cmd/order", "./gateway/cmd/gateway")
	command.Dir = source
	// Its own workspace, whatever this one is run with.
	command.Env = slices.DeleteFunc(os.Environ(), func(each string) bool { return strings.HasPrefix(each, "GOWORK=") })
	said, err = command.CombinedOutput()
	require.NoError(t, err, "build %s: %s", commit, said)
	return programs
}

func TestFind(t *testing.T) {
	t.Parallel()
	repository := t.TempDir()
	run := func(arguments ...string) {
		identity := []string{"-C", repository, "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"}
		said, err := exec.Command("git", append(identity, arguments...)...).CombinedOutput()
		require.NoError(t, err, "%s", said)
	}
	found := func(forced string) (string, string) { return find(t.Context(), repository, forced) }
	_, missing := found("")
	require.Contains(t, missing, "no release yet")
	run("init", "-q")
	run("commit", "-q", "--allow-empty", "-m", "one")
	run("remote", "add", "origin", filepath.Join(repository, "nowhere"))
	_, missing = found("")
	require.Contains(t, missing, "no release yet", "the remote does not answer")
	run("tag", "v1")
	_, missing = found("")
	require.Contains(t, missing, "no release yet", "that is the one being made")
	first, missing := found("v1")
	require.Empty(t, missing)
	run("commit", "-q", "--allow-empty", "-m", "two")
	run("tag", "v2")
	previous, missing := found("")
	require.Empty(t, missing)
	require.Equal(t, first, previous)
	_, missing = found("0123456789012345678901234567890123456789")
	require.Contains(t, missing, "does not have")
}
