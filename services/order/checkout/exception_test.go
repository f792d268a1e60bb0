package checkout_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/order/exception"
	"github.com/bartgottschalk/startupwebapp/services/order/stock"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

func TestPaidWithoutACheckoutIsAnException(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	shop.Payment.Put(&paymentv1.Session{
		SessionId: "cs_lost", Reference: "checkout_" + identifier.New(32), Currency: "usd", SubtotalMinor: 700, TotalMinor: 700,
		PaymentStatus: paymentv1.PaymentStatus_PAYMENT_STATUS_PAID, PaymentIntentId: "pi_lost", CustomerEmail: "a\x00b@example.com",
	})
	for range 3 {
		_, err := complete(t, shop.Process, "cs_lost")
		require.Equal(t, "payment-exception", fault.ReasonOf(err))
		require.Equal(t, fault.Conflict, fault.KindOf(err))
	}
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM payment_exception WHERE reason = 'unknown-reference' AND total_minor = 700"))
	violations := shop.Violations(t)
	require.Len(t, violations, 1)
	require.Equal(t, "payment-exception", violations[0].Rule)
}

func TestPaidButNotWhatWasAskedIsAnException(t *testing.T) {
	t.Parallel()
	wrongs := map[string]struct {
		reason string
		change func(*paymentv1.Session)
	}{
		"another currency":     {"currency-mismatch", func(s *paymentv1.Session) { s.Currency = "cad" }},
		"another subtotal":     {"amount-mismatch", func(s *paymentv1.Session) { s.SubtotalMinor++ }},
		"less than its parts":  {"amount-mismatch", func(s *paymentv1.Session) { s.TotalMinor-- }},
		"discount beyond all":  {"amount-mismatch", func(s *paymentv1.Session) { s.DiscountMinor = s.SubtotalMinor + 1; s.TotalMinor = -1 }},
		"negative tax":         {"amount-mismatch", func(s *paymentv1.Session) { s.TaxMinor = -10; s.TotalMinor -= 10 }},
		"nothing paid at all?": {"amount-mismatch", func(s *paymentv1.Session) { s.SubtotalMinor, s.TotalMinor = 0, 0 }},
	}
	for name, wrong := range wrongs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := checkouttest.Open(t)
			guest := checkouttest.Guest()
			shop.Fill(t, guest, checkouttest.PaperClips, 1)
			session := shop.Start(t, guest)
			require.True(t, shop.Payment.Pay(session))
			shop.Payment.Change(t, session, wrong.change)

			for range 2 {
				_, err := complete(t, shop.Process, session)
				require.Equal(t, "payment-exception", fault.ReasonOf(err))
			}

			require.Zero(t, shop.Count(t, "SELECT count(*) FROM purchase"))
			require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM payment_exception WHERE reason = $1 AND expected_minor = $2", wrong.reason, checkouttest.PaperClipsMinor+checkouttest.GroundMinor))
			state, _ := shop.Checkout(t, session)
			require.Equal(t, "exception", state)
			require.Equal(t, map[int64]int32{checkouttest.PaperClips: 1}, shop.Cart(t, guest))
		})
	}
}

func TestExceptionStaysOneUntilAnOperatorDecides(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	session := shop.Start(t, guest)
	require.True(t, shop.Payment.Pay(session))
	shop.Payment.Change(t, session, func(s *paymentv1.Session) { s.Currency = "cad" })
	_, err := complete(t, shop.Process, session)
	require.Error(t, err)
	shop.Payment.Change(t, session, func(s *paymentv1.Session) { s.Currency = "usd" })

	_, err = complete(t, shop.Process, session)

	require.Equal(t, "payment-exception", fault.ReasonOf(err))
	require.Zero(t, shop.Count(t, "SELECT count(*) FROM purchase"))
}

func TestSecondPaymentOfACheckoutIsAnException(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	session := shop.Start(t, guest)
	require.True(t, shop.Payment.Pay(session))
	order := shop.Complete(t, session)
	twin := shop.Payment.Sessions()[0]
	twin.SessionId, twin.PaymentIntentId = "cs_test_twin", "pi_twin"
	shop.Payment.Put(twin)

	_, err := complete(t, shop.Process, "cs_test_twin")

	require.Equal(t, "payment-exception", fault.ReasonOf(err))
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM purchase"))
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM payment_exception WHERE reason = 'paid-again'"))
	state, _ := shop.Checkout(t, session)
	require.Equal(t, "completed", state)
	require.Equal(t, order, shop.Complete(t, session))
}

func TestEveryPaymentOfAnOddCheckoutIsAnException(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	session := shop.Start(t, guest)
	require.True(t, shop.Payment.Pay(session))
	twin := shop.Payment.Sessions()[0]
	twin.SessionId, twin.PaymentIntentId = "cs_test_twin", "pi_twin"
	shop.Payment.Put(twin)
	shop.Payment.Change(t, session, func(s *paymentv1.Session) { s.Currency = "cad" })

	for range 2 {
		for _, paid := range []string{session, "cs_test_twin"} {
			_, err := complete(t, shop.Process, paid)
			require.Equal(t, "payment-exception", fault.ReasonOf(err))
		}
	}

	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM payment_exception WHERE session_id = $1", session))
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM payment_exception WHERE session_id = 'cs_test_twin' AND reason = 'paid-again'"))
}

