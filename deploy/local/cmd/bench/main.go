// Command bench starts the shop on free ports, measures its main paths or whole purchases, and prints one table.
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
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "scripts/bench:", err)
		cancel()
		os.Exit(1) //nolint:gocritic // cancelled above
	}
}

func run(ctx context.Context, arguments []string) error {
	if len(arguments) == 0 {
		return measurePaths(ctx, arguments)
	}
	switch arguments[0] {
	case "purchase":
		return measurePurchases(ctx, arguments[1:])
	case bench.LoadCommand:
		return bench.Load(ctx, arguments[1:], os.Stdout)
	}
	return measurePaths(ctx, arguments)
}

func measurePaths(ctx context.Context, arguments []string) error {
	measured := bench.Options{Out: os.Stdout}
	flags := flag.NewFlagSet("scripts/bench", flag.ExitOnError)
	flags.DurationVar(&measured.Duration, "duration", 5*time.Second, "how long each path is loaded")
	flags.IntVar(&measured.Connections, "connections", 8, "clients at once")
	flags.StringVar(&measured.Only, "only", "", "measure only paths whose name contains this")
	usage := flags.Usage
	flags.Usage = func() {
		usage()
		_, _ = fmt.Fprintln(flags.Output(), "or: scripts/bench purchase [flags] measures whole purchases; --help lists its flags")
	}
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if err := understood(flags, measured.Duration); err != nil {
		return err
	}
	if measured.Connections < 1 {
		return fmt.Errorf("-connections %d: expected at least 1", measured.Connections)
	}
	if _, err := exec.LookPath("wrk"); err != nil {
		return errors.New("wrk is missing; install the package wrk")
	}
	return inShop(ctx, func(shop *stack.Stack, _ stack.Options) error { return bench.Run(ctx, shop, measured) })
}

func measurePurchases(ctx context.Context, arguments []string) error {
	measured := bench.PurchaseOptions{Out: os.Stdout, Customers: []int{1, 4, 8}}
	flags := flag.NewFlagSet("scripts/bench purchase", flag.ExitOnError)
	flags.DurationVar(&measured.Duration, "duration", 10*time.Second, "how long each number of customers buys")
	texts := flags.Bool("statements", false, "list every SQL statement of an order")
	only := flags.Int("customers", 0, "measure this number of customers at once alone, and count no statements")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if err := understood(flags, measured.Duration); err != nil {
		return err
	}
	if *only < 0 {
		return fmt.Errorf("-customers %d: expected at least 1, or nothing for 1, 4 and 8", *only)
	}
	if *only > 0 {
		measured.Customers = []int{*only}
	}
	err := inShop(ctx, func(shop *stack.Stack, options stack.Options) error {
		return bench.Purchases(ctx, shop, options.Database, measured)
	})
	if err != nil || *only > 0 {
		return err
	}
	options, clean, err := freeShop()
	if err != nil {
		return err
	}
	defer clean()
	err = bench.Statements(ctx, options, *texts, os.Stdout)
	return errors.Join(err, drop(ctx, options))
}

// understood refuses what would measure nothing.
func understood(flags *flag.FlagSet, lasts time.Duration) error {
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is not understood, see --help", flags.Arg(0))
	}
	if lasts <= 0 {
		return fmt.Errorf("-duration %s: expected more than 0, like 10s", lasts)
	}
	return nil
}

// inShop starts a shop for the measurement and leaves nothing of it behind.
func inShop(ctx context.Context, measure func(*stack.Stack, stack.Options) error) (err error) {
	options, clean, err := freeShop()
	if err != nil {
		return err
	}
	defer clean()
	shop, err := stack.Start(ctx, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shop.Stop(context.WithoutCancel(ctx)), drop(ctx, options)) }()
	return measure(shop, options)
}

// drop leaves nothing behind in a PostgreSQL that others use too, also when the bench was interrupted.
func drop(ctx context.Context, options stack.Options) error {
	if options.AdminURL == "" {
		return nil
	}
	return stack.DropDatabase(context.WithoutCancel(ctx), options.AdminURL, options.Database)
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
