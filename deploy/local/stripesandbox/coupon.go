package stripesandbox

import (
	"strings"
	"time"
)

// coupon takes an amount or a percentage off a session. The API makes them; a few more stand behind the promotion codes.
type coupon struct {
	ID             string
	Name           string
	AmountOff      int64 // minor units of Currency; 0: PercentOff holds
	PercentOff     percentage
	Currency       string
	Duration       string
	DurationMonths int64 // of the duration "repeating"
	MaxRedemptions int64 // 0: any number
	RedeemBy       int64 // Unix seconds; 0: no end
	Metadata       map[string]string
	Created        int64
	TimesRedeemed  int64
}

// takesOff may be more than the amount: who applies it stops at nothing left.
func (c coupon) takesOff(amount int64) int64 {
	if c.AmountOff > 0 {
		return c.AmountOff
	}
	return c.PercentOff.of(amount)
}

func (c coupon) isUsedUp() bool { return c.MaxRedemptions > 0 && c.TimesRedeemed >= c.MaxRedemptions }

func (c coupon) isExpired(now time.Time) bool { return c.RedeemBy > 0 && now.Unix() > c.RedeemBy }

func (c coupon) render(now time.Time) object {
	return object{
		"id": c.ID, "object": "coupon", "livemode": false, "created": c.Created, "name": orNull(c.Name),
		"amount_off": orAbsent(c.AmountOff), "percent_off": c.renderPercent(), "currency": orNull(c.Currency),
		"duration": c.Duration, "duration_in_months": orAbsent(c.DurationMonths), "metadata": orEmpty(c.Metadata),
		"max_redemptions": orAbsent(c.MaxRedemptions), "redeem_by": orAbsent(c.RedeemBy), "times_redeemed": c.TimesRedeemed,
		"valid": !c.isUsedUp() && !c.isExpired(now),
	}
}

func (c coupon) renderPercent() any {
	if c.AmountOff > 0 {
		return nil
	}
	return c.PercentOff.number()
}

// discount is a coupon applied to a session, by the shop or by a customer's promotion code.
type discount struct {
	ID            string
	Coupon        coupon // as it was when it was applied
	PromotionCode string // that the customer entered; empty: the shop's doing
	Start         int64
}

func (d discount) render(sessionID string) object {
	return object{
		"id": d.ID, "object": "discount", "checkout_session": sessionID, "coupon": d.Coupon.render(time.Unix(d.Start, 0)),
		"customer": nil, "start": d.Start, "end": nil, "invoice": nil, "invoice_item": nil, "subscription": nil,
		"promotion_code": d.promotionID(),
	}
}

func (d discount) promotionID() any {
	if d.PromotionCode == "" {
		return nil
	}
	return "promo_" + strings.ToLower(d.PromotionCode)
}

// findPromotion is the discount behind a code that customers may enter on the payment page, or nil.
func findPromotion(code string, now time.Time) *discount {
	percents := map[string]percentage{"TENOFF": 10, "HALFOFF": 50, "FREE100": 100}
	known := strings.ToUpper(code)
	percent, found := percents[known]
	if !found {
		return nil
	}
	return &discount{
		ID: newIdentifier("di_1", 23), PromotionCode: known, Start: now.Unix(),
		Coupon: coupon{ID: known, Name: known, PercentOff: percent * wholePercent, Duration: "once", Created: now.Unix()},
	}
}

// redeem counts the use of a coupon that the API made. One that was deleted meanwhile is no longer counted.
func (s *Sandbox) redeem(used *discount) {
	if used == nil || used.PromotionCode != "" {
		return
	}
	if stored, known := s.state.coupons.Get(used.Coupon.ID); known {
		stored.TimesRedeemed++
		s.state.coupons.Put(stored.ID, stored)
	}
}

// isRedeemable tells whether an applied coupon can still be redeemed: another session may have been quicker.
func (s *Sandbox) isRedeemable(applied *discount) bool {
	if applied == nil || applied.PromotionCode != "" {
		return true
	}
	stored, known := s.state.coupons.Get(applied.Coupon.ID)
	return !known || !stored.isUsedUp()
}

// orAbsent is a number of the API that is null instead of 0.
func orAbsent(number int64) any {
	if number == 0 {
		return nil
	}
	return number
}
