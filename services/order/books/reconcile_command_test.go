package books_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/books"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// command runs `order reconcile` as the program does.
func command(t *testing.T, shop *checkouttest.Shop, args ...string) (string, error) {
	t.Helper()
	var out, logs bytes.Buffer
	failed := errors.New("the task did not run")
	program := process.Program[struct{}]{Name: "order", Tasks: map[string]process.Task[struct{}]{
		"reconcile": {Run: func(ctx context.Context, _ struct{}, _ telemetry.Telemetry, args []string) error {
			failed = books.NewReconciler(needs(shop)).ReconcileCommand(ctx, args)
			return nil
		}},
	}}
	require.Zero(t, process.Run(t.Context(), program, append([]string{"reconcile"}, args...), nil, &out, &logs))
	return out.String(), failed
}

func TestReconcileCommand(t *testing.T) {
	t.Parallel()
	shop, session := settled(t)
	printed, err := command(t, shop)
	require.NoError(t, err)
	require.Equal(t, "2026-11-21T11:00:00Z to 2026-11-23T11:00:00Z: 1 payments over 39.54, 1 orders, 0 made up for, 0 not paid yet, 0 too young, 0 findings, 0 exceptions to resolve\n", printed)

	shop.Payment.Forget(session)
	for range 2 {
		printed, err = command(t, shop, "-from", "2026-11-23", "-until", "2026-11-23T10:30:00Z")
		require.ErrorContains(t, err, "something to resolve")
		require.Regexp(t, `(?m)^#1  order-without-payment  order [A-Za-z0-9]{10}  checkout_\w+  cs_test_000001  pi_of_cs_test_000001  paid 39.54 usd  expected 39.54 usd  0 min ago  Stripe does not know the session$`, printed)
		require.Contains(t, printed, "2026-11-23T00:00:00Z to 2026-11-23T10:30:00Z: 0 payments over 0.00, 1 orders,")
	}
	printed, err = command(t, shop, "-until", "2026-11-22", "-days", "1")
	require.NoError(t, err, "not of that period")
	require.Contains(t, printed, "2026-11-21T00:00:00Z to 2026-11-22T00:00:00Z: 0 payments")

	_, err = shop.Exceptions.ResolveException(t.Context(), &orderv1.ResolveExceptionRequest{ExceptionId: 1, By: "ada", Note: "paid in cash"})
	require.NoError(t, err)
	_, err = command(t, shop)
	require.NoError(t, err)

	for _, wrong := range [][]string{{"-from", "yesterday"}, {"-days", "0"}, {"-days", "4000"}, {"-grace", "-1s"}, {"-from", "2026-11-24"}, {"now"}, {"-nonsense"}} {
		_, err = command(t, shop, wrong...)
		require.ErrorContains(t, err, "reconcile: ", "%v", wrong)
	}
	shop.Client.Before = func(context.Context, string) error { return checkouttest.Unavailable() }
	_, err = command(t, shop)
	require.ErrorContains(t, err, "not everything was compared")
}
