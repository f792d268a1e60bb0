package credential

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

const (
	// JobQueue is the queue of what is done after a request was answered, so that the time of the answer does not tell whether an
	// account exists. It is apart from the mails: a slow mail server must not hold up codes.
	JobQueue = "credential"
	// attempts with River's pauses (1 s, 16 s, 81 s, ...) span about six minutes.
	attempts    = 5
	forgetLimit = 5 * time.Second
)

func insertOpts() river.InsertOpts { return river.InsertOpts{Queue: JobQueue, MaxAttempts: attempts} }

// queue leaves a job for later, in a transaction of its own.
func (s *Service) queue(ctx context.Context, args river.JobArgs) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		return s.rooms.Queue.InsertTx(ctx, tx, args, nil)
	})
}

// carryOut does the work of a job and removes the job in one transaction: what was asked happens once, and what somebody typed is
// not kept for the day that River keeps completed jobs. A job that is given up is removed too.
func carryOut[T river.JobArgs](ctx context.Context, db *postgres.Database, job *river.Job[T], work func(ctx context.Context, tx pgx.Tx) error) error {
	err := db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := work(ctx, tx); err != nil {
			return err
		}
		return forget(ctx, tx, job)
	})
	if err == nil || job.Attempt < job.MaxAttempts {
		return err
	}
	forgetting, cancel := context.WithTimeout(context.WithoutCancel(ctx), forgetLimit)
	defer cancel()
	return errors.Join(err, db.InTx(forgetting, func(ctx context.Context, tx pgx.Tx) error {
		return forget(ctx, tx, job)
	}))
}

// forget deletes a job at work. River deletes none that runs, so it is completed first; the note of its outcome, which River
// writes after the work, then finds nothing to write to.
func forget[T river.JobArgs](ctx context.Context, tx pgx.Tx, job *river.Job[T]) error {
	if _, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job); err != nil {
		return fmt.Errorf("complete job: %w", err)
	}
	if _, err := river.ClientFromContext[pgx.Tx](ctx).JobDeleteTx(ctx, tx, job.ID); err != nil {
		return fmt.Errorf("delete job: %w", err)
	}
	return nil
}
