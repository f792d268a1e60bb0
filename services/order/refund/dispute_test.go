package refund_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
)

func (s sale) failed(t *testing.T) {
	t.Helper()
	s.refused(t, func(process *checkouttest.Process) string {
		_, reason := s.giveBack(t.Context(), process, "k", 0)
		return reason
	})
}

func TestWhatADisputeTakesIsNotProposedToGoBackAsWell(t *testing.T) {
	t.Parallel()
	for ending, want := range map[string]int64{"lost": 0, "won": 1656} {
		t.Run(ending, func(t *testing.T) {
			t.Parallel()
			s := sell(t, checkouttest.Open(t))
			s.failed(t)
			require.EqualValues(t, 1656, s.proposed(t, "refund-failed"))
			s.Payment.Dispute(t, "du_1", s.session, "needs_response")
			s.learn(t, "charge.dispute.created", "du_1")
			require.Zero(t, s.proposed(t, "refund-failed"), "the bank may take it")
			s.Payment.Dispute(t, "du_1", s.session, ending)
			for range 2 {
				s.learn(t, "charge.dispute.closed", "du_1")
			}
			require.Equal(t, want, s.proposed(t, "refund-failed"))
		})
	}
}

func TestARefundThatFailsUnderADisputeIsNotProposed(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	s.Payment.Dispute(t, "du_1", s.session, "lost")
	s.learn(t, "charge.dispute.created", "du_1")
	s.failed(t)
	require.Zero(t, s.proposed(t, "refund-failed"))
	require.Equal(t, 1, s.exceptions(t, "refund-failed", false), "people are told all the same")
}
