package cart_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/ordertest"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

func adopt(t *testing.T, shop *ordertest.Shop, accountID int64, visitor *orderv1.Shopper) {
	t.Helper()
	_, err := shop.CartClient.AdoptCart(t.Context(), &orderv1.AdoptCartRequest{AccountId: accountID, AnonymousCartId: visitor.GetAnonymousCartId()})
	require.NoError(t, err)
}

func choose(t *testing.T, shop *ordertest.Shop, shopper *orderv1.Shopper, method string) {
	t.Helper()
	_, err := shop.CartClient.ChooseShippingMethod(t.Context(), &orderv1.ChooseShippingMethodRequest{Shopper: shopper, Identifier: method})
	require.NoError(t, err)
}

// signedIn is a member whose browser still has the guest's cookie.
func signedIn(accountID int64, visitor *orderv1.Shopper) *orderv1.Shopper {
	return &orderv1.Shopper{AccountId: accountID, AnonymousCartId: visitor.GetAnonymousCartId(), Username: "ann"}
}

func TestAdoptionByAnAccountWithoutCart(t *testing.T) {
	t.Parallel()
	shop, visitor := ordertest.Open(t), guest()
	add(t, shop, visitor, 1, 2)
	choose(t, shop, visitor, "UPSGround")
	for range 2 { // repeating changes nothing
		adopt(t, shop, 1, visitor)
		cart := get(t, shop, account(1))
		require.Equal(t, map[int64]int32{1: 2}, held(cart))
		require.Equal(t, "UPSGround", cart.GetShippingMethod().GetIdentifier())
		require.Nil(t, get(t, shop, visitor))
	}
	require.Equal(t, 1, shop.Count(t, carts))
}

// Contract order.md 2.3: existing quantities win, the member's shipping method stays.
func TestMergeIntoAnAccountsCart(t *testing.T) {
	t.Parallel()
	shop, visitor, ann := ordertest.Open(t), guest(), account(1)
	add(t, shop, ann, 1, 5)
	choose(t, shop, ann, "FedExGround")
	add(t, shop, visitor, 7, 3)
	add(t, shop, visitor, 1, 2)
	choose(t, shop, visitor, "UPSGround")
	for range 2 {
		adopt(t, shop, 1, visitor)
		cart := get(t, shop, ann)
		require.Equal(t, map[int64]int32{1: 5, 7: 3}, held(cart))
		require.Equal(t, "FedExGround", cart.GetShippingMethod().GetIdentifier())
		require.Nil(t, get(t, shop, visitor))
	}
	require.Equal(t, 1, shop.Count(t, carts))
}

// Contract order.md 2.3: the guest's shipping method is taken over where the member has chosen none.
func TestMergeTakesOverTheOnlyShippingChoice(t *testing.T) {
	t.Parallel()
	shop, visitor, ann := ordertest.Open(t), guest(), account(1)
	add(t, shop, ann, 1, 1)
	require.Equal(t, "USPSRetailGround", get(t, shop, ann).GetShippingMethod().GetIdentifier(), "the default counts until one is chosen")
	add(t, shop, visitor, 7, 1)
	choose(t, shop, visitor, "FedExGround")
	adopt(t, shop, 1, visitor)
	require.Equal(t, "FedExGround", get(t, shop, ann).GetShippingMethod().GetIdentifier())
}

func TestEveryCallMergesWhatLoginLeft(t *testing.T) {
	t.Parallel()
	shop, ctx := ordertest.Open(t), t.Context()
	calls := map[string]func(*orderv1.Shopper) error{
		"get": func(s *orderv1.Shopper) error {
			_, err := shop.CartClient.GetCart(ctx, &orderv1.GetCartRequest{Shopper: s})
			return err
		},
		"count": func(s *orderv1.Shopper) error {
			_, err := shop.CartClient.CountCartLines(ctx, &orderv1.CountCartLinesRequest{Shopper: s})
			return err
		},
		"add": func(s *orderv1.Shopper) error {
			added, err := shop.CartClient.AddToCart(ctx, &orderv1.AddToCartRequest{Shopper: s, SkuId: 6, Quantity: 1})
			require.Equal(t, int32(3), added.GetLines())
			return err
		},
		"set": func(s *orderv1.Shopper) error {
			_, err := shop.CartClient.SetCartQuantity(ctx, &orderv1.SetCartQuantityRequest{Shopper: s, SkuId: 7, Quantity: 3})
			return err
		},
		"choose": func(s *orderv1.Shopper) error {
			_, err := shop.CartClient.ChooseShippingMethod(ctx, &orderv1.ChooseShippingMethodRequest{Shopper: s, Identifier: "UPSGround"})
			return err
		},
	}
	accountID := int64(100)
	for name, call := range calls {
		accountID++
		visitor := guest()
		add(t, shop, account(accountID), 1, 1)
		add(t, shop, visitor, 7, 3)
		require.NoError(t, call(signedIn(accountID, visitor)), name)
		require.Nil(t, get(t, shop, visitor), name)
		require.Equal(t, int32(3), held(get(t, shop, account(accountID)))[7], name)
	}
}

