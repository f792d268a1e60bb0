package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/bartgottschalk/startupwebapp/deploy/local/stack"
)

// stopPatience is how long a program may take to end when this one is told to.
const stopPatience = 10 * time.Second

// refusedError is a program that failed and has said why.
type refusedError struct {
	service string
	status  int
}

func (e *refusedError) Error() string {
	return fmt.Sprintf("%s ended with status %d", e.service, e.status)
}

// statusOf is how to end on an error, and whether somebody has said what it is.
func statusOf(err error) (status int, said bool) {
	if refused, ok := err.(*refusedError); ok { //nolint:errorlint // wrapped, it has not been said where it stopped
		return refused.status, true
	}
	return exitFailed, false
}

// handOn runs a command of a service with this process's terminal.
func (d desk) handOn(ctx context.Context, service string, arguments ...string) error {
	prepared, err := d.prepare(ctx, service, arguments)
	if err != nil {
		return err
	}
	prepared.Stdin, prepared.Stdout = d.stdin, d.stdout
	return d.await(prepared, service)
}

// ask runs a command of a service that nobody is to type anything into, and gives what it printed.
func (d desk) ask(ctx context.Context, service string, arguments ...string) ([]byte, error) {
	prepared, err := d.prepare(ctx, service, arguments)
	if err != nil {
		return nil, err
	}
	var printed bytes.Buffer
	prepared.Stdout = &printed
	err = d.await(prepared, service)
	return printed.Bytes(), err
}

func (d desk) prepare(ctx context.Context, service string, arguments []string) (*exec.Cmd, error) {
	told, err := stack.Environment(d.dataDir, service)
	if err != nil {
		return nil, err
	}
	prepared := exec.CommandContext(ctx, filepath.Join(d.binDir, service), arguments...)
	prepared.Env = slices.Concat(d.environ, told) // the last one wins
	prepared.Cancel = func() error { return prepared.Process.Signal(syscall.SIGTERM) }
	prepared.WaitDelay = stopPatience
	return prepared, nil
}

func (d desk) await(prepared *exec.Cmd, service string) error {
	said := &sentences{to: d.stderr}
	prepared.Stderr = said
	err := prepared.Run()
	said.end()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return &refusedError{service, max(ended.ExitCode(), exitFailed)}
	}
	if err != nil {
		return fmt.Errorf("run %s: %w", service, err)
	}
	return nil
}
