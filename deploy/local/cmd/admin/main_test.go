package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// What the stand-ins of the programs are told.
const (
	recordFile = "STAND_IN_RECORD" // each run adds a line: its name and arguments
	refusing   = "STAND_IN_REFUSES"
	shown      = "STAND_IN_SHOWS" // the variable whose value it prints
)

func services() []string { return []string{"user", "order", "clientevent"} }

// TestMain is also the programs of the shop: binDir holds links to this test binary.
func TestMain(m *testing.M) {
	if name := filepath.Base(os.Args[0]); slices.Contains(services(), name) {
		os.Exit(standIn(name, os.Args[1:]))
	}
	os.Exit(m.Run())
}

func standIn(name string, arguments []string) int {
	record, err := os.OpenFile(os.Getenv(recordFile), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return 3
	}
	_, _ = fmt.Fprintln(record, name, strings.Join(arguments, " "))
	_ = record.Close()
	if os.Getenv(refusing) == strings.Join(arguments, " ") {
		fmt.Println("a checkout is open")
		fmt.Fprintln(os.Stderr, `{"time":"now","level":"ERROR","msg":"`+arguments[0]+` failed","service":"`+name+`","error":"not now"}`)
		return 1
	}
	switch {
	case arguments[0] == "create-superuser":
		_, _ = io.Copy(os.Stdout, os.Stdin)
		fmt.Fprint(os.Stderr, "Password: ")
	case arguments[0] == "export-account" && name == "user":
		fmt.Println(`{"account_id":7,"profile":{"member_code":"Code7","first_name":"<b>Ada</b>"}}`)
	case arguments[0] == "export-account":
		fmt.Printf(`{"account_id":7,"from":"%s"}`, name)
	default:
		fmt.Println(os.Getenv(os.Getenv(shown)))
	}
	return 0
}

// office is a desk in a shop that seems to run.
type office struct {
	t        *testing.T
	data     string
	record   string
	bin      string
	out, err bytes.Buffer
}

func open(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, data: t.TempDir(), bin: t.TempDir()}
	o.record = filepath.Join(o.data, "record")
	self, err := os.Executable()
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(o.data, "environment"), 0o700))
	for _, service := range services() {
		require.NoError(t, os.Symlink(self, filepath.Join(o.bin, service)))
		o.tell(service, nil)
	}
	lock, err := os.Create(filepath.Join(o.data, "lock"))
	require.NoError(t, err)
	require.NoError(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
	t.Cleanup(func() { _ = lock.Close() })
	return o
}

// tell sets what the shop tells a service.
func (o *office) tell(service string, variables map[string]string) {
	o.t.Helper()
	told := map[string]string{recordFile: o.record, "GORACE": "atexit_sleep_ms=0"}
	for name, value := range variables {
		told[name] = value
	}
	text, err := json.Marshal(told)
	require.NoError(o.t, err)
	require.NoError(o.t, os.WriteFile(filepath.Join(o.data, "environment", service+".json"), text, 0o600))
}

func (o *office) run(stdin *os.File, arguments ...string) int {
	o.out.Reset()
	o.err.Reset()
	desk := desk{binDir: o.bin, dataDir: o.data, environ: []string{"SUPERUSER_PASSWORD=mine", "DATABASE_URL=of the caller"}, stdin: stdin, stdout: &o.out, stderr: &o.err}
	return desk.run(o.t.Context(), arguments)
}

func (o *office) ran() string {
	text, _ := os.ReadFile(o.record)
	_ = os.Remove(o.record)
	return string(text)
}

func TestAloneItListsWhatThereIs(t *testing.T) {
	t.Parallel()
	o := open(t)
	for _, arguments := range [][]string{nil, {"--help"}, {"help"}} {
		require.Zero(t, o.run(nil, arguments...))
		for _, command := range commands() {
			require.Contains(t, o.out.String(), "\n  "+command.name)
		}
	}
	require.Equal(t, 2, o.run(nil, "create-superusre"))
	require.Contains(t, o.err.String(), "create-superusre")
	require.Empty(t, o.ran())
}

