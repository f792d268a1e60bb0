package password

import (
	"encoding/base64"
	"strings"
)

// Decoy looks like a stored hash and takes Verify as long, but there is no password behind it. The cost is what a real one
// consists of before its salt and key: "pbkdf2_sha256$ITERATIONS", or "$argon2id$" and its parameters. Any other, and one that
// Verify would refuse to spend, costs what one of our own hashes does.
func Decoy(cost string) string {
	encoding := base64.RawStdEncoding
	if strings.HasPrefix(cost, djangoPrefix) {
		encoding = base64.StdEncoding
	}
	salt := base64.RawStdEncoding.EncodeToString(randomBytes(saltBytes)) // as long as those of the old shop
	return strings.Join([]string{cost, salt, encoding.EncodeToString(randomBytes(keyBytes))}, "$")
}

func newDecoy() string {
	return Decoy(current().cost())
}
