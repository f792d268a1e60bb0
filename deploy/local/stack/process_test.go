package stack_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAProcessThatDiesComesBack(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	shop := m.start()
	for range 2 {
		process := shop.Processes("gateway")[0]
		died := process.PID()
		require.NoError(t, process.Kill())
		require.Eventually(t, func() bool { return process.PID() != died && runs(process.PID()) }, patience, tick)
		answers(t, shop.APIURL()+"/healthz")
	}
	require.Contains(t, m.out.String(), "gateway ended (signal: killed), starting it again; its last words:\nthe first line of gateway\nthe last line of gateway\n")
}

func TestAStoppedProcessStaysStopped(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	process := m.start().Processes("user")[0]
	require.NoError(t, process.Kill())
	require.NoError(t, process.Stop(t.Context()), "while it is about to be started again")
	require.Zero(t, process.PID())
	require.NoError(t, process.Kill(), "what does not run cannot be killed")
	require.NoError(t, process.Stop(t.Context()))
	require.Error(t, process.Start(), "it had its time")
	require.LessOrEqual(t, len(m.started("user")), 2)
}

func TestAProcessThatDoesNotStopIsKilled(t *testing.T) {
	t.Parallel()
	m := newMachine(t, stubborn+"=order")
	process := m.start().Processes("order")[0]
	pid := process.PID()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	require.ErrorContains(t, process.Stop(ctx), "order did not stop by itself and was killed")
	require.False(t, runs(pid))
}

func TestLogsAreKeptAndPutAsideWhenLarge(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	logs := filepath.Join(m.options.DataDir, "logs")
	require.NoError(t, os.MkdirAll(logs, 0o755))
	large := append(bytes.Repeat([]byte("x"), 11<<20), "\n"...)
	require.NoError(t, os.WriteFile(filepath.Join(logs, "order.log"), large, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(logs, "user.log"), []byte("before\n"), 0o600))
	shop := m.start()
	require.Equal(t, "before\nthe first line of user\nthe last line of user", shop.Processes("user")[0].LastWords())
	require.Equal(t, "the first line of order\nthe last line of order", shop.Processes("order")[0].LastWords())
	info, err := os.Stat(filepath.Join(logs, "order.log.old"))
	require.NoError(t, err)
	require.Equal(t, int64(len(large)), info.Size())
}

func TestLastWordsOfALongLogAreItsLast(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	logs := filepath.Join(m.options.DataDir, "logs")
	require.NoError(t, os.MkdirAll(logs, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(logs, "user.log"), bytes.Repeat([]byte("an old line\n"), 100_000), 0o600))
	shop := m.start()
	require.Equal(t, "an old line\nan old line\nan old line\nthe first line of user\nthe last line of user", shop.Processes("user")[0].LastWords())
}

func TestProgramThatRefusesItsSettingsIsNotStartedAgain(t *testing.T) {
	t.Parallel()
	m := newMachine(t, refusing+"=gateway")
	require.Contains(t, m.refused(), "gateway does not accept its settings")
	require.Len(t, m.started("gateway"), 1)
}
