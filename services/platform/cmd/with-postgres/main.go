//go:build unix

// Command with-postgres runs another command with ADMIN_DATABASE_URL naming a temporary private PostgreSQL, and takes over
// its exit status. When ADMIN_DATABASE_URL is set already it only runs the command.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/bartgottschalk/startupwebapp/services/platform/localpostgres"
)

const (
	variable    = "ADMIN_DATABASE_URL"
	usageStatus = 2
	ownFailure  = 125 // ours, not the command's
)

func main() {
	os.Exit(run(os.Args[1:]))
}

func run(command []string) int {
	if len(command) == 0 {
		fmt.Fprintln(os.Stderr, "usage: with-postgres <command> [argument ...]")
		return usageStatus
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	if os.Getenv(variable) != "" {
		return status(runCommand(command, nil, signals))
	}
	cluster, err := start(signals)
	if err != nil {
		return status(err)
	}
	err = runCommand(command, []string{variable + "=" + cluster.AdminURL()}, signals)
	return status(errors.Join(err, cluster.Stop()))
}

// start can be interrupted.
func start(signals <-chan os.Signal) (*localpostgres.Cluster, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	started := make(chan struct{})
	defer close(started)
	go func() {
		select {
		case <-signals:
			cancel()
		case <-started:
		}
	}()
	return localpostgres.StartTemporary(ctx, os.Stderr)
}

func runCommand(command, environment []string, signals <-chan os.Signal) error {
	child := exec.Command(command[0], command[1:]...)
	child.Env = append(os.Environ(), environment...)
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := child.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }()
	for {
		select {
		case received := <-signals:
			_ = child.Process.Signal(received) // it may have ended just now
		case err := <-ended:
			return err
		}
	}
}

// status is the command's own, as a shell would give it.
func status(err error) int {
	if err == nil {
		return 0
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		fmt.Fprintf(os.Stderr, "with-postgres: %v\n", err)
		return ownFailure
	}
	if state, ok := exit.Sys().(syscall.WaitStatus); ok && state.Signaled() {
		return 128 + int(state.Signal())
	}
	return exit.ExitCode()
}
