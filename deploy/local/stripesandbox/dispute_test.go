package stripesandbox_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"
)

func TestADisputedChargeIsWithheldUntilItIsWon(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, intent := w.paidSession()
	_, err := w.refund(intent, 155)
	require.NoError(t, err)
	opened := w.control(http.StatusOK, "/sandbox/charges/"+intent+"/dispute", "reason", "product_not_received")
	id := opened["id"].(string)
	require.Regexp(t, "^du_", id)
	w.restartAfterDelivery()
	found, err := w.stripe.Disputes.Get(id, nil)
	require.NoError(t, err)
	require.Equal(t, stripe.DisputeStatusNeedsResponse, found.Status)
	require.Equal(t, stripe.DisputeReasonProductNotReceived, found.Reason)
	require.EqualValues(t, orderTotal-155, found.Amount, "what was not given back yet")
	require.Equal(t, intent, found.PaymentIntent.ID)
	charge := w.charge(intent)
	require.True(t, charge.Disputed)
	require.Equal(t, charge.ID, found.Charge.ID)
	_, err = w.refund(intent, 0)
	require.Equal(t, stripe.ErrorCodeChargeDisputed, stripeError(t, err).Code)
	w.control(http.StatusConflict, "/sandbox/charges/"+intent+"/dispute")

	closing := "/sandbox/disputes/" + id + "/close"
	w.control(http.StatusBadRequest, closing, "status", "maybe")
	require.Equal(t, "won", w.control(http.StatusOK, closing, "status", "won")["status"])
	w.control(http.StatusConflict, closing, "status", "lost")
	audited := w.charged(made.ID)[0]
	require.Equal(t, true, audited["disputed"])
	require.Equal(t, "won", audited["dispute_status"])
	_, err = w.refund(intent, 0)
	require.NoError(t, err, "a won dispute gives the money back to the shop, which may refund it")
	w.awaitSent("checkout.session.completed", "refund.created", "charge.refunded", "charge.dispute.created", "charge.dispute.closed",
		"refund.created", "charge.refunded")
	require.Equal(t, "needs_response", w.told("charge.dispute.created")[0]["status"])
	require.Equal(t, "won", w.told("charge.dispute.closed")[0]["status"])
}

func TestALostDisputeTakesTheMoney(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, intent := w.paidSession()
	_, other := w.paidSession()
	id := w.control(http.StatusOK, "/sandbox/charges/"+intent+"/dispute")["id"].(string)
	second := w.control(http.StatusOK, "/sandbox/charges/"+other+"/dispute")["id"].(string)
	w.control(http.StatusOK, "/sandbox/disputes/"+id+"/close", "status", "lost")
	_, err := w.refund(intent, 0)
	require.Equal(t, stripe.ErrorCodeChargeDisputed, stripeError(t, err).Code)
	require.Equal(t, "lost", w.charged(made.ID)[0]["dispute_status"])
	require.Contains(t, w.do(http.MethodGet, "/", nil).body, "1 lost 1 needs_response")

	var listed []string
	disputes := w.stripe.Disputes.List(&stripe.DisputeListParams{})
	for disputes.Next() {
		listed = append(listed, disputes.Dispute().ID)
	}
	require.Equal(t, []string{second, id}, listed)
	of := w.stripe.Disputes.List(&stripe.DisputeListParams{PaymentIntent: stripe.String(intent)})
	require.True(t, of.Next())
	require.Equal(t, id, of.Dispute().ID)
	require.False(t, of.Next())
}

func TestOnlyATakenChargeIsDisputed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	late := w.newSession()
	w.pay(late.ID, lateCard)
	w.control(http.StatusConflict, "/sandbox/charges/"+w.session(late.ID).PaymentIntent.ID+"/dispute")
	_, intent := w.paidSession()
	w.control(http.StatusBadRequest, "/sandbox/charges/"+intent+"/dispute", "reason", "bored")
	w.control(http.StatusNotFound, "/sandbox/charges/pi_none/dispute")
	w.control(http.StatusNotFound, "/sandbox/disputes/du_none/close", "status", "won")
	_, err := w.refund(intent, 0)
	require.NoError(t, err)
	w.control(http.StatusConflict, "/sandbox/charges/"+intent+"/dispute")
	_, err = w.stripe.Disputes.Get("du_none", nil)
	require.Equal(t, stripe.ErrorCodeResourceMissing, stripeError(t, err).Code)
}
