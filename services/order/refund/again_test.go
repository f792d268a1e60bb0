package refund_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/order/exception"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// bounced is a refund that Stripe takes on and whose bank sends it back at once.
func (s sale) bounced(t *testing.T, key string, amountMinor int64) {
	t.Helper()
	s.Payment.NextRefunds(paymentv1.RefundStatus_REFUND_STATUS_FAILED)
	_, reason := s.giveBack(t.Context(), s.Process, key, amountMinor)
	require.Empty(t, reason)
	s.Payment.NextRefunds(paymentv1.RefundStatus_REFUND_STATUS_SUCCEEDED)
	require.Equal(t, "failed", s.state(t, key))
}

// refused is a refund that Stripe does not take on.
func (s sale) refused(t *testing.T, ask func(process *checkouttest.Process) string) {
	t.Helper()
	poor := s.Another(t, nil)
	poor.Client.Before = func(_ context.Context, method string) error {
		if method == "CreateRefund" {
			return fault.New(fault.Invalid, "stripe-refused", "")
		}
		return nil
	}
	require.Equal(t, "stripe-refused", ask(poor))
}

// proposed is what the open exception proposes to give back.
func (s sale) proposed(t *testing.T, reason string) int64 {
	t.Helper()
	return int64(s.Count(t, "SELECT proposed_refund_minor::integer FROM payment_exception WHERE reason = $1 AND resolved_at IS NULL", reason))
}

func (s sale) cancel(t *testing.T, process *checkouttest.Process) string {
	t.Helper()
	_, err := process.Fulfilments.CancelOrder(t.Context(), &orderv1.CancelOrderRequest{OrderIdentifier: s.order, Refund: true, By: "ann"})
	return fault.ReasonOf(err)
}

func TestExceptionThatOpensAgainGivesBackAgain(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	s.bounced(t, "k1", 300)
	require.Empty(t, s.resolve(t.Context(), s.Process, s.exceptionID(t, "refund-failed")))
	require.EqualValues(t, 300, s.atStripe())
	s.Clock.Advance(time.Minute)
	s.bounced(t, "k2", 500)
	require.EqualValues(t, 500, s.proposed(t, "refund-failed"))

	for range 3 {
		require.Empty(t, s.resolve(t.Context(), s.Process, s.exceptionID(t, "refund-failed")))
	}

	require.EqualValues(t, 800, s.atStripe())
	require.Equal(t, 1, s.exceptions(t, "refund-failed", true))
	require.Equal(t, 1, s.Count(t, "SELECT count(*) FROM operator_action WHERE command = 'resolve-exception' AND detail = 'gave back 5.00 usd'"))
	s.booksAreInOrder(t)
}

func TestEarlierRefundOfAnExceptionIsNotTakenForTheNext(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	s.bounced(t, "k1", 300)
	away := s.Another(t, nil)
	away.Client.Before = func(context.Context, string) error { return checkouttest.Unavailable() }
	id := s.exceptionID(t, "refund-failed")
	require.Equal(t, "stripe-unavailable", s.resolve(t.Context(), away, id))
	closed := func() {
		_, err := s.Exceptions.ResolveException(t.Context(), &orderv1.ResolveExceptionRequest{ExceptionId: id, By: "bob", Note: "by cheque"})
		require.NoError(t, err)
	}
	closed()
	s.Clock.Advance(time.Hour)
	s.bounced(t, "k2", 500)

	require.NoError(t, s.Refunds.Sweep(t.Context()), "the 3.00 go on by themselves")
	require.EqualValues(t, 300, s.atStripe())
	require.Equal(t, 1, s.exceptions(t, "refund-failed", false), "and settle nothing that came later")
	require.Empty(t, s.resolve(t.Context(), s.Process, id))
	require.EqualValues(t, 800, s.atStripe())

	s.Clock.Advance(time.Hour)
	s.bounced(t, "k3", 100)
	s.Clock.Advance(time.Hour)
	closed()
	require.Equal(t, "exception-is-resolved", s.resolve(t.Context(), s.Process, id), "without money, whatever was given before")
	_, err := s.Exceptions.ResolveException(t.Context(), &orderv1.ResolveExceptionRequest{ExceptionId: id, By: "bob", Note: "by cheque", Refund: true})
	require.Equal(t, "exception-is-resolved", fault.ReasonOf(err))
	require.EqualValues(t, 800, s.atStripe())
}

