package checkout_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// codes puts some codes into the shop: a tenth off, 10.00 off, half off, ground shipping for nothing.
func codes(t *testing.T, shop *checkouttest.Shop) {
	t.Helper()
	_, err := shop.DB.Exec(t.Context(), `INSERT INTO discount_code (code, description, starts_at, ends_at, discount_type_id, amount_hundredths, created_at)
		SELECT code, '{} off', '2019-04-01Z', '2027-01-01Z', type, amount, '2019-04-01Z'
		FROM (VALUES ('TENTH', 1, 1000), ('TEN', 2, 1000), ('ALL', 1, 10000), ('SHIP', 4, 0)) AS code (code, type, amount)`)
	require.NoError(t, err)
}

func apply(t *testing.T, shop *checkouttest.Shop, shopper *orderv1.Shopper, names ...string) *orderv1.Cart {
	t.Helper()
	var cart *orderv1.Cart
	for _, name := range names {
		answer, err := shop.Carts.ApplyDiscountCode(t.Context(), &orderv1.ApplyDiscountCodeRequest{Shopper: shopper, Code: name})
		require.NoError(t, err)
		cart = answer.GetCart()
	}
	return cart
}

func TestWhatIsShownAsAppliedIsCharged(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	codes(t, shop)
	shopper := checkouttest.Guest()
	shop.Fill(t, shopper, checkouttest.PaperClips, 1)  //  3.50
	shop.Fill(t, shopper, checkouttest.BinderClips, 2) //  7.98
	shop.Fill(t, shopper, checkouttest.RubberBands, 1) // 14.99
	cart := apply(t, shop, shopper, "TENTH", "SHIP", "TEN")
	require.EqualValues(t, 265, cart.GetTotals().GetItemDiscountMinor(), "a tenth of 26.47, half-up")

	session := shop.Start(t, shopper)

	asked := shop.Payment.Opened(t, session)
	require.Equal(t, 265+checkouttest.GroundMinor, asked.GetDiscountMinor())
	require.Equal(t, "TENTH + SHIP", asked.GetDiscountName())
	require.Equal(t, cart.GetTotals().GetTotalMinor(), asked.GetExpectedTotalMinor())
	require.True(t, shop.Payment.Pay(session))
	order := shop.Order(t, shop.Complete(t, session), 0)
	require.EqualValues(t, 2647, order.GetItemSubtotalMinor())
	require.EqualValues(t, 265, order.GetItemDiscountMinor())
	require.Equal(t, checkouttest.GroundMinor, order.GetShippingDiscountMinor())
	require.EqualValues(t, 2647-265, order.GetTotalMinor())
	require.Equal(t, 3, shop.Count(t, "SELECT count(*) FROM purchase_discount"))
	require.Equal(t, 265, shop.Count(t, "SELECT sum(discount_minor)::integer FROM purchase_line"))
	require.Equal(t, 2, shop.Count(t, "SELECT count(*) FROM purchase_discount WHERE applied AND discount_minor > 0"))
	require.Empty(t, shop.Violations(t))
}

func TestACodeOfOursMustTakeOffExactlyWhatItSays(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	codes(t, shop)
	shopper := checkouttest.Guest()
	shop.Fill(t, shopper, checkouttest.RubberBands, 1)
	apply(t, shop, shopper, "TENTH")
	session := shop.Start(t, shopper)
	require.True(t, shop.Payment.Pay(session, func(session *paymentv1.Session) { session.DiscountMinor++ }))

	_, err := shop.Checkouts.CompleteCheckout(t.Context(), &orderv1.CompleteCheckoutRequest{SessionId: session})

	require.Equal(t, "payment-exception", fault.ReasonOf(err))
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM payment_exception WHERE reason = 'amount-mismatch'"))
}

func TestAPromotionOfStripesPageIsKeptWithTheOrder(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	shopper := checkouttest.Guest()
	shop.Fill(t, shopper, checkouttest.PaperClips, 1)
	session := shop.Start(t, shopper)
	require.True(t, shop.Payment.Pay(session, checkouttest.Discount(400), checkouttest.Tax(33)))

	order := shop.Order(t, shop.Complete(t, session), 0)

	require.Equal(t, checkouttest.PaperClipsMinor, order.GetItemDiscountMinor(), "the goods first")
	require.EqualValues(t, 50, order.GetShippingDiscountMinor())
	require.EqualValues(t, 33, order.GetSalesTaxMinor())
	require.Equal(t, checkouttest.PaperClipsMinor+checkouttest.GroundMinor-400+33, order.GetTotalMinor())
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM purchase_discount WHERE code = 'PROMOTION' AND discount_code_id IS NULL AND discount_minor = 400"))
	require.Empty(t, shop.Violations(t))
}

