package session

import (
	"context"
	"fmt"

	"github.com/riverqueue/river"
)

// PurgeArgs is the job that removes sessions that have ended by time.
type PurgeArgs struct{}

// Kind names the job.
func (PurgeArgs) Kind() string { return "session.purge" }

// PurgeWorker does PurgeArgs.
type PurgeWorker struct {
	river.WorkerDefaults[PurgeArgs]
	sessions *Service
}

// NewPurgeWorker makes the worker.
func NewPurgeWorker(sessions *Service) *PurgeWorker { return &PurgeWorker{sessions: sessions} }

// Work removes them all.
func (w *PurgeWorker) Work(ctx context.Context, _ *river.Job[PurgeArgs]) error {
	if _, err := w.sessions.queries.PurgeSessions(ctx, w.sessions.now()); err != nil {
		return fmt.Errorf("purge sessions: %w", err)
	}
	return nil
}
