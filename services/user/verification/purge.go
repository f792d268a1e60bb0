package verification

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"
)

// PurgeArgs is the job that clears codes of mails long after they have expired.
type PurgeArgs struct{}

// Kind names the job.
func (PurgeArgs) Kind() string { return "verification.purge-codes" }

// PurgeWorker does PurgeArgs.
type PurgeWorker struct {
	river.WorkerDefaults[PurgeArgs]
	verifications *Service
	retention     time.Duration
}

// NewPurgeWorker makes the worker; retention is how old a code may become.
func NewPurgeWorker(verifications *Service, retention time.Duration) *PurgeWorker {
	return &PurgeWorker{verifications: verifications, retention: retention}
}

// Work clears the codes that prove an address and those for a new password.
func (w *PurgeWorker) Work(ctx context.Context, _ *river.Job[PurgeArgs]) error {
	before := w.verifications.now().Add(-w.retention)
	if _, err := w.verifications.queries.PurgeVerificationCodes(ctx, before); err != nil {
		return fmt.Errorf("purge verification codes: %w", err)
	}
	if _, err := w.verifications.queries.PurgeResetCodes(ctx, before); err != nil {
		return fmt.Errorf("purge reset codes: %w", err)
	}
	return nil
}
