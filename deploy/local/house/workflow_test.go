package house

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

type workflow struct {
	Concurrency map[string]any         `yaml:"concurrency"`
	Permissions map[string]string      `yaml:"permissions"`
	Jobs        map[string]workflowJob `yaml:"jobs"`
}

type workflowJob struct {
	Timeout     int               `yaml:"timeout-minutes"`
	Environment string            `yaml:"environment"`
	Permissions map[string]string `yaml:"permissions"`
	Steps       []workflowStep    `yaml:"steps"`
}

type workflowStep struct {
	Uses string         `yaml:"uses"`
	With map[string]any `yaml:"with"`
	Run  string         `yaml:"run"`
}

// TestWorkflowsHoldLittlePower: what actionlint does not ask for. A workflow reads the code and nothing else, a job with AWS
// credentials belongs to an environment, and what a person typed never becomes part of a script.
func TestWorkflowsHoldLittlePower(t *testing.T) {
	t.Parallel()
	for name, flow := range workflows(t) {
		require.Equal(t, map[string]string{"contents": "read"}, flow.Permissions, name)
		require.NotEmpty(t, flow.Concurrency, "%s: two at once", name)
		for title, job := range flow.Jobs {
			at := name + ": " + title
			require.Positive(t, job.Timeout, at)
			require.Equal(t, job.Permissions["id-token"] == "write", job.Environment != "", "%s: credentials without an environment, or the other way round", at)
			for _, step := range job.Steps {
				requireHarmless(t, at, step)
			}
		}
	}
}

func requireHarmless(t *testing.T, at string, step workflowStep) {
	t.Helper()
	require.NotContains(t, step.Run, "${{", "%s: hand it over as an environment variable", at)
	if strings.HasPrefix(step.Uses, "actions/checkout@") {
		require.Equal(t, false, step.With["persist-credentials"], at)
	}
}

// TestActionsArePinned by what they are, with the release that this was when somebody looked.
func TestActionsArePinned(t *testing.T) {
	t.Parallel()
	pinned := regexp.MustCompile(`^\s*(- )?uses: (\./\S+|\S+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$`)
	files, err := filepath.Glob(filepath.Join(root, ".github", "*", "*", "*.yml"))
	require.NoError(t, err)
	flows, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yml"))
	require.NoError(t, err)
	for _, file := range append(files, flows...) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for line := range strings.SplitSeq(string(text), "\n") {
			if strings.Contains(line, "uses:") {
				require.Regexp(t, pinned, line, file)
			}
		}
	}
}

func workflows(t *testing.T) map[string]workflow {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yml"))
	require.NoError(t, err)
	require.Len(t, files, 7)
	read := map[string]workflow{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var flow workflow
		require.NoError(t, yaml.Unmarshal(text, &flow), file)
		read[filepath.Base(file)] = flow
	}
	return read
}

// TestChangedTellsWhatAServiceIsMadeOf: what is deployed is decided by it.
func TestChangedTellsWhatAServiceIsMadeOf(t *testing.T) {
	t.Parallel()
	if err := exec.CommandContext(t.Context(), "git", "-C", root, "rev-parse", "HEAD").Run(); err != nil {
		t.Skip("this is no checkout of git's")
	}
	require.Empty(t, changedSince(t, "HEAD", "user", "gateway", "site"))
	require.Equal(t, "user\nsite\n", changedSince(t, "no-such-revision", "user", "site"), "what is not known counts as changed")
}

func changedSince(t *testing.T, arguments ...string) string {
	t.Helper()
	said, err := exec.CommandContext(t.Context(), filepath.Join(root, "scripts", "changed"), arguments...).Output()
	require.NoError(t, err)
	return string(said)
}
