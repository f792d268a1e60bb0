package postgres_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

func TestQueriesAreSpansOfTheirRequestWithoutValues(t *testing.T) {
	t.Parallel()
	exporter := tracetest.NewInMemoryExporter()
	tel, flush := telemetry.Recording(exporter)
	t.Cleanup(func() { require.NoError(t, flush(context.Background())) })
	db, err := postgres.Open(t.Context(), postgres.Config{URL: dbtest.URL(t, accounts)}, tel)
	require.NoError(t, err)
	t.Cleanup(db.Close)
	exporter.Reset()

	_, err = db.Exec(t.Context(), "SELECT 1")
	require.NoError(t, err)
	require.Empty(t, exporter.GetSpans(), "no request, no trace")

	ctx, request := tel.Tracers.Tracer("test").Start(t.Context(), "request")
	ctx, count := postgres.Count(ctx)
	require.NoError(t, db.QueryRow(ctx, "SELECT $1::text", "jane@example.com").Scan(new(string)))
	request.End()
	require.Equal(t, 1, count.N(), "counted with telemetry too")
	spans := exporter.GetSpans()
	require.Greater(t, len(spans), 1)
	for _, span := range spans {
		require.Equal(t, request.SpanContext().TraceID(), span.SpanContext.TraceID())
		require.NotContains(t, fmt.Sprint(span.Attributes), "jane")
	}
}
