package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

func export(ctx context.Context, service, endpoint string, tel Telemetry) (Telemetry, func(context.Context) error, error) {
	if parsed, err := url.Parse(endpoint); err != nil || parsed.Host == "" || (parsed.Scheme != "http" && parsed.Scheme != "https") {
		return Telemetry{}, nil, errors.New("OTEL_EXPORTER_OTLP_ENDPOINT is not valid: expected a URL like http://collector:4317")
	}
	spans, err := otlptracegrpc.New(ctx, otlptracegrpc.WithEndpointURL(endpoint))
	if err != nil {
		return Telemetry{}, nil, fmt.Errorf("make the trace exporter: %w", err)
	}
	points, err := otlpmetricgrpc.New(ctx, otlpmetricgrpc.WithEndpointURL(endpoint))
	if err != nil {
		return Telemetry{}, nil, errors.Join(fmt.Errorf("make the metric exporter: %w", err), spans.Shutdown(ctx))
	}
	tracers := sdktrace.NewTracerProvider(sdktrace.WithResource(about(service)), sdktrace.WithBatcher(loggedSpans{spans, tel.Logger}))
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithResource(about(service)), sdkmetric.WithReader(sdkmetric.NewPeriodicReader(loggedMetrics{points, tel.Logger})))
	tel.Tracers, tel.Meters, tel.On = tracers, meters, true
	stop := func(ctx context.Context) error { return errors.Join(tracers.Shutdown(ctx), meters.Shutdown(ctx)) }
	return tel, stop, nil
}

// about says whose spans and points they are.
func about(service string) *resource.Resource {
	return resource.NewSchemaless(attribute.String("service.name", service))
}

// loggedSpans tells failures of the export in our own log; the SDK would hand them to a global handler.
type loggedSpans struct {
	sdktrace.SpanExporter
	logger *slog.Logger
}

// ExportSpans sends spans, or logs why not.
func (e loggedSpans) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if err := e.SpanExporter.ExportSpans(ctx, spans); err != nil {
		e.logger.WarnContext(ctx, "spans not exported", "count", len(spans), "error", err)
	}
	return nil
}

// loggedMetrics does the same for metrics.
type loggedMetrics struct {
	sdkmetric.Exporter
	logger *slog.Logger
}

// Export sends metrics, or logs why not.
func (e loggedMetrics) Export(ctx context.Context, metrics *metricdata.ResourceMetrics) error {
	if err := e.Exporter.Export(ctx, metrics); err != nil {
		e.logger.WarnContext(ctx, "metrics not exported", "error", err)
	}
	return nil
}
