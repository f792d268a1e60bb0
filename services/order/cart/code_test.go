package cart_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/cart"
	"github.com/bartgottschalk/startupwebapp/services/order/demo"
	"github.com/bartgottschalk/startupwebapp/services/order/ordertest"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

const onCarts = `SELECT count(*) FROM cart_discount`

// openWithCodes is the demo shop with the eight codes of the old shop's recordings.
func openWithCodes(t *testing.T) *ordertest.Shop {
	t.Helper()
	shop := ordertest.Open(t)
	require.NoError(t, shop.DB.InTx(t.Context(), demo.LoadDiscountCodes))
	return shop
}

func tryCode(t *testing.T, shop *ordertest.Shop, shopper *orderv1.Shopper, code string) (*orderv1.Cart, error) {
	t.Helper()
	answer, err := shop.CartClient.ApplyDiscountCode(t.Context(), &orderv1.ApplyDiscountCodeRequest{Shopper: shopper, Code: code})
	return answer.GetCart(), err
}

func apply(t *testing.T, shop *ordertest.Shop, shopper *orderv1.Shopper, code string) *orderv1.Cart {
	t.Helper()
	cart, err := tryCode(t, shop, shopper, code)
	require.NoError(t, err, code)
	return cart
}

func takeOff(t *testing.T, shop *ordertest.Shop, shopper *orderv1.Shopper, codeID int64) *orderv1.Cart {
	t.Helper()
	answer, err := shop.CartClient.RemoveDiscountCode(t.Context(), &orderv1.RemoveDiscountCodeRequest{Shopper: shopper, DiscountCodeId: codeID})
	require.NoError(t, err)
	return answer.GetCart()
}

// shown are the codes of a cart in their order; those that are applied have a plus.
func shown(cart *orderv1.Cart) string {
	var codes []string
	for _, code := range cart.GetDiscountCodes() {
		name := code.GetCode()
		if code.GetApplied() {
			name += "+"
		}
		codes = append(codes, name)
	}
	return strings.Join(codes, " ")
}

// sums are subtotal, discount, shipping, discount, total.
func sums(cart *orderv1.Cart) []int64 {
	of := cart.GetTotals()
	return []int64{of.GetItemSubtotalMinor(), of.GetItemDiscountMinor(), of.GetShippingMinor(), of.GetShippingDiscountMinor(), of.GetTotalMinor()}
}

// The recorded life of codes on a cart (contract cases seed-discount-codes.json) by the rule of order.md 5.6.
func TestCodesOnACart(t *testing.T) {
	t.Parallel()
	shop, visitor := openWithCodes(t), guest()
	add(t, shop, visitor, 1, 2)
	add(t, shop, visitor, 7, 1)
	cart := apply(t, shop, visitor, "WELCOME10")
	require.Equal(t, []int64{2199, 220, 956, 0, 2935}, sums(cart))
	code := cart.GetDiscountCodes()[0]
	require.Equal(t, int64(1), code.GetDiscountCodeId())
	require.Equal(t, "item_total percent-off", code.GetAppliesTo()+" "+code.GetAction())
	require.Equal(t, int64(1000), code.GetAmountHundredths())
	require.Equal(t, time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC), code.GetEndsAt().AsTime())

	cart = apply(t, shop, visitor, "HALF50")
	require.Equal(t, "WELCOME10+ HALF50", shown(cart), "at most one takes off the goods")
	require.Equal(t, []int64{2199, 220, 956, 0, 2935}, sums(cart))
	cart = apply(t, shop, visitor, "FREESHIPPING")
	require.Equal(t, "WELCOME10+ HALF50 FREESHIPPING+", shown(cart))
	require.Equal(t, []int64{2199, 220, 956, 956, 1979}, sums(cart))
	require.Equal(t, shown(cart), shown(get(t, shop, visitor)), "what is answered is what is kept")

	choose(t, shop, visitor, "UPSGround")
	cart = get(t, shop, visitor)
	require.Equal(t, "WELCOME10+ HALF50 FREESHIPPING", shown(cart), "only ground shipping can be free")
	require.Equal(t, []int64{2199, 220, 1134, 0, 3113}, sums(cart))
	cart = takeOff(t, shop, visitor, 1)
	require.Equal(t, "HALF50+ FREESHIPPING", shown(cart), "the next one takes its place")
	require.Equal(t, []int64{2199, 1100, 1134, 0, 2233}, sums(cart), "half of 21.99, the half cent up")
	for range 2 {
		require.Equal(t, "HALF50+ FREESHIPPING", shown(takeOff(t, shop, visitor, 1)), "taking off what is not there is no error")
	}
	require.Equal(t, "HALF50+ FREESHIPPING FREE3MONTHS", shown(apply(t, shop, visitor, "FREE3MONTHS")))
}

