// Package command is ship's face: arguments, exit codes, and what is printed for people and for machines. What a command does
// stands in the package of its concept. A new command is one more entry of table() and a file of its own here.
package command

import (
	"context"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/clock"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/cloud"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/progress"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/shop"
)

// The exit codes. Workflows and people decide by them; README.md lists them.
const (
	Done            = 0
	Failed          = 1 // something unforeseen; what was said names it, and the command may be repeated
	Usage           = 2 // wrong arguments or settings
	Locked          = 3 // somebody else is at it
	ImageMissing    = 4
	MigrationFailed = 5 // nothing was rolled out
	RolledBack      = 6 // the new revision did not come up, or failed its checks; the last good one runs again
	RollbackFailed  = 7 // a person has to look now
	TaskFailed      = 8 // run: the task ended with another code than 0
	Interrupted     = 9 // stopped or out of time half-way; the same command goes on from there
)

// Command is one thing that ship can be told to do.
type Command struct {
	Name      string
	Arguments string // as help shows them
	Help      string // one line
	// Run does it. args are what stands behind the command's name, flags included: see Session.Flags. An error made by Exit
	// decides the exit code, any other is Failed.
	Run func(ctx context.Context, session *Session, args []string) error
}

// table is every command, in the order of help.
func table() []Command {
	return []Command{
		{Name: "plan", Arguments: "SERVICE...|all|site [-version TAG|sha256:...]", Help: "what a deploy would change", Run: plan},
		{Name: "deploy", Arguments: "SERVICE...|all|site -version TAG|sha256:... [-no-smoke] [-again]", Help: "migrate, roll out, follow and check; go back when it does not come up", Run: deploy},
		{Name: "migrate", Arguments: "SERVICE...|all -version TAG|sha256:...", Help: "run the migrations of a version ahead of its deploy, and nothing else", Run: migrate},
		{Name: "rollback", Arguments: "SERVICE...|all|site [-version TAG|sha256:...] [-no-smoke]", Help: "back to what was good before; migrations are not undone", Run: rollback},
		{Name: "status", Help: "what runs, what is recorded as good, what is half-way, who is at it", Run: status},
		{Name: "smoke", Arguments: "[-no-site]", Help: "ask the shop as its customers do", Run: checkShop},
		{Name: "run", Arguments: "SERVICE [-timeout 1h] -- COMMAND ARGUMENTS", Help: "run a subcommand of a service as a task, like user -- create-superuser, order -- reconcile -days 7", Run: runTask},
		{Name: "logs", Arguments: "SERVICE [-since 10m] [-follow] [-match TEXT]", Help: "what a service logs", Run: logs},
		{Name: "secrets", Arguments: "[list | fill | set SERVICE KEY | unset SERVICE KEY | relocate | rotate service-secrets|secret-key|database ...]", Help: "the secret variables of the services; values are typed or generated, never shown", Run: secrets},
		{Name: "drill", Arguments: "[-at TIME]", Help: "restore the newest backup into an instance of its own, audit it, delete it", Run: restoreDrill},
		{Name: "unlock", Arguments: "SERVICE...|site", Help: "open a lock whose owner is dead", Run: unlock},
	}
}

// Session is what a command works with: the shop, the clients, time, and where to report.
type Session struct {
	Name     shop.Name
	Shop     shop.Shop
	Cloud    cloud.Clients
	Clock    clock.Clock
	Report   progress.Reporter
	JSON     bool
	Roots    *x509.CertPool // whom checks believe; nil: the system's
	Operator string         // who is at it, for locks and records
	In       io.Reader      // for what is typed; nobody reads it but secrets
	Out      io.Writer      // results that are no progress, like logs
	Err      io.Writer
}

// exit is an error with its exit code.
type exit struct {
	code  int
	cause error
}

func (e exit) Error() string { return e.cause.Error() }
func (e exit) Unwrap() error { return e.cause }

// Exit gives an error the code that ship shall exit with.
func Exit(code int, cause error) error { return exit{code: code, cause: cause} }

// Exitf is Exit with a text in the manner of fmt.Errorf.
func Exitf(code int, format string, values ...any) error {
	return Exit(code, fmt.Errorf(format, values...))
}

// Code is what to exit with for err.
func Code(err error) int {
	var known exit
	switch {
	case err == nil:
		return Done
	case errors.As(err, &known):
		return known.code
	case errors.Is(err, context.Canceled):
		return Interrupted
	default:
		return Failed
	}
}

// Flags are a command's flags; Parse reads them.
func (s *Session) Flags(command string) *flag.FlagSet {
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	return flags
}

// Parse reads flags that may stand before, between or behind the other arguments, which it returns; what follows "--" is never
// taken for a flag. Its errors exit with Usage.
func Parse(flags *flag.FlagSet, args []string) ([]string, error) {
	var rest, tail []string
	if dashes := slices.Index(args, "--"); dashes >= 0 {
		args, tail = args[:dashes], args[dashes+1:]
	}
	for len(args) > 0 {
		if err := flags.Parse(args); err != nil {
			return nil, Exitf(Usage, "%s: %w\n%s", flags.Name(), err, describe(flags))
		}
		args = flags.Args()
		if len(args) > 0 {
			rest, args = append(rest, args[0]), args[1:]
		}
	}
	return append(rest, tail...), nil
}

func describe(flags *flag.FlagSet) string {
	var text strings.Builder
	flags.VisitAll(func(f *flag.Flag) { fmt.Fprintf(&text, "  -%s  %s", f.Name, f.Usage); defaultOf(&text, f) })
	return text.String()
}

func defaultOf(text *strings.Builder, f *flag.Flag) {
	if f.DefValue != "" && f.DefValue != "false" {
		fmt.Fprintf(text, " (%s)", f.DefValue)
	}
	text.WriteByte('\n')
}
