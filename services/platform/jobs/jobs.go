// Package jobs runs River in the service's own schema: work that a request does not wait for, queued in the same
// transaction as what it belongs to, tried again until it succeeds or is visibly given up.
//
// The kinds of jobs and their workers live beside the concept they serve; River's tables are made by package migration.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const (
	// fetchCooldown is shorter than River's 100 ms: it adds to the latency of every job but the first of a burst.
	fetchCooldown = 20 * time.Millisecond
	// defaultPoll is long: new jobs are announced by notification, polling is only for those that got lost.
	defaultPoll       = 5 * time.Second
	defaultJobTimeout = 30 * time.Second
	// rescueMargin: a job whose process was killed is tried again that long (and up to 30 s more, the rescuer's
	// interval) after its time limit. River's hour would keep a confirmation mail waiting.
	rescueMargin  = 15 * time.Second
	softStopLimit = 10 * time.Second
	hardStopLimit = 5 * time.Second
	defaultQueue  = 10 // jobs at once
)

// Config is what a service wants done.
type Config struct {
	// Workers do the jobs. nil: this process only queues.
	Workers *river.Workers
	// Queues to work. nil: the default queue with ten jobs at once.
	Queues map[string]river.QueueConfig
	// Periodic jobs are queued by one process of the service at a time, the leader.
	Periodic []*river.PeriodicJob
	// FetchPollInterval is how long a job whose notification was lost may lie. 0: five seconds.
	FetchPollInterval time.Duration
	// JobTimeout ends the context of a job whose worker sets no limit of its own. 0: thirty seconds.
	JobTimeout time.Duration
	// OnDiscarded hears of each job that will not be tried again, because its attempts are used up or its worker
	// cancelled it; just before that is recorded, so it may hear twice of a job when the process dies in between. It
	// does not hear of a job that killed its process on every attempt, which River gives up by itself. ctx carries the
	// job's trace.
	OnDiscarded func(ctx context.Context, job *rivertype.JobRow, err error)
}

// Jobs is a service's queue. Safe for concurrent use.
type Jobs struct {
	client *river.Client[pgx.Tx]
	works  bool
}

// New prepares the queue in schema without touching the database; Run works.
func New(db *postgres.Database, schema string, tel telemetry.Telemetry, cfg Config) (*Jobs, error) {
	if cfg.Workers == nil && (len(cfg.Queues) > 0 || len(cfg.Periodic) > 0) {
		return nil, errors.New("jobs: queues or periodic jobs without workers")
	}
	client, err := river.NewClient(riverpgxv5.New(db.Pool()), clientConfig(schema, tel, cfg))
	if err != nil {
		return nil, fmt.Errorf("prepare jobs: %w", err)
	}
	return &Jobs{client: client, works: cfg.Workers != nil}, nil
}

func clientConfig(schema string, tel telemetry.Telemetry, cfg Config) *river.Config {
	watch := &watcher{tel: tel, onDiscarded: cfg.OnDiscarded}
	timeout := orDefault(cfg.JobTimeout, defaultJobTimeout)
	config := &river.Config{
		Schema:               schema,
		Logger:               tel.Logger,
		Workers:              cfg.Workers,
		Queues:               cfg.Queues,
		PeriodicJobs:         cfg.Periodic,
		FetchCooldown:        fetchCooldown,
		FetchPollInterval:    max(orDefault(cfg.FetchPollInterval, defaultPoll), fetchCooldown),
		JobTimeout:           timeout,
		RescueStuckJobsAfter: timeout + rescueMargin,
		SoftStopTimeout:      softStopLimit,
		Middleware:           []rivertype.Middleware{watch},
		ErrorHandler:         watch,
	}
	if cfg.Workers != nil && len(cfg.Queues) == 0 {
		config.Queues = map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: defaultQueue}}
	}
	return config
}

func orDefault(given, otherwise time.Duration) time.Duration {
	if given == 0 {
		return otherwise
	}
	return given
}

// InsertTx queues a job that exists when tx commits, and not when it does not. The job carries ctx's trace. A job that
// opts or args declare unique and that is queued already is left as it is, without an error.
func (j *Jobs) InsertTx(ctx context.Context, tx pgx.Tx, args river.JobArgs, opts *river.InsertOpts) error {
	if _, err := j.client.InsertTx(ctx, tx, args, opts); err != nil {
		return fmt.Errorf("queue job %s: %w", args.Kind(), err)
	}
	return nil
}

// Insert is InsertTx in a transaction of its own.
func (j *Jobs) Insert(ctx context.Context, args river.JobArgs, opts *river.InsertOpts) error {
	if _, err := j.client.Insert(ctx, args, opts); err != nil {
		return fmt.Errorf("queue job %s: %w", args.Kind(), err)
	}
	return nil
}

// Run works until ctx is done. Then it takes no more jobs and waits ten seconds for those at work, cancels the context of
// the others (they are tried again), and gives up waiting five seconds later, with an error. Without workers it only
// waits. The database must stay open until Run has returned. To be called once.
func (j *Jobs) Run(ctx context.Context) error {
	if !j.works {
		<-ctx.Done()
		return nil
	}
	err := j.client.Start(ctx)
	if ctx.Err() != nil && err != nil {
		return nil //nolint:nilerr // told to stop before anything began
	}
	if err != nil {
		return fmt.Errorf("start jobs: %w", err)
	}
	stopped := j.client.Stopped()
	select {
	case <-ctx.Done():
	case <-stopped:
	}
	select {
	case <-stopped:
		return nil
	case <-time.After(softStopLimit + hardStopLimit):
		return errors.New("jobs: some did not stop when told to")
	}
}
