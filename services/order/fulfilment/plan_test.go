package fulfilment_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// Nobody can be asked in these tests: what gets as far as the question fails at it.
func TestWhatIsAsItShouldBeIsNotAskedAbout(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	for _, run := range []func(...string) (string, error){
		func(yes ...string) (string, error) {
			return command(t, s.Fulfilments.StatusCommand, append([]string{s.order, "packing", "-by", "ann"}, yes...)...)
		},
		func(yes ...string) (string, error) {
			return command(t, s.Fulfilments.TrackingCommand, append([]string{s.order, "1Z9", "-by", "ann"}, yes...)...)
		},
		func(yes ...string) (string, error) {
			return command(t, s.Fulfilments.CancelCommand, append([]string{s.order, "-by", "ann"}, yes...)...)
		},
	} {
		_, err := run("-yes")
		require.NoError(t, err)
		said, err := run()
		require.NoError(t, err)
		require.Contains(t, said, "already; nothing changes.\n")
	}
	require.Equal(t, []string{"accepted", "packing", "cancelled"}, s.history(t))

	_, err := command(t, s.Refunds.RefundCommand, s.order, "-by", "ann", "-yes")
	require.NoError(t, err)
	said, err := command(t, s.Fulfilments.CancelCommand, s.order, "-refund", "-by", "ann")
	require.NoError(t, err)
	require.Contains(t, said, "is cancelled already, and all that was paid for it was given back; nothing changes.\n")
}

func TestWhatCannotBeIsRefusedBeforeTheQuestion(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	refuses := func(want string, run func(ctx context.Context, args []string) error, args ...string) {
		t.Helper()
		said, err := command(t, run, append(args, "-by", "ann", "-yes")...)
		require.ErrorContains(t, err, want)
		require.Empty(t, said)
	}
	refuses(`there is no status "sent"; there are accepted, `, s.Fulfilments.StatusCommand, s.order, "sent")
	refuses("by cancelling it or by giving money back", s.Fulfilments.StatusCommand, s.order, "refunded")
	refuses("tracking number is 1 to 100", s.Fulfilments.TrackingCommand, s.order, " 1Z")
	require.Empty(t, s.set(t.Context(), s.Process, "shipped"))
	refuses("is shipped: order-is-shipped: its goods have left", s.Fulfilments.CancelCommand, s.order, "-refund")
	require.Empty(t, s.set(t.Context(), s.Process, "packing"))
	require.Empty(t, s.cancel(t.Context(), s.Process, false, false))
	refuses("stays as it is", s.Fulfilments.StatusCommand, s.order, "packing")
	refuses("stays as it is", s.Fulfilments.TrackingCommand, s.order, "1Z")
}

func TestAnOrderThatWasGivenBackIsCancelledWithoutAPromise(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	_, err := command(t, s.Refunds.RefundCommand, s.order, "-by", "ann", "-yes")
	require.NoError(t, err)
	said, err := command(t, s.Fulfilments.CancelCommand, s.order, "-refund", "-by", "ann", "-yes")
	require.NoError(t, err)
	require.Contains(t, said, "All that was paid was given back already, nothing more goes back.")
}

func TestACancelledOrderWhoseMoneyStaysIsSaidToBe(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]struct {
		failure *fault.Error
		todo    string
	}{
		"stripe-refused":     {fault.New(fault.Invalid, "stripe-refused", ""), "-refund; until then \"exceptions\" lists it"},
		"stripe-unavailable": {fault.New(fault.Unavailable, "stripe-unavailable", ""), "The shop goes on asking by itself"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s := sell(t, checkouttest.Open(t))
			s.Client.Before = func(_ context.Context, method string) error {
				if method == "CreateRefund" {
					return want.failure
				}
				return nil
			}
			_, err := command(t, s.Fulfilments.CancelCommand, s.order, "-refund", "-by", "ann", "-yes")
			require.ErrorContains(t, err, "order "+s.order+" IS cancelled, and the customer is mailed, but 16.56 did NOT go back: "+reason)
			require.ErrorContains(t, err, want.todo)
			require.Equal(t, []string{"accepted", "cancelled"}, s.history(t))
			s.Client.Before = nil
			said, err := command(t, s.Fulfilments.CancelCommand, s.order, "-refund", "-by", "ann", "-yes")
			require.NoError(t, err)
			require.Contains(t, said, "is cancelled already. 16.56 goes back to the customer.")
			require.Equal(t, total, s.Order(t, s.order, 0).GetRefundedMinor())
		})
	}
}
