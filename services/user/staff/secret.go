package staff

import (
	"context"
	"errors"
)

var (
	errNoPassword = errors.New("a new account needs a password: set SUPERUSER_PASSWORD, or run this at a terminal to be asked")
	errTwoDiffer  = errors.New("the two passwords differ; nothing was changed")
)

// Secret is where the password comes from: the environment, or somebody at a terminal.
type Secret struct {
	// Given is the password, "" when there is none.
	Given Password
	// Ask is nil when there is nobody to ask.
	Ask Asker
}

// choose gives the password; "" means that an existing account keeps its own.
func (s Secret) choose(ctx context.Context, exists bool) (string, error) {
	switch {
	case s.Given != "":
		return string(s.Given), nil
	case s.Ask == nil && exists:
		return "", nil
	case s.Ask == nil:
		return "", errNoPassword
	}
	return s.ask(ctx, exists)
}

func (s Secret) ask(ctx context.Context, exists bool) (string, error) {
	question := "Password: "
	if exists {
		question = "New password (none keeps the present one): "
	}
	typed, err := s.Ask(ctx, question)
	if err != nil {
		return "", err
	}
	if typed == "" && exists {
		return "", nil
	}
	again, err := s.Ask(ctx, "The same again: ")
	if err != nil {
		return "", err
	}
	if typed != again {
		return "", errTwoDiffer
	}
	if typed == "" {
		return "", errNoPassword
	}
	return typed, nil
}
