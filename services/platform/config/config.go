// Package config reads a process's settings from environment variables into one typed struct, strictly.
//
// What variables exist is declared by struct tags where they are used; this package knows none of them.
package config

import (
	"errors"
	"io"
)

var errStub = errors.New("not built yet")

// Load reads every variable of T from environ ("NAME=value" entries, later ones win).
func Load[T any](environ []string) (T, error) {
	var settings T
	return settings, errStub
}

// Help prints a table of the variables of T: name, default, meaning.
func Help[T any](w io.Writer) {}

// Secrets are one or two shared secrets: the first is sent, all are accepted.
type Secrets []string

// UnmarshalText reads one or two comma-separated secrets of at least 16 characters each.
func (s *Secrets) UnmarshalText(text []byte) error { return errStub }

// List is a comma-separated list, trimmed, without empty entries.
type List []string

// UnmarshalText reads the list.
func (l *List) UnmarshalText(text []byte) error { return errStub }