func TestACodeThatTakesEverythingNeedsNoPayment(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	codes(t, shop)
	shopper := checkouttest.Guest()
	shop.Fill(t, shopper, checkouttest.PaperClips, 1)
	apply(t, shop, shopper, "ALL", "SHIP")
	session := shop.Start(t, shopper)
	require.True(t, shop.Payment.Pay(session))

	order := shop.Order(t, shop.Complete(t, session), 0)

	require.Zero(t, order.GetTotalMinor())
	require.Empty(t, shop.Violations(t))
}

func TestACodeThatEndsIsNotFrozen(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	codes(t, shop)
	shopper := checkouttest.Guest()
	shop.Fill(t, shopper, checkouttest.PaperClips, 1)
	apply(t, shop, shopper, "TENTH")
	cheap := shop.Start(t, shopper)
	shop.Clock.Advance(60 * 24 * time.Hour)
	_, err := shop.Checkouts.StartCheckout(t.Context(), checkouttest.Request(shopper))
	require.Equal(t, "discount-code-not-available", fault.ReasonOf(err), "it was shown as applied")

	dear := shop.Start(t, shopper)

	require.NotEqual(t, cheap, dear)
	require.Zero(t, shop.Payment.Opened(t, dear).GetDiscountMinor())
	require.False(t, shop.Payment.Pay(cheap))
}

func TestACodeIsUsedNoMoreOftenThanItMayBe(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	codes(t, shop)
	_, err := shop.DB.Exec(t.Context(), "UPDATE discount_code SET usage_limit = 5 WHERE code = 'TENTH'")
	require.NoError(t, err)
	shoppers := guests(t, shop, 12)
	for _, shopper := range shoppers {
		apply(t, shop, shopper, "TENTH")
	}
	var mutex sync.Mutex
	var group sync.WaitGroup
	cheap, refused := 0, 0
	for _, shopper := range shoppers {
		group.Go(func() {
			answer, err := shop.Checkouts.StartCheckout(t.Context(), checkouttest.Request(shopper))
			mutex.Lock()
			defer mutex.Unlock()
			switch {
			case err != nil:
				require.Equal(t, "discount-code-not-available", fault.ReasonOf(err))
				refused++
			case shop.Payment.Opened(t, answer.GetSessionId()).GetDiscountMinor() > 0:
				cheap++
			}
		})
	}
	group.Wait()

	require.Equal(t, 5, cheap)
	for _, shopper := range shoppers {
		_, err := shop.Checkouts.StartCheckout(t.Context(), checkouttest.Request(shopper))
		require.NoError(t, err, "who came too late has been told, and may pay the full price now")
	}
	require.Equal(t, 5, shop.Count(t, "SELECT count(*) FROM checkout_discount WHERE applied"))
}

func TestACustomerUsesACodeOnce(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	codes(t, shop)
	_, err := shop.DB.Exec(t.Context(), "UPDATE discount_code SET usage_limit_per_customer = 1 WHERE code = 'TENTH'")
	require.NoError(t, err)
	member, guest := checkouttest.Member(7), checkouttest.Guest()
	for _, shopper := range []*orderv1.Shopper{member, guest} {
		shop.Fill(t, shopper, checkouttest.PaperClips, 1)
		apply(t, shop, shopper, "TENTH")
	}
	session := shop.Start(t, member)
	require.Equal(t, session, shop.Start(t, member), "pressing again is no second use")
	require.True(t, shop.Payment.Pay(session))
	shop.Complete(t, session)

	request := checkouttest.Request(guest)
	_, err = shop.Checkouts.StartCheckout(t.Context(), request)
	require.Equal(t, "discount-code-not-available", fault.ReasonOf(err), "nobody knows yet who it is")
	require.Empty(t, apply(t, shop, guest, "TEN").GetDiscountCodes()[1:], "the code is off the cart, so that the next start goes through")
	apply(t, shop, guest, "TENTH")
	_, err = shop.Carts.RemoveDiscountCode(t.Context(), &orderv1.RemoveDiscountCodeRequest{Shopper: guest, DiscountCodeId: 2})
	require.NoError(t, err)
	request.GuestEmail = "Member@example.com"
	_, err = shop.Checkouts.StartCheckout(t.Context(), request)
	require.Equal(t, "discount-code-not-available", fault.ReasonOf(err), "the same customer without signing in")
	apply(t, shop, guest, "TENTH")
	request.GuestEmail = "other@example.com"
	_, err = shop.Checkouts.StartCheckout(t.Context(), request)
	require.NoError(t, err)
}
