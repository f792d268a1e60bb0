package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// terminal says whether somebody types at in.
func terminal(in io.Reader) (int, bool) {
	file, ok := in.(*os.File)
	if !ok {
		return 0, false
	}
	descriptor := int(file.Fd())
	return descriptor, term.IsTerminal(descriptor)
}

// readValue reads one secret value: typed without showing it, or all of the input where that is no terminal.
func (s *Session) readValue(ctx context.Context, question string) (string, error) {
	descriptor, ok := terminal(s.In)
	if !ok {
		text, err := io.ReadAll(io.LimitReader(s.In, longestValue))
		if err != nil {
			return "", fmt.Errorf("read the input: %w", err)
		}
		return strings.TrimRight(string(text), "\r\n"), nil
	}
	_, _ = fmt.Fprint(s.Err, question)
	defer func() { _, _ = fmt.Fprintln(s.Err) }()
	return readHidden(ctx, descriptor)
}

// readHidden reads a line without showing it. Told to stop, it makes the terminal show again what is typed; the read itself cannot be
// ended and goes on until the process has.
func readHidden(ctx context.Context, descriptor int) (string, error) {
	before, err := term.GetState(descriptor)
	if err != nil {
		return "", fmt.Errorf("ask at the terminal: %w", err)
	}
	type answer struct {
		text []byte
		err  error
	}
	typed := make(chan answer, 1)
	go func() {
		text, err := term.ReadPassword(descriptor)
		typed <- answer{text, err}
	}()
	select {
	case given := <-typed:
		if given.err != nil {
			return "", fmt.Errorf("read from the terminal: %w", given.err)
		}
		return string(given.text), nil
	case <-ctx.Done():
		_ = term.Restore(descriptor, before)
		return "", context.Cause(ctx)
	}
}
