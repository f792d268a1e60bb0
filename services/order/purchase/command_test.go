package purchase_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/order/migrations"
	"github.com/bartgottschalk/startupwebapp/services/order/purchase"
	"github.com/bartgottschalk/startupwebapp/services/platform/jobs"
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

func counter(t *testing.T, shop *checkouttest.Shop, log *bytes.Buffer) purchase.Counter {
	t.Helper()
	queue, err := jobs.New(shop.DB, migrations.Schema, telemetry.Silent(), jobs.Config{})
	require.NoError(t, err)
	return purchase.Counter{DB: shop.DB, Queue: queue, Logger: slog.New(slog.NewJSONHandler(log, nil)), Now: shop.Clock.Now}
}

// giveUp does what the queue does after the last attempt.
func giveUp(t *testing.T, shop *checkouttest.Shop) {
	t.Helper()
	shop.Exec(t, "UPDATE river_job SET state = 'discarded', finalized_at = now() WHERE state NOT IN ('completed', 'cancelled', 'discarded')")
}

func live(t *testing.T, shop *checkouttest.Shop) int {
	t.Helper()
	return shop.Count(t, "SELECT count(*) FROM river_job WHERE state = 'available'")
}

// troubled is an order that was sent, got its number later, and was refunded in part, and none of its mails went out.
func troubled(t *testing.T, shop *checkouttest.Shop) string {
	t.Helper()
	order := buy(t, shop, checkouttest.Guest(), checkouttest.PaperClips, 1)
	_, err := shop.Fulfilments.SetOrderStatus(t.Context(), &orderv1.SetOrderStatusRequest{OrderIdentifier: order, Status: "shipped", By: "ann"})
	require.NoError(t, err)
	_, err = shop.Fulfilments.SetTrackingNumber(t.Context(), &orderv1.SetTrackingNumberRequest{OrderIdentifier: order, TrackingNumber: "1Z9", By: "ann"})
	require.NoError(t, err)
	_, err = shop.Refunds.RefundOrder(t.Context(), &orderv1.RefundOrderRequest{OrderIdentifier: order, Key: "k", AmountMinor: 100, By: "ann"})
	require.NoError(t, err)
	require.Equal(t, 4, live(t, shop))
	return order
}

func TestMailsThatWereGivenUpAreListedAndSentAgain(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	var log bytes.Buffer
	desk := counter(t, shop, &log)
	order := troubled(t, shop)
	said, err := command(t, desk.ListFailed)
	require.NoError(t, err)
	require.Equal(t, "no failed mails of orders\n", said, "they are under way")
	_, err = command(t, desk.Resend, order, "-by", "ann", "-yes")
	require.ErrorContains(t, err, "no mail of order "+order+" was given up")

	giveUp(t, shop)
	shop.Clock.Advance(72 * time.Hour)
	said, err = command(t, desk.ListFailed)
	require.NoError(t, err)
	require.Regexp(t, "ORDER +MAIL +SINCE +AGE\n", said)
	for _, mail := range []string{"confirmation", "shipped", "partly-refunded"} {
		require.Regexp(t, order+"  "+mail+" +2026-11-23 10:00:00  3 days\n", said)
	}
	require.Regexp(t, order+"  tracking-number ", said)
	require.NotContains(t, said, "@")

	said, err = command(t, desk.Resend, order, "-by", "ann", "-yes")
	require.NoError(t, err)
	require.Regexp(t, `(?m)^queued again: .*confirmation.*$`, said)
	require.Equal(t, 4, live(t, shop))
	require.Equal(t, 1, shop.Count(t, `SELECT count(*) FROM operator_action WHERE command = 'resend-order-mail' AND subject = $1 AND done_by = 'ann'
		AND detail LIKE '%confirmation%' AND detail LIKE '%shipped%' AND detail LIKE '%partly-refunded%' AND detail LIKE '%tracking-number%'`, order))
	require.Contains(t, log.String(), `"msg":"[OPERATOR] resend-order-mail","by":"ann","order":"`+order+`"`)
	require.NotContains(t, log.String(), "@")
	said, err = command(t, desk.ListFailed)
	require.NoError(t, err)
	require.Equal(t, "no failed mails of orders\n", said)

	shop.WorkJobs(t)
	require.Eventually(t, func() bool { return len(shop.Mail.Sent()) == 1 && len(shop.Mail.Notices()) == 3 }, patience, 5*time.Millisecond)
	for _, notice := range shop.Mail.Notices() {
		if notice.GetStatusTitle() == "Partly refunded" {
			require.EqualValues(t, 100, notice.GetRefundMinor())
			require.EqualValues(t, 100, notice.GetRefundedMinor())
		}
	}
	_, err = command(t, desk.Resend, order, "-by", "ann", "-yes")
	require.ErrorContains(t, err, "was given up")
}

