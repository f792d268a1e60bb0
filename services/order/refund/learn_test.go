package refund_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// mismatch is a payment that became an exception instead of an order.
func mismatch(t *testing.T, shop *checkouttest.Shop) sale {
	t.Helper()
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 2)
	session := shop.Start(t, guest)
	require.True(t, shop.Payment.Pay(session))
	shop.Payment.Change(t, session, func(s *paymentv1.Session) { s.SubtotalMinor++; s.TotalMinor++ })
	_, err := shop.Checkouts.CompleteCheckout(t.Context(), &orderv1.CompleteCheckoutRequest{SessionId: session})
	require.Equal(t, "payment-exception", fault.ReasonOf(err))
	return sale{Shop: shop, session: session, intent: "pi_of_" + session}
}

func (s sale) exceptionID(t *testing.T, reason string) int64 {
	t.Helper()
	return int64(s.Count(t, "SELECT id FROM payment_exception WHERE reason = $1", reason))
}

func (s sale) detail(t *testing.T, reason string) (detail string) {
	t.Helper()
	require.NoError(t, s.DB.QueryRow(t.Context(), "SELECT detail FROM payment_exception WHERE reason = $1", reason).Scan(&detail))
	return detail
}

// learn has an event about the payment handled.
func (s sale) learn(t *testing.T, kind, disputeID string) {
	t.Helper()
	_, err := s.Checkouts.HandlePaymentEvent(t.Context(), &orderv1.HandlePaymentEventRequest{
		EventId: s.Payment.PaymentEvent(t, kind, s.session, disputeID), EventType: kind, SessionId: s.session,
		PaymentIntentId: s.intent, DisputeId: disputeID,
	})
	require.NoError(t, err)
}

func TestRefundsOfTheDashboardAreLearnt(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	s.WorkJobs(t)
	made := s.Payment.RefundAtStripe(t, s.session, 500)
	processes := []*checkouttest.Process{s.Process, s.Another(t, nil)}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if err := processes[i%2].Refunds.LearnRefunds(t.Context(), s.intent); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Equal(t, []string{"accepted", "partly-refunded"}, s.history(t))
	require.EqualValues(t, 500, s.Order(t, s.order, 0).GetRefundedMinor())
	listed, err := s.Refunds.ListRefunds(t.Context(), &orderv1.ListRefundsRequest{OrderIdentifier: s.order})
	require.NoError(t, err)
	require.Len(t, listed.GetRefunds(), 1)
	require.Equal(t, []string{"stripe/" + made.GetRefundId(), "stripe"}, []string{listed.GetRefunds()[0].GetKey(), listed.GetRefunds()[0].GetBy()})

	s.Payment.RefundAtStripe(t, s.session, total-500)
	s.learn(t, "charge.refunded", "")
	s.learn(t, "charge.refunded", "")
	require.Equal(t, []string{"accepted", "partly-refunded", "refunded"}, s.history(t))
	require.Eventually(t, func() bool { return len(s.Mail.Notices()) == 2 }, patience, 5*time.Millisecond)
	_, reason := s.giveBack(t.Context(), s.Process, "k", 0)
	require.Equal(t, "refund-exceeds-payment", reason)
	s.booksAreInOrder(t)
}

func TestSweepOfEventsLearnsToo(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	s.Payment.RefundAtStripe(t, s.session, total)
	s.Payment.PaymentEvent(t, "charge.refunded", s.session, "")
	s.Client.Before = func(_ context.Context, method string) error {
		if method == "ListRefunds" {
			return checkouttest.Unavailable()
		}
		return nil
	}
	s.Clock.Advance(time.Hour)
	require.Error(t, s.Checkouts.Sweep(t.Context()))
	require.Equal(t, 1, s.Payment.Unhandled(), "it comes again")
	require.NoError(t, s.Another(t, nil).Checkouts.Sweep(t.Context()))
	require.Zero(t, s.Payment.Unhandled())
	require.Equal(t, []string{"accepted", "refunded"}, s.history(t))
}

func TestOurRefundIsNotTakenForOneOfTheDashboard(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	quick := s.Another(t, nil)
	quick.Client.After = func(ctx context.Context, method string) error { // the event is faster than the answer
		if method == "CreateRefund" {
			return s.Refunds.LearnRefunds(ctx, s.intent)
		}
		return nil
	}
	for _, key := range []string{"plain", "not#plain"} {
		refund, reason := s.giveBack(t.Context(), quick, key, 100)
		require.Empty(t, reason)
		require.Equal(t, key, refund.GetKey())
	}
	require.Equal(t, 2, s.Count(t, "SELECT count(*) FROM refund"))
	require.Equal(t, []string{"accepted", "partly-refunded", "partly-refunded"}, s.history(t))
}

