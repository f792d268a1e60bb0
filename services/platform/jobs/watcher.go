package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const (
	tracerName = "github.com/bartgottschalk/startupwebapp/services/platform/jobs"
	traceKey   = "trace" // in the job's metadata: W3C headers by name
)

// watcher stands around every job: it carries the trace from the request that queued the job to the work, and tells who
// wants to know when a job is given up.
type watcher struct {
	river.MiddlewareDefaults
	tel         telemetry.Telemetry
	onDiscarded func(ctx context.Context, job *rivertype.JobRow, err error)
}

// InsertMany writes the trace of ctx into the metadata of new jobs.
func (w *watcher) InsertMany(ctx context.Context, many []*rivertype.JobInsertParams, insert func(context.Context) ([]*rivertype.JobInsertResult, error)) ([]*rivertype.JobInsertResult, error) {
	headers := propagation.MapCarrier{}
	w.tel.Propagator.Inject(ctx, headers)
	if len(headers) == 0 {
		return insert(ctx)
	}
	for _, params := range many {
		metadata, err := withTrace(params.Metadata, headers)
		if err != nil {
			return nil, err
		}
		params.Metadata = metadata
	}
	return insert(ctx)
}

func withTrace(metadata []byte, headers propagation.MapCarrier) ([]byte, error) {
	fields := map[string]any{}
	if len(metadata) > 0 {
		if err := json.Unmarshal(metadata, &fields); err != nil {
			return nil, fmt.Errorf("read job metadata: %w", err)
		}
	}
	fields[traceKey] = headers
	return json.Marshal(fields)
}

// continueTrace gives ctx the trace that the job was queued under. Metadata that cannot be read gives none.
func (w *watcher) continueTrace(ctx context.Context, job *rivertype.JobRow) context.Context {
	var metadata struct {
		Trace propagation.MapCarrier `json:"trace"`
	}
	if err := json.Unmarshal(job.Metadata, &metadata); err != nil || len(metadata.Trace) == 0 {
		return ctx
	}
	return w.tel.Propagator.Extract(ctx, metadata.Trace)
}

// Work does the job in a span of the trace it was queued under.
func (w *watcher) Work(ctx context.Context, job *rivertype.JobRow, work func(context.Context) error) error {
	ctx, span := w.tel.Tracers.Tracer(tracerName).Start(w.continueTrace(ctx, job), "job "+job.Kind,
		trace.WithSpanKind(trace.SpanKindConsumer),
		trace.WithAttributes(attribute.Int64("job.id", job.ID), attribute.Int("job.attempt", job.Attempt)))
	defer span.End()
	err := work(ctx)
	var cancelled *rivertype.JobCancelError
	if errors.As(err, &cancelled) {
		w.discarded(ctx, job, err) // River does not show these to the error handler
	}
	if isFailure(err) {
		span.SetStatus(codes.Error, "job failed") // the error's text stays in logs
	}
	return err
}

func isFailure(err error) bool {
	var snoozed *rivertype.JobSnoozeError
	return err != nil && !errors.As(err, &snoozed)
}

// HandleError hears of each failed attempt.
func (w *watcher) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	if job.Attempt >= job.MaxAttempts {
		w.discarded(w.continueTrace(ctx, job), job, err)
	}
	return nil
}

// HandlePanic hears of each attempt that panicked; River goes on.
func (w *watcher) HandlePanic(ctx context.Context, job *rivertype.JobRow, value any, _ string) *river.ErrorHandlerResult {
	return w.HandleError(ctx, job, fmt.Errorf("panic: %v", value))
}

func (w *watcher) discarded(ctx context.Context, job *rivertype.JobRow, err error) {
	w.tel.Logger.ErrorContext(ctx, "job given up", slog.String("kind", job.Kind), slog.Int64("job_id", job.ID), slog.Int("attempts", job.Attempt))
	if w.onDiscarded != nil {
		w.onDiscarded(ctx, job, err)
	}
}