func TestAMinimumCountsAsTheCartChanges(t *testing.T) {
	t.Parallel()
	shop, visitor := openWithCodes(t), guest()
	add(t, shop, visitor, 1, 2)
	cart := apply(t, shop, visitor, "SAVER10")
	require.Equal(t, "SAVER10", shown(cart))
	require.Equal(t, []int64{700, 0, 956, 0, 1656}, sums(cart))
	cart = apply(t, shop, visitor, "WELCOME10")
	require.Equal(t, "SAVER10 WELCOME10+", shown(cart), "one that does not qualify is in nobody's way")
	set, err := shop.CartClient.SetCartQuantity(t.Context(), &orderv1.SetCartQuantityRequest{Shopper: visitor, SkuId: 1, Quantity: 6})
	require.NoError(t, err)
	require.Equal(t, "SAVER10+ WELCOME10", shown(set.GetCart()))
	require.Equal(t, []int64{2100, 1000, 956, 0, 2056}, sums(set.GetCart()))
	removed, err := shop.CartClient.RemoveFromCart(t.Context(), &orderv1.RemoveFromCartRequest{Shopper: visitor, SkuId: 1})
	require.NoError(t, err)
	require.Equal(t, "SAVER10 WELCOME10", shown(removed.GetCart()), "an emptied cart keeps its codes, and they take nothing off")
	require.Equal(t, []int64{0, 0, 0, 0, 0}, sums(removed.GetCart()))
}

func TestCodesThatCannotBeApplied(t *testing.T) {
	t.Parallel()
	shop, visitor := openWithCodes(t), guest()
	_, err := tryCode(t, shop, visitor, "OLDCODE")
	requireReason(t, err, fault.NotFound, "cart-not-found") // the cart is looked for first
	_, err = shop.CartClient.RemoveDiscountCode(t.Context(), &orderv1.RemoveDiscountCodeRequest{Shopper: visitor, DiscountCodeId: 999})
	requireReason(t, err, fault.NotFound, "cart-not-found")
	require.Zero(t, shop.Count(t, carts), "no code makes a cart")

	add(t, shop, visitor, 1, 2)
	apply(t, shop, visitor, "WELCOME10")
	for code, reason := range map[string]string{
		"": "not-found", "NOPE": "not-found", "welcome10": "not-found", "W\x00": "not-found", strings.Repeat("W", 101): "not-found",
		strings.Repeat("W", 100_000): "not-found", "WELCOME10' --": "not-found", "OLDCODE": "not-active", "SOONCODE": "not-active", "WELCOME10": "already-applied",
	} {
		_, err := tryCode(t, shop, visitor, code)
		require.Equal(t, "discount-code-"+reason, fault.ReasonOf(err), "%.20q", code)
	}
	for _, id := range []int64{0, -1, 999, 1 << 62} {
		_, err := shop.CartClient.RemoveDiscountCode(t.Context(), &orderv1.RemoveDiscountCodeRequest{Shopper: visitor, DiscountCodeId: id})
		requireReason(t, err, fault.NotFound, "discount-code-not-found")
	}
	require.Equal(t, "WELCOME10+", shown(get(t, shop, visitor)))
}

func TestACodeThatEndsOnACartTakesNothingOff(t *testing.T) {
	t.Parallel()
	shop, visitor := openWithCodes(t), guest()
	add(t, shop, visitor, 1, 2)
	apply(t, shop, visitor, "WELCOME10")
	shop.Exec(t, `UPDATE discount_code SET ends_at = now() - interval '1 second' WHERE code = 'WELCOME10'`)
	found := get(t, shop, visitor)
	require.Equal(t, "WELCOME10", shown(found))
	require.Equal(t, []int64{700, 0, 956, 0, 1656}, sums(found))
	require.Zero(t, freeze(t, shop, visitor).Discounts.ItemMinor, "nor at the checkout (unlike order.md 5.4)")
}

func tenCodes(t *testing.T, shop *ordertest.Shop) {
	t.Helper()
	shop.Exec(t, `INSERT INTO discount_code (code, description, starts_at, ends_at, discount_type_id, amount_hundredths, created_at)
		SELECT 'CODE' || number, '', now() - interval '1 day', now() + interval '1 day', 1, 100 * number, now() FROM generate_series(1, 20) AS number`)
}

