package password

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// The parameters OWASP recommends: 19 MiB, two passes, one lane; about 28 ms on a core of a small machine.
const (
	memoryKiB  = 19 * 1024
	passes     = 2
	lanes      = 1
	saltBytes  = 16
	keyBytes   = 32
	mostMemory = 64 * 1024 // of a stored hash, KiB; a row must not be able to take the machine down
	mostPasses = 8
	mostLanes  = 4
)

const argon2Prefix = "$argon2id$"

type argon2Parameters struct {
	version   int
	memoryKiB uint32
	passes    uint32
	lanes     uint8
}

func current() argon2Parameters {
	return argon2Parameters{version: argon2.Version, memoryKiB: memoryKiB, passes: passes, lanes: lanes}
}

func (p argon2Parameters) affordable() bool {
	return p.version == argon2.Version &&
		p.memoryKiB >= 8 && p.memoryKiB <= mostMemory &&
		p.passes >= 1 && p.passes <= mostPasses &&
		p.lanes >= 1 && p.lanes <= mostLanes
}

func newArgon2(plain string) string {
	salt := randomBytes(saltBytes)
	return encodeArgon2(salt, argon2.IDKey([]byte(plain), salt, passes, memoryKiB, lanes, keyBytes))
}

func randomBytes(n int) []byte {
	random := make([]byte, n)
	_, _ = rand.Read(random) // never fails (crypto/rand): the process ends instead
	return random
}

func encodeArgon2(salt, key []byte) string {
	return strings.Join([]string{current().cost(), base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key)}, "$")
}

// cost is what a hash with these parameters begins with.
func (p argon2Parameters) cost() string {
	return fmt.Sprintf("%sv=%d$m=%d,t=%d,p=%d", argon2Prefix, p.version, p.memoryKiB, p.passes, p.lanes)
}

func verifyArgon2(stored, plain string) (result Result, readable bool) {
	parameters, salt, key, ok := decodeArgon2(stored)
	if !ok {
		return Result{}, false
	}
	length := uint32(len(key)) //nolint:gosec // decodeArgon2 lets 16 to 64 pass
	given := argon2.IDKey([]byte(plain), salt, parameters.passes, parameters.memoryKiB, parameters.lanes, length)
	return Result{
		Matches:  subtle.ConstantTimeCompare(given, key) == 1,
		Outdated: parameters != current() || len(key) != keyBytes,
	}, true
}

// decodeArgon2 reads "$argon2id$v=19$m=19456,t=2,p=1$SALT$KEY".
func decodeArgon2(stored string) (parameters argon2Parameters, salt, key []byte, ok bool) {
	parts := strings.Split(stored, "$")
	if len(parts) != 6 {
		return parameters, nil, nil, false
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d",
		&parameters.version, &parameters.memoryKiB, &parameters.passes, &parameters.lanes); err != nil {
		return parameters, nil, nil, false
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	key, keyErr := base64.RawStdEncoding.DecodeString(parts[5])
	usable := saltErr == nil && keyErr == nil && len(salt) >= 8 && len(key) >= 16 && len(key) <= 64
	return parameters, salt, key, usable && parameters.affordable()
}