func TestRefundWhoseKeyWasNotKnownFindsItsRow(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	lost := s.Another(t, nil)
	lost.Client.After = func(_ context.Context, method string) error {
		if method == "CreateRefund" {
			return checkouttest.Unavailable()
		}
		return nil
	}
	_, reason := s.giveBack(t.Context(), lost, "k", 100)
	require.Equal(t, "stripe-unavailable", reason)
	// The payment service could not say whose it is when it was learnt.
	s.Exec(t, `INSERT INTO refund (key, purchase_id, payment_intent, amount_minor, currency, state, refund_id, requested_by, note, requested_at, settled_at)
		SELECT 'stripe/' || $1, id, $2, 100, 'usd', 'succeeded', $1, 'stripe', '', now(), now() FROM purchase`, s.Payment.Refunds(s.intent)[0].GetRefundId(), s.intent)

	refund, reason := s.giveBack(t.Context(), s.Process, "k", 100)

	require.Empty(t, reason)
	require.Equal(t, orderv1.RefundState_REFUND_STATE_SUCCEEDED, refund.GetState())
	require.Equal(t, 1, s.Count(t, "SELECT count(*) FROM refund"))
	require.EqualValues(t, 100, s.Order(t, s.order, 0).GetRefundedMinor())
}

func TestMoreGoesBackThanCame(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	s.Payment.Change(t, s.session, func(session *paymentv1.Session) { session.TotalMinor *= 2 })
	s.Payment.RefundAtStripe(t, s.session, 2*total)
	for range 3 {
		s.learn(t, "charge.refunded", "")
	}
	require.Equal(t, 1, s.exceptions(t, "refund-exceeds-payment", false))
	require.Equal(t, "33.12 of 16.56 was given back", s.detail(t, "refund-exceeds-payment"))
	require.Equal(t, []string{"accepted", "refunded"}, s.history(t))
}

func TestPaymentsThatAreNotOursAreNoError(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	shop.Payment.Put(&paymentv1.Session{SessionId: "cs_theirs", Currency: "usd", TotalMinor: 900, PaymentIntentId: "pi_theirs"})
	shop.Payment.RefundAtStripe(t, "cs_theirs", 900)
	shop.Payment.Dispute(t, "du_theirs", "cs_theirs", "needs_response")
	for _, intent := range []string{"pi_theirs", "pi_unknown", ""} {
		require.NoError(t, shop.Refunds.LearnRefunds(t.Context(), intent))
	}
	for _, dispute := range []string{"du_theirs", "du_unknown"} {
		require.NoError(t, shop.Refunds.LearnDispute(t.Context(), dispute))
	}
	require.Zero(t, shop.Count(t, "SELECT (SELECT count(*) FROM refund) + (SELECT count(*) FROM dispute) + (SELECT count(*) FROM payment_exception)"))
	shop.Client.Before = func(context.Context, string) error { return checkouttest.Unavailable() }
	require.Equal(t, fault.Unavailable, fault.KindOf(shop.Refunds.LearnRefunds(t.Context(), "pi_theirs")))
	require.Equal(t, fault.Unavailable, fault.KindOf(shop.Refunds.LearnDispute(t.Context(), "du_theirs")))
}

func TestDashboardGivesBackWhatBecameNoOrder(t *testing.T) {
	t.Parallel()
	s := mismatch(t, checkouttest.Open(t))
	s.Payment.RefundAtStripe(t, s.session, 600)
	s.learn(t, "charge.refunded", "")
	require.Equal(t, 1, s.Count(t, "SELECT count(*) FROM payment_exception WHERE proposed_refund_minor = $1 AND resolved_at IS NULL", total+1-600))
	s.Payment.RefundAtStripe(t, s.session, total+1-600)
	for range 2 {
		s.learn(t, "charge.refunded", "")
	}
	require.Equal(t, 1, s.Count(t, "SELECT count(*) FROM payment_exception WHERE resolved_by = 'stripe' AND resolution = '16.57 was given back'"))
	require.Equal(t, 2, s.Count(t, "SELECT count(*) FROM refund WHERE exception_id IS NOT NULL"))
	s.booksAreInOrder(t)
}

