// Package signing makes and verifies the shop's signed texts, in the format that links and cookies already out there carry
// (contract encodings.md section 3): value, optional base62 time, signature, separated by colons.
//
// Only strings are signed here. Which salts and ages are used, and CSRF tokens, belong to those who use them.
package signing

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
)

// ErrBadSignature is returned for a text that no accepted secret has signed, or that is malformed.
var ErrBadSignature = errors.New("bad signature")

// ErrExpired is returned for a rightly signed text that is older than allowed.
var ErrExpired = errors.New("signature expired")

// Key holds the secret that signs and those that are still accepted after a rotation.
type Key struct {
	Secret    string
	Fallbacks []string // verify only
}

// Signer signs values for one purpose, its salt. It is immutable and safe for concurrent use.
type Signer struct {
	keys [][]byte // derived; the first signs, all verify
}

// NewSigner makes the signer of one purpose: texts signed under another salt do not verify.
func NewSigner(key Key, salt string) Signer {
	secrets := append([]string{key.Secret}, key.Fallbacks...)
	keys := make([][]byte, 0, len(secrets))
	for _, secret := range secrets {
		derived := sha256.Sum256([]byte(salt + "signer" + secret))
		keys = append(keys, derived[:])
	}
	return Signer{keys: keys}
}

// Sign gives value, a colon, and the signature.
func (s Signer) Sign(value string) string {
	return value + ":" + s.Signature(value)
}

// Signature gives the 43 characters alone.
func (s Signer) Signature(value string) string {
	return signature(s.keys[0], value)
}

// Unsign gives the value back, or ErrBadSignature. Comparison takes constant time.
func (s Signer) Unsign(signed string) (string, error) {
	colon := strings.LastIndexByte(signed, ':')
	if colon < 0 {
		return "", ErrBadSignature
	}
	value, given := signed[:colon], signed[colon+1:]
	for _, key := range s.keys {
		if hmac.Equal([]byte(signature(key, value)), []byte(given)) {
			return value, nil
		}
	}
	return "", ErrBadSignature
}

func signature(key []byte, value string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(value))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
