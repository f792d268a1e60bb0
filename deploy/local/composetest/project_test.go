package composetest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"
)

// root is the repository, as seen from this folder.
const root = "../../.."

func composeFile() string { return filepath.Join(root, "docker-compose.yml") }

// load reads a compose file as an engine's client does, with the given variables and no others.
func load(t *testing.T, file string, environ ...string) (*types.Project, error) {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{file}, cli.WithWorkingDirectory(root), cli.WithEnv(environ))
	require.NoError(t, err)
	return options.LoadProject(t.Context())
}

func composed(t *testing.T, environ ...string) *types.Project {
	t.Helper()
	project, err := load(t, composeFile(), environ...)
	require.NoError(t, err)
	return project
}

func TestTheFileKeepsTheRules(t *testing.T) {
	t.Parallel()
	project := composed(t)
	require.Empty(t, faults(project))
	require.ElementsMatch(t, []string{
		"postgres", "user", "order", "payment", "clientevent", "gateway", "pages", "mailbox", "stripe-sandbox",
		"user-migrate", "order-migrate", "payment-migrate", "clientevent-migrate", "demo-goods",
	}, project.ServiceNames())
	require.Equal(t, "postgres:16-alpine", project.Services["postgres"].Image)
}

// TestBrokenVariantsAreRefused: a judge that never objects proves nothing.
func TestBrokenVariantsAreRefused(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(composeFile())
	require.NoError(t, err)
	for name, broken := range map[string]struct{ old, changed, says string }{
		"open to the network":     {`"127.0.0.1:${API_PORT:-8000}:8000"`, `"${API_PORT:-8000}:8000"`, "gateway: port 8000 is published beyond this machine"},
		"a database for all":      {"shm_size: 128m", "ports: [\"5432:5432\"]", "postgres: port 5432 is published beyond this machine"},
		"writable":                {"read_only: true", "read_only: false", "user: its root can be written to"},
		"capabilities":            {"cap_drop: [ALL]", "cap_add: [NET_ADMIN]", "user: it keeps capabilities"},
		"privileged":              {"read_only: true", "read_only: true\n  privileged: true", "user: it is privileged"},
		"new privileges":          {`"no-new-privileges:true"`, `"label:disable"`, "user: it may get new privileges"},
		"the host's network":      {"networks: [startupwebapp]", "network_mode: host", "user: its networks are not startupwebapp alone"},
		"the engine's socket":     {`["mailbox:/state"]`, `["/var/run/docker.sock:/state"]`, "mailbox: it mounts a folder of the machine"},
		"no limit":                {"mem_limit: 64m", "mem_swappiness: 0", "pages: its memory has no limit"},
		"unpinned":                {"postgres:16-alpine", "postgres:latest", "postgres: postgres:latest is not pinned"},
		"unnamed version":         {"postgres:16-alpine", "postgres", "postgres: postgres is not pinned"},
		"no health":               {`test: ["CMD", "pg_isready", "--host=127.0.0.1", "--username=postgres", "--dbname=postgres"]`, "disable: true", "postgres: it has no health check"},
		"no gate":                 {"user: {condition: service_healthy}\n      payment:", "user: {condition: service_started}\n      payment:", "order: it does not wait until user is ready"},
		"schema may be missing":   {"user-migrate: {condition: service_completed_successfully}", "user-migrate: {condition: service_started}", "user: it does not wait until user-migrate is ready"},
		"another network":         {"name: startupwebapp\n    driver", "name: elsewhere\n    driver", "the network is not the bridge startupwebapp"},
		"as root":                 {`user: "70:70"`, `user: "0:0"`, "postgres: it runs as root"},
		"one tag built twice":     {"startupwebapp/user-migrate:", "startupwebapp/user:", "user-migrate: it builds the same tag as user"},
		"no such stage":           {"target: stand-ins", "target: standins", "mailbox: the Dockerfile has no stage standins"},
		"an administrator's URL":  {"environment: *clientevent-environment\n    depends_on:\n      clientevent-migrate", "environment: {<<: [*clientevent-environment, *administrator]}\n    depends_on:\n      clientevent-migrate", "clientevent: ADMIN_DATABASE_URL is for migrations alone"},
		"a secret without a need": {"USER_ADDR: dns:///user:9090\n  PAYMENT", "SECRET_KEY: x\n  USER_ADDR: dns:///user:9090\n  PAYMENT", "order: SECRET_KEY is none of its business"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := strings.ReplaceAll(string(text), broken.old, broken.changed)
			require.NotEqual(t, string(text), changed, "the file has no such place any more")
			project, err := load(t, written(t, changed))
			require.NoError(t, err)
			require.Contains(t, faults(project), broken.says)
		})
	}
}

func TestWhatDoesNotLoadIsRefused(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(composeFile())
	require.NoError(t, err)
	for old, changed := range map[string]string{
		"mem_limit: 64m":                    "memory: 64m",
		"order-migrate: {condition":         "order-migration: {condition",
		"condition: service_completed":      "condition: service_ended",
		`["mailbox:/state"]`:                `["letters:/state"]`,
		"networks: [startupwebapp]":         "networks: [another]",
		"SITE_PORT:-8080}:8080":             "SITE_PORT:-http}:8080",
		"demo-goods: {condition: service_c": "order: {condition: service_c",
	} {
		require.Contains(t, string(text), old)
		_, err := load(t, written(t, strings.ReplaceAll(string(text), old, changed)))
		require.Error(t, err, changed)
	}
}

func written(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "docker-compose.yml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

// TestThirdImagesOfTheDockerfileArePinned: what docker-compose.yml builds stands on these.
func TestThirdImagesOfTheDockerfileArePinned(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "deploy/images/Dockerfile"))
	require.NoError(t, err)
	bases := regexp.MustCompile(`(?m)^FROM (?:--platform=\S+ )?(\S+) AS `).FindAllStringSubmatch(string(text), -1)
	require.NotEmpty(t, bases)
	stages := stagesOf(string(text))
	for _, base := range bases {
		if !slices.Contains(stages, base[1]) && base[1] != "scratch" {
			require.True(t, isPinned(base[1]), base[1])
		}
	}
}

// TestImagesOfTheLaptopNeedNoRights: the file says nothing of users and folders that the images say themselves.
func TestImagesOfTheLaptopNeedNoRights(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "deploy/images/Dockerfile"))
	require.NoError(t, err)
	for stage, wanted := range map[string][]string{
		"stand-ins": {"USER 65532:65532", "--chown=65532:65532 /owned/ /"},
		"pages":     {"USER 101:101", `ENTRYPOINT ["nginx", "-p", "/pages", "-e", "stderr", "-c", "nginx.conf"]`},
	} {
		_, after, found := strings.Cut(string(text), " AS "+stage+"\n")
		require.True(t, found, stage)
		lines, _, _ := strings.Cut(after, "\nFROM ")
		for _, line := range wanted {
			require.Contains(t, lines, line)
		}
	}
}
