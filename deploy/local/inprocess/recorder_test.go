package inprocess

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// databaseScope is who makes the spans of statements.
const databaseScope = "github.com/exaring/otelpgx"

// recorder has the spans of all parts of the shop.
type recorder struct{ memory *tracetest.InMemoryExporter }

func newRecorder() *recorder { return &recorder{memory: tracetest.NewInMemoryExporter()} }

// ExportSpans takes ended spans.
func (r *recorder) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	return r.memory.ExportSpans(ctx, spans)
}

// Shutdown keeps the spans: the recorder outlives each part of the shop.
func (*recorder) Shutdown(context.Context) error { return nil }

// forget begins anew.
func (r *recorder) forget() { r.memory.Reset() }

// recorded are some spans, in the order in which they ended.
type recorded []tracetest.SpanStub

func (r *recorder) all() recorded { return recorded(r.memory.GetSpans()) }

func (r *recorder) of(id trace.TraceID) recorded {
	return r.all().which(func(span tracetest.SpanStub) bool { return span.SpanContext.TraceID() == id })
}

func (r recorded) which(fits func(tracetest.SpanStub) bool) recorded {
	var found recorded
	for _, span := range r {
		if fits(span) {
			found = append(found, span)
		}
	}
	return found
}

// named are the spans of that name in that service, whichever instance of it.
func (r recorded) named(service, name string) recorded {
	return r.which(func(span tracetest.SpanStub) bool { return serviceOf(span) == service && span.Name == name })
}

// services are whose spans these are, sorted.
func (r recorded) services() []string {
	var names []string
	for _, span := range r {
		names = append(names, serviceOf(span))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// instanceOf is the name under which a part was started.
func instanceOf(span tracetest.SpanStub) string {
	name, _ := span.Resource.Set().Value("service.name")
	return name.AsString()
}

func serviceOf(span tracetest.SpanStub) string {
	service, _, _ := strings.Cut(instanceOf(span), "-")
	return service
}

// statements are the spans of what was sent to a database: queries, the parts of a batch one by one, and COPY. Begin and
// commit are left out, and what the driver asks on its own.
func (r recorded) statements() recorded {
	return r.which(func(span tracetest.SpanStub) bool {
		return span.InstrumentationScope.Name == databaseScope && isStatement(span)
	})
}

func isStatement(span tracetest.SpanStub) bool {
	for _, attribute := range span.Attributes {
		if attribute.Key == "pgx.prepare_stmt.name" {
			return false
		}
	}
	first, _, _ := strings.Cut(span.Name, " ")
	switch strings.ToLower(first) {
	case "begin", "commit", "rollback", "savepoint", "release", "connect", "pool.acquire", "prepare":
		return false
	}
	return span.Name != "batch start"
}

// orphans are spans whose parent is neither among these nor from outside.
func (r recorded) orphans() recorded {
	known := map[trace.SpanID]bool{}
	for _, span := range r {
		known[span.SpanContext.SpanID()] = true
	}
	return r.which(func(span tracetest.SpanStub) bool {
		fromOutside := serviceOf(span) == "gateway" && span.SpanKind == trace.SpanKindServer
		return span.Parent.IsValid() && !known[span.Parent.SpanID()] && !fromOutside
	})
}

// String is for failures.
func (r recorded) String() string {
	var text strings.Builder
	for _, span := range r {
		fmt.Fprintf(&text, "\n%s %s < %s  %-12s %s", span.SpanContext.TraceID(), span.SpanContext.SpanID(), span.Parent.SpanID(), instanceOf(span), span.Name)
		for _, attribute := range span.Attributes {
			if attribute.Key == "db.query.text" {
				fmt.Fprintf(&text, "  %.100s", strings.Join(strings.Fields(attribute.Value.AsString()), " "))
			}
		}
	}
	return text.String()
}

// loggedLines keeps what the parts of the shop logged as errors: what hostile input must never cause.
type loggedLines struct {
	mutex sync.Mutex
	lines []string
}

func (l *loggedLines) logger(part string) *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelError})).With("part", part)
}

// Write takes one line.
func (l *loggedLines) Write(line []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.lines = append(l.lines, string(line))
	return len(line), nil
}

func (l *loggedLines) forget() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.lines = nil
}

func (l *loggedLines) all() []string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return slices.Clone(l.lines)
}
