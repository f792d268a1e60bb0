package config

import (
	"errors"
	"strings"
	"unicode/utf8"
)

const shortestSecretKey = 32 // characters

// SecretKey signs texts, at the edge (cookies) and in the user service (codes in mails) alike. It prints as "[redacted]".
type SecretKey string

// UnmarshalText reads a key of at least 32 characters.
func (k *SecretKey) UnmarshalText(text []byte) error {
	if utf8.RuneCount(text) < shortestSecretKey {
		return errors.New(k.Expects())
	}
	*k = SecretKey(text)
	return nil
}

// Expects says what text a variable of this type takes.
func (SecretKey) Expects() string { return "at least 32 characters" }

// String hides the key from logs.
func (SecretKey) String() string { return redacted }

// GoString hides the key from %#v.
func (SecretKey) GoString() string { return redacted }

// MarshalText hides the key from JSON logs.
func (SecretKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// SecretKeys are former keys, which still verify.
type SecretKeys []SecretKey

// Texts are the keys as packages that sign take them; do not print them.
func (k SecretKeys) Texts() []string {
	texts := make([]string, len(k))
	for i, key := range k {
		texts[i] = string(key)
	}
	return texts
}

// UnmarshalText reads comma-separated keys of at least 32 characters each.
func (k *SecretKeys) UnmarshalText(text []byte) error {
	var read SecretKeys
	for part := range strings.SplitSeq(string(text), ",") {
		var key SecretKey
		if err := key.UnmarshalText([]byte(strings.TrimSpace(part))); err != nil {
			return errors.New(k.Expects())
		}
		read = append(read, key)
	}
	*k = read
	return nil
}

// Expects says what text a variable of this type takes.
func (SecretKeys) Expects() string { return "comma-separated keys of at least 32 characters each" }