// intruder is a queue that lets something happen in the middle of the transaction that makes an order.
type intruder func()

func (i intruder) InsertTx(context.Context, pgx.Tx, river.JobArgs, *river.InsertOpts) error {
	i()
	return nil
}

func TestMoneyOfAnOrderThatIsJustMadeStays(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 2)
	session := shop.Start(t, guest)
	require.True(t, shop.Payment.Pay(session))
	s := sale{Shop: shop, session: session, intent: "pi_of_" + session}
	_, reference := shop.Checkout(t, session)
	require.NoError(t, shop.DB.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		_, err := shop.Exceptions.Note(ctx, tx, exception.Finding{
			SessionID: session, Reason: exception.AmountMismatch, Reference: reference, PaymentIntent: s.intent,
			Currency: "usd", TotalMinor: total, ProposedRefundMinor: total, Detail: "as somebody saw it",
		})
		return err
	}))
	answered := make(chan string, 1)
	maker := shop.Another(t, intruder(func() {
		if len(answered) > 0 {
			return
		}
		go func() {
			answered <- s.resolve(context.WithoutCancel(t.Context()), s.Process, s.exceptionID(t, "amount-mismatch"))
		}()
		require.Eventually(t, func() bool {
			return len(answered) > 0 || s.Count(t, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") > 0
		}, patience, 5*time.Millisecond)
	}))

	made, err := maker.Checkouts.CompleteCheckout(t.Context(), &orderv1.CompleteCheckoutRequest{SessionId: session})

	require.NoError(t, err)
	require.Equal(t, "payment-has-order", <-answered)
	require.Zero(t, s.atStripe())
	require.Zero(t, s.Count(t, "SELECT count(*) FROM refund"))
	s.order = made.GetOrderIdentifier()
	_, reason := s.giveBack(t.Context(), s.Process, "k", 0)
	require.Empty(t, reason, "the order's refund is there for that")
}

func TestCancelGivesTheRestBack(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	s.refused(t, func(process *checkouttest.Process) string { return s.cancel(t, process) })
	_, reason := s.giveBack(t.Context(), s.Process, "k", 300)
	require.Empty(t, reason)

	for range 3 {
		require.Empty(t, s.cancel(t, s.Process))
	}

	require.Equal(t, total, s.atStripe())
	require.Equal(t, total, s.Order(t, s.order, 0).GetRefundedMinor())
	require.Len(t, s.Payment.Refunds(s.intent), 2)
	s.booksAreInOrder(t)
}

func TestCancelGivesBackWhatTheBankReturned(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	s.Payment.NextRefunds(paymentv1.RefundStatus_REFUND_STATUS_PENDING)
	require.Empty(t, s.cancel(t, s.Process))
	s.Payment.SettleRefunds(s.intent, paymentv1.RefundStatus_REFUND_STATUS_FAILED)
	s.learn(t, "refund.failed", "")
	require.Zero(t, s.atStripe())
	s.Payment.NextRefunds(paymentv1.RefundStatus_REFUND_STATUS_SUCCEEDED)

	for range 3 {
		require.Empty(t, s.cancel(t, s.Process))
	}

	require.Equal(t, total, s.atStripe())
	s.booksAreInOrder(t)
}

func TestCancelIsRefusedAndAskedAgainUnderItsKey(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	s.refused(t, func(process *checkouttest.Process) string { return s.cancel(t, process) })
	require.Empty(t, s.cancel(t, s.Process))
	require.Equal(t, total, s.atStripe())
	require.Equal(t, 1, s.Count(t, "SELECT count(*) FROM refund"))
}

func TestFailedRefundsAddUpToWhatIsProposed(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	s.bounced(t, "k1", 300)
	require.EqualValues(t, 300, s.proposed(t, "refund-failed"))
	s.Clock.Advance(time.Minute)
	s.bounced(t, "k2", 500)
	require.EqualValues(t, 800, s.proposed(t, "refund-failed"))
	s.refused(t, func(process *checkouttest.Process) string {
		return s.resolve(t.Context(), process, s.exceptionID(t, "refund-failed"))
	})
	require.EqualValues(t, 800, s.proposed(t, "refund-failed"), "trying to make it good is no failure of its own")
	for range 2 {
		s.refused(t, func(process *checkouttest.Process) string {
			_, reason := s.giveBack(t.Context(), process, "k3", 100)
			return reason
		})
	}
	require.EqualValues(t, 900, s.proposed(t, "refund-failed"))
	s.bounced(t, "k4", total)
	require.Equal(t, total, s.proposed(t, "refund-failed"), "no more than what is left")
	require.Empty(t, s.resolve(t.Context(), s.Process, s.exceptionID(t, "refund-failed")))
	require.Equal(t, total, s.atStripe())
	s.booksAreInOrder(t)
}

