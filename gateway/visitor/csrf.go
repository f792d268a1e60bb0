package visitor

import (
	"crypto/subtle"
	"strings"

	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

const (
	csrfAlphabet     = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	csrfSecretLength = 32
	csrfMaskedLength = 2 * csrfSecretLength
)

// CSRFState is what the browser sent as its CSRF cookie.
type CSRFState int

// The states of a CSRF cookie. A malformed one is replaced by the refusal that it causes (contract encodings.md 4).
const (
	CSRFMissing CSRFState = iota
	CSRFMalformed
	CSRFWellFormed
)

// SendCSRF sends the CSRF cookie: the browser's own secret again, or a new one.
func (v *Visitor) SendCSRF() {
	v.csrfSecret()
	v.sendCSRF()
}

// RotateCSRF sends a new CSRF secret; the old one is refused from now on.
func (v *Visitor) RotateCSRF() {
	v.csrf = identifier.NewFrom(csrfAlphabet, csrfSecretLength)
	v.sendCSRF()
}

// MaskedCSRFToken is the 64-character form of the secret for a form field; the cookie is sent along.
func (v *Visitor) MaskedCSRFToken() string {
	secret := v.csrfSecret()
	v.sendCSRF()
	return maskCSRF(secret, identifier.NewFrom(csrfAlphabet, csrfSecretLength))
}

// CSRFState tells what the browser sent as its CSRF cookie.
func (v *Visitor) CSRFState() CSRFState {
	cookie, was := v.sent(csrfCookieName)
	switch {
	case !was:
		return CSRFMissing
	case !wellFormedCSRF(cookie):
		return CSRFMalformed
	}
	return CSRFWellFormed
}

// MatchesCSRF tells whether a token, masked or bare, is the secret of the browser's cookie.
func (v *Visitor) MatchesCSRF(token string) bool {
	cookie, _ := v.sent(csrfCookieName)
	if !wellFormedCSRF(cookie) || !wellFormedCSRF(token) {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(bareCSRF(cookie)), []byte(bareCSRF(token))) == 1
}

// SentCSRFSecret is the bare secret in the browser's CSRF cookie, however it was masked; "" without a well-formed cookie.
func (v *Visitor) SentCSRFSecret() string {
	cookie, _ := v.sent(csrfCookieName)
	if !wellFormedCSRF(cookie) {
		return ""
	}
	return bareCSRF(cookie)
}

// csrfSecret is the secret of this visit: the one rotated to, the browser's, or a new one.
func (v *Visitor) csrfSecret() string {
	if v.csrf != "" {
		return v.csrf
	}
	if v.csrf = v.SentCSRFSecret(); v.csrf == "" {
		v.csrf = identifier.NewFrom(csrfAlphabet, csrfSecretLength)
	}
	return v.csrf
}

func (v *Visitor) sendCSRF() {
	v.send(cookie{name: csrfCookieName, value: v.csrf, lifetime: csrfLifetime})
}

func wellFormedCSRF(token string) bool {
	if len(token) != csrfSecretLength && len(token) != csrfMaskedLength {
		return false
	}
	for i := range len(token) {
		if strings.IndexByte(csrfAlphabet, token[i]) < 0 {
			return false
		}
	}
	return true
}

// maskCSRF is the mask followed by the secret shifted by it, letter by letter (contract encodings.md 4).
func maskCSRF(secret, mask string) string {
	return mask + shiftCSRF(secret, mask, 1)
}

func bareCSRF(token string) string {
	if len(token) == csrfSecretLength {
		return token
	}
	return shiftCSRF(token[csrfSecretLength:], token[:csrfSecretLength], -1)
}

func shiftCSRF(text, mask string, sign int) string {
	shifted := make([]byte, len(text))
	for i := range len(text) {
		at := strings.IndexByte(csrfAlphabet, text[i]) + sign*strings.IndexByte(csrfAlphabet, mask[i])
		shifted[i] = csrfAlphabet[(at+len(csrfAlphabet))%len(csrfAlphabet)]
	}
	return string(shifted)
}
