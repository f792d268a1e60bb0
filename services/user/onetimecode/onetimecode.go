// Package onetimecode makes and checks the codes that mails carry back to us: proof of an address, right to a new password.
//
// A code is signed text with the time of its making (contract user.md 1.8); of a code only its hash is stored, by the room
// that issues it, which also sees to it that a code works once.
package onetimecode

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
)

const (
	textLength = 20 // contract user.md 1.8
	// VerificationLifetime is what the mails promise.
	VerificationLifetime = 24 * time.Hour
	// ResetLifetime is what the mail and the page promise (contract user.md 8, defect 13).
	ResetLifetime = time.Hour
	longestCode   = 500
)

// Codes makes and checks codes of one use. Safe for concurrent use.
type Codes struct {
	signer   signing.TimestampSigner
	lifetime time.Duration
}

// ForVerification are the codes that prove an address.
func ForVerification(key signing.Key, now func() time.Time) *Codes {
	return &Codes{signer: signing.NewTimestampSigner(key, "email_verification", now), lifetime: VerificationLifetime}
}

// ForReset are the codes that allow to choose a new password.
func ForReset(key signing.Key, now func() time.Time) *Codes {
	return &Codes{signer: signing.NewTimestampSigner(key, "reset_email", now), lifetime: ResetLifetime}
}

// Issue makes a code for a mail and the hash to be stored.
func (c *Codes) Issue() (code string, hash []byte) {
	code = c.signer.Sign(identifier.New(textLength))
	return code, hashOf(code)
}

// Check compares a code as it came back with the stored hash, nil when there is none. Errors: Invalid "signature-invalid",
// "signature-expired" or "code-doesnt-match".
func (c *Codes) Check(given string, stored []byte) error {
	code := normal(given)
	_, err := c.signer.Unsign(code, c.lifetime)
	if errors.Is(err, signing.ErrExpired) {
		return fault.New(fault.Invalid, "signature-expired", "")
	}
	if err != nil {
		return fault.New(fault.Invalid, "signature-invalid", "")
	}
	if subtle.ConstantTimeCompare(hashOf(code), stored) != 1 {
		return fault.New(fault.Invalid, "code-doesnt-match", "")
	}
	return nil
}

// normal undoes what mail programs do to links: colons written as %3A, a full stop, bracket or blank taken along at the end. The old
// pages do not decode either (contract storefront.md 10).
func normal(given string) string {
	if len(given) > longestCode {
		return ""
	}
	if decoded, err := url.PathUnescape(given); err == nil {
		given = decoded
	}
	return strings.TrimRight(strings.TrimSpace(given), ".,;)>]")
}

func hashOf(code string) []byte {
	sum := sha256.Sum256([]byte(code))
	return sum[:]
}
