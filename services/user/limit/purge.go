package limit

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"
)

// grace is how far the clocks of two processes may be apart: a window is removed only when it is past for both.
const grace = time.Hour

// PurgeArgs is the job that removes the counters of past windows.
type PurgeArgs struct{}

// Kind names the job.
func (PurgeArgs) Kind() string { return "limit.purge" }

// PurgeWorker does PurgeArgs.
type PurgeWorker struct {
	river.WorkerDefaults[PurgeArgs]
	limiter *Limiter
}

// NewPurgeWorker makes the worker.
func NewPurgeWorker(limiter *Limiter) *PurgeWorker { return &PurgeWorker{limiter: limiter} }

// Work removes what no request can count in any more.
func (w *PurgeWorker) Work(ctx context.Context, _ *river.Job[PurgeArgs]) error {
	if _, err := w.limiter.queries.Purge(ctx, w.limiter.now().Add(-grace)); err != nil {
		return fmt.Errorf("purge rate limits: %w", err)
	}
	return nil
}