func TestDeletingDeletesTheGuestsCartToo(t *testing.T) {
	t.Parallel()
	shop, visitor := ordertest.Open(t), guest()
	add(t, shop, account(1), 1, 1)
	add(t, shop, visitor, 7, 3)
	_, err := shop.CartClient.DeleteCart(t.Context(), &orderv1.DeleteCartRequest{Shopper: signedIn(1, visitor)})
	require.NoError(t, err)
	require.Zero(t, shop.Count(t, carts))
	require.Zero(t, shop.Count(t, `SELECT count(*) FROM cart_line_moved`))
}

func TestFailedAddUndoesNothingOfTheMerge(t *testing.T) {
	t.Parallel()
	shop, visitor := ordertest.Open(t), guest()
	add(t, shop, visitor, 1, 60)
	_, err := shop.CartClient.AddToCart(t.Context(), &orderv1.AddToCartRequest{Shopper: signedIn(1, visitor), SkuId: 1, Quantity: 60})
	requireReason(t, err, fault.Invalid, "quantity-out-of-range")
	require.Equal(t, map[int64]int32{1: 60}, held(get(t, shop, signedIn(1, visitor))))
}

func TestAdoptionWithoutSense(t *testing.T) {
	t.Parallel()
	shop, visitor := ordertest.Open(t), guest()
	add(t, shop, visitor, 1, 1)
	_, err := shop.CartClient.AdoptCart(t.Context(), &orderv1.AdoptCartRequest{AnonymousCartId: visitor.GetAnonymousCartId()})
	requireReason(t, err, fault.Invalid, "cart-adoption-incomplete")
	adopt(t, shop, 1, &orderv1.Shopper{})
	adopt(t, shop, 1, guest())
	require.Nil(t, get(t, shop, account(1)))
	require.NotNil(t, get(t, shop, visitor))
}

func TestParallelMerges(t *testing.T) {
	t.Parallel()
	shop, ctx := ordertest.Open(t), t.Context()
	for round := range int64(5) {
		visitor, accountID := guest(), 200+round
		add(t, shop, visitor, 7, 3)
		shopper := signedIn(accountID, visitor)
		works := times(8, func() error {
			_, err := shop.CartClient.AdoptCart(ctx, &orderv1.AdoptCartRequest{AccountId: accountID, AnonymousCartId: visitor.GetAnonymousCartId()})
			return err
		})
		works = append(works, times(8, func() error {
			_, err := shop.CartClient.GetCart(ctx, &orderv1.GetCartRequest{Shopper: shopper})
			return err
		})...)
		// Without the cookie: makes the account's cart while the guest's is being given to the account.
		works = append(works, times(8, func() error {
			_, err := shop.CartClient.AddToCart(ctx, &orderv1.AddToCartRequest{Shopper: account(accountID), SkuId: 1, Quantity: 1})
			return err
		})...)
		for _, err := range atOnce(works...) {
			require.NoError(t, err)
		}
		require.Equal(t, map[int64]int32{1: 8, 7: 3}, held(get(t, shop, account(accountID))))
		require.Nil(t, get(t, shop, visitor))
	}
}

func TestOneGuestsCartGoesToOneAccount(t *testing.T) {
	t.Parallel()
	shop, ctx := ordertest.Open(t), t.Context()
	for round := range int64(5) {
		visitor, first := guest(), 300+10*round
		add(t, shop, visitor, 7, 3)
		add(t, shop, account(first+1), 1, 1)
		works := []func() error{}
		for accountID := first; accountID < first+4; accountID++ {
			works = append(works, func() error {
				_, err := shop.CartClient.AdoptCart(ctx, &orderv1.AdoptCartRequest{AccountId: accountID, AnonymousCartId: visitor.GetAnonymousCartId()})
				return err
			})
		}
		for _, err := range atOnce(works...) {
			require.NoError(t, err)
		}
		owners := 0
		for accountID := first; accountID < first+4; accountID++ {
			if held(get(t, shop, account(accountID)))[7] == 3 {
				owners++
			}
		}
		require.Equal(t, 1, owners)
	}
}
