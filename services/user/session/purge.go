package session

import (
	"context"
	"fmt"

	"github.com/riverqueue/river"
)

// PurgeArgs is the job that removes sessions that have ended by time, failures and networks that count no more.
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
	now, queries := w.sessions.now(), w.sessions.queries
	if _, err := queries.PurgeSessions(ctx, now); err != nil {
		return fmt.Errorf("purge sessions: %w", err)
	}
	if _, err := queries.PurgeFailures(ctx, now.Add(-forgottenAfter)); err != nil {
		return fmt.Errorf("purge failed logins: %w", err)
	}
	if _, err := queries.PurgeNetworks(ctx, now.Add(-knownFor)); err != nil {
		return fmt.Errorf("purge networks: %w", err)
	}
	return nil
}