func TestRefusedRefundOfAnExceptionGivesBackTheRest(t *testing.T) {
	t.Parallel()
	s := mismatch(t, checkouttest.Open(t))
	id := s.exceptionID(t, "amount-mismatch")
	s.refused(t, func(process *checkouttest.Process) string { return s.resolve(t.Context(), process, id) })
	s.Payment.RefundAtStripe(t, s.session, 300)
	s.learn(t, "charge.refunded", "")
	require.Equal(t, total+1-300, s.proposed(t, "amount-mismatch"))

	for range 3 {
		require.Empty(t, s.resolve(t.Context(), s.Process, id))
	}

	require.Equal(t, total+1, s.atStripe())
	require.Zero(t, s.exceptions(t, "amount-mismatch", false)+s.exceptions(t, "refund-failed", false))
	s.booksAreInOrder(t)
}

func TestPaymentThatPaymentDoesNotKnow(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	shop.Payment.Put(&paymentv1.Session{
		SessionId: "cs_lost", Reference: "checkout_lost", Currency: "usd", TotalMinor: 900, SubtotalMinor: 900, PaymentIntentId: "pi_lost",
		Status: paymentv1.SessionStatus_SESSION_STATUS_COMPLETE, PaymentStatus: paymentv1.PaymentStatus_PAYMENT_STATUS_PAID,
	})
	_, err := shop.Checkouts.CompleteCheckout(t.Context(), &orderv1.CompleteCheckoutRequest{SessionId: "cs_lost"})
	require.Equal(t, "payment-exception", fault.ReasonOf(err))
	shop.Payment.Forget("cs_lost")
	s := sale{Shop: shop, session: "cs_lost", intent: "pi_lost"}
	id := s.exceptionID(t, "unknown-reference")

	for range 2 {
		_, err = s.Exceptions.ResolveException(t.Context(), &orderv1.ResolveExceptionRequest{ExceptionId: id, By: "ann", Note: "was ours", Refund: true})
		require.Equal(t, "payment-not-found", fault.ReasonOf(err))
		require.ErrorContains(t, err, "at Stripe's dashboard")
	}
	s.Clock.Advance(24 * time.Hour)
	require.NoError(t, s.Refunds.Sweep(t.Context()))

	require.Zero(t, s.exceptions(t, "refund-failed", false))
	require.Equal(t, 1, s.exceptions(t, "unknown-reference", false))
	_, err = s.Exceptions.ResolveException(t.Context(), &orderv1.ResolveExceptionRequest{ExceptionId: id, By: "ann", Note: "given back at the dashboard"})
	require.NoError(t, err)
}

func TestOnlyFailuresInARowEndASweep(t *testing.T) {
	t.Parallel()
	s := sell(t, checkouttest.Open(t))
	away := s.Another(t, nil)
	away.Client.Before = func(context.Context, string) error { return checkouttest.Unavailable() }
	for _, key := range []string{"a1", "b1", "a2", "b2", "a3", "b3", "a4", "b4"} {
		_, reason := s.giveBack(t.Context(), away, key, 100)
		require.Equal(t, "stripe-unavailable", reason)
		s.Clock.Advance(time.Second)
	}
	s.Clock.Advance(time.Minute)
	calls := 0
	patchy := s.Another(t, nil)
	patchy.Client.Before = func(_ context.Context, method string) error {
		if calls++; method == "CreateRefund" && calls%2 == 1 {
			return checkouttest.Unavailable()
		}
		return nil
	}
	require.Error(t, patchy.Refunds.Sweep(t.Context()))
	require.EqualValues(t, 400, s.atStripe(), "every other one")
	s.Clock.Advance(time.Hour)
	asked := 0
	away.Client.Before = func(context.Context, string) error {
		asked++
		return checkouttest.Unavailable()
	}
	require.Error(t, away.Refunds.Sweep(t.Context()))
	require.Equal(t, 3, asked, "nobody answers")
}
