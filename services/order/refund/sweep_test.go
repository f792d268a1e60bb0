package refund_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/order/stock"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

func TestStripeIsAway(t *testing.T) {
	t.Parallel()
	for _, lost := range []string{"request", "answer"} {
		t.Run(lost, func(t *testing.T) {
			t.Parallel()
			s := sell(t, checkouttest.Open(t))
			broken := s.Another(t, nil)
			fail := func(_ context.Context, method string) error {
				if method == "CreateRefund" {
					return checkouttest.Unavailable()
				}
				return nil
			}
			if broken.Client.Before = fail; lost == "answer" {
				broken.Client.Before, broken.Client.After = nil, fail
			}

			_, reason := s.giveBack(t.Context(), broken, "k", 700)
			require.Equal(t, "stripe-unavailable", reason)
			_, reason = s.giveBack(t.Context(), s.Process, "other", total-700+1)
			require.Equal(t, "refund-exceeds-payment", reason, "what is on its way counts")
			require.Equal(t, []string{"accepted"}, s.history(t))
			require.Zero(t, s.Order(t, s.order, 0).GetRefundedMinor())
			require.NoError(t, s.Refunds.Sweep(t.Context()), "not due")
			require.Equal(t, "pending", s.state(t, "k"))

			s.Clock.Advance(time.Minute)
			require.Error(t, broken.Refunds.Sweep(t.Context()))
			require.NoError(t, broken.Refunds.Sweep(t.Context()), "later times are further apart")
			s.Clock.Advance(time.Minute)
			require.NoError(t, s.Refunds.Sweep(t.Context()))

			require.Equal(t, "succeeded", s.state(t, "k"))
			require.EqualValues(t, 700, s.atStripe())
			require.Equal(t, []string{"accepted", "partly-refunded"}, s.history(t))
			s.Clock.Advance(24 * time.Hour)
			asked := s.Client.Calls("CreateRefund")
			require.NoError(t, s.Refunds.Sweep(t.Context()))
			require.Equal(t, asked, s.Client.Calls("CreateRefund"), "nothing is left to do")
		})
	}
}

func TestSweepWaitsLongerEachTimeUpToAnHour(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	s.Client.Before = func(_ context.Context, method string) error {
		if method == "CreateRefund" {
			return fault.New(fault.DeadlineExceeded, "deadline-exceeded", "")
		}
		return nil
	}
	_, reason := s.giveBack(t.Context(), s.Process, "k", 700)
	require.Equal(t, "stripe-unavailable", reason)
	tries := 0
	for range 12 * 60 { // twelve hours
		s.Clock.Advance(time.Minute)
		if s.Refunds.Sweep(t.Context()) != nil {
			tries++
		}
	}
	require.InDelta(t, 18, tries, 2)
}

// dying is a queue that fails as a process does that dies in the middle of a transaction.
type dying struct{}

func (dying) InsertTx(context.Context, pgx.Tx, river.JobArgs, *river.InsertOpts) error {
	return errors.New("died")
}

func TestProcessDiesBetweenStripeAndTheBooks(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	require.NoError(t, stock.Set(t.Context(), shop.DB, checkouttest.PaperClips, 10, "ann", shop.Clock.Now()))
	s := sell(t, shop)
	_, err := s.Another(t, dying{}).Refunds.RefundOrder(t.Context(), &orderv1.RefundOrderRequest{OrderIdentifier: s.order, Key: "k", RestockAll: true})
	require.ErrorContains(t, err, "died")
	require.Equal(t, total, s.atStripe())
	require.Equal(t, "pending", s.state(t, "k"))
	require.Equal(t, []string{"accepted"}, s.history(t), "all of it or nothing")
	require.Equal(t, 8, s.Count(t, "SELECT on_hand FROM stock"))

	s.Clock.Advance(time.Minute)
	require.NoError(t, s.Another(t, nil).Refunds.Sweep(t.Context()))

	require.Equal(t, []string{"accepted", "refunded"}, s.history(t))
	require.Equal(t, 10, s.Count(t, "SELECT on_hand FROM stock"))
	require.Equal(t, total, s.atStripe())
	s.booksAreInOrder(t)
}

func TestCallerGoesAwayWhileStripeIsAsked(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	ctx, leave := context.WithCancel(t.Context())
	gone := s.Another(t, nil)
	gone.Client.After = func(_ context.Context, method string) error {
		if method == "CreateRefund" {
			leave()
		}
		return nil
	}
	_, reason := s.giveBack(ctx, gone, "k", 0)
	require.NotEmpty(t, reason)
	s.Clock.Advance(time.Minute)
	require.NoError(t, s.Refunds.Sweep(t.Context()))
	require.Equal(t, []string{"accepted", "refunded"}, s.history(t))
	require.Equal(t, total, s.atStripe())
}

func TestRunSweepsUntilItIsTold(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	s.Client.Before = func(context.Context, string) error { return checkouttest.Unavailable() }
	_, reason := s.giveBack(t.Context(), s.Process, "k", 0)
	require.Equal(t, "stripe-unavailable", reason)
	s.Clock.Advance(time.Minute)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	other := s.Another(t, nil)
	go func() { ended <- other.Refunds.Run(ctx) }()
	require.Eventually(t, func() bool { return s.state(t, "k") == "succeeded" }, patience, 5*time.Millisecond)
	stop()
	require.NoError(t, <-ended)
}
