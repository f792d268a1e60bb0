package exception_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/order/exception"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// odd is a shop with a payment that is not what was asked for, and its session.
func odd(t *testing.T) (*checkouttest.Shop, string) {
	t.Helper()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	session := shop.Start(t, guest)
	require.True(t, shop.Payment.Pay(session))
	shop.Payment.Change(t, session, func(s *paymentv1.Session) { s.SubtotalMinor++; s.TotalMinor++ })
	_, err := shop.Checkouts.CompleteCheckout(t.Context(), &orderv1.CompleteCheckoutRequest{SessionId: session})
	require.Equal(t, "payment-exception", fault.ReasonOf(err))
	return shop, session
}

func TestAPaymentThatIsNoOrderGoesBack(t *testing.T) {
	t.Parallel()
	shop, session := odd(t)
	listed, err := shop.Exceptions.ListExceptions(t.Context(), &orderv1.ListExceptionsRequest{})
	require.NoError(t, err)
	found := listed.GetExceptions()[0]
	require.Equal(t, exception.AmountMismatch, found.GetReason())
	require.Equal(t, found.GetPaidMinor(), found.GetProposedRefundMinor())
	request := &orderv1.ResolveExceptionRequest{ExceptionId: found.GetExceptionId(), By: "ada", Note: "not what was asked for", Refund: true}

	printed, err := command(t, shop.Exceptions.ListCommand)
	require.NoError(t, err)
	require.Contains(t, printed, "    of buyer@example.com\n      1 x      3.50  SKU 1  Desk-Tidy Paper Clips")

	lost := true
	shop.Client.After = func(_ context.Context, method string) error {
		if method == "CreateRefund" && lost {
			lost = false
			return checkouttest.Unavailable() // Stripe did it, and nobody heard
		}
		return nil
	}
	_, err = shop.Exceptions.ResolveException(t.Context(), request)
	require.Equal(t, "stripe-unavailable", fault.ReasonOf(err))
	shop.Client.After = nil

	var group sync.WaitGroup
	failures := make([]error, 5)
	for i := range failures {
		group.Go(func() { _, failures[i] = shop.Exceptions.ResolveException(t.Context(), request) })
	}
	group.Wait()
	require.NoError(t, errors.Join(failures...))
	refunds := shop.Payment.Refunds("pi_of_" + session)
	require.Len(t, refunds, 1)
	require.Equal(t, found.GetPaidMinor(), refunds[0].GetAmountMinor())
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM payment_exception WHERE resolved_by = 'ada' AND resolution = 'not what was asked for'"))
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM operator_action WHERE command = 'resolve-exception' AND done_by = 'ada'"))
	require.Empty(t, shop.Violations(t))
}
