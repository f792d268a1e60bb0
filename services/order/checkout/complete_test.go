package checkout_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/catalogue"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

func complete(t *testing.T, process *checkouttest.Process, sessionID string) (string, error) {
	t.Helper()
	answer, err := process.Checkouts.CompleteCheckout(t.Context(), &orderv1.CompleteCheckoutRequest{SessionId: sessionID})
	return answer.GetOrderIdentifier(), err
}

func TestGuestPurchase(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 2)
	session := shop.Start(t, guest)
	require.True(t, shop.Payment.Pay(session))

	identifier := shop.Complete(t, session)

	require.Regexp(t, `^[A-Za-z0-9]{10}$`, identifier)
	order := shop.Order(t, identifier, 0)
	total := 2*checkouttest.PaperClipsMinor + checkouttest.GroundMinor
	require.Equal(t, total, order.GetTotalMinor())
	require.Equal(t, 2*checkouttest.PaperClipsMinor, order.GetItemSubtotalMinor())
	require.Equal(t, checkouttest.GroundMinor, order.GetShippingMinor())
	require.Equal(t, checkouttest.GroundMinor, order.GetShippingMethod().GetCostMinor())
	require.Equal(t, "USPS Retail Ground", order.GetShippingMethod().GetCarrier())
	require.Len(t, order.GetLines(), 1)
	require.Equal(t, "Desk-Tidy Paper Clips", order.GetLines()[0].GetProductTitle())
	require.EqualValues(t, 2, order.GetLines()[0].GetQuantity())
	require.Len(t, order.GetStatuses(), 1)
	require.Equal(t, "accepted", order.GetStatuses()[0].GetIdentifier())
	require.Equal(t, "Sam Ship", order.GetShippingAddress().GetName())
	require.Equal(t, "Unit 7", order.GetShippingAddress().GetLine2())
	require.Equal(t, "60601", order.GetBillingAddress().GetPostalCode())
	require.Equal(t, "buyer@example.com", order.GetPayment().GetEmail())
	require.Equal(t, "card", order.GetPayment().GetPaymentType())
	require.Equal(t, "Bea Buyer", order.GetPayment().GetCardName())
	require.Nil(t, order.GetPayment().CardLast4)
	require.Equal(t, shop.Clock.Now(), order.GetOrderedAt().AsTime())
	require.Equal(t, 2, shop.Count(t, "SELECT count(*) FROM purchase_address WHERE phone = '+13125550100'"))
	require.Empty(t, shop.Cart(t, guest))
	state, _ := shop.Checkout(t, session)
	require.Equal(t, "completed", state)
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM river_job WHERE kind = 'order_confirmation'"))
	require.Empty(t, shop.Violations(t))
}

func TestMemberPurchase(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	member := checkouttest.Member(41)
	shop.Fill(t, member, checkouttest.RubberBands, 1)
	session := shop.Start(t, member)
	require.True(t, shop.Payment.Pay(session))

	identifier := shop.Complete(t, session)

	require.Equal(t, "member@example.com", shop.Order(t, identifier, 41).GetPayment().GetEmail())
	list, err := shop.Purchases.ListOrders(t.Context(), &orderv1.ListOrdersRequest{AccountId: 41})
	require.NoError(t, err)
	require.Len(t, list.GetOrders(), 1)
	require.Equal(t, identifier, list.GetOrders()[0].GetIdentifier())
	require.Equal(t, checkouttest.RubberBandsMinor+checkouttest.GroundMinor, list.GetOrders()[0].GetTotalMinor())
}

