package jobs_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/jobs"
	"github.com/bartgottschalk/startupwebapp/services/platform/migration"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const schema = "jobstests"

var letters = migration.Set{Schema: schema, Jobs: true, Files: fstest.MapFS{"00001_letters.sql": {Data: []byte("-- +goose Up\nCREATE TABLE letters (id integer PRIMARY KEY);\n-- +goose Down\nDROP TABLE letters;\n")}}}

type letter struct {
	Number int `json:"number"`
}

func (letter) Kind() string { return "letter" }

// post is a worker that does whatever the test says.
type post struct {
	river.WorkerDefaults[letter]
	deliver func(ctx context.Context, job *river.Job[letter]) error
}

func (p *post) Work(ctx context.Context, job *river.Job[letter]) error { return p.deliver(ctx, job) }

// NextRetry lets tests see a second attempt at once.
func (p *post) NextRetry(*river.Job[letter]) time.Time { return time.Now() }

func workers(deliver func(ctx context.Context, job *river.Job[letter]) error) *river.Workers {
	bundle := river.NewWorkers()
	river.AddWorker(bundle, &post{deliver: deliver})
	return bundle
}

// start runs the queue until the test ends or stop is called, which gives Run's answer.
func start(t *testing.T, db *postgres.Database, tel telemetry.Telemetry, cfg jobs.Config) (queue *jobs.Jobs, stop func() error) {
	t.Helper()
	queue, err := jobs.New(db, schema, tel, cfg)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- queue.Run(ctx) }()
	stop = func() error {
		cancel()
		err := <-ended
		ended <- err
		return err
	}
	t.Cleanup(func() { require.NoError(t, stop()) })
	return queue, stop
}

func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func state(t *testing.T, db *postgres.Database) string {
	t.Helper()
	var found string
	require.NoError(t, db.QueryRow(t.Context(), "SELECT coalesce(max(state::text), 'none') FROM river_job").Scan(&found))
	return found
}

func eventually(t *testing.T, db *postgres.Database, wanted string) {
	t.Helper()
	require.Eventually(t, func() bool { return state(t, db) == wanted }, 20*time.Second, 20*time.Millisecond)
}

func TestJobExistsWhenItsTransactionCommits(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, letters)
	delivered := make(chan int, 10)
	queue, _ := start(t, db, telemetry.Silent(), jobs.Config{Workers: workers(func(_ context.Context, job *river.Job[letter]) error {
		delivered <- job.Args.Number
		return nil
	})})
	queueIn := func(number int, outcome error) error {
		return db.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
			return errors.Join(queue.InsertTx(ctx, tx, letter{number}, nil), outcome)
		})
	}
	require.Error(t, queueIn(1, errors.New("rolled back")))
	require.NoError(t, queueIn(2, nil))
	require.Equal(t, 2, receive(t, delivered))
	require.NoError(t, queue.Insert(t.Context(), letter{3}, nil))
	require.Equal(t, 3, receive(t, delivered))
	eventually(t, db, "completed")
	require.Empty(t, delivered)
}

func TestQueueOnlyProcessNeedsNoWorkers(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, letters)
	queue, stop := start(t, db, telemetry.Silent(), jobs.Config{})
	require.NoError(t, queue.Insert(t.Context(), letter{1}, nil))
	require.NoError(t, stop())
	require.Equal(t, "available", state(t, db))
	_, err := jobs.New(db, schema, telemetry.Silent(), jobs.Config{Queues: map[string]river.QueueConfig{"q": {MaxWorkers: 1}}})
	require.ErrorContains(t, err, "without workers")
}

func TestJobContinuesTheTraceOfItsRequest(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, letters)
	exporter := tracetest.NewInMemoryExporter()
	tel, flush := telemetry.Recording(exporter)
	t.Cleanup(func() { require.NoError(t, flush(context.Background())) })
	seen := make(chan trace.TraceID, 2)
	queue, stop := start(t, db, tel, jobs.Config{Workers: workers(func(ctx context.Context, job *river.Job[letter]) error {
		var metadata map[string]any
		if err := json.Unmarshal(job.Metadata, &metadata); err != nil || metadata["color"] != "red" {
			return errors.New("the metadata of the caller got lost")
		}
		seen <- trace.SpanContextFromContext(ctx).TraceID()
		return nil
	})})
	ctx, request := tel.Tracers.Tracer("test").Start(t.Context(), "request")
	require.NoError(t, queue.Insert(ctx, letter{1}, &river.InsertOpts{Metadata: []byte(`{"color":"red"}`)}))
	request.End()
	require.Equal(t, request.SpanContext().TraceID(), receive(t, seen))
	require.NoError(t, stop())
	spans := exporter.GetSpans()
	work := spans[len(spans)-1]
	require.Equal(t, "job letter", work.Name)
	require.Equal(t, request.SpanContext().SpanID(), work.Parent.SpanID())
}

