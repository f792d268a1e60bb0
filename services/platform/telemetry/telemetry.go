// Package telemetry makes a process's logger, tracers and meters. It sets no globals: whoever wants to
// log or trace is handed a Telemetry. What is logged or counted is decided where it happens.
package telemetry

import (
	"context"
	"io"
	"log/slog"

	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
)

// instrumentation is the scope name of the shop's own metrics.
const instrumentation = "github.com/bartgottschalk/startupwebapp"

// Config is what the environment says about telemetry.
type Config struct {
	Endpoint string     `env:"OTEL_EXPORTER_OTLP_ENDPOINT" help:"OpenTelemetry collector (OTLP over gRPC); empty: no traces, no metrics" expects:"a URL like http://collector:4317"`
	LogLevel slog.Level `env:"LOG_LEVEL" envDefault:"INFO" help:"least severe log line that is written" expects:"DEBUG, INFO, WARN or ERROR"`
}

// Telemetry is what code needs to be observable. On is false when traces and metrics go nowhere, so that
// instrumentation that costs can be left out. It is safe for concurrent use.
type Telemetry struct {
	Logger     *slog.Logger
	Tracers    trace.TracerProvider
	Meters     metric.MeterProvider
	Propagator propagation.TextMapPropagator
	On         bool
}

// Start makes the telemetry of a process. Without an endpoint traces and metrics go nowhere. The returned
// function flushes and ends the exporters, within the time its context gives; it is never nil without error.
// A collector that is away delays nothing: what cannot be sent is logged and dropped.
func Start(ctx context.Context, service string, cfg Config, logs io.Writer) (Telemetry, func(context.Context) error, error) {
	tel := Silent()
	tel.Logger = newLogger(service, cfg.LogLevel, logs)
	if cfg.Endpoint == "" {
		return tel, func(context.Context) error { return nil }, nil
	}
	return export(ctx, service, cfg.Endpoint, tel)
}

// Silent discards everything, for tests.
func Silent() Telemetry {
	return Telemetry{
		Logger:     slog.New(slog.DiscardHandler),
		Tracers:    tracenoop.NewTracerProvider(),
		Meters:     metricnoop.NewMeterProvider(),
		Propagator: propagation.TraceContext{},
	}
}

// Recording hands every ended span to the exporter before End returns, for tests. Logs and metrics are
// discarded. The returned function ends the tracers and the exporter.
func Recording(exporter sdktrace.SpanExporter) (Telemetry, func(context.Context) error) {
	return record(exporter)
}

// RecordingAs is Recording for a test that runs several services in one process: the spans carry service as the
// resource attribute service.name, as those of Start do. Several may share an exporter that bears being ended twice.
func RecordingAs(service string, exporter sdktrace.SpanExporter) (Telemetry, func(context.Context) error) {
	return record(exporter, sdktrace.WithResource(about(service)))
}

func record(exporter sdktrace.SpanExporter, options ...sdktrace.TracerProviderOption) (Telemetry, func(context.Context) error) {
	options = append(options, sdktrace.WithSyncer(exporter), sdktrace.WithSampler(sdktrace.AlwaysSample()))
	tracers := sdktrace.NewTracerProvider(options...)
	tel := Silent()
	tel.Tracers, tel.On = tracers, true
	return tel, tracers.Shutdown
}

// Counter makes a counter and never fails: a name that the meter refuses is logged and counts nothing.
// Make it once and keep it.
func (t Telemetry) Counter(name, unit, description string) metric.Int64Counter {
	counter, err := t.Meters.Meter(instrumentation).Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
	if err != nil {
		t.Logger.Error("counter refused", "name", name, "error", err)
		return metricnoop.Int64Counter{}
	}
	return counter
}
