package user_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/user"
)

// asProcess in the environment makes a run of this test's binary a user service.
const asProcess = "USER_SERVICE_AS_PROCESS"

// TestServiceAsProcess is no test: it is the service that other tests start as a process of its own.
func TestServiceAsProcess(t *testing.T) {
	if os.Getenv(asProcess) == "" {
		return
	}
	require.Zero(t, process.Run(t.Context(), user.Program(), nil, os.Environ(), os.Stdout, os.Stderr))
}

// serviceProcess is a service that can be killed.
type serviceProcess struct {
	command *exec.Cmd
	said    bytes.Buffer
}

func (s *shop) startProcess(more ...string) *serviceProcess {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), 3*patience)
	started := &serviceProcess{command: exec.CommandContext(ctx, os.Args[0], "-test.run=^TestServiceAsProcess$")}
	started.command.Env = slices.Concat(s.environ(), []string{asProcess + "=yes"}, more)
	started.command.Stdout, started.command.Stderr = &started.said, &started.said
	require.NoError(s.t, started.command.Start())
	s.t.Cleanup(func() {
		cancel() // kills it
		_ = started.command.Wait()
		if s.t.Failed() {
			s.t.Log(started.said.String())
		}
	})
	return started
}

func (p *serviceProcess) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, p.command.Process.Kill())
	_ = p.command.Wait() // says that it was killed
}

// queueOne leaves a mail in the queue and nobody who sends it.
func (s *shop) queueOne() {
	s.t.Helper()
	s.sink.fail(func(string) string { return "drop" })
	s.confirm(guestOrder())
	s.stop()
	s.exec("UPDATE river_job SET state = 'available', scheduled_at = now(), attempt = 0 WHERE kind = 'mail.send'")
}

// rescueNow lets the time pass after which River takes up the jobs of a process that is no more.
func (s *shop) rescueNow() {
	s.t.Helper()
	s.clock.move(time.Minute)
	s.exec("UPDATE river_job SET attempted_at = attempted_at - interval '1 hour' WHERE state = 'running'")
	s.exec("DELETE FROM river_leader")
}

// SIGKILL at the moments that matter. Whatever the moment, the server gets the mail once at most, and it is sent or listed.
func TestAProcessThatIsKilledWhileItSends(t *testing.T) {
	t.Parallel()
	for moment, interrupted := range map[string]bool{"EHLO": false, "RCPT TO": true, "CONTENT": true, "QUIT": true} {
		t.Run(moment, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			s.queueOne()
			reached, killed := make(chan bool, 100), make(chan bool)
			var contents atomic.Int32
			s.sink.fail(func(command string) string {
				if command == "CONTENT" {
					contents.Add(1)
				}
				if strings.HasPrefix(command, moment) {
					reached <- true
					<-killed
				}
				return ""
			})
			service := s.startProcess()
			receive(t, reached)
			service.kill(t)
			close(killed)
			s.rescueNow()
			s.start()
			if !interrupted {
				s.mailsTo("buyer@mail.example", 1)
				require.Equal(t, int32(1), contents.Load())
				return
			}
			s.failed()
			require.Equal(t, "interrupted", s.text("SELECT kind FROM mail_failures"))
			require.Contains(t, s.logs.String(), "[ORDER_EMAIL_FAILURE]")
			require.LessOrEqual(t, contents.Load(), int32(1))
			require.LessOrEqual(t, len(s.sink.mails()), 1)

			before := len(s.sink.mails())
			code, said, errs := s.mailCommand("resend-mail", "-yes", "-by", "ada", s.text("SELECT id::text FROM mails"))
			require.Zero(t, code, said+errs)
			s.mailsTo("buyer@mail.example", before+1)
			require.Zero(t, s.count("SELECT count(*) FROM mail_failures WHERE resolved_at IS NULL"))
		})
	}
}

// The service that was killed sends nothing; this one was only held up, and learns of the yes after another had given up.
func TestAMailThatWasListedAndThenTaken(t *testing.T) {
	t.Parallel()
	s := open(t)
	reached, goOn := make(chan bool, 1), make(chan bool)
	s.sink.fail(func(command string) string {
		if command == "CONTENT" {
			reached <- true
			<-goOn
		}
		return ""
	})
	s.confirm(guestOrder())
	receive(t, reached)
	s.exec("WITH given_up AS (UPDATE mails SET state = 'failed' RETURNING id) INSERT INTO mail_failures (mail_id, kind, message, created_at) SELECT id, 'interrupted', '', now() FROM given_up")
	close(goOn)
	require.Eventually(t, func() bool { return s.count("SELECT count(*) FROM mails WHERE state = 'sent'") == 1 }, patience, tick)
	require.Equal(t, "sender", s.text("SELECT resolved_by FROM mail_failures"))
}

func TestTwoJobsForOneMailSendItOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.queueOne()
	s.exec(`INSERT INTO river_job (kind, args, queue, max_attempts, state, priority)
		SELECT kind, args, queue, max_attempts, 'available', priority FROM river_job, generate_series(1, 3) WHERE kind = 'mail.send'`)
	var contents atomic.Int32
	s.sink.fail(func(command string) string {
		if command == "CONTENT" {
			contents.Add(1)
		}
		return ""
	})
	s.start()
	s.mailsTo("buyer@mail.example", 1)
	require.Eventually(t, func() bool {
		return s.count("SELECT count(*) FROM river_job WHERE kind = 'mail.send' AND state = 'completed'") == 4
	}, patience, tick)
	require.Equal(t, int32(1), contents.Load())
	require.Zero(t, s.count("SELECT count(*) FROM mail_failures"))
}

func TestSMTPSWithAPassword(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.queueOne()
	listener, certificate := secureListener(t)
	s.sink = startMailSinkOn(t, listener)
	var loggedIn atomic.Bool
	s.sink.fail(func(command string) string {
		switch {
		case strings.HasPrefix(command, "EHLO"):
			return "250-sink\r\n250 AUTH PLAIN"
		case command == "AUTH PLAIN AG1haWxlcgBodW50ZXIy": // mailer, hunter2
			loggedIn.Store(true)
			return "235 welcome"
		case strings.HasPrefix(command, "MAIL FROM") && !loggedIn.Load():
			return "530 log in first"
		}
		return ""
	})
	s.transport = "smtps://mailer:hunter2@" + listener.Addr().String()
	s.startProcess("SSL_CERT_FILE=" + certificate)
	s.mailsTo("buyer@mail.example", 1)
}

func TestSMTPSWithACertificateThatNobodyKnows(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.stop()
	listener, _ := secureListener(t)
	s.sink = startMailSinkOn(t, listener)
	s.transport = "smtps://mailer:hunter2@" + listener.Addr().String()
	s.start()
	s.confirm(guestOrder())
	require.Eventually(t, func() bool { return s.count("SELECT max(attempt) FROM river_job WHERE kind = 'mail.send'") > 1 }, patience, tick)
	require.Empty(t, s.sink.mails())
	require.Zero(t, s.count("SELECT count(*) FROM mail_failures"), "for the operator to repair")
}