func TestFailedJobIsTriedAgainAndFinallyDiscardedAloud(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func() error{
		"error": func() error { return errors.New("no such street") },
		"panic": func() error { panic("no such street") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := dbtest.New(t, letters)
			attempts, discarded := make(chan int, 10), make(chan error, 10)
			queue, _ := start(t, db, telemetry.Silent(), jobs.Config{
				Workers: workers(func(_ context.Context, job *river.Job[letter]) error {
					attempts <- job.Attempt
					return fail()
				}),
				OnDiscarded: func(_ context.Context, _ *rivertype.JobRow, err error) { discarded <- err },
			})
			require.NoError(t, queue.Insert(t.Context(), letter{1}, &river.InsertOpts{MaxAttempts: 2}))
			require.Equal(t, []int{1, 2}, []int{receive(t, attempts), receive(t, attempts)})
			require.ErrorContains(t, receive(t, discarded), "no such street")
			eventually(t, db, "discarded")
			require.Empty(t, discarded, "once only")
		})
	}
}

func TestCancelledJobIsDiscardedAloudAtOnce(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, letters)
	discarded := make(chan int, 10)
	queue, _ := start(t, db, telemetry.Silent(), jobs.Config{
		Workers: workers(func(context.Context, *river.Job[letter]) error {
			return river.JobCancel(errors.New("moved away"))
		}),
		OnDiscarded: func(_ context.Context, job *rivertype.JobRow, _ error) { discarded <- job.Attempt },
	})
	require.NoError(t, queue.Insert(t.Context(), letter{1}, nil))
	require.Equal(t, 1, receive(t, discarded))
	eventually(t, db, "cancelled")
	require.Empty(t, discarded)
}

func TestStopWaitsForTheJobAtWork(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, letters)
	working, release := make(chan bool, 1), make(chan bool)
	queue, stop := start(t, db, telemetry.Silent(), jobs.Config{Workers: workers(func(ctx context.Context, _ *river.Job[letter]) error {
		working <- true
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})})
	require.NoError(t, queue.Insert(t.Context(), letter{1}, nil))
	receive(t, working)
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	select {
	case <-stopped:
		t.Fatal("stopped with a job at work")
	case <-time.After(200 * time.Millisecond):
	}
	close(release)
	require.NoError(t, receive(t, stopped))
	require.Equal(t, "completed", state(t, db))
}

func TestJobThatWillNotEndIsInterruptedAndKept(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, letters)
	working := make(chan bool, 1)
	queue, stop := start(t, db, telemetry.Silent(), jobs.Config{
		Workers: workers(func(ctx context.Context, _ *river.Job[letter]) error {
			working <- true
			<-ctx.Done()
			return ctx.Err()
		}),
		OnDiscarded: func(context.Context, *rivertype.JobRow, error) { t.Error("discarded") },
	})
	require.NoError(t, queue.Insert(t.Context(), letter{1}, &river.InsertOpts{MaxAttempts: 1}))
	receive(t, working)
	require.NoError(t, stop())
	require.Equal(t, "available", state(t, db), "another process takes it up")
}

func TestPeriodicJobRuns(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, letters)
	delivered := make(chan int, 100)
	start(t, db, telemetry.Silent(), jobs.Config{
		Workers: workers(func(_ context.Context, job *river.Job[letter]) error {
			delivered <- job.Args.Number
			return nil
		}),
		Periodic: []*river.PeriodicJob{river.NewPeriodicJob(river.PeriodicInterval(time.Hour),
			func() (river.JobArgs, *river.InsertOpts) { return letter{7}, nil }, &river.PeriodicJobOpts{RunOnStart: true})},
	})
	require.Equal(t, 7, receive(t, delivered))
}

// A process that was killed leaves its job marked as running; another one takes it up.
func TestJobOfAKilledProcessIsRescued(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, letters)
	delivered := make(chan int, 10)
	config := jobs.Config{Workers: workers(func(_ context.Context, job *river.Job[letter]) error {
		delivered <- job.Attempt
		return nil
	})}
	queue, err := jobs.New(db, schema, telemetry.Silent(), config)
	require.NoError(t, err)
	require.NoError(t, queue.Insert(t.Context(), letter{1}, nil))
	_, err = db.Exec(t.Context(), "UPDATE river_job SET state = 'running', attempt = 1, attempted_at = now() - interval '1 minute'")
	require.NoError(t, err)
	start(t, db, telemetry.Silent(), config)
	require.Equal(t, 2, receive(t, delivered))
}
