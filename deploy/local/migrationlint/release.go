package migrationlint

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path"
	"strings"
)

// NewestTag is the newest tag before the checked out commit, "" where none is known: there are none, they were not fetched, or there is
// no git.
func NewestTag(ctx context.Context, repository string) string {
	said, err := git(ctx, repository, "describe", "--tags", "--abbrev=0")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(said))
}

// ReleaseOf is what a revision has in a folder of the repository, which is written with slashes and relative to its root.
func ReleaseOf(ctx context.Context, repository, revision, folder string) (*Release, error) {
	listed, err := git(ctx, repository, "ls-tree", "--name-only", "-z", revision, folder+"/")
	if err != nil {
		return nil, fmt.Errorf("read %s at %s: %w", folder, revision, err)
	}
	last := &Release{Name: revision, Files: map[string][]byte{}}
	for name := range strings.SplitSeq(strings.TrimRight(string(listed), "\x00"), "\x00") {
		if path.Ext(name) != ".sql" {
			continue
		}
		content, err := git(ctx, repository, "cat-file", "blob", revision+":"+name)
		if err != nil {
			return nil, fmt.Errorf("read %s at %s: %w", name, revision, err)
		}
		last.Files[path.Base(name)] = content
	}
	return last, nil
}

func git(ctx context.Context, repository string, arguments ...string) ([]byte, error) {
	// safe.directory: the checkout may belong to another user than the one who lints.
	command := exec.CommandContext(ctx, "git", append([]string{"-c", "safe.directory=*", "-C", repository}, arguments...)...)
	var said bytes.Buffer
	command.Stderr = &said
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("git %s: %w: %s", arguments[0], err, oneLine(said.String()))
	}
	return output, nil
}
