package operator_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/bartgottschalk/startupwebapp/services/platform/operator"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const bound = 10 * time.Second

// confirmed is the answer to a question in a task, and what the task printed.
func confirmed(ctx context.Context, t *testing.T, request operator.Request) (string, error) {
	t.Helper()
	var out bytes.Buffer
	answer := errors.New("the task did not run")
	ask := func(ctx context.Context, _ struct{}, _ telemetry.Telemetry, _ []string) error {
		answer = request.Confirm(ctx, "The price becomes 3.50.\n")
		return nil
	}
	program := process.Program[struct{}]{Name: "order", Tasks: map[string]process.Task[struct{}]{"ask": {Run: ask}}}
	require.Zero(t, process.Run(ctx, program, []string{"ask"}, nil, &out, io.Discard))
	return out.String(), answer
}

// sitAt makes file the stdin of the process for the length of a test.
func sitAt(t *testing.T, file *os.File) {
	t.Helper()
	before := os.Stdin
	os.Stdin = file
	t.Cleanup(func() { os.Stdin = before })
}

// terminal is a terminal that is the stdin of the process; what is written to the answer is typed there.
func terminal(t *testing.T) *os.File {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = keyboard.Close() })
	descriptor := int(keyboard.Fd())
	require.NoError(t, unix.IoctlSetPointerInt(descriptor, unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetUint32(descriptor, unix.TIOCGPTN)
	require.NoError(t, err)
	screen, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = screen.Close() })
	sitAt(t, screen)
	return keyboard
}

func TestYesIsNotAskedFor(t *testing.T) {
	printed, err := confirmed(t.Context(), t, operator.Request{Yes: true})
	require.NoError(t, err)
	require.Equal(t, "The price becomes 3.50.\n", printed)
}

func TestWithoutATerminalNothingIsDone(t *testing.T) {
	read, write, err := os.Pipe()
	require.NoError(t, err)
	_, err = write.WriteString("yes\n")
	require.NoError(t, err)
	require.NoError(t, write.Close())
	sitAt(t, read)
	printed, err := confirmed(t.Context(), t, operator.Request{})
	require.ErrorContains(t, err, "-yes")
	require.Equal(t, "The price becomes 3.50.\n", printed, "no question")
}

func TestAnswersAtTheTerminal(t *testing.T) {
	for _, test := range []struct {
		typed  string
		agreed bool
	}{{"yes\n", true}, {" YES \n", true}, {"y\n", false}, {"no\n", false}, {"\n", false}, {"yes please\n", false}, {"\x04", false}, {"yes\x04\x04", false}} {
		t.Run(fmt.Sprintf("%q", test.typed), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), bound)
			defer cancel()
			_, err := terminal(t).WriteString(test.typed)
			require.NoError(t, err)
			printed, err := confirmed(ctx, t, operator.Request{})
			require.NoError(t, ctx.Err())
			require.Equal(t, "The price becomes 3.50.\nType \"yes\" to do it: ", printed)
			if test.agreed {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, "not confirmed")
		})
	}
}

func TestStoppedAtTheQuestion(t *testing.T) {
	keyboard := terminal(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := confirmed(ctx, t, operator.Request{})
	require.ErrorContains(t, err, "stopped")
	_, err = keyboard.WriteString("\n") // lets the read end
	require.NoError(t, err)
}
