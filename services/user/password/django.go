package password

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strconv"
	"strings"
)

const (
	djangoPrefix = "pbkdf2_sha256$"
	// mostIterations is twice what the old shop used last: a row must not be able to keep a processor busy for minutes.
	mostIterations = 2_000_000
)

// verifyDjango compares with a hash of the old shop, "pbkdf2_sha256$ITERATIONS$SALT$BASE64" (contract encodings.md 3).
// Such a hash is always outdated.
func verifyDjango(stored, plain string) (result Result, readable bool) {
	parts := strings.Split(stored, "$")
	if len(parts) != 4 {
		return Result{}, false
	}
	iterations, err := strconv.Atoi(parts[1])
	if err != nil || iterations < 1 || iterations > mostIterations {
		return Result{}, false
	}
	key, err := base64.StdEncoding.DecodeString(parts[3])
	if err != nil || len(key) != sha256.Size {
		return Result{}, false
	}
	given, err := pbkdf2.Key(sha256.New, plain, []byte(parts[2]), iterations, len(key))
	if err != nil {
		return Result{}, false
	}
	return Result{Matches: subtle.ConstantTimeCompare(given, key) == 1, Outdated: true}, true
}
