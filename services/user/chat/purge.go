package chat

import (
	"context"
	"fmt"

	"github.com/riverqueue/river"

	"github.com/bartgottschalk/startupwebapp/services/user/chat/dbgen"
)

const deletedAtOnce = 1000 // rows

// PurgeArgs is the job that removes old messages.
type PurgeArgs struct{}

// Kind names the job.
func (PurgeArgs) Kind() string { return "chat.purge" }

// PurgeWorker does PurgeArgs.
type PurgeWorker struct {
	river.WorkerDefaults[PurgeArgs]
	messages *Service
	months   int
}

// NewPurgeWorker makes the worker; messages are kept for a number of months.
func NewPurgeWorker(messages *Service, months int) *PurgeWorker {
	return &PurgeWorker{messages: messages, months: months}
}

// Work removes them in portions. What is left when its time is up goes with the next attempt.
func (w *PurgeWorker) Work(ctx context.Context, _ *river.Job[PurgeArgs]) error {
	before := w.messages.now().AddDate(0, -w.months, 0)
	for {
		deleted, err := w.messages.queries.DeleteMessages(ctx, dbgen.DeleteMessagesParams{Before: before, Most: deletedAtOnce})
		if err != nil {
			return fmt.Errorf("purge chat messages: %w", err)
		}
		if deleted < deletedAtOnce {
			return nil
		}
	}
}
