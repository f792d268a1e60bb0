// Package jobs runs River in the service's own schema.
package jobs

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

var errNotBuilt = errors.New("not built yet")

// Config is what a service wants done.
type Config struct {
	Workers           *river.Workers
	Queues            map[string]river.QueueConfig
	Periodic          []*river.PeriodicJob
	FetchPollInterval time.Duration
	OnDiscarded       func(ctx context.Context, job *rivertype.JobRow, err error)
}

// Jobs is a service's queue.
type Jobs struct{}

// New prepares the queue.
func New(db *postgres.Database, schema string, tel telemetry.Telemetry, cfg Config) (*Jobs, error) {
	return nil, errNotBuilt
}

// InsertTx queues a job with the transaction.
func (j *Jobs) InsertTx(ctx context.Context, tx pgx.Tx, args river.JobArgs, opts *river.InsertOpts) error {
	return errNotBuilt
}

// Insert queues a job.
func (j *Jobs) Insert(ctx context.Context, args river.JobArgs, opts *river.InsertOpts) error {
	return errNotBuilt
}

// Run works until ctx is done.
func (j *Jobs) Run(ctx context.Context) error { return errNotBuilt }
