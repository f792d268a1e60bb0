// Package identifier makes random public identifiers and tokens from the system's secure random source.
//
// Lengths and prefixes are the business of whoever owns the identifier; so is hashing tokens before storing them.
package identifier

import (
	"crypto/rand"
	"fmt"
)

// Alphanumeric is the alphabet of New: 62 characters, about 5.95 bits each.
const Alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// New makes an identifier of length characters of [A-Za-z0-9]. Safe for concurrent use.
func New(length int) string {
	return NewFrom(Alphanumeric, length)
}

// NewFrom makes an identifier of length characters of alphabet, each equally likely.
// The alphabet is a constant of the caller with 1 to 256 single-byte characters; anything else panics,
// as it can never come from input. A length below 1 gives "". Safe for concurrent use.
func NewFrom(alphabet string, length int) string {
	if len(alphabet) == 0 || len(alphabet) > 256 {
		panic(fmt.Sprintf("identifier: alphabet of %d characters", len(alphabet)))
	}
	text := make([]byte, 0, max(length, 0))
	random := make([]byte, max(length, 0)+16)
	fair := 256 - 256%len(alphabet) // bytes from here on would favour the first characters
	for len(text) < length {
		_, _ = rand.Read(random) // never fails (crypto/rand): the process ends instead
		for _, b := range random {
			if int(b) < fair && len(text) < length {
				text = append(text, alphabet[int(b)%len(alphabet)])
			}
		}
	}
	return string(text)
}
