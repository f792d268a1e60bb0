// Package process is what every main does: subcommands, settings, secrets, signals, telemetry, exit codes.
//
// What a process serves is the business of its service; nothing here knows of gRPC or of databases.
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/bartgottschalk/startupwebapp/services/platform/config"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2 // wrong arguments or settings: starting again will not help
)

// flushTimeout bounds how long the exit waits for the collector of traces and metrics.
const flushTimeout = 5 * time.Second

// Program is one executable of the shop. C is the struct of its settings (package config).
type Program[C any] struct {
	Name string
	// Serve runs without a subcommand; it blocks until ctx is done and everything is drained.
	Serve func(ctx context.Context, cfg C, tel telemetry.Telemetry) error
	// Migrate is the subcommand migrate; nil when there is no database.
	Migrate func(ctx context.Context, cfg C, tel telemetry.Telemetry) error
	// Healthcheck is the subcommand healthcheck; nil when there is none.
	Healthcheck *Healthcheck
	// Tasks are further subcommands by name.
	Tasks map[string]Task[C]
}

// Task is a subcommand that does one thing and ends.
type Task[C any] struct {
	Help string // one line
	// Explains: Run with "--help" alone returns a Usage and does nothing else.
	Explains bool
	Run      func(ctx context.Context, cfg C, tel telemetry.Telemetry, args []string) error
}

// settings are all variables of a process: those that every process has, and its own.
type settings[C any] struct {
	Own         C
	Telemetry   telemetry.Config
	Memory      memorySettings
	AWSSecretID string `env:"AWS_SECRET_ID" help:"secret in AWS Secrets Manager, a JSON object of variables; read before start, variables set here win"`
}

// Main runs the program with the process's arguments and environment, and exits. SIGINT and SIGTERM end the
// context; a second one kills the process at once.
func Main[C any](p Program[C]) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(Run(ctx, p, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// Run is Main without the process: args without the program's name, environ as os.Environ gives it. Help and the
// results of tasks (Output) go to stdout, logs and errors to stderr. It returns the exit code: 0 done, 1 failed, 2 wrong usage or settings.
func Run[C any](ctx context.Context, p Program[C], args, environ []string, stdout, stderr io.Writer) int {
	if asksForHelp(args) {
		p.help(ctx, args, environ, stdout)
		return exitDone
	}
	if p.Healthcheck != nil && len(args) == 1 && args[0] == healthcheckCommand {
		return p.Healthcheck.run(ctx, p.Name, environ, stderr)
	}
	command, err := p.command(args)
	if err != nil {
		say(stderr, p.Name, err)
		return exitUsage
	}
	environ, err = withAWSSecret(ctx, environ)
	if err != nil {
		say(stderr, p.Name, err)
		return exitFailed
	}
	read, err := config.Load[settings[C]](environ)
	if err != nil {
		say(stderr, p.Name, fmt.Errorf("%w\nrun `%s --help` for all variables", err, p.Name))
		return exitUsage
	}
	tel, flush, err := telemetry.Start(ctx, p.Name, read.Telemetry, stderr)
	if err != nil {
		say(stderr, p.Name, err)
		return exitUsage
	}
	defer flushed(ctx, flush, tel)
	read.Memory.apply()
	ctx = withOutput(ctx, stdout)
	return finished(ctx, withIdleMemoryReturned(ctx, func() error { return command.run(ctx, read.Own, tel) }), command, tel)
}

func finished[C any](ctx context.Context, err error, ran command[C], tel telemetry.Telemetry) int {
	if err == nil {
		return exitDone
	}
	if ran.serves && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return exitDone // told to stop, and stopped
	}
	tel.Logger.ErrorContext(ctx, ran.name+" failed", "error", unnamed(err, ran.name))
	return exitFailed
}

// unnamed leaves out the command's name at the beginning, which has been said.
func unnamed(err error, name string) string {
	text := err.Error()
	for strings.HasPrefix(text, name+": ") {
		text = strings.TrimPrefix(text, name+": ")
	}
	return text
}

func flushed(ctx context.Context, flush func(context.Context) error, tel telemetry.Telemetry) {
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
	defer cancel()
	if err := flush(limited); err != nil {
		tel.Logger.WarnContext(ctx, "telemetry not flushed", "error", err)
	}
}

func say(w io.Writer, name string, err error) {
	_, _ = fmt.Fprintf(w, "%s: %v\n", name, err) // nobody is left to hear that stderr is broken
}
