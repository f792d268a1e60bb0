package user_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/user/mail"
)

// failedMails writes n mails that are forty days old and failed some days ago.
func (s *shop) failedMails(name string, n, days int) {
	s.t.Helper()
	s.exec(`WITH written AS (
			INSERT INTO mails (key, template_id, recipient, fields, state, created_at)
			SELECT $1 || number, 1, $1 || '@mail.example', '{"username": "ada"}', 'failed', now() - interval '40 days' FROM generate_series(1, $2::integer) number
			RETURNING id
		) INSERT INTO mail_failures (mail_id, kind, message, created_at) SELECT id, 'smtp_send', '550', now() - make_interval(days => $3, secs => 60) FROM written`, name, n, days)
}

func (s *shop) emptied(name string) int {
	s.t.Helper()
	return s.count("SELECT count(*) FROM mails WHERE fields = '{}' AND key LIKE $1 || '%'", name)
}

func TestWhatFailedMailsSaidIsForgotten(t *testing.T) {
	t.Parallel()
	s := open(t)
	purged := func() bool {
		return s.count("SELECT count(*) FROM river_job WHERE kind = 'mail.purge' AND state = 'completed'") == 1
	}
	require.Eventually(t, purged, patience, tick, "the service begins with it")
	s.failedMails("old", 2500, 30)
	s.failedMails("kept", 3, 29)
	s.failedMails("again", 1, 35)
	s.exec("INSERT INTO mail_failures (mail_id, kind, message, created_at) SELECT id, 'smtp_send', '550', now() FROM mails WHERE key = 'again1'")
	s.failedMails("queued", 1, 35)
	s.exec("UPDATE mails SET state = 'queued' WHERE key = 'queued1'")
	s.exec("UPDATE river_job SET state = 'available', finalized_at = NULL WHERE kind = 'mail.purge'")
	require.Eventually(t, purged, patience, tick)
	require.Equal(t, 2500, s.emptied("old"))
	for _, name := range []string{"kept", "again", "queued"} {
		require.Zero(t, s.emptied(name), name)
	}
	require.Equal(t, 2500, s.count("SELECT count(*) FROM mail_failures f JOIN mails m ON m.id = mail_id WHERE key LIKE 'old%' AND resolved_at IS NULL AND recipient = 'old@mail.example'"), "still listed")
	code, _, errs := s.mailCommand("resend-mail", "-yes", "-by", "ada", s.text("SELECT min(id)::text FROM mails WHERE key LIKE 'old%'"))
	require.Equal(t, 1, code)
	require.Contains(t, errs, "no longer stored")
}

// A mail that an operator queues again while the job is at it keeps what it says.
func TestAMailThatIsQueuedAgainIsNotEmptied(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.stop()
	s.failedMails("old", 1, 30)
	done := make(chan error, 1)
	s.put(func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "UPDATE mails SET state = 'queued'"); err != nil {
			return err
		}
		go func() { done <- mail.NewPurgeWorker(s.db, 30*24*time.Hour, time.Now).Work(t.Context(), nil) }()
		require.Eventually(t, func() bool {
			var waits bool
			err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))").Scan(&waits)
			return err == nil && waits
		}, patience, tick)
		return nil
	})
	require.NoError(t, <-done)
	require.Zero(t, s.emptied("old"))
}
