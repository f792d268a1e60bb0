package standalone_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/smtp"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/local/stack"
	"github.com/bartgottschalk/startupwebapp/deploy/local/standalone"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
)

// free is an address that nobody listens at.
func free(t *testing.T) string {
	t.Helper()
	var options stack.Options
	require.NoError(t, options.UseFreePorts()) // which keeps others off while the options are kept
	t.Cleanup(func() { runtime.KeepAlive(&options) })
	return options.APIAddr
}

// start runs a program until the returned function stops it, which gives the exit code.
func start[C any](t *testing.T, program process.Program[C], environ []string) (stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	code := make(chan int, 1)
	go func() { code <- process.Run(ctx, program, nil, environ, io.Discard, io.Discard) }()
	return sync.OnceValue(func() int {
		cancel()
		return <-code
	})
}

func ask[C any](t *testing.T, program process.Program[C], environ []string) int {
	t.Helper()
	return process.Run(t.Context(), program, []string{"healthcheck"}, environ, io.Discard, io.Discard)
}

func TestMailboxIsAProcess(t *testing.T) {
	t.Parallel()
	page, mails, state := free(t), free(t), t.TempDir()
	environ := []string{"MAILBOX_ADDR=" + page, "SMTP_ADDR=" + mails, "STATE_DIR=" + state}
	require.Equal(t, 1, ask(t, standalone.Mailbox(), environ), "it does not run yet")
	stop := start(t, standalone.Mailbox(), environ)
	require.Eventually(t, func() bool { return ask(t, standalone.Mailbox(), environ) == 0 }, 10*time.Second, 20*time.Millisecond)
	require.NoError(t, smtp.SendMail(mails, nil, "shop@localhost", []string{"ada@example.com"}, []byte("Subject: kept\r\n\r\nhello\r\n")))
	require.Zero(t, stop())
	require.Equal(t, 1, ask(t, standalone.Mailbox(), environ), "it has stopped")

	stop = start(t, standalone.Mailbox(), environ)
	require.Eventually(t, func() bool { return ask(t, standalone.Mailbox(), environ) == 0 }, 10*time.Second, 20*time.Millisecond)
	require.Contains(t, read(t, "http://"+page+"/messages"), `"subject":"kept"`)
	require.Zero(t, stop())
}

func read(t *testing.T, address string) string {
	t.Helper()
	answer, err := http.Get(address)
	require.NoError(t, err)
	var body bytes.Buffer
	_, err = body.ReadFrom(answer.Body)
	require.NoError(t, errors.Join(err, answer.Body.Close()))
	return body.String()
}

func TestStripeSandboxIsAProcess(t *testing.T) {
	t.Parallel()
	environ := []string{
		"SANDBOX_ADDR=" + free(t), "STATE_DIR=" + t.TempDir(), "STRIPE_SECRET_KEY=sk_test_1", "STRIPE_WEBHOOK_SECRET=whsec_1",
	}
	stop := start(t, standalone.StripeSandbox(), environ)
	require.Eventually(t, func() bool { return ask(t, standalone.StripeSandbox(), environ) == 0 }, 10*time.Second, 20*time.Millisecond)
	require.Zero(t, stop())
	require.Equal(t, 2, process.Run(t.Context(), standalone.StripeSandbox(), nil, environ[:2], io.Discard, io.Discard), "settings are missing")
}

func TestAFailingLoopEndsTheOthers(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	waits := func(ctx context.Context) error { <-ctx.Done(); return nil }
	err := standalone.Serve(t.Context(), free(t), http.NotFoundHandler(), waits, func(context.Context) error { return broken })
	require.ErrorIs(t, err, broken)
}

func TestATakenPortIsSaid(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	require.ErrorContains(t, standalone.Serve(t.Context(), listener.Addr().String(), http.NotFoundHandler()), "address already in use")
	environ := []string{"MAILBOX_ADDR=" + free(t), "SMTP_ADDR=" + listener.Addr().String(), "STATE_DIR=" + t.TempDir()}
	require.Equal(t, 1, process.Run(t.Context(), standalone.Mailbox(), nil, environ, io.Discard, io.Discard))
}

func TestAnUnhealthyProcessIsSaid(t *testing.T) {
	t.Parallel()
	address := free(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- standalone.Serve(ctx, address, http.NotFoundHandler()) }()
	require.Eventually(t, func() bool {
		var said bytes.Buffer
		code := process.Run(t.Context(), standalone.Mailbox(), []string{"healthcheck"}, []string{"MAILBOX_ADDR=" + address}, io.Discard, &said)
		return code == 1 && said.String() == "mailbox: healthcheck: it answers 404 Not Found\n"
	}, 10*time.Second, 20*time.Millisecond)
	cancel()
	require.NoError(t, <-ended)
}
