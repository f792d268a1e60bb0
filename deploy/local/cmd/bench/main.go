// Command bench starts the shop on free ports, measures its main paths and prints one table.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/bartgottschalk/startupwebapp/deploy/local/bench"
	"github.com/bartgottschalk/startupwebapp/deploy/local/stack"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "scripts/bench:", err)
		os.Exit(1)
	}
}

func run() (err error) {
	measured := bench.Options{Out: os.Stdout}
	flag.DurationVar(&measured.Duration, "duration", 5*time.Second, "how long each path is loaded")
	flag.IntVar(&measured.Connections, "connections", 8, "clients at once")
	flag.StringVar(&measured.Only, "only", "", "measure only paths whose name contains this")
	flag.Parse()
	if _, err := exec.LookPath("wrk"); err != nil {
		return errors.New("wrk is missing; install the package wrk")
	}
	options, clean, err := freeShop()
	if err != nil {
		return err
	}
	defer clean()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	shop, err := stack.Start(ctx, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove(shop, options)) }()
	return bench.Run(ctx, shop, measured)
}

// remove leaves nothing behind in a PostgreSQL that others use too.
func remove(shop *stack.Stack, options stack.Options) error {
	ctx := context.Background() // also when the bench was interrupted
	failure := shop.Stop(ctx)
	if options.AdminURL == "" {
		return failure
	}
	return errors.Join(failure, stack.DropDatabase(ctx, options.AdminURL, options.Database))
}

// freeShop is a shop of its own, beside any that runs already.
func freeShop() (stack.Options, func(), error) {
	program, err := os.Executable()
	if err != nil {
		return stack.Options{}, nil, err
	}
	data, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return stack.Options{}, nil, err
	}
	options := stack.Options{
		BinDir: filepath.Dir(program), DataDir: data, Out: os.Stderr,
		AdminURL: os.Getenv("ADMIN_DATABASE_URL"), Database: fmt.Sprintf("bench_%d", os.Getpid()),
		Environ: append(os.Environ(), "TRUSTED_PROXY_HOPS=1"),
	}
	clean := func() { _ = os.RemoveAll(data) }
	if err := options.UseFreePorts(); err != nil {
		clean()
		return options, nil, err
	}
	return options, clean, nil
}
