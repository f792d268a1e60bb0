package mail

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/user/mail/dbgen"
)

const emptiedAtOnce = 1000 // rows

// PurgeArgs is the job that forgets what mails said that failed long ago: names, and codes that have run out.
type PurgeArgs struct{}

// Kind names the job.
func (PurgeArgs) Kind() string { return "mail.purge" }

// PurgeWorker does PurgeArgs.
type PurgeWorker struct {
	river.WorkerDefaults[PurgeArgs]
	queries   *dbgen.Queries
	retention time.Duration
	now       func() time.Time
}

// NewPurgeWorker makes the worker; retention is how long after its last failure a mail can still be sent again.
func NewPurgeWorker(db *postgres.Database, retention time.Duration, now func() time.Time) *PurgeWorker {
	return &PurgeWorker{queries: dbgen.New(db), retention: retention, now: now}
}

// Work empties them in portions; the rows and their failures stay. What is left when its time is up goes with the next
// attempt.
func (w *PurgeWorker) Work(ctx context.Context, _ *river.Job[PurgeArgs]) error {
	before := w.now().Add(-w.retention)
	for {
		emptied, err := w.queries.EmptyFailedMails(ctx, dbgen.EmptyFailedMailsParams{Before: before, Most: emptiedAtOnce})
		if err != nil {
			return fmt.Errorf("empty failed mails: %w", err)
		}
		if emptied < emptiedAtOnce {
			return nil
		}
	}
}
