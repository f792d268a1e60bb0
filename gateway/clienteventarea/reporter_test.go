package clienteventarea_test

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"google.golang.org/grpc"

	clienteventv1 "github.com/bartgottschalk/startupwebapp/proto/clientevent/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/clienteventarea"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const (
	patience = 15 * time.Second
	tick     = 5 * time.Millisecond
	// The bounds that the room states: what waits, and what one call carries.
	queueSize = 8192
	batchSize = 500
)

// service is the clientevent service, as far as the edge sees it.
type service struct {
	mu      sync.Mutex
	batches [][]*clienteventv1.Event
	failure error
	off     bool
	asked   int
}

func (s *service) RecordEvents(ctx context.Context, request *clienteventv1.RecordEventsRequest, _ ...grpc.CallOption) (*clienteventv1.RecordEventsResponse, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		return nil, fault.New(fault.Internal, "no-deadline", "")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure != nil {
		return nil, s.failure
	}
	s.batches = append(s.batches, request.GetEvents())
	return &clienteventv1.RecordEventsResponse{Accepted: int32(len(request.GetEvents()))}, nil
}

func (s *service) GetSettings(context.Context, *clienteventv1.GetSettingsRequest, ...grpc.CallOption) (*clienteventv1.GetSettingsResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.failure != nil {
		return nil, s.failure
	}
	return &clienteventv1.GetSettingsResponse{LogClientEvents: !s.off}, nil
}

func (s *service) fail(failure error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure = failure
}

func (s *service) turnOff() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.off = true
}

func (s *service) received() []*clienteventv1.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*clienteventv1.Event
	for _, batch := range s.batches {
		all = append(all, batch...)
	}
	return all
}

func (s *service) batchSizes() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	var sizes []int
	for _, batch := range s.batches {
		sizes = append(sizes, len(batch))
	}
	return sizes
}

func (s *service) timesAsked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// rig is a reporter with what its counter says.
type rig struct {
	t        *testing.T
	service  *service
	reporter *clienteventarea.Reporter
	metrics  *sdkmetric.ManualReader
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, service: &service{}, metrics: sdkmetric.NewManualReader()}
	tel := telemetry.Silent()
	tel.Meters = sdkmetric.NewMeterProvider(sdkmetric.WithReader(r.metrics))
	r.reporter = clienteventarea.NewReporter(r.service, tel)
	return r
}

// run runs the reporter; stop ends it and waits until it has.
func (r *rig) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); r.reporter.Run(ctx) }()
	var once sync.Once
	stop = func() { once.Do(func() { cancel(); <-ended }) }
	r.t.Cleanup(stop)
	return stop
}

func (r *rig) report(events int) {
	for n := range events {
		r.reporter.Report(r.t.Context(), &clienteventv1.Event{Url: strconv.Itoa(n)})
	}
}

func (r *rig) dropped() int64 {
	r.t.Helper()
	var gathered metricdata.ResourceMetrics
	require.NoError(r.t, r.metrics.Collect(r.t.Context(), &gathered))
	total := int64(0)
	for _, scope := range gathered.ScopeMetrics {
		for _, metric := range scope.Metrics {
			sum, ok := metric.Data.(metricdata.Sum[int64])
			require.True(r.t, ok)
			require.Equal(r.t, "edge.client_events.dropped", metric.Name)
			for _, point := range sum.DataPoints {
				total += point.Value
			}
		}
	}
	return total
}

func TestEventsTravelInBatchesAndInOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.report(2*batchSize + 7)
	r.run()
	require.Eventually(t, func() bool { return len(r.service.received()) == 2*batchSize+7 }, patience, tick)
	require.Equal(t, []int{batchSize, batchSize, 7}, r.service.batchSizes())
	for n, event := range r.service.received() {
		require.Equal(t, strconv.Itoa(n), event.GetUrl())
	}
	require.Zero(t, r.dropped())
}

func TestWhatFindsNoRoomIsDroppedAndCounted(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.report(queueSize + 25)
	require.Equal(t, int64(25), r.dropped())
	r.run()
	require.Eventually(t, func() bool { return len(r.service.received()) == queueSize }, patience, tick)
	require.Equal(t, int64(25), r.dropped())
}

func TestABatchThatIsNotTakenIsCountedAndTheNextOnesGoOut(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.service.fail(fault.New(fault.Unavailable, "unavailable", ""))
	r.report(3)
	r.run()
	require.Eventually(t, func() bool { return r.dropped() == 3 }, patience, tick)
	r.service.fail(nil)
	r.report(2)
	require.Eventually(t, func() bool { return len(r.service.received()) == 2 }, patience, tick)
	require.Equal(t, int64(3), r.dropped())
}

func TestTheEndSendsWhatIsQueued(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	stop := r.run()
	r.report(batchSize + 3)
	stop()
	require.Len(t, r.service.received(), batchSize+3)
	require.Zero(t, r.dropped())
}

func TestTheEndCountsWhatCannotBeSent(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.service.fail(fault.New(fault.Unavailable, "unavailable", ""))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r.report(2*batchSize + 5)
	r.reporter.Run(ctx)
	require.Empty(t, r.service.received())
	require.Equal(t, int64(2*batchSize+5), r.dropped(), "the batch that was refused and those that were never tried")
}

func TestTheSwitchIsFollowed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	require.True(t, r.reporter.LogClientEvents(), "on until the service says otherwise (user.md 8, defect 28)")
	r.service.fail(fault.New(fault.Unavailable, "unavailable", ""))
	r.run()
	require.Eventually(t, func() bool { return r.service.timesAsked() > 0 }, patience, tick)
	require.True(t, r.reporter.LogClientEvents(), "no answer changes nothing")
	r.service.fail(nil)
	r.service.turnOff()
	require.Eventually(t, func() bool { return !r.reporter.LogClientEvents() }, patience, tick)
}