// resolve asks one process to give the money of an exception back.
func (s sale) resolve(ctx context.Context, process *checkouttest.Process, id int64) string {
	_, err := process.Exceptions.ResolveException(ctx, &orderv1.ResolveExceptionRequest{ExceptionId: id, By: "ann", Note: "was ours", Refund: true})
	return fault.ReasonOf(err)
}

func TestResolvingGivesBackOnceHoweverManyDoIt(t *testing.T) {
	t.Parallel()
	s := mismatch(t, checkouttest.Open(t))
	id := s.exceptionID(t, "amount-mismatch")
	processes := []*checkouttest.Process{s.Process, s.Another(t, nil)}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if reason := s.resolve(t.Context(), processes[i%2], id); reason != "" {
				t.Error(reason)
			}
		})
	}
	all.Wait()
	require.Equal(t, total+1, s.atStripe())
	require.Equal(t, fmt.Sprintf("exception/%d", id), s.Payment.Refunds(s.intent)[0].GetKey())
	require.Equal(t, 1, s.Count(t, "SELECT count(*) FROM payment_exception WHERE resolved_by = 'ann' AND resolution = 'was ours'"))
	require.Equal(t, 1, s.Count(t, "SELECT count(*) FROM operator_action WHERE command = 'resolve-exception'"))
	s.booksAreInOrder(t)
}

func TestResolvingGoesOnByItself(t *testing.T) {
	t.Parallel()
	s := mismatch(t, checkouttest.Open(t))
	away := s.Another(t, nil)
	away.Client.Before = func(context.Context, string) error { return checkouttest.Unavailable() }
	require.Equal(t, "stripe-unavailable", s.resolve(t.Context(), away, s.exceptionID(t, "amount-mismatch")))
	require.Equal(t, 1, s.exceptions(t, "amount-mismatch", false))
	s.Clock.Advance(time.Minute)
	require.NoError(t, s.Refunds.Sweep(t.Context()))
	require.Equal(t, total+1, s.atStripe())
	require.Equal(t, 1, s.Count(t, "SELECT count(*) FROM payment_exception WHERE resolved_by = 'ann' AND resolution = 'was ours'"))
	require.Empty(t, s.resolve(t.Context(), s.Process, s.exceptionID(t, "amount-mismatch")), "said again")
	s.booksAreInOrder(t)
}

func TestBankSendsBackTheMoneyOfAnException(t *testing.T) {
	t.Parallel()
	s := mismatch(t, checkouttest.Open(t))
	s.Payment.NextRefunds(paymentv1.RefundStatus_REFUND_STATUS_PENDING)
	require.Empty(t, s.resolve(t.Context(), s.Process, s.exceptionID(t, "amount-mismatch")))
	s.Payment.SettleRefunds(s.intent, paymentv1.RefundStatus_REFUND_STATUS_FAILED)
	s.learn(t, "refund.failed", "")
	require.Equal(t, 1, s.Count(t, "SELECT count(*) FROM payment_exception WHERE reason = 'refund-failed' AND resolved_at IS NULL AND proposed_refund_minor = $1", total+1))
	s.Payment.NextRefunds(paymentv1.RefundStatus_REFUND_STATUS_SUCCEEDED)
	require.Empty(t, s.resolve(t.Context(), s.Process, s.exceptionID(t, "refund-failed")))
	require.Equal(t, total+1, s.atStripe())
	s.booksAreInOrder(t)
}

func TestExceptionAboutAnOrderIsARefundOfTheOrder(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	s.Payment.NextRefunds(paymentv1.RefundStatus_REFUND_STATUS_PENDING)
	_, reason := s.giveBack(t.Context(), s.Process, "k", 700)
	require.Empty(t, reason)
	s.Payment.SettleRefunds(s.intent, paymentv1.RefundStatus_REFUND_STATUS_FAILED)
	s.learn(t, "refund.failed", "")
	s.Payment.NextRefunds(paymentv1.RefundStatus_REFUND_STATUS_SUCCEEDED)
	id := s.exceptionID(t, "refund-failed")
	for range 2 {
		require.Empty(t, s.resolve(t.Context(), s.Process, id))
	}
	require.EqualValues(t, 700, s.atStripe())
	require.EqualValues(t, 700, s.Order(t, s.order, 0).GetRefundedMinor())
	require.Equal(t, 1, s.exceptions(t, "refund-failed", true))
	require.Equal(t, []string{"accepted", "partly-refunded", "refund-failed", "partly-refunded"}, s.history(t))
}

