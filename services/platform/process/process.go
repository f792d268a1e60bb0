// Package process is what every main does: subcommands, settings, secrets, signals, telemetry, exit codes.
package process

import (
	"context"
	"io"

	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// Program is one executable of the shop. C is the struct of its settings (package config).
type Program[C any] struct {
	Name    string
	Serve   func(ctx context.Context, cfg C, tel telemetry.Telemetry) error // blocks until ctx is done and everything is drained
	Migrate func(ctx context.Context, cfg C, tel telemetry.Telemetry) error // subcommand migrate; nil: no database
	Tasks   map[string]Task[C]                                              // further one-off subcommands
}

// Task is a one-off subcommand.
type Task[C any] struct {
	Help string
	Run  func(ctx context.Context, cfg C, tel telemetry.Telemetry, args []string) error
}

// Main runs the program with the process's arguments, environment and signals, and exits.
func Main[C any](p Program[C]) {}

// Run is Main without the process: it returns the exit code (0 done, 1 failed, 2 wrong usage or settings).
func Run[C any](ctx context.Context, p Program[C], args, environ []string, stdout, stderr io.Writer) int {
	return 1
}
