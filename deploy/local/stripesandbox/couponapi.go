package stripesandbox

import "regexp"

var couponID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,200}$`)

func couponParameters() []string {
	return []string{
		"id", "name", "amount_off", "percent_off", "currency", "duration", "duration_in_months", "max_redemptions", "redeem_by",
		"metadata[*]", "expand[]",
	}
}

func (s *Sandbox) createCoupon(c *call) (any, *apiError) {
	made := coupon{Created: c.now.Unix()}
	steps := []func(*coupon, *call) *apiError{readCouponName, readCouponValue, readCouponDuration, readCouponLimits}
	if err := c.given.checkNames(couponParameters()); err != nil {
		return nil, err
	}
	for _, step := range steps {
		if err := step(&made, c); err != nil {
			return nil, err
		}
	}
	if _, taken := s.state.coupons.Get(made.ID); taken {
		return nil, refused("resource_already_exists", "id", "There is a coupon %q already.", made.ID)
	}
	s.state.coupons.Put(made.ID, made)
	return made.render(c.now), nil
}

func readCouponName(made *coupon, c *call) (err *apiError) {
	made.ID = c.given.text("id")
	if made.ID == "" {
		made.ID = newIdentifier("", 8)
	}
	if !couponID.MatchString(made.ID) {
		return invalidRequest("", "id", "A coupon's id has 1 to 200 letters, digits, dashes and underscores.")
	}
	if made.Name, err = c.given.limited("name", 40); err != nil {
		return err
	}
	made.Metadata, err = c.given.metadata("metadata")
	return err
}

func readCouponValue(made *coupon, c *call) (err *apiError) {
	amount, percent := c.given.text("amount_off"), c.given.text("percent_off")
	switch {
	case amount != "" && percent != "":
		return onlyOneOf("amount_off", "percent_off")
	case amount != "":
		if made.AmountOff, err = c.given.integer("amount_off", 1, largestCharge); err != nil {
			return err
		}
		made.Currency, err = readCurrency(c.given, "currency")
		return err
	case percent == "":
		return invalidRequest("parameter_missing", "percent_off", "Either amount_off or percent_off is required.")
	case c.given.text("currency") != "":
		return invalidRequest("", "currency", "A percentage has no currency.")
	}
	value, valid := parsePercentage(percent)
	if !valid || value == 0 {
		return invalidRequest("", "percent_off", "percent_off must be more than 0, at most 100, with at most four decimals.")
	}
	made.PercentOff = value
	return nil
}

func readCouponDuration(made *coupon, c *call) (err *apiError) {
	if made.Duration, err = c.given.oneOf("duration", "once", "once", "forever", "repeating"); err != nil {
		return err
	}
	months := c.given.text("duration_in_months")
	if made.Duration != "repeating" && months != "" {
		return invalidRequest("", "duration_in_months", "duration_in_months is for the duration repeating only.")
	}
	if made.Duration == "repeating" {
		made.DurationMonths, err = c.given.integer("duration_in_months", 1, 1200)
	}
	return err
}

func readCouponLimits(made *coupon, c *call) (err *apiError) {
	if c.given.text("max_redemptions") != "" {
		if made.MaxRedemptions, err = c.given.integer("max_redemptions", 1, 1<<31-1); err != nil {
			return err
		}
	}
	if c.given.text("redeem_by") == "" {
		return nil
	}
	if made.RedeemBy, err = c.given.integer("redeem_by", 0, 1<<62); err != nil {
		return err
	}
	if made.isExpired(c.now) {
		return invalidRequest("", "redeem_by", "redeem_by must be in the future.")
	}
	return nil
}

func (s *Sandbox) retrieveCoupon(c *call) (any, *apiError) {
	found, err := s.couponOf(c)
	if err != nil {
		return nil, err
	}
	return found.render(c.now), nil
}

// deleteCoupon ends a coupon for new sessions; those that have it keep it.
func (s *Sandbox) deleteCoupon(c *call) (any, *apiError) {
	found, err := s.couponOf(c)
	if err != nil {
		return nil, err
	}
	s.state.coupons.Remove(found.ID)
	return object{"id": found.ID, "object": "coupon", "deleted": true}, nil
}

func (s *Sandbox) couponOf(c *call) (coupon, *apiError) {
	if err := c.given.checkNames([]string{"expand[]"}); err != nil {
		return coupon{}, err
	}
	id := c.request.PathValue("id")
	found, known := s.state.coupons.Get(id)
	if !known {
		return coupon{}, noSuch("coupon", "coupon", id)
	}
	return found, nil
}

// applyDiscount gives a new session the coupon that the shop asks for (discounts[0][coupon]).
func (s *Sandbox) applyDiscount(made *session, c *call) *apiError {
	asked := c.given.indexes("discounts")
	if len(asked) == 0 {
		return nil
	}
	if c.given.text("allow_promotion_codes") != "" { // Stripe refuses false as well
		return onlyOneOf("allow_promotion_codes", "discounts")
	}
	if len(asked) > 1 {
		return invalidRequest("", "discounts", "A session has at most one discount.")
	}
	param := "discounts[" + asked[0] + "][coupon]"
	id, err := c.given.required(param)
	if err != nil {
		return err
	}
	found, known := s.state.coupons.Get(id)
	switch {
	case !known:
		return refused("resource_missing", param, "There is no coupon %q.", id)
	case found.isExpired(c.now):
		return refused("coupon_expired", param, "The coupon %q has expired.", id)
	case found.isUsedUp():
		return refused("coupon_expired", param, "The coupon %q is used up.", id)
	case found.Currency != "" && found.Currency != made.Currency:
		return refused("", param, "The coupon %q is for %s, the session for %s.", id, found.Currency, made.Currency)
	}
	made.Discount = &discount{ID: newIdentifier("di_1", 23), Coupon: found, Start: c.now.Unix()}
	return nil
}

func onlyOneOf(first, second string) *apiError {
	return invalidRequest("", first, "Give only one of the parameters %s and %s.", first, second)
}

// refused is the refusal of a call that was read well and does not fit the state: an Idempotency-Key keeps it.
func refused(code, param, format string, values ...any) *apiError {
	err := invalidRequest(code, param, format, values...)
	err.unstarted = false
	return err
}
