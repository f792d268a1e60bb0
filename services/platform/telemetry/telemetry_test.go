package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	metrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	traces "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"

	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

func TestOffByDefault(t *testing.T) {
	t.Parallel()
	var logs bytes.Buffer
	tel, stop, err := telemetry.Start(context.Background(), "order", telemetry.Config{}, &logs)
	require.NoError(t, err)
	require.False(t, tel.On)
	_, span := tel.Tracers.Tracer("x").Start(context.Background(), "nothing")
	require.False(t, span.IsRecording())
	span.End()
	tel.Counter("events_dropped", "1", "none").Add(context.Background(), 1)
	require.NoError(t, stop(context.Background()))
	require.Empty(t, logs.String())
}

func TestLogLinesCarryServiceLevelAndTrace(t *testing.T) {
	t.Parallel()
	var logs bytes.Buffer
	tel, _, err := telemetry.Start(context.Background(), "order", telemetry.Config{LogLevel: slog.LevelWarn}, &logs)
	require.NoError(t, err)
	recording, stop := telemetry.Recording(tracetest.NewInMemoryExporter())
	defer func() { require.NoError(t, stop(context.Background())) }()
	ctx, span := recording.Tracers.Tracer("x").Start(context.Background(), "work")
	defer span.End()
	tel.Logger.InfoContext(ctx, "too quiet")
	tel.Logger.With("cart", 7).WarnContext(ctx, "under a span")
	tel.Logger.Warn("without a span")

	lines := strings.Split(strings.TrimSpace(logs.String()), "\n")
	require.Len(t, lines, 2)
	var with, without map[string]any
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &with))
	require.NoError(t, json.Unmarshal([]byte(lines[1]), &without))
	require.Equal(t, "order", with["service"])
	require.InDelta(t, 7, with["cart"], 0)
	require.Equal(t, span.SpanContext().TraceID().String(), with["trace_id"])
	require.Equal(t, span.SpanContext().SpanID().String(), with["span_id"])
	require.True(t, strings.HasSuffix(with["time"].(string), "Z"), "UTC")
	require.NotContains(t, without, "trace_id")
}

func TestRecordingHandsSpansOverAtOnce(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewInMemoryExporter()
	tel, stop := telemetry.Recording(spans)
	require.True(t, tel.On)
	_, span := tel.Tracers.Tracer("x").Start(context.Background(), "work")
	span.End()
	require.Len(t, spans.GetSpans(), 1)
	require.NoError(t, stop(context.Background()))
}

func TestRecordingAsNamesTheService(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewInMemoryExporter()
	for _, service := range []string{"order", "payment"} {
		tel, stop := telemetry.RecordingAs(service, spans)
		defer func() { require.NoError(t, stop(context.Background())) }()
		_, span := tel.Tracers.Tracer("x").Start(context.Background(), "work")
		span.End()
	}
	recorded := spans.GetSpans()
	require.Len(t, recorded, 2)
	for i, service := range []string{"order", "payment"} {
		name, named := recorded[i].Resource.Set().Value("service.name")
		require.True(t, named)
		require.Equal(t, service, name.AsString())
	}
}

func TestEndpointMustBeAURL(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []string{"collector:4317", "collector", "ftp://collector:4317", "http://"} {
		_, _, err := telemetry.Start(context.Background(), "order", telemetry.Config{Endpoint: endpoint}, &bytes.Buffer{})
		require.ErrorContains(t, err, "OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
	}
}

// collector is the receiving side of OTLP.
type collector struct {
	traces.UnimplementedTraceServiceServer
	mu    sync.Mutex
	names []string
}

func (c *collector) Export(_ context.Context, request *traces.ExportTraceServiceRequest) (*traces.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range request.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				c.names = append(c.names, resource.GetResource().GetAttributes()[0].GetValue().GetStringValue()+"/"+span.GetName())
			}
		}
	}
	return &traces.ExportTraceServiceResponse{}, nil
}

type metricCollector struct {
	metrics.UnimplementedMetricsServiceServer
	into *collector
}

func (m metricCollector) Export(_ context.Context, request *metrics.ExportMetricsServiceRequest) (*metrics.ExportMetricsServiceResponse, error) {
	m.into.mu.Lock()
	defer m.into.mu.Unlock()
	for _, resource := range request.GetResourceMetrics() {
		for _, scope := range resource.GetScopeMetrics() {
			for _, metric := range scope.GetMetrics() {
				m.into.names = append(m.into.names, metric.GetName())
			}
		}
	}
	return &metrics.ExportMetricsServiceResponse{}, nil
}

func TestStopFlushesToTheCollector(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	received, server := &collector{}, grpc.NewServer()
	traces.RegisterTraceServiceServer(server, received)
	metrics.RegisterMetricsServiceServer(server, metricCollector{into: received})
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()

	before := otel.GetTracerProvider()
	tel, stop, err := telemetry.Start(context.Background(), "order", telemetry.Config{Endpoint: "http://" + listener.Addr().String()}, &bytes.Buffer{})
	require.NoError(t, err)
	require.True(t, tel.On)
	require.Equal(t, before, otel.GetTracerProvider(), "no globals")
	_, span := tel.Tracers.Tracer("x").Start(context.Background(), "work")
	span.End()
	tel.Counter("events_dropped", "1", "events that found no room").Add(context.Background(), 3)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	require.NoError(t, stop(ctx))
	server.GracefulStop()
	require.NoError(t, <-served)
	require.Subset(t, received.names, []string{"order/work", "events_dropped"})
}

func TestACollectorThatIsAwayDoesNotHoldUpTheEnd(t *testing.T) {
	t.Parallel()
	logs := &lockedBuffer{}
	tel, stop, err := telemetry.Start(context.Background(), "order", telemetry.Config{Endpoint: "http://127.0.0.1:1"}, logs)
	require.NoError(t, err)
	_, span := tel.Tracers.Tracer("x").Start(context.Background(), "work")
	span.End()
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	require.ErrorIs(t, stop(ctx), context.DeadlineExceeded)
	require.Less(t, time.Since(began), 5*time.Second)
}

func TestACollectorThatRefusesIsLogged(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := grpc.NewServer() // knows neither service, so every export is refused
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	logs := &lockedBuffer{}
	tel, stop, err := telemetry.Start(context.Background(), "order", telemetry.Config{Endpoint: "http://" + listener.Addr().String()}, logs)
	require.NoError(t, err)
	_, span := tel.Tracers.Tracer("x").Start(context.Background(), "work")
	span.End()
	tel.Counter("events_dropped", "1", "").Add(context.Background(), 1)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	require.NoError(t, stop(ctx))
	server.Stop()
	require.NoError(t, <-served)
	require.Contains(t, logs.String(), "spans not exported")
	require.Contains(t, logs.String(), "metrics not exported")
}

// lockedBuffer is written by the exporters' goroutines.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
