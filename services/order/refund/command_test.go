package refund_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/order/stock"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// refundOrder runs the subcommand as an operator does and answers what it printed.
func (s sale) refundOrder(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out, logs bytes.Buffer
	failed := errors.New("the task did not run")
	program := process.Program[struct{}]{Name: "order", Tasks: map[string]process.Task[struct{}]{
		"it": {Run: func(ctx context.Context, _ struct{}, _ telemetry.Telemetry, args []string) error {
			failed = s.Refunds.RefundCommand(ctx, args)
			return nil
		}},
	}}
	require.Zero(t, process.Run(t.Context(), program, append([]string{"it", s.order, "-by", "ann", "-yes"}, args...), nil, &out, &logs))
	return out.String(), failed
}

func TestOperatorChoosesWhatGoesBackOnTheShelf(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	require.NoError(t, stock.Set(t.Context(), shop.DB, checkouttest.PaperClips, 10, "ann", shop.Clock.Now()))
	s := sell(t, shop)
	onHand := func() int { return s.Count(t, "SELECT on_hand FROM stock") }
	require.Equal(t, 8, onHand())
	for _, wrong := range []string{"", "1", "one=1", "1=", "=1", "1=0", "1=-1", "1=1,1=1", "1=1,", "1=3000000000", "-1=1", "true"} {
		_, err := s.refundOrder(t, "-amount", "1.00", "-restock", wrong)
		require.Error(t, err, wrong)
	}
	_, err := s.refundOrder(t, "-amount", "1.00", "-restock", "99=1")
	require.ErrorContains(t, err, "restock-invalid")
	require.Zero(t, s.atStripe())

	said, err := s.refundOrder(t, "-amount", "1.00", "-restock", "1=1")
	require.NoError(t, err)
	require.Contains(t, said, "1.00 goes back to the customer, back on the shelf go 1 of SKU 1.")
	require.Equal(t, 9, onHand())
	_, err = s.refundOrder(t, "-restock", "all")
	require.NoError(t, err)
	require.Equal(t, 10, onHand())
	require.Equal(t, total, s.atStripe())
}

func TestRefundsThatCannotBeAreRefusedWithASentence(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	_, err := s.refundOrder(t, "-amount", "4.00", "-key", "k")
	require.NoError(t, err)
	for want, args := range map[string][]string{
		"cost 16.56, 4.00 was given back: 20.00 is more than the 12.56 that is left": {"-amount", "20.00"},
		"this key stands for a refund with other content":                            {"-amount", "5.00", "-key", "k"},
		"a key is 1 to 100 visible characters":                                       {"-key", "a b"},
	} {
		printed, err := s.refundOrder(t, args...)
		require.ErrorContains(t, err, want)
		require.Empty(t, printed, "nothing was promised, nor asked")
	}
	printed, err := s.refundOrder(t, "-amount", "4.00", "-key", "k")
	require.NoError(t, err)
	require.Contains(t, printed, "The refund k of 4.00 was asked for before: nothing more goes back.\n4.00 of order ")

	_, err = s.refundOrder(t)
	require.NoError(t, err)
	require.Equal(t, total, s.atStripe())
	printed, err = s.refundOrder(t)
	require.ErrorContains(t, err, "cost 16.56, 16.56 was given back: nothing is left to give back")
	require.Empty(t, printed)
}
