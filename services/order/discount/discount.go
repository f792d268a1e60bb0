// Package discount holds the discount codes: what a code is, what the codes on a cart take off, and how often a code may be
// used. Which codes a cart has is part of the cart's contents; what a checkout froze of them, and what an order keeps, is
// theirs.
package discount

import (
	"slices"
	"time"
)

// What a code applies to and does (contract order.md 5.2).
const (
	onItems    = "item_total"
	onShipping = "shipping"

	percentOff = "percent-off"
	amountOff  = "dollar-amt-off"

	// groundShipping is the one method that a shipping code makes free.
	groundShipping = "USPSRetailGround"

	wholly = 100 * 100 // hundredths of a percent
)

// Code is a discount code with what is known of its use.
type Code struct {
	ID                int64
	Code              string
	Description       string // "{}" stands for the amount
	StartsAt, EndsAt  time.Time
	Combinable        bool  // kept for old pages; the rule does not ask for it
	AmountHundredths  int64 // of a percent or of the currency, as Action says
	OrderMinimumMinor int64
	TypeTitle         string
	TypeDescription   string
	AppliesTo         string
	Action            string
	// UsedUp tells whether a limit was reached when the code was read, in all or by the owner of the cart as far as the cart
	// tells. Only Hold knows for sure.
	UsedUp bool
}

// Active tells whether now lies in the code's time; both bounds are inside (contract order.md 5.1).
func (c Code) Active(now time.Time) bool { return !now.Before(c.StartsAt) && !now.After(c.EndsAt) }

// Bill is what the codes work on, before any discount.
type Bill struct {
	ItemSubtotalMinor  int64
	ShippingMinor      int64
	ShippingIdentifier string
}

// Outcome is what codes take off a bill. Applied and TakenMinor have one entry per code; a code that takes nothing off is not
// applied.
type Outcome struct {
	Applied       []bool
	TakenMinor    []int64
	ItemMinor     int64 // at most the item subtotal
	ShippingMinor int64 // at most the shipping
}

// Evaluate applies the shop's last rule (contract order.md 5.6): of the codes, in the order in which they were put on the cart,
// the first that qualifies for the goods and the first that qualifies for the shipping; the two combine.
func Evaluate(codes []Code, bill Bill, now time.Time) Outcome {
	outcome := Outcome{Applied: make([]bool, len(codes)), TakenMinor: make([]int64, len(codes))}
	qualifies := func(code Code, appliesTo string) bool {
		return code.AppliesTo == appliesTo && !code.UsedUp && code.Active(now) && bill.ItemSubtotalMinor >= code.OrderMinimumMinor
	}
	item := slices.IndexFunc(codes, func(code Code) bool { return qualifies(code, onItems) && code.offItems(bill.ItemSubtotalMinor) > 0 })
	if item >= 0 {
		outcome.ItemMinor = codes[item].offItems(bill.ItemSubtotalMinor)
		outcome.Applied[item], outcome.TakenMinor[item] = true, outcome.ItemMinor
	}
	shipping := slices.IndexFunc(codes, func(code Code) bool { return qualifies(code, onShipping) })
	if shipping >= 0 && bill.ShippingIdentifier == groundShipping && bill.ShippingMinor > 0 {
		outcome.ShippingMinor = bill.ShippingMinor
		outcome.Applied[shipping], outcome.TakenMinor[shipping] = true, bill.ShippingMinor
	}
	return outcome
}

// offItems never takes more than the goods cost.
func (c Code) offItems(subtotal int64) int64 {
	switch c.Action {
	case percentOff:
		return halfUp(subtotal, min(c.AmountHundredths, wholly), wholly)
	case amountOff:
		return min(subtotal, c.AmountHundredths)
	default:
		return 0
	}
}

// Spread divides a discount over amounts in proportion, rounded half-up, so that the parts come to exactly the discount and none is
// more than its amount or less than 0. The discount is from 0 to the sum of the amounts.
func Spread(discount int64, amounts []int64) []int64 {
	parts, sum := make([]int64, len(amounts)), int64(0)
	for _, amount := range amounts {
		sum += amount
	}
	if sum == 0 {
		return parts
	}
	running, given := int64(0), int64(0)
	for i, amount := range amounts {
		running += amount
		upTo := halfUp(running, discount, sum)
		parts[i], given = upTo-given, upTo
	}
	return parts
}
