package stripesandbox_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"
)

// newCoupon takes 5.00 USD off, once, unless changed.
func (w *world) newCoupon(id string, change ...func(*stripe.CouponParams)) *stripe.Coupon {
	w.t.Helper()
	params := &stripe.CouponParams{
		ID: stripe.String(id), Name: stripe.String("Five off"), AmountOff: stripe.Int64(500), Currency: stripe.String("usd"),
		Duration: stripe.String("once"), MaxRedemptions: stripe.Int64(1),
	}
	params.AddMetadata("checkout", "checkout-1")
	for _, apply := range change {
		apply(params)
	}
	made, err := w.stripe.Coupons.New(params)
	require.NoError(w.t, err)
	return made
}

func percentOff(percent float64) func(*stripe.CouponParams) {
	return func(params *stripe.CouponParams) {
		params.AmountOff, params.Currency, params.PercentOff = nil, nil, stripe.Float64(percent)
	}
}

// withCoupon asks for a session with the coupon; Stripe does not take promotion codes as well.
func withCoupon(id string) func(*stripe.CheckoutSessionParams) {
	return func(params *stripe.CheckoutSessionParams) {
		params.AllowPromotionCodes = nil
		params.Discounts = []*stripe.CheckoutSessionDiscountParams{{Coupon: stripe.String(id)}}
	}
}

func (w *world) breakdown(id string) *stripe.CheckoutSession {
	w.t.Helper()
	params := &stripe.CheckoutSessionParams{}
	params.AddExpand("total_details.breakdown")
	params.AddExpand("line_items")
	found, err := w.stripe.CheckoutSessions.Get(id, params)
	require.NoError(w.t, err)
	var lines int64
	for _, line := range found.LineItems.Data {
		lines += line.AmountTotal
	}
	require.Equal(w.t, found.AmountTotal, lines, "the lines add up")
	return found
}

// refuses creates a session that must be refused.
func (w *world) refuses(change ...func(*stripe.CheckoutSessionParams)) *stripe.Error {
	w.t.Helper()
	params := order()
	for _, apply := range change {
		apply(params)
	}
	_, err := w.stripe.CheckoutSessions.New(params)
	refused := stripeError(w.t, err)
	require.Equal(w.t, http.StatusBadRequest, refused.HTTPStatusCode)
	return refused
}

func TestACouponLowersWhatIsPaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.newCoupon("checkout-1")
	require.True(t, made.Valid)
	require.Equal(t, map[string]string{"checkout": "checkout-1"}, made.Metadata)
	opened := w.newSession(withCoupon("checkout-1"))
	require.EqualValues(t, orderTotal, opened.AmountSubtotal)
	require.EqualValues(t, orderTotal-500, opened.AmountTotal)
	require.Contains(t, w.do(http.MethodGet, "/pay/"+opened.ID, nil).body, "Five off -5.00 USD")
	w.restart()

	require.Equal(t, http.StatusBadRequest, w.pay(opened.ID, goodCard, "promotion_code", "TENOFF").status, "not both")
	require.Equal(t, http.StatusSeeOther, w.pay(opened.ID, goodCard).status)
	paid := w.breakdown(opened.ID)
	require.EqualValues(t, 500, paid.TotalDetails.AmountDiscount)
	require.Len(t, paid.TotalDetails.Breakdown.Discounts, 1)
	given := paid.TotalDetails.Breakdown.Discounts[0]
	require.EqualValues(t, 500, given.Amount)
	require.Equal(t, "checkout-1", given.Discount.Coupon.ID)
	require.Equal(t, "Five off", given.Discount.Coupon.Name)
	require.EqualValues(t, 500, given.Discount.Coupon.AmountOff)
	require.Nil(t, given.Discount.PromotionCode)
	require.Equal(t, opened.ID, given.Discount.CheckoutSession)
	require.EqualValues(t, orderTotal-500, w.charged(opened.ID)[0]["amount"])
	require.EqualValues(t, 500, w.charged(opened.ID)[0]["amount_discount"])

	used, err := w.stripe.Coupons.Get("checkout-1", nil)
	require.NoError(t, err)
	require.EqualValues(t, 1, used.TimesRedeemed)
	require.False(t, used.Valid)
	require.Equal(t, stripe.ErrorCodeCouponExpired, w.refuses(withCoupon("checkout-1")).Code)
}

func TestACouponIsMadeOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	again := func(key string) (*stripe.Coupon, error) {
		params := &stripe.CouponParams{ID: stripe.String("one"), PercentOff: stripe.Float64(10)}
		params.SetIdempotencyKey(key)
		return w.stripe.Coupons.New(params)
	}
	for range 2 {
		made, err := again("key-1")
		require.NoError(t, err)
		require.InDelta(t, 10, made.PercentOff, 0)
	}
	w.restart()
	_, err := again("key-2")
	refused := stripeError(t, err)
	require.Equal(t, stripe.ErrorCodeResourceAlreadyExists, refused.Code)
	require.Equal(t, http.StatusBadRequest, refused.HTTPStatusCode)

	deleted, err := w.stripe.Coupons.Del("one", nil)
	require.NoError(t, err)
	require.True(t, deleted.Deleted)
	for _, gone := range []func() error{
		func() error { _, err := w.stripe.Coupons.Get("one", nil); return err },
		func() error { _, err := w.stripe.Coupons.Del("one", nil); return err },
	} {
		require.Equal(t, stripe.ErrorCodeResourceMissing, stripeError(t, gone()).Code)
	}
	require.Equal(t, stripe.ErrorCodeResourceMissing, w.refuses(withCoupon("one")).Code)
	_, err = again("key-3")
	require.NoError(t, err, "a deleted id is free")
}

func TestACouponThatOneCheckoutRedeemsIsGoneForTheOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.newCoupon("only-one")
	first, second := w.newSession(withCoupon("only-one")), w.newSession(withCoupon("only-one"))
	require.Equal(t, http.StatusPaymentRequired, w.pay(first.ID, declinedCard).status, "a declined card redeems nothing")
	require.Equal(t, http.StatusSeeOther, w.pay(first.ID, goodCard).status)
	given := w.pay(second.ID, goodCard)
	require.Equal(t, http.StatusBadRequest, given.status)
	require.Contains(t, given.body, "used up")
	require.Empty(t, w.charged(second.ID))

	w.newCoupon("deleted-later")
	kept := w.newSession(withCoupon("deleted-later"))
	_, err := w.stripe.Coupons.Del("deleted-later", nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusSeeOther, w.pay(kept.ID, goodCard).status)
	require.EqualValues(t, orderTotal-500, w.charged(kept.ID)[0]["amount"])
}

func TestDiscountsEndAtNothingAndAreRoundedHalfUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.newCoupon("more-than-all", func(params *stripe.CouponParams) { params.AmountOff = stripe.Int64(99_999) })
	free := w.newSession(withCoupon("more-than-all"))
	require.Zero(t, free.AmountTotal)
	require.EqualValues(t, orderTotal, free.TotalDetails.AmountDiscount)
	require.Equal(t, http.StatusSeeOther, w.pay(free.ID, "").status)
	nothing := w.breakdown(free.ID)
	require.Equal(t, stripe.CheckoutSessionPaymentStatusNoPaymentRequired, nothing.PaymentStatus)
	require.Nil(t, nothing.PaymentIntent)

	w.newCoupon("tenth", percentOff(10))
	require.EqualValues(t, 316, w.newSession(withCoupon("tenth")).TotalDetails.AmountDiscount, "315.5 rounded up")
	w.newCoupon("odd", percentOff(33.33))
	require.EqualValues(t, 1052, w.breakdown(w.newSession(withCoupon("odd")).ID).TotalDetails.AmountDiscount, "1051.56")
	w.newCoupon("all", percentOff(100))
	require.Zero(t, w.newSession(withCoupon("all")).AmountTotal)

	w.newCoupon("nearly-all", func(params *stripe.CouponParams) { params.AmountOff = stripe.Int64(orderTotal - 49) })
	require.Equal(t, stripe.ErrorCodeAmountTooSmall, w.refuses(withCoupon("nearly-all")).Code)
	w.newCoupon("to-the-least", func(params *stripe.CouponParams) { params.AmountOff = stripe.Int64(orderTotal - 50) })
	require.EqualValues(t, 50, w.newSession(withCoupon("to-the-least")).AmountTotal)
}

func TestASessionTakesOneGoodDiscount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.newCoupon("euros", func(params *stripe.CouponParams) { params.Currency = stripe.String("eur") })
	w.newCoupon("good")
	w.newCoupon("short", func(params *stripe.CouponParams) { params.RedeemBy = stripe.Int64(time.Now().Add(time.Hour).Unix()) })
	require.Equal(t, "discounts[0][coupon]", w.refuses(withCoupon("euros")).Param)
	require.Equal(t, stripe.ErrorCodeResourceMissing, w.refuses(withCoupon("never-made")).Code)
	for _, allow := range []bool{true, false} { // Stripe refuses the two together whatever the value is
		both := func(params *stripe.CheckoutSessionParams) { params.AllowPromotionCodes = stripe.Bool(allow) }
		require.Contains(t, w.refuses(withCoupon("good"), both).Msg, "only one of")
	}
	two := func(params *stripe.CheckoutSessionParams) {
		params.Discounts = append(params.Discounts, &stripe.CheckoutSessionDiscountParams{Coupon: stripe.String("short")})
	}
	require.Equal(t, "discounts", w.refuses(withCoupon("good"), two).Param)
	w.newSession(withCoupon("short"))
	w.clock.forward(2 * time.Hour)
	require.Equal(t, stripe.ErrorCodeCouponExpired, w.refuses(withCoupon("short")).Code)
}

func TestBadCouponsAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, bad := range []url.Values{
		{},
		{"amount_off": {"500"}},
		{"amount_off": {"0"}, "currency": {"usd"}},
		{"amount_off": {"5.5"}, "currency": {"usd"}},
		{"amount_off": {"500"}, "currency": {"doge"}},
		{"amount_off": {"500"}, "currency": {"usd"}, "percent_off": {"10"}},
		{"percent_off": {"0"}},
		{"percent_off": {"100.1"}},
		{"percent_off": {"-5"}},
		{"percent_off": {"1e1"}},
		{"percent_off": {"10"}, "currency": {"usd"}},
		{"percent_off": {"10"}, "duration": {"always"}},
		{"percent_off": {"10"}, "duration": {"repeating"}},
		{"percent_off": {"10"}, "duration_in_months": {"3"}},
		{"percent_off": {"10"}, "max_redemptions": {"0"}},
		{"percent_off": {"10"}, "redeem_by": {"1000"}},
		{"percent_off": {"10"}, "name": {strings.Repeat("x", 41)}},
		{"percent_off": {"10"}, "id": {"no blanks"}},
		{"percent_off": {"10"}, "surprise": {"1"}},
		{"percent_off": {"10"}, "metadata[a]": {strings.Repeat("x", 501)}},
	} {
		given := w.send(http.MethodPost, "/v1/coupons", bad.Encode(), bearer())
		require.Equal(t, http.StatusBadRequest, given.status, bad)
	}
	good := url.Values{"percent_off": {"12.5"}, "name": {strings.Repeat("ü", 40)}, "duration": {"repeating"}, "duration_in_months": {"3"}}
	given := w.send(http.MethodPost, "/v1/coupons", good.Encode(), bearer())
	require.Equal(t, http.StatusOK, given.status, given.body)
	require.Contains(t, given.body, `"percent_off": 12.5`)
	require.Contains(t, given.body, `"amount_off": null`)
}

func TestTaxComesOnTopOfWhatTheDiscountLeaves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	untaxed := w.newSession()
	require.Contains(t, w.do(http.MethodPost, "/sandbox/tax", url.Values{"percent": {"8.25"}}).body, "8.25")
	w.restart()
	require.Contains(t, w.do(http.MethodGet, "/sandbox/tax", nil).body, "8.25")
	taxed := w.newSession()
	require.EqualValues(t, 260, taxed.TotalDetails.AmountTax, "260.29")
	require.EqualValues(t, orderTotal+260, taxed.AmountTotal)
	require.EqualValues(t, orderTotal, taxed.AmountSubtotal)
	require.Contains(t, w.do(http.MethodGet, "/pay/"+taxed.ID, nil).body, "34.15 USD")

	w.newCoupon("five")
	both := w.breakdown(w.newSession(withCoupon("five")).ID)
	require.EqualValues(t, 219, both.TotalDetails.AmountTax, "219.04 of 26.55")
	require.EqualValues(t, orderTotal-500+219, both.AmountTotal)
	require.EqualValues(t, 219, both.TotalDetails.Breakdown.Taxes[0].Amount)
	require.InDelta(t, 8.25, both.TotalDetails.Breakdown.Taxes[0].Rate.Percentage, 0)

	w.pay(taxed.ID, goodCard, "promotion_code", "HALFOFF")
	halved := w.breakdown(taxed.ID)
	require.EqualValues(t, 1578, halved.TotalDetails.AmountDiscount)
	require.EqualValues(t, 130, halved.TotalDetails.AmountTax, "130.10 of 15.77")
	require.Equal(t, "HALFOFF", halved.TotalDetails.Breakdown.Discounts[0].Discount.Coupon.ID)
	require.Equal(t, "promo_halfoff", halved.TotalDetails.Breakdown.Discounts[0].Discount.PromotionCode.ID)
	charged := w.charged(taxed.ID)[0]
	require.EqualValues(t, 1577+130, charged["amount"])
	require.EqualValues(t, 130, charged["amount_tax"])

	w.pay(untaxed.ID, goodCard)
	require.EqualValues(t, orderTotal, w.charged(untaxed.ID)[0]["amount"], "made before the switch")
	require.Equal(t, http.StatusOK, w.do(http.MethodPost, "/sandbox/tax", url.Values{"percent": {"0"}}).status)
	require.EqualValues(t, orderTotal, w.newSession().AmountTotal)
	for _, bad := range []string{"", "101", "-1", "8,25", "8.25001", "x", "."} {
		require.Equal(t, http.StatusBadRequest, w.do(http.MethodPost, "/sandbox/tax", url.Values{"percent": {bad}}).status, bad)
	}
}
