package operator

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/bartgottschalk/startupwebapp/services/platform/process"
)

const agreement = "yes"

var (
	errNobodyToAsk = errors.New("nothing was changed: there is no terminal to ask at; say -yes when this is what you want")
	errRefused     = errors.New("nothing was changed: it was not confirmed")
	errStopped     = errors.New("nothing was changed: stopped at the question")
)

// Confirm prints what will be done to process.Output and asks for a "yes" at the terminal that stdin is; with Yes it only
// prints. Anything but nil means: do nothing. The errors are sentences for the operator, also when ctx is done, when the
// input ends, and when there is no terminal.
func (r Request) Confirm(ctx context.Context, will string) error {
	out := process.Output(ctx)
	if _, err := fmt.Fprintln(out, strings.TrimRight(will, "\n")); err != nil {
		return fmt.Errorf("say what will be done: %w", err)
	}
	if r.Yes {
		return nil
	}
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return errNobodyToAsk
	}
	if _, err := fmt.Fprintf(out, "Type %q to do it: ", agreement); err != nil {
		return fmt.Errorf("ask: %w", err)
	}
	answer, err := readLine(ctx, os.Stdin)
	if err != nil {
		return err
	}
	if !strings.EqualFold(strings.TrimSpace(answer), agreement) {
		return errRefused
	}
	return nil
}

// readLine is a line of the terminal. The read itself cannot be ended: after ctx it goes on until the process has.
func readLine(ctx context.Context, terminal io.Reader) (string, error) {
	type line struct {
		text string
		err  error
	}
	read := make(chan line, 1)
	go func() {
		text, err := bufio.NewReader(terminal).ReadString('\n')
		read <- line{text, err}
	}()
	select {
	case typed := <-read:
		if typed.err != nil { // the end of input is no answer, whatever was typed before it
			return "", errRefused
		}
		return typed.text, nil
	case <-ctx.Done():
		return "", errStopped
	}
}
