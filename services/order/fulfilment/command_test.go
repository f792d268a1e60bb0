package fulfilment_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// command runs a subcommand as an operator does and answers what it printed.
func command(t *testing.T, run func(ctx context.Context, args []string) error, args ...string) (string, error) {
	t.Helper()
	var out, logs bytes.Buffer
	failed := errors.New("the task did not run")
	program := process.Program[struct{}]{Name: "order", Tasks: map[string]process.Task[struct{}]{
		"it": {Run: func(ctx context.Context, _ struct{}, _ telemetry.Telemetry, args []string) error {
			failed = run(ctx, args)
			return nil
		}},
	}}
	require.Zero(t, process.Run(t.Context(), program, append([]string{"it"}, args...), nil, &out, &logs))
	return out.String(), failed
}

func TestCommandsMoveAnOrderAlong(t *testing.T) {
	t.Parallel()
	var logs bytes.Buffer
	tel := telemetry.Silent()
	tel.Logger = slog.New(slog.NewJSONHandler(&logs, nil))
	s := sell(t, checkouttest.OpenWith(t, tel))

	said, err := command(t, s.Fulfilments.StatusCommand, s.order, "packing", "-by", "ann", "-yes")
	require.NoError(t, err)
	require.Equal(t, "Order "+s.order+` is accepted. It becomes "packing", and the customer is mailed.`+"\nOrder "+s.order+" is packing.\n", said)
	_, err = command(t, s.Fulfilments.TrackingCommand, "-yes", "-by", "ann", s.order, "1Z999")
	require.NoError(t, err)
	said, err = command(t, s.Refunds.RefundCommand, s.order, "-amount", "4.00", "-key", "k", "-note", "scratched", "-by", "ann", "-yes")
	require.NoError(t, err)
	require.Contains(t, said, "cost 16.56, 0.00 was given back.\n4.00 goes back to the customer, the goods stay away. The key is k.")
	_, err = command(t, s.Refunds.RefundCommand, s.order, "-amount", "4.00", "-key", "k", "-by", "ann", "-yes")
	require.NoError(t, err, "said again")
	said, err = command(t, s.Fulfilments.CancelCommand, s.order, "-refund", "-restock", "-by", "ann", "-yes")
	require.NoError(t, err)
	require.Contains(t, said, "12.56 goes back to the customer. The goods go back on the shelf.")
	require.Contains(t, said, "is refunded.\n")

	require.Equal(t, total, s.Order(t, s.order, 0).GetRefundedMinor())
	require.Equal(t, []string{"accepted", "packing", "partly-refunded", "cancelled", "refunded"}, s.history(t))
	require.Equal(t, 5, s.Count(t, "SELECT count(*) FROM operator_action WHERE done_by = 'ann'"))
	require.Contains(t, logs.String(), `"msg":"[OPERATOR] cancel-order","by":"ann","order":"`+s.order)
	require.Contains(t, logs.String(), `"msg":"[OPERATOR] refund-order","by":"ann"`)
	for _, personal := range []string{"buyer@example.com", "Bea", "1Z999"} {
		require.NotContains(t, logs.String(), personal)
	}
}

func TestCommandsThatAreNotAgreedToChangeNothing(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	for _, run := range []func() (string, error){
		func() (string, error) {
			return command(t, s.Fulfilments.StatusCommand, s.order, "packing", "-by", "ann")
		},
		func() (string, error) {
			return command(t, s.Fulfilments.CancelCommand, s.order, "-refund", "-by", "ann")
		},
		func() (string, error) { return command(t, s.Refunds.RefundCommand, s.order, "-by", "ann") },
		func() (string, error) {
			return command(t, s.Refunds.RefundCommand, s.order, "-amount", "0", "-yes", "-by", "ann")
		},
		func() (string, error) {
			return command(t, s.Refunds.RefundCommand, s.order, "-amount", "-1", "-yes", "-by", "ann")
		},
		func() (string, error) {
			return command(t, s.Refunds.RefundCommand, s.order, "-amount", "1.005", "-yes", "-by", "ann")
		},
		func() (string, error) { return command(t, s.Refunds.RefundCommand, "-yes", "-by", "ann") },
		func() (string, error) { return command(t, s.Fulfilments.StatusCommand, s.order, "-yes", "-by", "ann") },
		func() (string, error) {
			return command(t, s.Fulfilments.StatusCommand, s.order, "nonsense", "-yes", "-by", "ann")
		},
		func() (string, error) {
			return command(t, s.Fulfilments.TrackingCommand, "nosuchorde", "1Z", "-yes", "-by", "ann")
		},
		func() (string, error) { return command(t, s.Fulfilments.ShowCommand) },
		func() (string, error) { return command(t, s.Fulfilments.ShowCommand, "nosuchorde") },
	} {
		_, err := run()
		require.Error(t, err)
	}
	require.Equal(t, []string{"accepted"}, s.history(t))
	require.Empty(t, s.Payment.Refunds(s.intent))
}

func TestShowTellsEverything(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t), checkouttest.Discount(56), func(session *paymentv1.Session) { session.CustomerName = "Bea\x1b[2J Buyer" })
	require.Empty(t, s.set(t.Context(), s.Process, "shipped"))
	require.Empty(t, s.track(t.Context(), s.Process, "1Z999"))
	s.Clock.Advance(time.Hour)
	_, err := command(t, s.Refunds.RefundCommand, s.order, "-amount", "4.00", "-restock", "all", "-key", "k", "-note", "scratched", "-by", "ann", "-yes")
	require.NoError(t, err)

	said, err := command(t, s.Fulfilments.ShowCommand, s.order)

	require.NoError(t, err)
	for _, text := range []string{
		"Order " + s.order + " of 2026-11-23 10:00 UTC\n", "Bea\uFFFD[2J Buyer <buyer@example.com>, guest +13125550100\n",
		"Sam Ship, 2 Dock Rd, Unit 7, Chicago, IL 60602, US\n", "not handed to the mail queue yet",
		"2 x      3.50  SKU 1  Desk-Tidy Paper Clips", "(2 back on the shelf)", "discount PROMOTION: -0.56\n",
		"total               16.00 usd\n", "given back          -4.00\n", s.intent + ", 16.00 usd", "USPS Retail Ground 1Z999\n", "&tLabels=1Z999\n",
		"2026-11-23 11:00 UTC  4.00 usd  succeeded re_", "key k, by ann  scratched\n", "2026-11-23 10:00 UTC  shipped          ann          mail not queued yet\n",
	} {
		require.Contains(t, said, text)
	}
	require.NotContains(t, said, "\x1b")
}
