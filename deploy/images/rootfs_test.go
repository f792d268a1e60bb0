package images_test

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	repository = "../.."
	version    = "0123456789abcdef"
	moment     = 1_790_000_000 // SOURCE_DATE_EPOCH of the builds here

	// largest is what an image may weigh, bytes: 30 MB.
	largest = 30_000_000
	// largestLayer is what one may weigh on its way to a new task, bytes.
	largestLayer = 11_000_000
)

func processes() []string { return []string{"user", "order", "payment", "clientevent", "gateway"} }

// shelf keeps the root file systems that tests share.
type shelf struct {
	directory string
	mu        sync.Mutex
	made      map[string]func() error
}

var roots = &shelf{made: map[string]func() error{}}

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	directory, err := os.MkdirTemp("", "images-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(directory) }()
	roots.directory = directory
	return m.Run()
}

// of is the root file system of a process, made when first asked for.
func (s *shelf) of(t testing.TB, process, architecture string) string {
	t.Helper()
	name := process + "-" + architecture
	s.mu.Lock()
	made, known := s.made[name]
	if !known {
		made = sync.OnceValue(func() error { return assemble(repository, process, architecture, filepath.Join(s.directory, name)) })
		s.made[name] = made
	}
	s.mu.Unlock()
	require.NoError(t, made())
	return filepath.Join(s.directory, name)
}

// assemble runs the script as the Dockerfile does.
func assemble(from, process, architecture, into string, environ ...string) error {
	command := exec.Command("deploy/images/rootfs", process, architecture, into, version)
	command.Dir = from
	command.Env = append(os.Environ(), fmt.Sprintf("SOURCE_DATE_EPOCH=%d", moment), "GOFLAGS=-race", "GOOS=plan9", "GOAMD64=v3", "GOARCH=386")
	command.Env = append(command.Env, environ...)
	if said, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("rootfs %s %s: %w\n%s", process, architecture, err, said)
	}
	return nil
}

// listing is what lies in a root file system: path, mode and, of files, the time.
func listing(t testing.TB, root string) []string {
	t.Helper()
	var found []string
	require.NoError(t, filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := entry.Info()
		require.NoError(t, err)
		require.Equal(t, int64(moment), info.ModTime().Unix(), name)
		found = append(found, fmt.Sprint(info.Mode(), " ", strings.TrimPrefix(name, root)))
		return nil
	}))
	return found
}

func TestImagesHoldNothingButWhatTheyNeed(t *testing.T) {
	t.Parallel()
	for _, process := range processes() {
		for architecture, machine := range map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64} {
			root := roots.of(t, process, architecture)
			require.Equal(t, []string{
				"drwxr-xr-x ", "drwxr-xr-x /etc", "-r--r--r-- /etc/group", "-r--r--r-- /etc/passwd", "drwxr-xr-x /etc/ssl", "drwxr-xr-x /etc/ssl/certs",
				"-r--r--r-- /etc/ssl/certs/ca-certificates.crt", "-r--r--r-- /etc/ssl/rds.pem", "-r--r--r-- /sbom.json", "-r-xr-xr-x /service",
			}, listing(t, root), "no shell, nothing to write, nothing that gives rights")
			requireStatic(t, filepath.Join(root, "service"), machine)
		}
	}
}

func requireStatic(t testing.TB, file string, machine elf.Machine) {
	t.Helper()
	program, err := elf.Open(file)
	require.NoError(t, err)
	defer func() { _ = program.Close() }()
	require.Equal(t, machine, program.Machine)
	libraries, err := program.ImportedLibraries()
	require.NoError(t, err)
	require.Empty(t, libraries)
	require.Nil(t, program.Section(".symtab"), "stripped")
	for _, part := range program.Progs {
		require.NotEqual(t, elf.PT_INTERP, part.Type, "it needs no loader")
	}
}

func TestImagesAreSmall(t *testing.T) {
	t.Parallel()
	for _, process := range processes() {
		for _, architecture := range []string{"amd64", "arm64"} {
			whole, layer := weigh(t, roots.of(t, process, architecture), architecture)
			t.Logf("%-11s %s: %4.1f MB, as layer %4.1f MB (0: not measured)", process, architecture, float64(whole)/1e6, float64(layer)/1e6)
			require.Less(t, whole, int64(largest), "%s %s", process, architecture)
			require.Less(t, layer, int64(largestLayer), "%s %s", process, architecture)
		}
	}
}

