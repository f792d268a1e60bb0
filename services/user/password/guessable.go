package password

import (
	_ "embed" // common.txt
	"strings"
	"unicode"
	"unicode/utf8"
)

// common.txt: see the README of the service for where it comes from.
//
//go:embed common.txt
var commonText string

// isCommon reads the list each time: it is short, and asked only when somebody chooses a password.
func isCommon(plain string) bool {
	plain = strings.ToLower(strings.TrimSpace(plain))
	for line := range strings.Lines(commonText) {
		if plain != "" && plain == strings.TrimSpace(line) {
			return true
		}
	}
	return false
}

// mostSimilar is the ratio at which a password counts as a variation of something known about its owner.
const mostSimilar = 0.7

// Attribute is something others know about the owner of a password.
type Attribute struct {
	Name  string // as the owner reads it, for instance "user name"
	Value string
}

// Guessable tells why a password is too easily guessed, in sentences for its owner; none when it is good. The rules are
// those of contract user.md 1.10, in that order; the two that cannot fail after the form's own rules (length, digits
// alone) are left to those.
func Guessable(plain string, about []Attribute) []string {
	var reasons []string
	for _, attribute := range about {
		if resembles(plain, attribute.Value) {
			reasons = append(reasons, "The password is too much like the "+attribute.Name+".")
			break
		}
	}
	if isCommon(plain) {
		reasons = append(reasons, "Many people use this password, so it is tried first by those who guess.")
	}
	return reasons
}

func resembles(plain, value string) bool {
	plain, value = strings.ToLower(plain), strings.ToLower(value)
	parts := strings.FieldsFunc(value, func(r rune) bool {
		return r != '_' && !unicode.IsLetter(r) && !unicode.IsNumber(r)
	})
	for _, part := range append(parts, value) {
		if similar(plain, part) {
			return true
		}
	}
	return false
}

// similar compares the characters of both regardless of order. Parts much shorter than the password prove nothing.
func similar(plain, part string) bool {
	long, short := float64(utf8.RuneCountInString(plain)), float64(utf8.RuneCountInString(part))
	if short == 0 || (long >= 10*short && short < mostSimilar/2*long) {
		return false
	}
	return 2*float64(charactersInCommon(plain, part))/(long+short) >= mostSimilar
}

func charactersInCommon(a, b string) int {
	available := map[rune]int{}
	for _, r := range a {
		available[r]++
	}
	shared := 0
	for _, r := range b {
		if available[r] > 0 {
			available[r]--
			shared++
		}
	}
	return shared
}