func TestACartHoldsTenCodes(t *testing.T) {
	t.Parallel()
	shop, visitor := openWithCodes(t), guest()
	tenCodes(t, shop)
	add(t, shop, visitor, 1, 2)
	failures := []error{}
	for _, err := range atOnce(applying(t, shop, visitor, 20)...) {
		if err != nil {
			failures = append(failures, err)
		}
	}
	require.Len(t, failures, 10)
	for _, err := range failures {
		requireReason(t, err, fault.FailedPrecondition, "too-many-discount-codes")
	}
	require.Equal(t, 10, shop.Count(t, onCarts))
	_, err := tryCode(t, shop, visitor, "NOPE")
	requireReason(t, err, fault.NotFound, "discount-code-not-found")
}

// applying are tries of CODE1 to the last, one each.
func applying(t *testing.T, shop *ordertest.Shop, shopper *orderv1.Shopper, last int) []func() error {
	t.Helper()
	works := make([]func() error, last)
	for i := range works {
		works[i] = func() error {
			_, err := tryCode(t, shop, shopper, fmt.Sprintf("CODE%d", i+1))
			return err
		}
	}
	return works
}

func TestOneCodeAtOnceIsOnTheCartOnce(t *testing.T) {
	t.Parallel()
	shop, visitor := openWithCodes(t), guest()
	add(t, shop, visitor, 1, 2)
	applied := 0
	for _, err := range atOnce(times(20, func() error {
		_, err := tryCode(t, shop, visitor, "WELCOME10")
		return err
	})...) {
		if err == nil {
			applied++
			continue
		}
		requireReason(t, err, fault.Conflict, "discount-code-already-applied")
	}
	require.Equal(t, 1, applied)
	require.Equal(t, 1, shop.Count(t, onCarts))
}

// Contract order.md 2.3: the account's cart gets the codes that it lacks.
func TestCodesGoAlongWhenCartsAreMerged(t *testing.T) {
	t.Parallel()
	shop, visitor, ann := openWithCodes(t), guest(), account(1)
	add(t, shop, ann, 1, 5)
	apply(t, shop, ann, "HALF50")
	apply(t, shop, ann, "FREESHIPPING")
	add(t, shop, visitor, 7, 3)
	for _, code := range []string{"SAVER10", "FREESHIPPING", "WELCOME10"} {
		apply(t, shop, visitor, code)
	}
	for range 2 {
		adopt(t, shop, 1, visitor)
		require.Equal(t, "HALF50+ FREESHIPPING+ SAVER10 WELCOME10", shown(get(t, shop, ann)), "its own come first")
	}
	require.Equal(t, 4, shop.Count(t, onCarts))
}

func TestAMergedCartHoldsTenCodesToo(t *testing.T) {
	t.Parallel()
	shop, visitor, ann := openWithCodes(t), guest(), account(1)
	tenCodes(t, shop)
	add(t, shop, ann, 1, 5)
	add(t, shop, visitor, 7, 3)
	for i := range 10 {
		apply(t, shop, visitor, fmt.Sprintf("CODE%d", i+1))
		if i > 1 {
			apply(t, shop, ann, fmt.Sprintf("CODE%d", i+6))
		}
	}
	adopt(t, shop, 1, visitor)
	require.Equal(t, "CODE8+ CODE9 CODE10 CODE11 CODE12 CODE13 CODE14 CODE15 CODE1 CODE2", shown(get(t, shop, ann)))
}

func TestCodesGoWithTheCart(t *testing.T) {
	t.Parallel()
	shop, visitor := openWithCodes(t), guest()
	add(t, shop, visitor, 1, 2)
	apply(t, shop, visitor, "WELCOME10")
	adopt(t, shop, 1, visitor)
	require.Equal(t, "WELCOME10+", shown(get(t, shop, account(1))), "an account without a cart gets the guest's as it is")

	contents := freeze(t, shop, account(1))
	require.Equal(t, int64(70), contents.Discounts.ItemMinor)
	add(t, shop, account(1), 7, 1)
	require.NoError(t, remove(t.Context(), shop, contents))
	require.Equal(t, "WELCOME10+", shown(get(t, shop, account(1))), "a cart with other goods keeps its codes")
	require.NoError(t, remove(t.Context(), shop, freeze(t, shop, account(1))))
	require.Zero(t, shop.Count(t, onCarts), "they go with a cart that was bought up")

	add(t, shop, account(1), 1, 1)
	apply(t, shop, account(1), "WELCOME10")
	_, err := shop.CartClient.DeleteCart(t.Context(), &orderv1.DeleteCartRequest{Shopper: account(1)})
	require.NoError(t, err)
	require.Zero(t, shop.Count(t, onCarts))
}

