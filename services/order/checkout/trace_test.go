package checkout_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

func TestOnePurchaseIsOneTrace(t *testing.T) {
	t.Parallel()
	exporter := tracetest.NewInMemoryExporter()
	tel, end := telemetry.Recording(exporter)
	defer func() { require.NoError(t, end(context.Background())) }()
	shop := checkouttest.OpenWith(t, tel)
	mailed := make(chan trace.SpanContext, 1)
	shop.Mail.Before = func(ctx context.Context) error {
		mailed <- trace.SpanContextFromContext(ctx)
		return nil
	}
	shop.WorkJobs(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	tracer := tel.Tracers.Tracer("test")
	ctx, starting := tracer.Start(t.Context(), "create-checkout-session")
	answer, err := shop.Checkouts.StartCheckout(ctx, checkouttest.Request(guest))
	require.NoError(t, err)
	starting.End()
	require.True(t, shop.Payment.Pay(answer.GetSessionId()))

	ctx, webhook := tracer.Start(t.Context(), "stripe-webhook")
	_, err = shop.Checkouts.CompleteCheckout(ctx, &orderv1.CompleteCheckoutRequest{SessionId: answer.GetSessionId()})
	require.NoError(t, err)
	webhook.End()

	purchase := starting.SpanContext().TraceID()
	require.NotEqual(t, purchase, webhook.SpanContext().TraceID())
	var completions int
	for _, span := range exporter.GetSpans() {
		if span.Name != "complete checkout" {
			continue
		}
		completions++
		require.Equal(t, purchase, span.SpanContext.TraceID())
		require.Len(t, span.Links, 1)
		require.Equal(t, webhook.SpanContext().TraceID(), span.Links[0].SpanContext.TraceID())
	}
	require.Equal(t, 1, completions)
	select {
	case mail := <-mailed:
		require.Equal(t, purchase, mail.TraceID())
	case <-time.After(15 * time.Second):
		t.Fatal("no confirmation was handed over")
	}
}
