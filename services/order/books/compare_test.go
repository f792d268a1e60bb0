package books_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/books"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/order/exception"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

func TestAPaymentThatCannotBecomeItsOrderHasItsOwnException(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	session := paid(t, shop)
	shop.Payment.Change(t, session, func(s *paymentv1.Session) { s.Currency = "cad" })
	shop.Clock.Advance(time.Hour)
	for range 2 {
		outcome := reconciled(t, shop)
		require.Zero(t, outcome.Findings)
		require.Len(t, outcome.Unresolved, 1)
		require.Equal(t, exception.CurrencyMismatch, outcome.Unresolved[0].GetReason())
	}
}

// broken cannot complete anything.
type broken struct{ err error }

func (b broken) CompleteCheckout(context.Context, *orderv1.CompleteCheckoutRequest) (*orderv1.CompleteCheckoutResponse, error) {
	return nil, b.err
}

// difference is what somebody did to the only order, or to its session, and the exception that must come of it.
type difference struct {
	spoil          func(t *testing.T, shop *checkouttest.Shop, session string)
	reason, detail string
}

// change does something to what Stripe says of the session.
func change(how func(*paymentv1.Session)) func(t *testing.T, shop *checkouttest.Shop, session string) {
	return func(t *testing.T, shop *checkouttest.Shop, session string) {
		t.Helper()
		shop.Payment.Change(t, session, how)
	}
}

func ordersThatNobodyPaid() map[string]difference {
	return map[string]difference{
		"stripe does not know it": {
			func(_ *testing.T, shop *checkouttest.Shop, session string) { shop.Payment.Forget(session) },
			exception.OrderWithoutPayment, "Stripe does not know the session",
		},
		"never paid": {change(func(s *paymentv1.Session) {
			s.Status, s.PaymentStatus = paymentv1.SessionStatus_SESSION_STATUS_EXPIRED, paymentv1.PaymentStatus_PAYMENT_STATUS_UNPAID
		}), exception.OrderWithoutPayment, "not paid at Stripe"},
		"complete and not paid any more": {change(checkouttest.Later), exception.OrderWithoutPayment, "not paid at Stripe"},
	}
}

func ordersUnlikeTheirPayment() map[string]difference {
	return map[string]difference{
		"another amount": {
			change(func(s *paymentv1.Session) { s.TotalMinor--; s.TaxMinor = 7 }),
			exception.OrderDiffersFromPayment, "order total is 39.54, at Stripe 39.53; total is 39.54, at Stripe 39.53; tax is 0.00, at Stripe 0.07",
		},
		"another currency and payment": {
			change(func(s *paymentv1.Session) { s.Currency, s.PaymentIntentId = "cad", "pi_other" }),
			exception.OrderDiffersFromPayment, "payment is pi_of_cs_test_000001, at Stripe pi_other; currency is usd, at Stripe cad; currency of the payment is usd, at Stripe cad",
		},
		"another checkout": {
			change(func(s *paymentv1.Session) { s.Reference = "checkout_\x00x" }),
			exception.OrderDiffersFromPayment, "at Stripe checkout_x",
		},
	}
}

func moneyThatWentAnotherWay() map[string]difference {
	return map[string]difference{
		"a refund that Stripe did not make": {
			func(t *testing.T, shop *checkouttest.Shop, session string) {
				t.Helper()
				shop.Exec(t, `INSERT INTO refund (key, purchase_id, payment_intent, amount_minor, currency, state, refund_id, requested_by, note, requested_at, settled_at)
					SELECT 'x', id, payment_key, 1000, 'usd', 'succeeded', 're_x', 'ada', '', now(), now() FROM purchase WHERE session_id = $1`, session)
			},
			exception.RefundDiffers, "given back 10.00, at Stripe 0.00",
		},
		"a dispute that nobody told of": {
			func(t *testing.T, shop *checkouttest.Shop, session string) {
				t.Helper()
				shop.Payment.Dispute(t, "dp_1", session, "needs_response")
			},
			exception.Dispute, "disputed at Stripe, and no dispute is known here",
		},
	}
}

