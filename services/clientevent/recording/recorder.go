// Package recording takes what browsers report and writes it in batches: cleaning, a bounded queue, and the writer that
// empties it into the four event tables.
//
// Whether browsers should report at all is settings' business, the tables' months are partition's, and what is an event of
// whom is for whoever reports to find out: ids and codes stay as they were sent.
package recording

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/metric"

	clienteventv1 "github.com/bartgottschalk/startupwebapp/proto/clientevent/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const mostInCall = 1_000

var (
	errTooMany = fault.New(fault.Invalid, "too-many-events", "at most 1,000 events in one call")
	errFull    = errors.New("the queue of events is full")
)

// Recorder serves RecordEvents. Calls only put events into memory; Run writes them. Safe for concurrent use.
type Recorder struct {
	queue  *queue
	db     *postgres.Database
	logger *slog.Logger
	now    func() time.Time

	recorded metric.Int64Counter
	dropped  metric.Int64Counter
	written  metric.Int64Counter
	lost     metric.Int64Counter

	droppedSince atomic.Int64 // since the writer last said so in the log
}

// New wires the room. Nothing is written until Run.
func New(db *postgres.Database, tel telemetry.Telemetry, now func() time.Time) *Recorder {
	return &Recorder{
		queue:    newQueue(),
		db:       db,
		logger:   tel.Logger,
		now:      now,
		recorded: tel.Counter("clientevent.accepted", "{event}", "events taken into the queue"),
		dropped:  tel.Counter("clientevent.dropped", "{event}", "events for which the queue had no room, or of no known kind"),
		written:  tel.Counter("clientevent.written", "{event}", "events written to the database"),
		lost:     tel.Counter("clientevent.lost", "{event}", "accepted events that could not be written"),
	}
}

// RecordEvents accepts what there is room for, never waits and never asks the database. More than 1,000 events in one call
// are Invalid "too-many-events".
func (r *Recorder) RecordEvents(ctx context.Context, request *clienteventv1.RecordEventsRequest) (*clienteventv1.RecordEventsResponse, error) {
	sent := request.GetEvents()
	if len(sent) > mostInCall {
		return nil, errTooMany
	}
	now := r.now()
	entries := make([]entry, 0, len(sent))
	for _, event := range sent {
		if made, ok := entryOf(event, now); ok {
			entries = append(entries, made)
		}
	}
	accepted := r.queue.put(entries)
	dropped := len(sent) - accepted
	r.recorded.Add(ctx, int64(accepted))
	if dropped > 0 {
		r.dropped.Add(ctx, int64(dropped))
		r.droppedSince.Add(int64(dropped))
	}
	return &clienteventv1.RecordEventsResponse{Accepted: int32(accepted), Dropped: int32(dropped)}, nil //nolint:gosec // at most 1,000
}

// Healthy tells whether there is room for more. A database that is away is no reason to send events elsewhere.
func (r *Recorder) Healthy(context.Context) error {
	if r.queue.isFull() {
		return errFull
	}
	return nil
}
