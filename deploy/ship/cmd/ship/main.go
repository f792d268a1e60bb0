// Command ship brings a built release to a running shop on AWS, one service at a time, and back; ship help tells what it takes.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/clock"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/command"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal asks for a safe stop, the second ends the process.
	context.AfterFunc(ctx, stop)
	code := command.Main(ctx, command.Process{
		Args: os.Args[1:], Environ: os.Getenv, In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Clock: clock.System{},
	})
	stop()
	os.Exit(code)
}
