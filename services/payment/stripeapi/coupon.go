package stripeapi

import (
	"context"
	"errors"
	"time"

	stripe "github.com/stripe/stripe-go/v76"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
)

const (
	longestCouponName = 40 // characters, Stripe's limit
	usualCouponName   = "Discount"
	usualLifetime     = 24 * time.Hour // of a session that is given none (Stripe's default)
	couponGrace       = time.Hour      // a coupon outlives its session by this
)

var errOtherCoupon = errors.New("the coupon of the checkout is another one")

// haveCoupon makes the coupon of an attempt. One that is there already is the work of a call before, but is not believed
// unseen: what it takes off is what the customer was told, or there is no session.
func (c *Client) haveCoupon(ctx context.Context, request *paymentv1.OpenSessionRequest, attempt Attempt) error {
	made, err := ask(ctx, c, "stripe make coupon", isUnanswered, func(ctx context.Context) (*stripe.Coupon, error) {
		parameters := couponOf(request, attempt)
		parameters.Context, parameters.IdempotencyKey = ctx, stripe.String(attempt.couponKey())
		return c.coupons.New(parameters)
	})
	if isThereAlready(err) {
		made, err = ask(ctx, c, "stripe read coupon", isUnansweredOrBroken, func(ctx context.Context) (*stripe.Coupon, error) {
			return c.coupons.Get(attempt.couponID(), &stripe.CouponParams{Params: stripe.Params{Context: ctx}})
		})
	}
	if err != nil {
		return err
	}
	if made.AmountOff != request.GetDiscountMinor() || string(made.Currency) != request.GetCurrency() || made.PercentOff != 0 {
		return &Failure{Outcome: Refused, Param: "discounts", cause: errOtherCoupon}
	}
	return nil
}

func isThereAlready(err error) bool {
	var failure *Failure
	return errors.As(err, &failure) && failure.Code == string(stripe.ErrorCodeResourceAlreadyExists)
}

// couponOf can be used once and not long after its session, so that one whose session ended unpaid does no harm.
func couponOf(request *paymentv1.OpenSessionRequest, attempt Attempt) *stripe.CouponParams {
	return &stripe.CouponParams{
		ID:             stripe.String(attempt.couponID()),
		AmountOff:      stripe.Int64(request.GetDiscountMinor()),
		Currency:       stripe.String(request.GetCurrency()),
		Duration:       stripe.String(string(stripe.CouponDurationOnce)),
		MaxRedemptions: stripe.Int64(1),
		Name:           stripe.String(couponName(request.GetDiscountName())),
		RedeemBy:       stripe.Int64(endOf(request, attempt).Add(couponGrace).Unix()),
		Metadata:       metadataWith(request.GetReference()),
	}
}

func couponName(name string) string {
	characters := []rune(name)
	switch {
	case len(characters) == 0:
		return usualCouponName
	case len(characters) > longestCouponName:
		return string(characters[:longestCouponName])
	default:
		return name
	}
}

// endOf is when the attempt's session ends.
func endOf(request *paymentv1.OpenSessionRequest, attempt Attempt) time.Time {
	lifetime := time.Duration(request.GetLifetimeSeconds()) * time.Second
	if lifetime == 0 {
		lifetime = usualLifetime
	}
	return attempt.BeganAt.Add(lifetime)
}