func TestDisputeWaitsForPeopleUntilItIsWon(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	s.Payment.Dispute(t, "du_1", s.session, "needs_response")
	for range 2 {
		s.learn(t, "charge.dispute.created", "du_1")
	}
	require.Equal(t, 1, s.exceptions(t, "dispute", false))
	require.Equal(t, "du_1: fraudulent, needs_response, 16.56 usd", s.detail(t, "dispute"))
	require.Equal(t, 1, s.Count(t, "SELECT count(*) FROM payment_exception WHERE proposed_refund_minor = 0 AND order_identifier = $1 AND checkout_id IS NOT NULL", s.order))
	s.Payment.Dispute(t, "du_1", s.session, "under_review")
	s.learn(t, "charge.dispute.updated", "du_1")
	require.Contains(t, s.detail(t, "dispute"), "under_review")
	s.Payment.Dispute(t, "du_1", s.session, "won")
	for range 2 {
		s.learn(t, "charge.dispute.closed", "du_1")
	}
	require.Equal(t, 1, s.Count(t, "SELECT count(*) FROM payment_exception WHERE resolved_by = 'stripe' AND resolution = 'won'"))
	require.Equal(t, 1, s.Count(t, "SELECT count(*) FROM dispute WHERE status = 'won' AND closed_at IS NOT NULL AND purchase_id IS NOT NULL"))
	s.Payment.Dispute(t, "du_1", s.session, "needs_response") // an answer from before
	s.learn(t, "charge.dispute.created", "du_1")
	require.Equal(t, 1, s.exceptions(t, "dispute", true))
	s.booksAreInOrder(t)
}

func TestLostDisputeStaysForPeopleAndIsOpenedAgainForThem(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	s.Payment.Dispute(t, "du_1", s.session, "needs_response")
	s.learn(t, "charge.dispute.created", "du_1")
	resolve := func() {
		_, err := s.Exceptions.ResolveException(t.Context(), &orderv1.ResolveExceptionRequest{ExceptionId: s.exceptionID(t, "dispute"), By: "ann", Note: "answered"})
		require.NoError(t, err)
	}
	resolve()
	s.Payment.Dispute(t, "du_1", s.session, "under_review")
	s.learn(t, "charge.dispute.updated", "du_1")
	require.Equal(t, 1, s.exceptions(t, "dispute", true), "a step at the bank wakes nobody")
	s.Payment.Dispute(t, "du_1", s.session, "lost")
	s.learn(t, "charge.dispute.closed", "du_1")
	require.Equal(t, 1, s.exceptions(t, "dispute", false))
	require.Equal(t, "du_1: fraudulent, lost, 16.56 usd", s.detail(t, "dispute"))
	resolve()
	s.learn(t, "charge.dispute.closed", "du_1")
	require.Equal(t, 1, s.exceptions(t, "dispute", true), "once is enough")
}

func TestDisputesOutOfOrderAndMoreThanOne(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	s.Payment.Dispute(t, "du_1", s.session, "won") // closed before we heard that it was opened
	s.learn(t, "charge.dispute.closed", "du_1")
	s.learn(t, "charge.dispute.created", "du_1")
	require.Zero(t, s.exceptions(t, "dispute", false))
	s.booksAreInOrder(t)
	s.Payment.Dispute(t, "du_2", s.session, "needs_response")
	s.learn(t, "charge.dispute.created", "du_2")
	require.Equal(t, 1, s.exceptions(t, "dispute", false))
	require.NotContains(t, s.detail(t, "dispute"), "du_1")

	unordered := mismatch(t, s.Shop)
	s.Payment.Dispute(t, "du_3", unordered.session, "needs_response")
	unordered.learn(t, "charge.dispute.created", "du_3")
	require.Equal(t, 2, s.exceptions(t, "dispute", false))
	require.Equal(t, 1, s.Count(t, "SELECT count(*) FROM dispute WHERE purchase_id IS NULL AND payment_intent = $1", unordered.intent))
}

func TestSameDisputeManyTimesAtOnce(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	s.Payment.Dispute(t, "du_1", s.session, "needs_response")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := s.Refunds.LearnDispute(t.Context(), "du_1"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Equal(t, 1, s.exceptions(t, "dispute", false))
	require.Equal(t, 1, s.Count(t, "SELECT count(*) FROM dispute"))
}
