package idempotency

import (
	"context"
	"time"

	"github.com/riverqueue/river"
)

// PurgeArgs is the job that forgets keys whose time is over.
type PurgeArgs struct{}

// Kind names the job.
func (PurgeArgs) Kind() string { return "idempotency.purge" }

// InsertOpts makes it one an hour, however many processes start.
func (PurgeArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{UniqueOpts: river.UniqueOpts{ByPeriod: time.Hour}}
}

// PurgeWorker does PurgeArgs.
type PurgeWorker struct {
	river.WorkerDefaults[PurgeArgs]
	keys *Keys
}

// NewPurgeWorker makes the worker.
func NewPurgeWorker(keys *Keys) *PurgeWorker { return &PurgeWorker{keys: keys} }

// Work forgets them.
func (w *PurgeWorker) Work(ctx context.Context, _ *river.Job[PurgeArgs]) error {
	_, err := w.keys.Purge(ctx, w.keys.now().Add(-KeptFor))
	return err
}
