// Package money turns amounts in minor units (cents) into the two-decimal text of the edge and back.
//
// Amounts are int64 minor units everywhere else; there is no floating point here or anywhere.
// Currencies, rounding rules and totals do not live here: they belong to the orders.
package money

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrFormat is returned by Parse for text that is not an amount with at most two decimals.
var ErrFormat = errors.New("not an amount with at most two decimals")

// Format writes minor units with exactly two decimals: 1250 is "12.50", -94 is "-0.94".
func Format(minor int64) string {
	whole, cents, sign := minor/100, minor%100, ""
	if minor < 0 {
		whole, cents, sign = -whole, -cents, "-"
	}
	return fmt.Sprintf("%s%d.%02d", sign, whole, cents)
}

// Parse reads an optional minus sign, digits, and at most two decimals: "12", "12.5" and "12.50" are 1200, 1250 and 1250.
// Everything else, and an amount beyond int64, is ErrFormat.
func Parse(text string) (int64, error) {
	unsigned, negative := strings.CutPrefix(text, "-")
	whole, fraction, hasPoint := strings.Cut(unsigned, ".")
	if hasPoint && (fraction == "" || len(fraction) > 2) {
		return 0, ErrFormat
	}
	digits := whole + (fraction + "00")[:2]
	if whole == "" || !allDigits(digits) {
		return 0, ErrFormat
	}
	if negative {
		digits = "-" + digits
	}
	minor, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, ErrFormat
	}
	return minor, nil
}

func allDigits(text string) bool {
	for _, r := range text {
		if r < '0' || r > '9' {
			return false
		}
	}
	return true
}