// weigh gives the bytes of all files, and those of the layer that a registry would keep, about: 0 where it is not worth the time.
func weigh(t testing.TB, root, architecture string) (whole, layer int64) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(root, func(_ string, entry fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := entry.Info()
		require.NoError(t, err)
		whole += info.Size()
		return nil
	}))
	if architecture != runtime.GOARCH {
		return whole, 0
	}
	packed := exec.CommandContext(t.Context(), "sh", "-c", `tar -c -C "$1" . | gzip -6 | wc -c`, "sh", root) // far quicker than Go's under the race detector
	said, err := packed.Output()
	require.NoError(t, err)
	layer, err = strconv.ParseInt(strings.TrimSpace(string(said)), 10, 64)
	require.NoError(t, err)
	require.Greater(t, layer, whole/10)
	return whole, layer
}

func TestTheBillOfMaterialsListsWhatIsLinkedIn(t *testing.T) {
	t.Parallel()
	for _, process := range processes() {
		text, err := os.ReadFile(filepath.Join(roots.of(t, process, runtime.GOARCH), "sbom.json"))
		require.NoError(t, err)
		require.NotContains(t, string(text), "(devel)")
		var bill struct {
			Format   string `json:"bomFormat"`
			Metadata struct {
				Component struct{ Name, Version string }
				Timestamp *string
			}
			SerialNumber *string
			Components   []struct{ Name, Version, Purl string }
		}
		require.NoError(t, json.Unmarshal(text, &bill))
		require.Equal(t, "CycloneDX", bill.Format)
		require.Equal(t, process, bill.Metadata.Component.Name)
		require.Equal(t, version, bill.Metadata.Component.Version)
		require.Nil(t, bill.SerialNumber, "the same commit gives the same bytes")
		require.Nil(t, bill.Metadata.Timestamp, "the same commit gives the same bytes")
		found := map[string]string{}
		for _, part := range bill.Components {
			require.Equal(t, "pkg:golang/"+part.Name+"@"+part.Version, strings.ReplaceAll(part.Purl, "%2B", "+"))
			found[part.Name] = part.Version
		}
		require.Equal(t, strings.TrimPrefix(runtime.Version(), "go"), found["std"])
		require.Regexp(t, `^v1\.\d+\.\d+$`, found["google.golang.org/grpc"])
		require.Equal(t, version, found["github.com/bartgottschalk/startupwebapp/services/platform"])
		_, hasDatabase := found["github.com/jackc/pgx/v5"]
		require.Equal(t, process != "gateway", hasDatabase)
		require.NotContains(t, found, "github.com/stretchr/testify")
	}
}

// What a container engine is shown (.dockerignore) is enough, and where it lies leaves no trace. The build cache is shared, for time's
// sake; REPRODUCE_FROM_NOTHING=true compiles everything again.
func TestImagesAreTheSameWhereverTheyAreBuilt(t *testing.T) {
	t.Parallel()
	elsewhere := filepath.Join(t.TempDir(), "a directory", "of another name")
	copyContext(t, repository, elsewhere)
	var more []string
	if os.Getenv("REPRODUCE_FROM_NOTHING") == "true" {
		more = append(more, "GOCACHE="+t.TempDir())
	}
	again := filepath.Join(t.TempDir(), "again")
	require.NoError(t, assemble(elsewhere, "clientevent", runtime.GOARCH, again, more...))
	first := roots.of(t, "clientevent", runtime.GOARCH)
	require.Equal(t, listing(t, first), listing(t, again))
	for _, name := range []string{"service", "sbom.json", "etc/passwd", "etc/group", "etc/ssl/rds.pem", "etc/ssl/certs/ca-certificates.crt"} {
		one, err := os.ReadFile(filepath.Join(first, name))
		require.NoError(t, err)
		other, err := os.ReadFile(filepath.Join(again, name))
		require.NoError(t, err)
		require.True(t, bytes.Equal(one, other), "%s differs", name)
	}
}

func TestTheScriptRefusesWhatItCannotMake(t *testing.T) {
	t.Parallel()
	full := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(full, "left-behind"), nil, 0o600))
	for _, c := range []struct {
		arguments []string
		code      int
		says      string
	}{
		{nil, 2, "usage"},
		{[]string{"../user", "amd64", t.TempDir(), "v"}, 2, "usage"},
		{[]string{"user", "386", t.TempDir(), "v"}, 2, "usage"},
		{[]string{"user", "amd64", "", "v"}, 2, "usage"},
		{[]string{"user", "amd64", t.TempDir(), ""}, 2, "usage"},
		{[]string{"user", "amd64", full, "v"}, 1, "is not empty"},
	} {
		command := exec.CommandContext(t.Context(), "./rootfs", c.arguments...)
		command.WaitDelay = time.Second
		said, err := command.CombinedOutput()
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit, "%q", c.arguments)
		require.Equal(t, c.code, exit.ExitCode(), "%q", c.arguments)
		require.Contains(t, string(said), c.says)
	}
}