func TestWithoutAShopOneLineSaysSo(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.data = t.TempDir()
	for _, command := range commands() {
		require.Equal(t, 1, o.run(nil, command.name, "--yes"), command.name)
		require.Contains(t, o.err.String(), "scripts/up", command.name)
		require.Equal(t, 1, strings.Count(o.err.String(), "\n"), command.name)
		require.Empty(t, o.out.String(), command.name)
	}
}

func TestProgramsGetWhatTheShopTellsAndTheCallersTerminal(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.tell("user", map[string]string{"DATABASE_URL": "of the shop", shown: "DATABASE_URL"})
	require.Zero(t, o.run(nil, "failed-mails"))
	require.Equal(t, "of the shop\n", o.out.String(), "the shop's wins")
	o.tell("user", map[string]string{shown: "SUPERUSER_PASSWORD"})
	require.Zero(t, o.run(nil, "mail-templates"))
	require.Equal(t, "mine\n", o.out.String(), "the rest is the caller's")
	require.Zero(t, o.run(nil, "audit", "-patience", "1m"))
	require.Equal(t, "user failed-mails\nuser mail-templates\norder audit -patience 1m\n", o.ran())

	stdin, typed, err := os.Pipe()
	require.NoError(t, err)
	_, _ = typed.WriteString("typed")
	require.NoError(t, typed.Close())
	require.Zero(t, o.run(stdin, "create-superuser", "--username", "theboss"))
	require.Equal(t, "typed", o.out.String())
	require.Equal(t, "Password: ", o.err.String(), "a question waits for no end of line")
	require.Equal(t, "user create-superuser --username theboss\n", o.ran())
}

func TestFailuresAreSentences(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.tell("user", map[string]string{refusing: "resend-mail 9"})
	require.Equal(t, 1, o.run(nil, "resend-mail", "9"))
	require.Equal(t, "resend-mail failed: not now\n", o.err.String())

	require.NoError(t, os.Remove(filepath.Join(o.bin, "order")))
	require.Equal(t, 1, o.run(nil, "audit"))
	require.Contains(t, o.err.String(), "scripts/admin: run order: ")
}

func TestHelpOfOneCommand(t *testing.T) {
	t.Parallel()
	o := open(t)
	require.Zero(t, o.run(nil, "set-stock", "--help"))
	require.Equal(t, "order set-stock --help\n", o.ran())
	for _, name := range []string{"export-account", "anonymise-account", "operator-actions"} {
		require.Zero(t, o.run(nil, name, "--help", "--yes"))
		require.Contains(t, o.out.String(), name+" ")
		require.Empty(t, o.ran())
	}
}

func TestActionsOfAllServicesTogether(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.tell("order", map[string]string{shown: "ACTIONS", "ACTIONS": "2026-06-03T00:00:00Z\tada\tset-price\t1\tx\n2026-06-01T00:00:00Z\tada\tset-stock\t1\ty"})
	o.tell("user", map[string]string{shown: "ACTIONS", "ACTIONS": "2026-06-02T00:00:00Z\tbob\tresend-mail\tmails 1\t"})
	require.Zero(t, o.run(nil, "operator-actions", "--days", "9"), o.err.String())
	require.Equal(t, "order operator-actions --days 9\nuser operator-actions --days 9\n", o.ran())
	require.Regexp(t, `^WHEN +WHO .*\n2026-06-03T00:00:00Z +ada +set-price .*\n2026-06-02T00:00:00Z +bob .*\n2026-06-01T00:00:00Z +ada .*\n$`, o.out.String())
}

