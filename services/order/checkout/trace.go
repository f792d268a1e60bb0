package checkout

import (
	"context"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

const (
	traceHeader  = "traceparent"
	instrumented = "github.com/bartgottschalk/startupwebapp/services/order/checkout"
)

// traceparent is the trace that the call under ctx belongs to, in the form of W3C Trace Context; empty without one.
func (c *Checkouts) traceparent(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier.Get(traceHeader)
}

// continueTrace makes a span in the trace that the checkout began in, so that one purchase is one trace whoever
// completes it; the call that does so is linked. The caller ends the span.
func (c *Checkouts) continueTrace(ctx context.Context, traceparent string) (context.Context, trace.Span) {
	link := trace.LinkFromContext(ctx)
	carrier := propagation.MapCarrier{traceHeader: traceparent}
	ctx = propagation.TraceContext{}.Extract(ctx, carrier)
	return c.tel.Tracers.Tracer(instrumented).Start(ctx, "complete checkout", trace.WithLinks(link))
}
