//go:build unix

package main

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMain lets the test binary be with-postgres itself.
func TestMain(m *testing.M) {
	if os.Getenv("BE_WITH_POSTGRES") != "" {
		os.Exit(run(os.Args[1:]))
	}
	os.Exit(m.Run())
}

func withPostgres(adminURL string, arguments ...string) *exec.Cmd {
	command := exec.Command(os.Args[0], arguments...)
	command.Env = append(os.Environ(), "BE_WITH_POSTGRES=1", "ADMIN_DATABASE_URL="+adminURL)
	return command
}

func TestCommandGetsAPrivateClusterAndItsStatusIsOurs(t *testing.T) {
	t.Parallel()
	command := withPostgres("", "sh", "-c", `echo "$ADMIN_DATABASE_URL"; exit 7`)
	output, err := command.Output()
	require.ErrorContains(t, err, "exit status 7")
	require.Contains(t, string(output), "postgres://postgres:")
	require.Contains(t, string(output), "@127.0.0.1:")
}

func TestGivenAdministratorIsKept(t *testing.T) {
	t.Parallel()
	output, err := withPostgres("postgres://given", "sh", "-c", `echo "$ADMIN_DATABASE_URL"`).Output()
	require.NoError(t, err)
	require.Equal(t, "postgres://given\n", string(output))
}

func TestSignalsGoToTheCommand(t *testing.T) {
	t.Parallel()
	command := withPostgres("postgres://given", "sh", "-c", `trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done`)
	output, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	line, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "ready\n", line)
	require.NoError(t, command.Process.Signal(syscall.SIGTERM))
	require.ErrorContains(t, command.Wait(), "exit status 9")
}

func TestMistakesAreNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		arguments []string
		status    int
		says      string
	}{
		{nil, 2, "usage"},
		{[]string{"no-such-command-anywhere"}, 125, "no-such-command-anywhere"},
		{[]string{"sh", "-c", "kill -KILL $$"}, 137, ""},
	} {
		command := withPostgres("postgres://given", c.arguments...)
		var said strings.Builder
		command.Stderr = &said
		require.Error(t, command.Run())
		require.Equal(t, c.status, command.ProcessState.ExitCode())
		require.Contains(t, said.String(), c.says)
	}
}
