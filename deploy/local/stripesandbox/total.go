package stripesandbox

import (
	"strconv"
	"strings"
)

// Limits of an amount, in minor units: Stripe's smallest charge and its eight digits.
const (
	smallestCharge = 50
	largestCharge  = 99_999_999
)

// percentage is a part of a hundred with four decimals: 8.25 % is 82,500. Whole numbers, because a float loses cents.
type percentage int64

const wholePercent percentage = 10_000

// parsePercentage reads 8.25 and the like, from 0 to 100; false when text is nothing of the kind.
func parsePercentage(text string) (percentage, bool) {
	whole, decimals, _ := strings.Cut(text, ".")
	if len(decimals) > 4 || len(whole) == 0 || len(whole) > 3 || strings.ContainsAny(text, "+-") {
		return 0, false
	}
	value, err := strconv.ParseInt(whole+decimals+strings.Repeat("0", 4-len(decimals)), 10, 64)
	if err != nil || percentage(value) > 100*wholePercent {
		return 0, false
	}
	return percentage(value), true
}

// of is that part of an amount of at most largestCharge, half a cent rounded up.
func (p percentage) of(amount int64) int64 {
	hundred := int64(100 * wholePercent)
	return (amount*int64(p) + hundred/2) / hundred
}

// number is the percentage as the API writes it.
func (p percentage) number() float64 { return float64(p) / float64(wholePercent) }

// priced is the session with what its discount takes off and its tax adds. A discount never makes a total negative.
func (s session) priced() session {
	s.AmountDiscount = 0
	if s.Discount != nil {
		s.AmountDiscount = min(s.Discount.Coupon.takesOff(s.AmountSubtotal), s.AmountSubtotal)
	}
	s.AmountTax = s.TaxRate.of(s.AmountSubtotal - s.AmountDiscount)
	return s
}

// amountTotal is what the customer pays, in minor units.
func (s session) amountTotal() int64 { return s.AmountSubtotal - s.AmountDiscount + s.AmountTax }

// isChargeable tells whether the total can be charged, or is nothing at all: that is an order without payment.
func (s session) isChargeable() bool {
	total := s.amountTotal()
	return total == 0 || total >= smallestCharge && total <= largestCharge
}

// checkSubtotal refuses what is too much before anything is computed of it.
func checkSubtotal(made *session, _ parameters) *apiError {
	if made.AmountSubtotal > largestCharge {
		return invalidRequest("amount_too_large", "line_items", "The total is more than %d %s.", largestCharge, made.Currency)
	}
	return nil
}

func checkTotal(made *session, _ parameters) *apiError {
	switch {
	case made.isChargeable():
		return nil
	case made.amountTotal() > largestCharge:
		return invalidRequest("amount_too_large", "line_items", "The total is more than %d %s.", largestCharge, made.Currency)
	default:
		return invalidRequest("amount_too_small", "line_items", "The total must be 0 or at least 0.50 %s.", made.Currency)
	}
}

// share is what a line gets of the session's discount and tax.
type share struct{ discount, tax int64 }

// shares spreads discount and tax over the lines so that both add up to the cent.
func (s session) shares() map[string]share {
	spread := map[string]share{}
	discounted := s.AmountSubtotal - s.AmountDiscount
	var amountSoFar int64
	var givenSoFar share
	for _, line := range s.Lines {
		amountSoFar += line.amount()
		upToHere := share{discount: proportion(s.AmountDiscount, amountSoFar, s.AmountSubtotal)}
		upToHere.tax = proportion(s.AmountTax, amountSoFar-upToHere.discount, discounted)
		spread[line.ID] = share{discount: upToHere.discount - givenSoFar.discount, tax: upToHere.tax - givenSoFar.tax}
		givenSoFar = upToHere
	}
	return spread
}

func proportion(amount, part, whole int64) int64 {
	if whole == 0 {
		return 0
	}
	return amount * part / whole
}
