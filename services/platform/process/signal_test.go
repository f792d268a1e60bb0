package process_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// asProgram makes this test binary run as a program: Main needs a process of its own.
const asProgram = "RUN_AS_PROGRAM"

func TestMain(m *testing.M) {
	mode := os.Getenv(asProgram)
	if mode == "" {
		os.Exit(m.Run())
	}
	os.Args = os.Args[:1]
	process.Main(program(func(ctx context.Context, _ shop, _ telemetry.Telemetry) error {
		fmt.Println("up")
		<-ctx.Done()
		fmt.Println("draining")
		if mode == "stuck" {
			select {}
		}
		return nil
	}))
}

func TestSignalsDrainAndASecondOneKills(t *testing.T) {
	t.Parallel()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		child, out := start(t, "drains")
		require.NoError(t, child.Process.Signal(signal))
		require.Equal(t, "draining", line(t, out))
		require.NoError(t, child.Wait(), "exit status 0")
	}
	child, out := start(t, "stuck")
	require.NoError(t, child.Process.Signal(syscall.SIGTERM))
	require.Equal(t, "draining", line(t, out))
	gone := make(chan error, 1)
	go func() { gone <- child.Wait() }()
	require.Eventually(t, func() bool { // the handler is given back just after the first signal
		_ = child.Process.Signal(syscall.SIGTERM)
		return len(gone) == 1
	}, 10*time.Second, 10*time.Millisecond)
	require.Error(t, <-gone)
}

func start(t *testing.T, mode string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	child := exec.CommandContext(ctx, os.Args[0])
	child.Env = append(os.Environ(), asProgram+"="+mode, "SECRET_KEY=x")
	pipe, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	out := bufio.NewReader(pipe)
	require.Equal(t, "up", line(t, out))
	return child, out
}

func line(t *testing.T, out *bufio.Reader) string {
	t.Helper()
	text, err := out.ReadString('\n')
	if err != nil {
		require.ErrorIs(t, err, io.EOF)
	}
	return text[:max(len(text)-1, 0)]
}
