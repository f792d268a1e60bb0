package checkout_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

func handle(t *testing.T, shop *checkouttest.Shop, kind, session string) (*orderv1.HandlePaymentEventResponse, error) {
	t.Helper()
	return shop.Checkouts.HandlePaymentEvent(t.Context(), &orderv1.HandlePaymentEventRequest{
		EventId: shop.Payment.Event(kind, session), EventType: kind, SessionId: session,
	})
}

func TestEventOfAPaidSessionMakesTheOrderAndIsMarked(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	session := shop.Start(t, guest)
	require.True(t, shop.Payment.Pay(session))

	first, err := handle(t, shop, "checkout.session.completed", session)
	require.NoError(t, err)
	second, err := handle(t, shop, "payment_intent.succeeded", session)
	require.NoError(t, err)

	require.NotEmpty(t, first.GetOrderIdentifier())
	require.Empty(t, first.GetReason())
	require.Equal(t, first.GetOrderIdentifier(), second.GetOrderIdentifier())
	require.Equal(t, first.GetOrderIdentifier(), shop.Complete(t, session))
	require.Zero(t, shop.Payment.Unhandled())
}

func TestEventsThatMakeNoOrderAreAnsweredAndMarked(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	unpaid := shop.Start(t, guest)
	paid := paymentv1.PaymentStatus_PAYMENT_STATUS_PAID
	shop.Payment.Put(&paymentv1.Session{SessionId: "cs_other", PaymentStatus: paid, Currency: "usd", TotalMinor: 100})
	shop.Payment.Put(&paymentv1.Session{SessionId: "cs_lost", Reference: "checkout_" + identifier.New(32), PaymentStatus: paid, Currency: "usd", TotalMinor: 100})
	reasons := map[string]string{
		unpaid: "payment-not-completed", "cs_other": "checkout-not-found", "cs_lost": "payment-exception",
		"cs_unknown": "session-not-found", "": "",
	}
	for session, reason := range reasons {
		answer, err := handle(t, shop, "checkout.session.completed", session)
		require.NoError(t, err, session)
		require.Equal(t, reason, answer.GetReason(), session)
		require.Empty(t, answer.GetOrderIdentifier())
	}
	require.Zero(t, shop.Payment.Unhandled())
}

func TestEventIsForTheSenderToRepeatWhenStripeIsAway(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	session := shop.Start(t, guest)
	require.True(t, shop.Payment.Pay(session))
	shop.Client.Before = func(context.Context, string) error { return checkouttest.Unavailable() }

	_, err := handle(t, shop, "checkout.session.completed", session)

	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	require.Equal(t, 1, shop.Payment.Unhandled())
}

func TestEventIsDoneEvenIfItCannotBeMarked(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	session := shop.Start(t, guest)
	require.True(t, shop.Payment.Pay(session))
	shop.Client.Before = func(_ context.Context, method string) error {
		if method == "MarkEventHandled" {
			return checkouttest.Unavailable()
		}
		return nil
	}
	answer, err := handle(t, shop, "checkout.session.completed", session)
	require.NoError(t, err)
	require.NotEmpty(t, answer.GetOrderIdentifier())
	require.Equal(t, 1, shop.Payment.Unhandled())

	shop.Client.Before = nil
	shop.Clock.Advance(checkouttest.SweepInterval)
	require.NoError(t, shop.Checkouts.Sweep(t.Context()))

	require.Zero(t, shop.Payment.Unhandled())
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM purchase"))
}

func TestSlowPaymentThatFailsFreesTheCart(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	failed := shop.Start(t, guest)
	require.True(t, shop.Payment.Pay(failed, checkouttest.Later))
	_, err := handle(t, shop, "checkout.session.completed", failed)
	require.NoError(t, err)
	state, _ := shop.Checkout(t, failed)
	require.Equal(t, "open", state)

	answer, err := handle(t, shop, "checkout.session.async_payment_failed", failed)
	require.NoError(t, err)

	require.Equal(t, "payment-not-completed", answer.GetReason())
	second := shop.Start(t, guest)
	require.NotEqual(t, failed, second, "the customer may try again")
	require.True(t, shop.Payment.Pay(second))
	shop.Complete(t, second)
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM purchase"))
}

func TestExpiryEventEndsTheCheckout(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	session := shop.Start(t, guest)
	shop.Payment.Expire(t, session)

	_, err := handle(t, shop, "checkout.session.expired", session)

	require.NoError(t, err)
	state, _ := shop.Checkout(t, session)
	require.Equal(t, "expired", state)
	require.NotEqual(t, session, shop.Start(t, guest))
}

func TestEventIsNotDoneWhileStripeContradictsItself(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	session := shop.Start(t, guest)
	require.True(t, shop.Payment.Pay(session))
	paid := shop.Payment.Sessions()[0]
	shop.Payment.Forget(session) // the key of another mode, say
	_, err := handle(t, shop, "checkout.session.completed", session)
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	other := checkouttest.Guest()
	shop.Fill(t, other, checkouttest.PaperClips, 1)
	fine := shop.Start(t, other)
	require.True(t, shop.Payment.Pay(fine))
	shop.Payment.Event("checkout.session.completed", fine)
	shop.Clock.Advance(48 * time.Hour)
	require.Error(t, shop.Checkouts.Sweep(t.Context()))
	require.Equal(t, 1, shop.Payment.Unhandled(), "it does not hold up the others")
	shop.Payment.Put(paid)

	require.NoError(t, shop.Checkouts.Sweep(t.Context()))

	require.Zero(t, shop.Payment.Unhandled())
	require.Equal(t, 2, shop.Count(t, "SELECT count(*) FROM purchase"))
}
