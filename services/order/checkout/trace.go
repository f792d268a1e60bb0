package checkout

import (
	"context"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
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

// inTrace does work in the trace that the checkout began in, so that one purchase is one trace whoever completes it; the
// call that does so is linked.
func (c *Checkouts) inTrace(ctx context.Context, traceparent string, work func(ctx context.Context) (string, error)) (string, error) {
	link := trace.LinkFromContext(ctx)
	ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{traceHeader: traceparent})
	ctx, span := c.tel.Tracers.Tracer(instrumented).Start(ctx, "complete checkout", trace.WithLinks(link))
	defer span.End()
	order, err := work(ctx)
	if err != nil {
		span.SetStatus(codes.Error, fault.ReasonOf(err))
	}
	return order, err
}
