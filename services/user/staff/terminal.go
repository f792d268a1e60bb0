package staff

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/term"
)

var errStopped = errors.New("stopped at the question; nothing was changed")

// Terminal asks at the terminal that stdin is, with the question on stderr. It is nil when stdin is none.
func Terminal(stdin, stderr *os.File) Asker {
	terminal := int(stdin.Fd())
	if !term.IsTerminal(terminal) {
		return nil
	}
	return func(ctx context.Context, question string) (string, error) {
		_, _ = fmt.Fprint(stderr, question)
		defer func() { _, _ = fmt.Fprintln(stderr) }()
		return readHidden(ctx, terminal)
	}
}

// readHidden reads a line without showing it. Told to stop, it makes the terminal show again what is typed; the read itself
// cannot be ended and goes on until the process has.
func readHidden(ctx context.Context, terminal int) (string, error) {
	before, err := term.GetState(terminal)
	if err != nil {
		return "", fmt.Errorf("ask at the terminal: %w", err)
	}
	type line struct {
		text []byte
		err  error
	}
	read := make(chan line, 1)
	go func() {
		text, err := term.ReadPassword(terminal)
		read <- line{text, err}
	}()
	select {
	case typed := <-read:
		if typed.err != nil {
			return "", fmt.Errorf("read from the terminal: %w", typed.err)
		}
		return string(typed.text), nil
	case <-ctx.Done():
		_ = term.Restore(terminal, before)
		return "", errStopped
	}
}