func TestOneExportOfAllServices(t *testing.T) {
	t.Parallel()
	o := open(t)
	require.Zero(t, o.run(nil, "export-account", "ada"))
	require.JSONEq(t, `{"account_id":7,"user":{"account_id":7,"profile":{"member_code":"Code7","first_name":"<b>Ada</b>"}},
		"order":{"account_id":7,"from":"order"},"clientevent":{"account_id":7,"from":"clientevent"}}`, o.out.String())
	require.Contains(t, o.out.String(), "<b>Ada</b>", "as it was kept")
	require.Equal(t, "user export-account ada\norder export-account 7\nclientevent export-account -member-code Code7 7\n", o.ran())

	o.tell("clientevent", map[string]string{refusing: "export-account -member-code Code7 7"})
	require.Equal(t, 1, o.run(nil, "export-account", "ada"))
	require.Empty(t, o.out.String(), "no half of it")
	require.Equal(t, "export-account failed: not now\n", o.err.String())
}

func TestAnonymisingStopsAtTheFirstThatRefuses(t *testing.T) {
	t.Parallel()
	o := open(t)
	require.Equal(t, 1, o.run(nil, "anonymise-account", "ada"))
	require.Contains(t, o.err.String(), "--yes")
	require.Empty(t, o.ran(), "who does not mean it changes nothing")

	const first = "user export-account ada\norder anonymise-account 7\n"
	const events = "clientevent anonymise-account -member-code Code7 7\n"
	const whole = first + events + "user anonymise-account --account-id 7 --yes\norder anonymise-account 7\n" + events
	for range 2 {
		require.Zero(t, o.run(nil, "anonymise-account", "--yes", "ada"), o.err.String())
		require.Equal(t, whole, o.ran())
	}

	o.tell("order", map[string]string{refusing: "anonymise-account 7"})
	require.Equal(t, 1, o.run(nil, "anonymise-account", "ada", "--yes"))
	require.Equal(t, first, o.ran(), "nothing after it")
	require.Contains(t, o.out.String(), "a checkout is open")
	require.Equal(t, "anonymise-account failed: not now\nscripts/admin: account 7 is as it was: order ended with status 1\n", o.err.String())

	o.tell("order", nil)
	o.tell("user", map[string]string{refusing: "anonymise-account --account-id 7 --yes"})
	require.Equal(t, 1, o.run(nil, "anonymise-account", "ada", "--yes"))
	require.Contains(t, o.err.String(), "repeat with --account-id 7")
	require.True(t, strings.HasSuffix(o.ran(), "user anonymise-account --account-id 7 --yes\n"))
}

func TestLogLinesInPieces(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ said, want string }{
		"a sentence":        {"Password: ", "Password: "},
		"a log line":        {`{"msg":"audit failed","error":"wrong"}` + "\n", "audit failed: wrong\n"},
		"one without error": {`{"msg":"slow"}` + "\n", "slow\n"},
		"one after another": {"a {\n" + `{"msg":"m","error":"e"}` + "\nb\n", "a {\nm: e\nb\n"},
		"what an operator did": {
			`{"time":"t","level":"INFO","msg":"[OPERATOR] refund-order","service":"order","by":"ann","order":"4Xb2","amount_minor":1200,"error":null,"trace_id":"1"}` + "\n",
			"[OPERATOR] refund-order  by=ann  order=4Xb2  amount_minor=1200\n",
		},
		"what an operator did not": {
			`{"msg":"[OPERATOR] cancel-order","by":"a\nb","error":"refused"}` + "\n", "[OPERATOR] cancel-order  by=a\uFFFDb: refused\n",
		},
		"one that breaks off": {`{"msg":"au`, `{"msg":"au`},
		"other JSON":          {`{"id":1}` + "\n", `{"id":1}` + "\n"},
	} {
		for size := range 7 {
			var to bytes.Buffer
			said := &sentences{to: &to}
			for piece := range slices.Chunk([]byte(c.said), size+1) {
				written, err := said.Write(piece)
				require.NoError(t, err)
				require.Len(t, piece, written)
			}
			said.end()
			require.Equal(t, c.want, to.String(), name)
		}
	}
}
