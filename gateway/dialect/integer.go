package dialect

import (
	"math"
	"strings"
	"unicode"
)

// Integer reads a number as the old server did (contract order.md 4.7): white space around it, one sign, single
// underscores between digits and the decimal digits of any script are accepted. Beyond 64 bits it is cut to the
// largest value, which no id and no quantity reaches.
func Integer(text string) (int64, bool) {
	text = strings.TrimSpace(text)
	negative := strings.HasPrefix(text, "-")
	if negative || strings.HasPrefix(text, "+") {
		text = text[1:]
	}
	value, valid := digits(text)
	if negative {
		value = -value
	}
	return value, valid
}

func digits(text string) (int64, bool) {
	var value int64
	afterDigit := false
	for _, character := range text {
		if character == '_' && afterDigit {
			afterDigit = false
			continue
		}
		digit, valid := digitValue(character)
		if !valid {
			return 0, false
		}
		value = appendDigit(value, digit)
		afterDigit = true
	}
	return value, afterDigit
}

func appendDigit(value, digit int64) int64 {
	if value > (math.MaxInt64-digit)/10 {
		return math.MaxInt64
	}
	return value*10 + digit
}

// digitValue relies on Unicode's promise that decimal digits stand in runs of ten, from zero to nine.
func digitValue(character rune) (int64, bool) {
	code := int64(character)
	for _, run := range unicode.Nd.R16 {
		if low := int64(run.Lo); low <= code && code <= int64(run.Hi) {
			return (code - low) % 10, true
		}
	}
	for _, run := range unicode.Nd.R32 {
		if low := int64(run.Lo); low <= code && code <= int64(run.Hi) {
			return (code - low) % 10, true
		}
	}
	return 0, false
}
