package stripesandbox

import "crypto/rand"

const identifierAlphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// newIdentifier returns prefix and length random letters and digits, as Stripe's ids look.
func newIdentifier(prefix string, length int) string {
	random := make([]byte, length)
	_, _ = rand.Read(random) // never fails (crypto/rand)
	for place, value := range random {
		random[place] = identifierAlphabet[int(value)%len(identifierAlphabet)]
	}
	return prefix + string(random)
}
