package clienteventarea

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	clienteventv1 "github.com/bartgottschalk/startupwebapp/proto/clientevent/v1"

	"go.opentelemetry.io/otel/metric"

	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const (
	// queueSize bounds the memory of events that wait: a few MB of usual ones, 50 MB of the longest.
	queueSize = 8192
	batchSize = 500
	// flushInterval is how long an event may wait for company.
	flushInterval = 200 * time.Millisecond
	// sendTimeout bounds one call to the clientevent service.
	sendTimeout = 3 * time.Second
	// drainLimit bounds all calls together that empty the queue at the end.
	drainLimit = 5 * time.Second
	// switchInterval is how soon pages hear that the switch was turned.
	switchInterval = 5 * time.Second
)

var errUnsent = errors.New("still queued when the edge had to stop")

// Reporter carries events to the clientevent service in batches and remembers its switch. What does not fit into the
// queue, or into a service that does not answer, is dropped and counted: an event is never worth a customer's wait.
// Safe for concurrent use; Run must be running.
type Reporter struct {
	service clienteventv1.ClientEventServiceClient
	queue   chan *clienteventv1.Event
	enabled atomic.Bool
	dropped metric.Int64Counter
	logger  *slog.Logger
}

// NewReporter returns a Reporter that pages are told to use until the service says otherwise.
func NewReporter(service clienteventv1.ClientEventServiceClient, tel telemetry.Telemetry) *Reporter {
	reporter := &Reporter{
		service: service,
		queue:   make(chan *clienteventv1.Event, queueSize),
		dropped: tel.Counter("edge.client_events.dropped", "{event}", "Client events that found no room or no service."),
		logger:  tel.Logger,
	}
	reporter.enabled.Store(true) // user.md 8, defect 28: without an answer the switch is on
	return reporter
}

// Report queues an event and never waits.
func (r *Reporter) Report(ctx context.Context, event *clienteventv1.Event) {
	select {
	case r.queue <- event:
	default:
		r.dropped.Add(ctx, 1)
	}
}

// LogClientEvents says whether pages should report events, as of the last few seconds.
func (r *Reporter) LogClientEvents() bool {
	return r.enabled.Load()
}

// Run sends batches and follows the switch until ctx is done. Then it sends what is still queued, for at most five
// seconds, and counts the rest as dropped. Call it once; report nothing after ctx is done.
func (r *Reporter) Run(ctx context.Context) {
	flush, ask := time.NewTicker(flushInterval), time.NewTicker(switchInterval)
	defer flush.Stop()
	defer ask.Stop()
	r.readSwitch(ctx)
	for {
		select {
		case <-ctx.Done():
			r.drain(context.WithoutCancel(ctx))
			return
		case <-flush.C:
			r.sendAll(ctx)
		case <-ask.C:
			r.readSwitch(ctx)
		}
	}
}

func (r *Reporter) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, drainLimit)
	defer cancel()
	r.sendAll(ctx)
	if left := len(r.queue); left > 0 {
		r.lose(ctx, left, errUnsent)
	}
}

func (r *Reporter) readSwitch(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	settings, err := r.service.GetSettings(ctx, &clienteventv1.GetSettingsRequest{})
	if err != nil {
		return // the last answer stays in force; readiness reports the service
	}
	r.enabled.Store(settings.GetLogClientEvents())
}

// sendAll empties the queue as it is now, batch by batch, and gives up at the first batch that is not taken.
func (r *Reporter) sendAll(ctx context.Context) {
	for range queueSize/batchSize + 1 {
		batch := r.nextBatch()
		if len(batch) == 0 {
			return
		}
		if !r.send(ctx, batch) {
			return
		}
	}
}

func (r *Reporter) nextBatch() []*clienteventv1.Event {
	batch := make([]*clienteventv1.Event, 0, min(len(r.queue), batchSize))
	for len(batch) < batchSize {
		select {
		case event := <-r.queue:
			batch = append(batch, event)
		default:
			return batch
		}
	}
	return batch
}

func (r *Reporter) send(ctx context.Context, batch []*clienteventv1.Event) bool {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	_, err := r.service.RecordEvents(ctx, &clienteventv1.RecordEventsRequest{Events: batch})
	if err != nil {
		r.lose(ctx, len(batch), err)
	}
	return err == nil
}

func (r *Reporter) lose(ctx context.Context, events int, why error) {
	r.dropped.Add(ctx, int64(events))
	r.logger.WarnContext(ctx, "client events lost", "events", events, "error", why)
}