func TestFiftyCompletionsAtOnceMakeOneOrder(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	processes := []*checkouttest.Process{shop.Process, shop.Another(t, nil)}
	for range 3 {
		guest := checkouttest.Guest()
		shop.Fill(t, guest, checkouttest.PaperClips, 1)
		session := shop.Start(t, guest)
		require.True(t, shop.Payment.Pay(session))
		event := shop.Payment.Event("checkout.session.completed", session)
		before := shop.Count(t, "SELECT count(*) FROM purchase")
		orders, failures := make([]string, 50), make([]error, 50)
		var group sync.WaitGroup
		for i := range orders {
			group.Go(func() {
				checkouts := processes[i%2].Checkouts
				if i%3 == 0 {
					answer, err := checkouts.HandlePaymentEvent(t.Context(), &orderv1.HandlePaymentEventRequest{EventId: event, SessionId: session})
					orders[i], failures[i] = answer.GetOrderIdentifier(), err
					return
				}
				answer, err := checkouts.CompleteCheckout(t.Context(), &orderv1.CompleteCheckoutRequest{SessionId: session})
				orders[i], failures[i] = answer.GetOrderIdentifier(), err
			})
		}
		group.Wait()
		require.NoError(t, errors.Join(failures...))
		require.NotEmpty(t, orders[0])
		for _, order := range orders {
			require.Equal(t, orders[0], order)
		}
		require.Equal(t, before+1, shop.Count(t, "SELECT count(*) FROM purchase"))
		require.Equal(t, before+1, shop.Count(t, "SELECT count(*) FROM river_job WHERE kind = 'order_confirmation'"))
	}
	require.Empty(t, shop.Violations(t))
}

func TestUnpaidSessionMakesNoOrder(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	session := shop.Start(t, guest)

	_, err := complete(t, shop.Process, session)
	require.Equal(t, "payment-not-completed", fault.ReasonOf(err))
	require.Equal(t, fault.FailedPrecondition, fault.KindOf(err))

	require.True(t, shop.Payment.Pay(session, checkouttest.Later))
	_, err = complete(t, shop.Process, session)
	require.Equal(t, "payment-not-completed", fault.ReasonOf(err))
	require.Equal(t, session, shop.Start(t, guest), "while the slow payment is on its way nothing else can be paid")

	shop.Payment.Change(t, session, func(told *paymentv1.Session) { told.PaymentStatus = paymentv1.PaymentStatus_PAYMENT_STATUS_PAID })
	shop.Complete(t, session)
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM purchase"))
}

func TestSessionsThatAreNotOurs(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	paid := paymentv1.PaymentStatus_PAYMENT_STATUS_PAID
	shop.Payment.Put(&paymentv1.Session{SessionId: "cs_other", PaymentStatus: paid, Currency: "usd", SubtotalMinor: 100, TotalMinor: 100})
	shop.Payment.Put(&paymentv1.Session{SessionId: "cs_another", Reference: "cart\x0012", PaymentStatus: paid, Currency: "usd", TotalMinor: 100})
	reasons := map[string]string{
		"cs_other": "checkout-not-found", "cs_another": "checkout-not-found", "cs_unknown": "session-not-found", "": "session-not-found",
		"cs_\x00": "session-not-found", "../../etc": "session-not-found", strings.Repeat("c", 5000): "session-not-found",
		"cs_\xff": "session-not-found", "cs_1' OR '1'='1": "session-not-found",
	}
	for session, reason := range reasons {
		_, err := complete(t, shop.Process, session)
		require.Equal(t, reason, fault.ReasonOf(err), "%q", session)
	}
	require.Zero(t, shop.Count(t, "SELECT count(*) FROM payment_exception"))
}

