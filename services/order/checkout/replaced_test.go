package checkout_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout/checkouttest"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// TestCartMadeAnewEndsTheSessionOfTheOldOne: the payment page of the deleted cart may still be open in another tab.
func TestCartMadeAnewEndsTheSessionOfTheOldOne(t *testing.T) {
	t.Parallel()
	for name, shopper := range map[string]*orderv1.Shopper{"guest": checkouttest.Guest(), "member": checkouttest.Member(7)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := checkouttest.Open(t)
			shop.Fill(t, shopper, checkouttest.PaperClips, 1)
			old := shop.Start(t, shopper)
			_, err := shop.Carts.DeleteCart(t.Context(), &orderv1.DeleteCartRequest{Shopper: shopper})
			require.NoError(t, err)
			shop.Fill(t, shopper, checkouttest.PaperClips, 1)

			fresh := shop.Start(t, shopper)

			requireOnlyPayable(t, shop, fresh)
			state, _ := shop.Checkout(t, old)
			require.Equal(t, "expired", state)
		})
	}
}

// TestAdoptedCartEndsItsSession whatever the account's cart was before, and becomes afterwards.
func TestAdoptedCartEndsItsSession(t *testing.T) {
	t.Parallel()
	guest, member := checkouttest.Guest(), checkouttest.Member(8)
	for name, act := range map[string]func(t *testing.T, shop *checkouttest.Shop){
		"given": func(t *testing.T, shop *checkouttest.Shop) {
			adopt(t, shop, guest, member)
		},
		"merged": func(t *testing.T, shop *checkouttest.Shop) {
			shop.Fill(t, member, checkouttest.RubberBands, 1)
			adopt(t, shop, guest, member)
		},
		"merged, the goods were there": func(t *testing.T, shop *checkouttest.Shop) {
			shop.Fill(t, member, checkouttest.PaperClips, 1)
			adopt(t, shop, guest, member)
		},
		"merged into a cart with a session, the goods were there": func(t *testing.T, shop *checkouttest.Shop) {
			shop.Fill(t, member, checkouttest.PaperClips, 1)
			shop.Start(t, member)
			adopt(t, shop, guest, member)
		},
		"deleted before the guest signed in": func(t *testing.T, shop *checkouttest.Shop) {
			_, err := shop.Carts.DeleteCart(t.Context(), &orderv1.DeleteCartRequest{Shopper: guest})
			require.NoError(t, err)
			adopt(t, shop, guest, member)
			shop.Fill(t, member, checkouttest.PaperClips, 1)
		},
		"given and deleted": func(t *testing.T, shop *checkouttest.Shop) {
			adopt(t, shop, guest, member)
			_, err := shop.Carts.DeleteCart(t.Context(), &orderv1.DeleteCartRequest{Shopper: member})
			require.NoError(t, err)
			shop.Fill(t, member, checkouttest.PaperClips, 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := checkouttest.Open(t)
			shop.Fill(t, guest, checkouttest.PaperClips, 1)
			shop.Start(t, guest)
			act(t, shop)

			fresh := shop.Start(t, member)

			requireOnlyPayable(t, shop, fresh)
		})
	}
}

// TestMergedCartFindsThatTheGuestsSessionWasPaid: what the guest paid for must not be charged to the member again.
func TestMergedCartFindsThatTheGuestsSessionWasPaid(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest, member := checkouttest.Guest(), checkouttest.Member(9)
	shop.Fill(t, member, checkouttest.RubberBands, 1)
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	old := shop.Start(t, guest)
	adopt(t, shop, guest, member)
	require.True(t, shop.Payment.Pay(old))

	fresh := shop.Start(t, member)

	require.Equal(t, checkouttest.RubberBandsMinor+checkouttest.GroundMinor, shop.Payment.Opened(t, fresh).GetExpectedTotalMinor())
	require.Equal(t, 1, shop.Count(t, "SELECT count(*) FROM purchase WHERE session_id = $1", old))
	require.Empty(t, shop.Violations(t))
}

func TestOthersKeepTheirSessions(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	shoppers := []*orderv1.Shopper{checkouttest.Guest(), checkouttest.Member(10), checkouttest.Guest(), checkouttest.Member(11)}
	for _, shopper := range shoppers {
		shop.Fill(t, shopper, checkouttest.PaperClips, 1)
		shop.Start(t, shopper)
	}
	for _, shopper := range shoppers {
		shop.Fill(t, shopper, checkouttest.PaperClips, 1)
		shop.Start(t, shopper)
	}
	require.Len(t, shop.Payment.Payable(), len(shoppers))
}

// TestReplacedSessionInAStateWeDoNotKnow may be payable for all we know.
func TestReplacedSessionInAStateWeDoNotKnow(t *testing.T) {
	t.Parallel()
	shop := checkouttest.Open(t)
	guest := checkouttest.Guest()
	shop.Fill(t, guest, checkouttest.PaperClips, 1)
	old := shop.Start(t, guest)
	shop.Payment.Change(t, old, func(s *paymentv1.Session) { s.Status = paymentv1.SessionStatus_SESSION_STATUS_UNSPECIFIED })
	shop.Fill(t, guest, checkouttest.PaperClips, 1)

	_, err := shop.Checkouts.StartCheckout(t.Context(), checkouttest.Request(guest))

	require.Equal(t, "stripe-unavailable", fault.ReasonOf(err))
	require.Len(t, shop.Payment.Sessions(), 1)
}

func adopt(t *testing.T, shop *checkouttest.Shop, guest, member *orderv1.Shopper) {
	t.Helper()
	_, err := shop.Carts.AdoptCart(t.Context(), &orderv1.AdoptCartRequest{
		AccountId: member.GetAccountId(), AnonymousCartId: guest.GetAnonymousCartId(),
	})
	require.NoError(t, err)
}

func requireOnlyPayable(t *testing.T, shop *checkouttest.Shop, session string) {
	t.Helper()
	payable := shop.Payment.Payable()
	require.Len(t, payable, 1)
	require.Equal(t, session, payable[0].GetSessionId())
}
