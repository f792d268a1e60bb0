package stack_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/local/stack"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

const (
	patience = 20 * time.Second
	tick     = 20 * time.Millisecond
)

// What the stand-ins of the programs are told, by variables of their own.
const (
	recordFolder = "STAND_IN_RECORDS"  // where each start leaves its environment
	stubborn     = "STAND_IN_STUBBORN" // the program that does not stop when asked
	unready      = "STAND_IN_UNREADY"  // set: the gateway never is ready
	refusing     = "STAND_IN_REFUSING" // the program that does not accept its settings
)

func programs() []string { return []string{"user", "payment", "clientevent", "order", "gateway"} }

// TestMain is also the programs of the shop: BinDir holds links to this test binary.
func TestMain(m *testing.M) {
	if name := filepath.Base(os.Args[0]); slices.Contains(programs(), name) {
		os.Exit(standIn(name, os.Args[1:]))
	}
	if folder := os.Getenv(childFolder); folder != "" {
		os.Exit(runChild(folder))
	}
	os.Exit(m.Run())
}

func standIn(name string, arguments []string) int {
	if err := leaveRecord(name, arguments); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if len(arguments) > 0 {
		return 0 // migrate and the like
	}
	if os.Getenv(refusing) == name {
		fmt.Fprintln(os.Stderr, name+": SOME_VARIABLE: expected something else")
		return 2
	}
	fmt.Fprintln(os.Stderr, "the first line of "+name)
	fmt.Fprintln(os.Stderr, "the last line of "+name)
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	if name == "gateway" {
		go serveHealth(os.Getenv("API_ADDR"))
	}
	<-ctx.Done()
	if os.Getenv(stubborn) == name {
		time.Sleep(time.Minute) // until it is killed
	}
	return 0
}

func serveHealth(address string) {
	status := http.StatusOK
	if os.Getenv(unready) != "" {
		status = http.StatusServiceUnavailable
	}
	server := &http.Server{Addr: address, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })}
	if err := server.ListenAndServe(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// record is one start of a stand-in.
type record struct {
	PID       int
	Arguments []string
	Environ   map[string]string
}

func leaveRecord(name string, arguments []string) error {
	made := record{PID: os.Getpid(), Arguments: arguments, Environ: map[string]string{}}
	for _, entry := range os.Environ() {
		variable, value, _ := strings.Cut(entry, "=")
		made.Environ[variable] = value
	}
	text, err := json.Marshal(made)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(os.Getenv(recordFolder), fmt.Sprintf("%s-%d", name, os.Getpid())), text, 0o600)
}

// childFolder makes this test binary a process that starts a shop with the programs there and waits to be killed.
const childFolder = "STACK_TEST_PROGRAMS"

func runChild(programs string) int {
	options := stack.FromEnvironment(os.Environ())
	options.BinDir, options.Out = programs, os.Stderr
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if _, err := stack.Start(ctx, options); err != nil {
		return 1
	}
	select {}
}

// machine is where shops of a test are started: folders, ports and a database name of its own.
type machine struct {
	t       *testing.T
	options stack.Options
	records string
	out     *lines
}

// lines takes what the stack says.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func newMachine(t *testing.T, environ ...string) *machine {
	t.Helper()
	adminURL := os.Getenv("ADMIN_DATABASE_URL")
	require.NotEmpty(t, adminURL, "set ADMIN_DATABASE_URL, or run the tests with scripts/test")
	m := &machine{t: t, records: t.TempDir(), out: &lines{}}
	m.options = stack.Options{
		BinDir: binaries(t), DataDir: filepath.Join(t.TempDir(), "data"), AdminURL: adminURL,
		Database: "stacktest_" + strings.ToLower(identifier.New(8)), Out: m.out,
		Environ: append([]string{"GORACE=atexit_sleep_ms=0", recordFolder + "=" + m.records}, environ...),
	}
	require.NoError(t, m.options.UseFreePorts())
	return m
}

func binaries(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	folder := t.TempDir()
	for _, name := range programs() {
		require.NoError(t, os.Symlink(self, filepath.Join(folder, name)))
	}
	return folder
}

// start starts a shop that is stopped when the test ends, if not before.
func (m *machine) start() *stack.Stack {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), patience)
	defer cancel()
	shop, err := stack.Start(ctx, m.options)
	require.NoError(m.t, err)
	m.t.Cleanup(func() { _ = shop.Stop(context.Background()) })
	for _, program := range programs() { // the gateway's stand-in waits for nobody
		for _, process := range shop.Processes(program) {
			require.Eventually(m.t, func() bool { return strings.HasSuffix(process.LastWords(), "the last line of "+program) }, patience, tick, process.Name)
		}
	}
	return shop
}

// refused starts a shop that must not come up, and gives the one line that says why.
func (m *machine) refused() string {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(m.t.Context(), patience)
	defer cancel()
	shop, err := stack.Start(ctx, m.options)
	if err == nil {
		require.NoError(m.t, shop.Stop(ctx))
	}
	require.Error(m.t, err)
	require.NotContains(m.t, err.Error(), "\n", "one line")
	return err.Error()
}

// started are the starts of a program so far, without its one-off commands.
func (m *machine) started(program string) []record {
	m.t.Helper()
	files, err := filepath.Glob(filepath.Join(m.records, program+"-*"))
	require.NoError(m.t, err)
	var found []record
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(m.t, err)
		var one record
		if json.Unmarshal(text, &one) == nil && len(one.Arguments) == 0 {
			found = append(found, one)
		}
	}
	return found
}

// said tells whether a line stands in the log of a program.
func (m *machine) said(program, line string) bool {
	logs, _ := filepath.Glob(filepath.Join(m.options.DataDir, "logs", program+"*.log"))
	return slices.ContainsFunc(logs, func(log string) bool {
		text, err := os.ReadFile(log)
		return err == nil && strings.Contains(string(text), line)
	})
}

func runs(pid int) bool { return pid != 0 && syscall.Kill(pid, 0) == nil }

func isFree(t *testing.T, address string) bool {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return false
	}
	require.NoError(t, listener.Close())
	return true
}

// answers asks for a page until there is one.
func answers(t *testing.T, url string) {
	t.Helper()
	require.Eventually(t, func() bool {
		answer, err := http.Get(url)
		if err != nil {
			return false
		}
		_ = answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	}, patience, tick, url)
}