func TestPromotionAndTax(t *testing.T) {
	t.Parallel()
	subtotal, shipping := checkouttest.PaperClipsMinor, checkouttest.GroundMinor
	cases := map[string]struct {
		changes                       []func(*paymentv1.Session)
		items, shippingOff, tax, paid int64
	}{
		"small":    {[]func(*paymentv1.Session){checkouttest.Discount(100)}, 100, 0, 0, subtotal + shipping - 100},
		"beyond":   {[]func(*paymentv1.Session){checkouttest.Discount(subtotal + 56)}, subtotal, 56, 0, shipping - 56},
		"all":      {[]func(*paymentv1.Session){checkouttest.Discount(subtotal + shipping)}, subtotal, shipping, 0, 0},
		"with tax": {[]func(*paymentv1.Session){checkouttest.Discount(50), checkouttest.Tax(33)}, 50, 0, 33, subtotal + shipping - 17},
	}
	for name, expected := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := checkouttest.Open(t)
			guest := checkouttest.Guest()
			shop.Fill(t, guest, checkouttest.PaperClips, 1)
			session := shop.Start(t, guest)
			require.True(t, shop.Payment.Pay(session, expected.changes...))

			order := shop.Order(t, shop.Complete(t, session), 0)

			require.Equal(t, expected.items, order.GetItemDiscountMinor())
			require.Equal(t, expected.shippingOff, order.GetShippingDiscountMinor())
			require.Equal(t, expected.tax, order.GetSalesTaxMinor())
			require.Equal(t, expected.paid, order.GetTotalMinor())
			require.Equal(t, shop.Complete(t, session), order.GetIdentifier())
			require.Empty(t, shop.Violations(t))
		})
	}
}

func TestPaidIsPaidWhateverBecameOfTheCheckout(t *testing.T) {
	t.Parallel()
	fates := map[string]string{
		"superseded":         "UPDATE checkout SET state = 'superseded'",
		"expired":            "UPDATE checkout SET state = 'expired', next_check_at = NULL",
		"session not stored": "UPDATE checkout SET session_id = NULL, session_url = NULL, session_expires_at = NULL",
		"another one stored": "UPDATE checkout SET session_id = 'cs_test_elsewhere'",
		"cart deleted":       "DELETE FROM cart",
		"SKU deleted":        "DELETE FROM sku WHERE id = 1",
		"no first status":    "ALTER TABLE configuration DROP CONSTRAINT configuration_initial_order_status_fkey; UPDATE configuration SET initial_order_status = 'gone'",
	}
	for name, fate := range fates {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := checkouttest.Open(t)
			guest := checkouttest.Guest()
			shop.Fill(t, guest, checkouttest.PaperClips, 1)
			session := shop.Start(t, guest)
			require.True(t, shop.Payment.Pay(session))
			shop.Exec(t, fate)

			order := shop.Complete(t, session)

			require.Equal(t, order, shop.Complete(t, session))
			require.Equal(t, checkouttest.PaperClipsMinor+checkouttest.GroundMinor, shop.Order(t, order, 0).GetTotalMinor())
			require.Empty(t, shop.Cart(t, guest))
			require.Empty(t, shop.Violations(t))
		})
	}
}

func TestOrderIsWhatWasFrozenNotWhatTheCartBecame(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 2)
	session := shop.Start(t, guest)
	shop.Fill(t, guest, checkouttest.PaperClips, 3) // in another tab, while Stripe's page is open
	shop.Fill(t, guest, checkouttest.RubberBands, 4)
	shop.ChangeCatalogue(t, "UPDATE sku_price SET price_minor = 99999 WHERE sku_id = 1; UPDATE product SET title = 'Dear Clips' WHERE id = 1",
		func(snapshot *catalogue.Snapshot) bool {
			sku, _ := snapshot.Sku(1)
			return sku.PriceMinor == 99999 && sku.ProductTitle == "Dear Clips"
		})
	require.True(t, shop.Payment.Pay(session))

	order := shop.Order(t, shop.Complete(t, session), 0)

	require.Equal(t, 2*checkouttest.PaperClipsMinor+checkouttest.GroundMinor, order.GetTotalMinor())
	require.Len(t, order.GetLines(), 1)
	require.Equal(t, "Desk-Tidy Paper Clips", order.GetLines()[0].GetProductTitle())
	require.Equal(t, map[int64]int32{checkouttest.PaperClips: 3, checkouttest.RubberBands: 4}, shop.Cart(t, guest), "only what was bought leaves the cart")
}

// brokenQueue stands for a process that dies after everything of an order is written and before it is committed.
type brokenQueue struct{}

func (brokenQueue) InsertTx(context.Context, pgx.Tx, river.JobArgs, *river.InsertOpts) error {
	return errors.New("died")
}