// used notes a checkout with WELCOME10 in the books.
func used(t *testing.T, shop *ordertest.Shop, state string, cartID int64, by *orderv1.Shopper) {
	t.Helper()
	shop.Exec(t, `WITH used AS (
			INSERT INTO checkout (reference, cart_id, account_id, anonymous_cart_id, email, fingerprint, currency, item_subtotal_minor,
				item_discount_minor, shipping_minor, shipping_discount_minor, total_minor, shipping_identifier, shipping_carrier,
				shipping_tracking_base_url, terms_agreed_at, traceparent, created_at, newsletter, state, state_since, next_check_at, discount_codes)
			VALUES ($1, $2, nullif($3::bigint, 0), nullif($4, ''), '', 'f', 'usd', 100, 10, 0, 0, 90, 'm', 'm', '', now(), '', now(), false, $5, now(),
				CASE WHEN $5 IN ('open', 'superseded') THEN now() END, 1) RETURNING id)
		INSERT INTO checkout_discount (checkout_id, position, discount_code_id, code, description, starts_at, ends_at, combinable,
			amount_hundredths, order_minimum_minor, type_title, type_description, applies_to, action, applied, discount_minor)
		SELECT id, 1, 1, 'WELCOME10', '', now(), now(), false, 1000, 0, '', '', 'item_total', 'percent-off', true, 10 FROM used`,
		"checkout_"+identifier.New(32), cartID, by.GetAccountId(), by.GetAnonymousCartId(), state)
}

// What is shown as applied can be charged: a code that somebody else used up is not applied, one's own payment page is in nobody's way.
func TestACodeThatIsUsedUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		limits, state string
		others        bool
		want          string
	}{
		"by others":                                {"usage_limit = 1", "completed", true, "WELCOME10"},
		"at another's page":                        {"usage_limit = 1", "open", true, "WELCOME10"},
		"given back by another":                    {"usage_limit = 1", "expired", true, "WELCOME10+"},
		"given up by another before he had a page": {"usage_limit = 1", "superseded", true, "WELCOME10+"},
		"at the own page":                          {"usage_limit = 1, usage_limit_per_customer = 1", "open", false, "WELCOME10+"},
		"bought with it":                           {"usage_limit_per_customer = 1", "completed", false, "WELCOME10"},
		"others bought with it":                    {"usage_limit_per_customer = 1", "completed", true, "WELCOME10+"},
		"not yet used up":                          {"usage_limit = 2, usage_limit_per_customer = 2", "completed", false, "WELCOME10+"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shop := openWithCodes(t)
			shop.Exec(t, "UPDATE discount_code SET "+c.limits+" WHERE code = 'WELCOME10'")
			for i, shopper := range []*orderv1.Shopper{guest(), account(1)} {
				add(t, shop, shopper, 1, 2)
				apply(t, shop, shopper, "WELCOME10")
				by, cartID := shopper, freeze(t, shop, shopper).CartID
				if c.others {
					by, cartID = account(int64(100+i)), 1000+cartID
				}
				used(t, shop, c.state, cartID, by)
				require.Equal(t, c.want, shown(get(t, shop, shopper)))
				shop.Exec(t, "DELETE FROM checkout_discount")
			}
		})
	}
}

func TestCodesCostOneStatement(t *testing.T) {
	t.Parallel()
	shop, visitor := openWithCodes(t), guest()
	add(t, shop, visitor, 1, 2)
	statements := func() int {
		ctx, queries := postgres.Count(t.Context())
		_, err := shop.Carts.GetCart(ctx, &orderv1.GetCartRequest{Shopper: visitor})
		require.NoError(t, err)
		return queries.N()
	}
	require.Equal(t, 1, statements())
	apply(t, shop, visitor, "WELCOME10")
	apply(t, shop, visitor, "FREESHIPPING")
	require.Equal(t, 2, statements(), "however many there are")
	takeOff(t, shop, visitor, 1)
	takeOff(t, shop, visitor, 4)
	require.Equal(t, 1, statements())
}

func TestCodesAreAmongWhatIsHandedOut(t *testing.T) {
	t.Parallel()
	shop := openWithCodes(t)
	add(t, shop, account(1), 1, 2)
	require.Equal(t, []string{}, extract(t, shop)[0].DiscountCodes)
	apply(t, shop, account(1), "WELCOME10")
	apply(t, shop, account(1), "HALF50")
	require.Equal(t, []string{"WELCOME10", "HALF50"}, extract(t, shop)[0].DiscountCodes)
}

func extract(t *testing.T, shop *ordertest.Shop) []cart.Extract {
	t.Helper()
	tx, err := shop.DB.Pool().Begin(t.Context())
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(t.Context()) }()
	found, _, err := cart.ExtractsOf(t.Context(), tx, 1)
	require.NoError(t, err)
	require.Len(t, found, 1)
	return found
}
