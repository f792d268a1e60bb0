package config

import (
	"errors"
	"strings"
)

const (
	mostSecrets    = 2 // the present one and the one being rotated out
	shortestSecret = 16
	redacted       = "[redacted]"
	expectsSecrets = "one or two comma-separated secrets of at least 16 characters each" //nolint:gosec // describes secrets, holds none
	expectsList    = "a comma-separated list"
)

// Secrets are one or two shared secrets: the first is sent, all are accepted, so that they can be rotated
// without a moment in which peers refuse each other. They print as "[redacted]".
type Secrets []string

// UnmarshalText reads one or two comma-separated secrets of at least 16 characters each.
func (s *Secrets) UnmarshalText(text []byte) error {
	parts := strings.Split(string(text), ",")
	if len(parts) > mostSecrets {
		return errors.New(expectsSecrets)
	}
	read := make(Secrets, len(parts))
	for i, part := range parts {
		read[i] = strings.TrimSpace(part)
		if !usable(read[i]) {
			return errors.New(expectsSecrets)
		}
	}
	*s = read
	return nil
}

// usable: secrets travel in a header, so only visible ASCII can be one.
func usable(secret string) bool {
	if len(secret) < shortestSecret {
		return false
	}
	return !strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r > '~' })
}

// Expects says what text a variable of this type takes.
func (Secrets) Expects() string { return expectsSecrets }

// String hides the secrets from logs.
func (Secrets) String() string { return redacted }

// GoString hides the secrets from %#v.
func (Secrets) GoString() string { return redacted }

// MarshalText hides the secrets from JSON logs.
func (Secrets) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// List is a comma-separated list, trimmed, without empty entries.
type List []string

// UnmarshalText reads the list; it never fails.
func (l *List) UnmarshalText(text []byte) error {
	read := List{}
	for part := range strings.SplitSeq(string(text), ",") {
		if trimmed := strings.TrimSpace(part); trimmed != "" {
			read = append(read, trimmed)
		}
	}
	*l = read
	return nil
}

// Expects says what text a variable of this type takes.
func (List) Expects() string { return expectsList }