func TestMailsWhoseJobsAreGoneAreFound(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	var log bytes.Buffer
	desk := counter(t, shop, &log)
	order := troubled(t, shop)
	shop.Exec(t, "DELETE FROM river_job")
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if _, err := command(t, desk.Resend, order, "-by", "ann", "-yes"); err != nil {
				require.ErrorContains(t, err, "was given up")
			}
		})
	}
	group.Wait()
	require.Equal(t, 3, live(t, shop), "each once, whoever asks")
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM operator_action WHERE command = 'resend-order-mail'"))
}

func TestNobodyToWriteToIsNoFailedMail(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	var log bytes.Buffer
	desk := counter(t, shop, &log)
	order := troubled(t, shop)
	giveUp(t, shop)
	_, err := shop.Fulfilments.SetTrackingNumber(t.Context(), &orderv1.SetTrackingNumberRequest{OrderIdentifier: order, TrackingNumber: "1Z10", By: "ann"})
	require.NoError(t, err)
	said, err := command(t, desk.ListFailed)
	require.NoError(t, err)
	require.NotContains(t, said, "tracking-number", "another number has taken its place")
	shop.Exec(t, "UPDATE purchase SET email = ''")
	said, err = command(t, desk.ListFailed)
	require.NoError(t, err)
	require.Equal(t, "no failed mails of orders\n", said)
}

func TestWhatCannotBeSentAgain(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	var log bytes.Buffer
	desk := counter(t, shop, &log)
	order := troubled(t, shop)
	giveUp(t, shop)
	for _, args := range [][]string{{}, {""}, {"nosuchorde"}, {order, order}, {"a\x00b"}} {
		_, err := command(t, desk.Resend, append([]string{"-by", "ann", "-yes"}, args...)...)
		require.ErrorContains(t, err, "resend-order-mail: ", "%q", args)
	}
	_, err := command(t, desk.Resend, "-by", "ann", "-yes", order, "--everything")
	require.ErrorContains(t, err, "-everything")
	_, err = command(t, desk.ListFailed, order)
	require.ErrorContains(t, err, "is not understood")
	require.Zero(t, live(t, shop))
	require.Empty(t, log.String())
}

func TestOrderWithARefundUnderWayIsNotAnonymised(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	order := buy(t, shop, checkouttest.Member(7), checkouttest.PaperClips, 1)
	shop.Exec(t, "UPDATE purchase SET confirmation_accepted_at = now()")
	obstacles := func() (found []string) {
		require.NoError(t, shop.DB.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
			held, err := purchase.HoldOfAccount(ctx, tx, 7, shop.Clock.Now())
			found = held.Obstacles
			return err
		}))
		return found
	}
	require.Empty(t, obstacles())
	shop.Payment.NextRefunds(paymentv1.RefundStatus_REFUND_STATUS_PENDING)
	_, err := shop.Refunds.RefundOrder(t.Context(), &orderv1.RefundOrderRequest{OrderIdentifier: order, Key: "k", By: "ann"})
	require.NoError(t, err)
	require.Equal(t, []string{"a refund of order " + order + " is under way; its customer is told should the bank send it back"}, obstacles())
	shop.Exec(t, "UPDATE refund SET state = 'succeeded', settled_at = now(), next_check_at = NULL")
	require.Empty(t, obstacles())
}