func TestCompletionThatDiesLeavesNothingHalf(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	session := shop.Start(t, guest)
	require.True(t, shop.Payment.Pay(session))
	dying := shop.Another(t, brokenQueue{})

	_, err := complete(t, dying, session)

	require.Error(t, err)
	require.Zero(t, shop.Count(t, "SELECT (SELECT count(*) FROM purchase) + (SELECT count(*) FROM purchase_line) + (SELECT count(*) FROM river_job)"))
	require.Equal(t, map[int64]int32{checkouttest.PaperClips: 1}, shop.Cart(t, guest))
	state, _ := shop.Checkout(t, session)
	require.Equal(t, "open", state)
	shop.Complete(t, session)
	require.Empty(t, shop.Violations(t))
}

func TestNothingThatStripeSaysCanFailAnOrder(t *testing.T) {
	t.Parallel()
	texts := map[string]string{
		"long": strings.Repeat("äöü", 20_000), "NUL": "a\x00b\x00", "not UTF-8": "a\xff\xfeb", "empty": "", "quotes": `'); DROP TABLE purchase; --`,
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := checkouttest.Open(t)
			guest := checkouttest.Guest()
			shop.Fill(t, guest, checkouttest.PaperClips, 1)
			session := shop.Start(t, guest)
			require.True(t, shop.Payment.Pay(session, func(s *paymentv1.Session) {
				s.CustomerEmail, s.CustomerName, s.CustomerPhone, s.BillingAddress = text, text, text, nil
				s.ShippingAddress = &paymentv1.Address{Name: text, Line1: text, Line2: text, City: text, State: text, PostalCode: text, Country: text}
			}))

			shop.Complete(t, session)

			require.Empty(t, shop.Violations(t))
		})
	}
}

func TestGuestWhoLogsInWhilePayingKeepsNothingBought(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest, member := checkouttest.Guest(), checkouttest.Member(9)
	shop.Fill(t, member, checkouttest.RubberBands, 1)
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	session := shop.Start(t, guest)
	_, err := shop.Carts.AdoptCart(t.Context(), &orderv1.AdoptCartRequest{AccountId: 9, AnonymousCartId: guest.GetAnonymousCartId()})
	require.NoError(t, err)
	require.True(t, shop.Payment.Pay(session))

	shop.Complete(t, session)

	require.Equal(t, map[int64]int32{checkouttest.RubberBands: 1}, shop.Cart(t, member))
}

func TestNothingToPayIsNoOrderBeforeTheCustomerSaysSo(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"the customer agrees", "time runs out"} {
		t.Run(end, func(t *testing.T) {
			t.Parallel()
			shop := checkouttest.Open(t)
			guest := checkouttest.Guest()
			shop.Fill(t, guest, checkouttest.PaperClips, 1)
			session := shop.Start(t, guest)
			everything := checkouttest.PaperClipsMinor + checkouttest.GroundMinor
			shop.Payment.Change(t, session, func(s *paymentv1.Session) { // a promotion code is entered, the button not pressed
				s.PaymentStatus, s.DiscountMinor, s.TotalMinor = paymentv1.PaymentStatus_PAYMENT_STATUS_NOT_REQUIRED, everything, 0
			})

			_, err := complete(t, shop.Process, session)
			require.Equal(t, "payment-not-completed", fault.ReasonOf(err))
			shop.Clock.Advance(3 * time.Minute)
			require.NoError(t, shop.Checkouts.Sweep(t.Context()))
			require.Zero(t, shop.Count(t, "SELECT count(*) FROM purchase"))

			if end == "time runs out" {
				shop.Payment.Expire(t, session)
				_, err = complete(t, shop.Process, session)
				require.Equal(t, "payment-not-completed", fault.ReasonOf(err))
				state, _ := shop.Checkout(t, session)
				require.Equal(t, "expired", state)
				return
			}
			require.True(t, shop.Payment.Pay(session, checkouttest.Discount(everything)))
			require.Zero(t, shop.Order(t, shop.Complete(t, session), 0).GetTotalMinor())
		})
	}
}