func TestDifferencesBecomeExceptionsOnce(t *testing.T) {
	t.Parallel()
	for _, kind := range []map[string]difference{ordersThatNobodyPaid(), ordersUnlikeTheirPayment(), moneyThatWentAnotherWay()} {
		for name, wrong := range kind {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				shop, session := settled(t)
				wrong.spoil(t, shop, session)
				for range 2 {
					requireFound(t, reconciled(t, shop), session, wrong)
				}
				requireResolvedForGood(t, shop)
			})
		}
	}
}

func requireFound(t *testing.T, outcome books.Outcome, session string, wrong difference) {
	t.Helper()
	require.Equal(t, 1, outcome.Findings)
	require.Len(t, outcome.Unresolved, 1)
	found := outcome.Unresolved[0]
	require.Equal(t, wrong.reason, found.GetReason())
	require.Contains(t, found.GetDetail(), wrong.detail)
	require.Equal(t, session, found.GetSessionId())
	require.NotEmpty(t, found.GetOrderIdentifier())
	require.Zero(t, found.GetProposedRefundMinor())
}

// requireResolvedForGood resolves the only exception; the same difference does not open it again, another one does.
func requireResolvedForGood(t *testing.T, shop *checkouttest.Shop) {
	t.Helper()
	resolve := func() {
		shop.Exec(t, "UPDATE payment_exception SET resolved_at = now(), resolved_by = 'ada', resolution = 'looked into'")
	}
	resolve()
	outcome := reconciled(t, shop)
	require.Equal(t, 1, outcome.Findings)
	require.Empty(t, outcome.Unresolved)
	shop.Exec(t, "UPDATE payment_exception SET detail = 'something else'")
	require.Len(t, reconciled(t, shop).Unresolved, 1)
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM payment_exception"))
}

func TestPaidAndNoOrderComesOfIt(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	session := paid(t, shop)
	shop.Payment.RefundAtStripe(t, session, 1000)
	shop.Clock.Advance(time.Hour)
	with := needs(shop)
	with.Completer = broken{fault.New(fault.NotFound, "checkout-not-found", "")}

	outcome, err := books.NewReconciler(with).Reconcile(t.Context(), today(shop))
	require.NoError(t, err)

	require.Len(t, outcome.Unresolved, 1)
	found := outcome.Unresolved[0]
	require.Equal(t, exception.PaidWithoutOrder, found.GetReason())
	require.Equal(t, "paid at Stripe, and no order came of it: checkout-not-found", found.GetDetail())
	require.Equal(t, int64(3954), found.GetPaidMinor())
	require.Equal(t, int64(3954), found.GetExpectedMinor())
	require.Equal(t, int64(2954), found.GetProposedRefundMinor())
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM payment_exception x JOIN checkout c ON c.id = x.checkout_id WHERE c.session_id = $1 AND x.email = ''", session))
}

func TestARefundAtTheDashboardIsLearnt(t *testing.T) {
	t.Parallel()
	shop, session := settled(t)
	shop.Payment.RefundAtStripe(t, session, 1000)
	outcome := reconciled(t, shop)
	require.Zero(t, outcome.Findings)
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM refund WHERE state = 'succeeded' AND amount_minor = 1000"))
}

func TestARefundOnItsWayToStripeIsNoFinding(t *testing.T) {
	t.Parallel()
	shop, session := settled(t)
	shop.Exec(t, `INSERT INTO refund (key, purchase_id, payment_intent, amount_minor, currency, state, requested_by, note, requested_at, next_check_at)
		SELECT 'x', id, payment_key, 1000, 'usd', 'pending', 'ada', '', $2, $2 FROM purchase WHERE session_id = $1`, session, shop.Clock.Now())
	require.Zero(t, reconciled(t, shop).Findings)
	shop.Clock.Advance(20 * time.Minute)
	require.Equal(t, 1, reconciled(t, shop).Findings)
}
