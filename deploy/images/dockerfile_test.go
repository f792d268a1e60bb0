package images_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// stage is one FROM of the Dockerfile with what follows it.
type stage struct {
	from, name string
	lines      []string
}

// dockerfile reads the stages; a line that ends with a backslash goes on in the next.
func dockerfile(t testing.TB) (arguments map[string]string, stages []stage) {
	t.Helper()
	text, err := os.ReadFile("Dockerfile")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(text), "# syntax=docker/dockerfile:1"), "cache mounts need BuildKit's syntax")
	arguments = map[string]string{}
	for _, line := range instructions(regexp.MustCompile(`\\\n\s*`).ReplaceAllString(string(text), "")) {
		words := strings.Fields(line)
		switch {
		case words[0] == "FROM":
			require.Equal(t, "AS", words[len(words)-2], "every stage has a name: %s", line)
			stages = append(stages, stage{from: words[len(words)-3], name: words[len(words)-1], lines: []string{line}})
		case len(stages) > 0:
			stages[len(stages)-1].lines = append(stages[len(stages)-1].lines, line)
		case words[0] == "ARG":
			name, value, _ := strings.Cut(words[1], "=")
			arguments[name] = value
		}
	}
	return arguments, stages
}

func stageNamed(t testing.TB, name string) stage {
	t.Helper()
	_, stages := dockerfile(t)
	for _, found := range stages {
		if found.name == name {
			return found
		}
	}
	require.FailNow(t, "no stage is named "+name)
	return stage{}
}

func TestTheImageOfAProcessIsFromScratchAndHasNoRights(t *testing.T) {
	t.Parallel()
	process := stageNamed(t, "process")
	require.Equal(t, "scratch", process.from)
	for _, wanted := range []string{
		"USER 65532:65532",
		`ENTRYPOINT ["/service"]`,
		"COPY --from=process-files /rootfs/ /",
		"ENV GRPC_ADDR=0.0.0.0:9090 API_ADDR=0.0.0.0:8000",
	} {
		require.Contains(t, process.lines, wanted)
	}
	all := strings.Join(process.lines, "\n")
	require.Regexp(t, `(?m)^HEALTHCHECK .*--timeout=\d+s .*CMD \["/service", "healthcheck"\]$`, all)
	for _, label := range []string{"title", "description", "version", "revision", "source"} {
		require.Contains(t, all, "org.opencontainers.image."+label+"=")
	}
	require.NotContains(t, all, "\nRUN ", "scratch has nothing to run")
	require.Equal(t, 1, strings.Count(all, "\nCOPY "), "only what the script made")
	require.NotContains(t, all, "\nVOLUME")
}

func TestTheFilesAreMadeByTheScriptThatIsTestedHere(t *testing.T) {
	t.Parallel()
	files := stageNamed(t, "process-files")
	require.Equal(t, "sources", files.from)
	var runs []string
	for _, line := range files.lines {
		if strings.HasPrefix(line, "RUN ") {
			runs = append(runs, line)
		}
	}
	require.Len(t, runs, 1)
	require.True(t, strings.HasSuffix(runs[0], `deploy/images/rootfs "$SERVICE" "$TARGETARCH" /rootfs "$VERSION"`), runs[0])
	require.Contains(t, runs[0], "--mount=type=cache,target=/go/pkg/mod")
	require.Contains(t, runs[0], "--mount=type=cache,target=/root/.cache/go-build")
	sources := stageNamed(t, "sources")
	require.True(t, strings.HasPrefix(sources.lines[0], "FROM --platform=$BUILDPLATFORM "), "it compiles for the other architecture, and does not emulate it")
}

func TestTheDockerfileFetchesNothingByItselfAndKnowsNoSecret(t *testing.T) {
	t.Parallel()
	arguments, stages := dockerfile(t)
	require.Regexp(t, `^1\.26\.\d+$`, arguments["GO_VERSION"], "pinned to a release")
	known := map[string]bool{"scratch": true}
	for _, found := range stages {
		if !known[found.from] {
			require.Regexp(t, `^[a-z0-9./-]+:(.*\d|\$\{GO_VERSION\})`, found.from, "an image of others is pinned")
			require.NotContains(t, found.from, "latest")
		}
		known[found.name] = true
		for _, line := range found.lines {
			require.False(t, strings.HasPrefix(line, "ADD "), line)
			require.NotRegexp(t, `(?i)curl|wget|apt-get|apk add|https?://[^ ]+ *(-o|>|\|)`, line)
			require.NotRegexp(t, `(?i)^(ARG|ENV) .*(secret|password|token|_key)`, line, "what is built in can be read by whoever pulls the image")
		}
	}
}
