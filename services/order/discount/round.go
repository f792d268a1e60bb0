package discount

import "math/bits"

// halfUp is value × factor ÷ divisor for amounts of 0 or more, rounded half-up; the product may exceed 64 bits. It must be
// known that the result does not.
func halfUp(value, factor, divisor int64) int64 {
	high, low := bits.Mul64(uint64(value), uint64(factor))      //nolint:gosec // amounts are never negative
	low, carry := bits.Add64(low, uint64(divisor/2), 0)         //nolint:gosec // and divisors above 0
	quotient, _ := bits.Div64(high+carry, low, uint64(divisor)) //nolint:gosec // above 0, as said
	return int64(quotient)                                      //nolint:gosec // at most the value
}
