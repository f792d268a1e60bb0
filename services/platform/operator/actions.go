package operator

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/bartgottschalk/startupwebapp/services/platform/process"
)

const (
	day         = 24 * time.Hour
	usualDays   = 7
	longestDays = 36500
)

// Action is something that an operator did, as the books of a service have it.
type Action struct {
	At                           time.Time
	By, Command, Subject, Detail string
}

// ListActions is the task operator-actions [--days 7]: it prints what read knows since then, in read's order, a line each with tabs
// between when (UTC), who, command, subject and detail.
func ListActions(ctx context.Context, args []string, now time.Time, read func(ctx context.Context, since time.Time) ([]Action, error)) error {
	flags := flag.NewFlagSet("operator-actions", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	days := flags.Int("days", usualDays, "how far back")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return usage(flags)
	}
	if err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is not understood; expected [--days %d]", flags.Arg(0), usualDays)
	}
	if *days < 1 || *days > longestDays {
		return fmt.Errorf("--days %d: expected 1 to %d", *days, longestDays)
	}
	actions, err := read(ctx, now.Add(-time.Duration(*days)*day))
	if err != nil {
		return fmt.Errorf("read what was done: %w", err)
	}
	for _, action := range actions {
		cells := []string{action.At.UTC().Format(time.RFC3339), oneLine(action.By), oneLine(action.Command), oneLine(action.Subject), oneLine(action.Detail)}
		if _, err := fmt.Fprintln(process.Output(ctx), strings.Join(cells, "\t")); err != nil {
			return fmt.Errorf("print: %w", err)
		}
	}
	return nil
}

// oneLine keeps what people typed from looking like another line or cell.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}