func TestOnePaymentCannotMakeTwoOrders(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	var sessions []string
	for range 2 {
		guest := checkouttest.Guest()
		shop.Fill(t, guest, checkouttest.PaperClips, 1)
		session := shop.Start(t, guest)
		require.True(t, shop.Payment.Pay(session, func(s *paymentv1.Session) { s.PaymentIntentId = "pi_one_and_only" }))
		sessions = append(sessions, session)
	}
	shop.Complete(t, sessions[0])

	_, err := complete(t, shop.Process, sessions[1])

	require.Equal(t, "payment-exception", fault.ReasonOf(err))
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM purchase"))
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM payment_exception WHERE reason = 'paid-again' AND session_id = $1", sessions[1]))
}

func TestExceptionIsLoggedOnceAndNamesNobody(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	tel := telemetry.Silent()
	tel.Logger = slog.New(slog.NewJSONHandler(&log, nil))
	shop := checkouttest.OpenWith(t, tel)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	session := shop.Start(t, guest)
	require.True(t, shop.Payment.Pay(session))
	shop.Payment.Change(t, session, func(s *paymentv1.Session) { s.TotalMinor = 1 })

	for range 3 {
		_, err := complete(t, shop.Process, session)
		require.Error(t, err)
	}

	require.Equal(t, 1, strings.Count(log.String(), "[PAYMENT_EXCEPTION]"))
	require.Contains(t, log.String(), "amount-mismatch")
	require.NotContains(t, log.String(), "buyer@example.com")
	require.NotContains(t, log.String(), session, "who knows the session can read the order")
}

// lostOrder notes that a paid session has no order, as the reconciliation does, and answers the exception's id.
func lostOrder(t *testing.T, shop *checkouttest.Shop, session string) int64 {
	t.Helper()
	told := shop.Payment.Sessions()[0]
	finding := exception.Finding{
		SessionID: session, Reason: exception.PaidWithoutOrder, Reference: told.GetReference(), PaymentIntent: told.GetPaymentIntentId(),
		Currency: told.GetCurrency(), TotalMinor: told.GetTotalMinor(), ProposedRefundMinor: told.GetTotalMinor(), Detail: "found by the reconciliation",
	}
	require.NoError(t, shop.DB.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		_, err := shop.Exceptions.Note(ctx, tx, finding)
		return err
	}))
	return int64(shop.Count(t, "SELECT id::integer FROM payment_exception"))
}

func TestMoneyThatWasGivenBackBecomesNoOrder(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	count(t, shop, 1)
	two := guests(t, shop, 2)
	session := shop.Start(t, two[0])
	require.True(t, shop.Payment.Pay(session))
	_, err := shop.Exceptions.ResolveException(t.Context(), &orderv1.ResolveExceptionRequest{
		ExceptionId: lostOrder(t, shop, session), By: "olga", Note: "given back", Refund: true,
	})
	require.NoError(t, err)

	_, err = shop.Checkouts.CompleteCheckout(t.Context(), &orderv1.CompleteCheckoutRequest{SessionId: session})

	require.Equal(t, "payment-exception", fault.ReasonOf(err))
	require.Zero(t, shop.Count(t, "SELECT count(*) FROM purchase"))
	require.Len(t, startAll(t, shop, two[1:]), 1, "its goods are free again")
}

func TestAnOrderThatIsMadeAfterAllResolvesItsException(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	session := shop.Start(t, guests(t, shop, 1)[0])
	require.True(t, shop.Payment.Pay(session))
	lost := lostOrder(t, shop, session)

	order := shop.Complete(t, session)

	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM payment_exception WHERE resolved_by = 'shop' AND order_identifier <> ''"))
	_, err := shop.Exceptions.ResolveException(t.Context(), &orderv1.ResolveExceptionRequest{ExceptionId: lost, By: "olga", Note: "given back", Refund: true})
	require.Error(t, err)
	require.Zero(t, shop.Order(t, order, 0).GetRefundedMinor())
}

func TestGoodsThatComeBackInTimeLeaveNoException(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	other := shop.Another(t, nil)
	for _, shopper := range guests(t, shop, 20) {
		shop.Fill(t, shopper, checkouttest.PaperClips, 1)
		count(t, shop, 3) // never none, of which the catalogue would hear a moment later
		session := shop.Start(t, shopper)
		require.True(t, shop.Payment.Pay(session))
		count(t, shop, 1)
		var group sync.WaitGroup
		group.Go(func() { _, _ = complete(t, shop.Process, session) })
		group.Go(func() {
			if err := stock.Set(t.Context(), shop.DB, checkouttest.PaperClips, 3, "test", shop.Clock.Now()); err != nil {
				t.Error(err)
			}
			_, _ = complete(t, other, session)
		})
		group.Wait()
		require.Zero(t, shop.Count(t, `SELECT count(*) FROM payment_exception WHERE resolved_at IS NULL AND session_id IN (SELECT session_id FROM purchase)`),
			"an order and an exception of one payment")
	}
}

func TestASessionThatStripeDoesNotKnowGivesItsGoodsBack(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	count(t, shop, 1)
	two := guests(t, shop, 2)
	shop.Payment.Forget(shop.Start(t, two[0]))
	shop.Clock.Advance(checkouttest.SessionLifetime + 30*time.Minute)
	require.NoError(t, shop.Checkouts.Sweep(t.Context()))
	require.Empty(t, startAll(t, shop, two[1:]), "a setting may be wrong for a moment")
	shop.Clock.Advance(time.Hour)
	require.NoError(t, shop.Checkouts.Sweep(t.Context()))

	require.Len(t, startAll(t, shop, two[1:]), 1)
}
