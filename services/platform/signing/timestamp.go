package signing

import (
	"math"
	"strings"
	"time"
)

const base62Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// TimestampSigner signs values together with the time of signing. It is immutable and safe for concurrent use.
type TimestampSigner struct {
	signer Signer
	now    func() time.Time
}

// NewTimestampSigner makes the signer of one purpose; now is the clock.
func NewTimestampSigner(key Key, salt string, now func() time.Time) TimestampSigner {
	return TimestampSigner{signer: NewSigner(key, salt), now: now}
}

// NewCookieSigner makes the signer of one signed cookie: as the old shop did, the cookie's name goes before the salt
// and a prefix before every secret.
func NewCookieSigner(key Key, cookie, salt string, now func() time.Time) TimestampSigner {
	const prefix = "django.http.cookies"
	prefixed := Key{Secret: prefix + key.Secret}
	for _, fallback := range key.Fallbacks {
		prefixed.Fallbacks = append(prefixed.Fallbacks, prefix+fallback)
	}
	return NewTimestampSigner(prefixed, cookie+salt, now)
}

// Sign gives value, the time in whole seconds, and the signature.
func (s TimestampSigner) Sign(value string) string {
	return s.signer.Sign(value + ":" + encodeBase62(s.now().Unix()))
}

// Unsign gives the value back, ErrBadSignature, or ErrExpired when it is older than maxAge (0: any age will do).
// A time of signing in the future is accepted: clocks of two machines differ, and only we can have signed it.
func (s TimestampSigner) Unsign(signed string, maxAge time.Duration) (string, error) {
	stamped, err := s.signer.Unsign(signed)
	if err != nil {
		return "", err
	}
	colon := strings.LastIndexByte(stamped, ':')
	if colon < 0 {
		return "", ErrBadSignature
	}
	seconds, ok := decodeBase62(stamped[colon+1:])
	if !ok {
		return "", ErrBadSignature
	}
	if maxAge > 0 && s.now().Sub(time.Unix(seconds, 0)) > maxAge {
		return "", ErrExpired
	}
	return stamped[:colon], nil
}

func encodeBase62(number int64) string {
	if number == 0 {
		return "0"
	}
	var text []byte
	for rest := number; rest != 0; rest /= 62 {
		digit := rest % 62
		if digit < 0 {
			digit = -digit
		}
		text = append([]byte{base62Digits[digit]}, text...)
	}
	if number < 0 {
		return "-" + string(text)
	}
	return string(text)
}

func decodeBase62(text string) (int64, bool) {
	digits, negative := strings.CutPrefix(text, "-")
	if digits == "" {
		return 0, false
	}
	var number int64
	for _, r := range digits {
		digit := int64(strings.IndexRune(base62Digits, r))
		if digit < 0 || number > (math.MaxInt64-digit)/62 {
			return 0, false
		}
		number = number*62 + digit
	}
	if negative {
		return -number, true
	}
	return number, true
}
