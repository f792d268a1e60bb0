// Command chaos starts a shop, lets customers buy while everything fails around them, runs the races, and checks the books.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/bartgottschalk/startupwebapp/deploy/local/chaos"
)

const (
	fewRounds  = 50
	manyRounds = 1000
)

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "scripts/chaos:", err)
		cancel()
		os.Exit(1) //nolint:gocritic // cancelled above
	}
}

func run(ctx context.Context) (err error) {
	storm := chaos.Run{Customers: 6}
	seed := flag.Uint64("seed", 0, "repeat the choices of a run; 0 takes a new seed, which is printed")
	flag.DurationVar(&storm.Lasts, "for", time.Minute, "how long customers begin purchases")
	flag.IntVar(&storm.Customers, "customers", storm.Customers, "how many buy at once")
	full := flag.Bool("full", false, fmt.Sprintf("%d rounds of each race instead of %d", manyRounds, fewRounds))
	only := flag.String("race", "", "run this race alone, and no storm")
	flag.Parse()
	if flag.NArg() > 0 {
		return fmt.Errorf("%q is not understood, see --help", flag.Arg(0))
	}
	if err := check(storm, *only); err != nil {
		return err
	}
	storm.Seed = *seed
	if storm.Seed == 0 {
		storm.Seed = uint64(time.Now().UnixNano()) % 1_000_000
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	fmt.Printf("seed %d\n", storm.Seed)
	shop, err := chaos.Open(ctx, chaos.Settings{BinDir: filepath.Dir(program), AdminURL: os.Getenv("ADMIN_DATABASE_URL"), Out: os.Stderr})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shop.Close(context.WithoutCancel(ctx))) }()
	rounds := fewRounds
	if *full {
		rounds = manyRounds
	}
	return attack(ctx, shop, storm, rounds, *only)
}

// check refuses what would test nothing and find nothing wrong.
func check(storm chaos.Run, only string) error {
	if storm.Lasts <= 0 {
		return fmt.Errorf("--for %s: expected more than 0, like 60s", storm.Lasts)
	}
	if storm.Customers < 1 {
		return fmt.Errorf("--customers %d: expected at least 1", storm.Customers)
	}
	names := make([]string, 0, len(chaos.Races()))
	for _, race := range chaos.Races() {
		names = append(names, race.Name)
	}
	if only != "" && !slices.Contains(names, only) {
		return fmt.Errorf("there is no race %q; there are:\n  %s", only, strings.Join(names, "\n  "))
	}
	return nil
}

// attack runs the races while the shop is still putting right what the storm did, and then judges the books of both.
func attack(ctx context.Context, shop *chaos.Shop, run chaos.Run, rounds int, only string) (err error) {
	var storm *chaos.Storm
	if only == "" {
		if storm, err = shop.Attack(ctx, run); err != nil {
			return err
		}
	}
	wrong := 0
	for _, race := range chaos.Races() {
		if only != "" && race.Name != only {
			continue
		}
		began := time.Now()
		lost, err := shop.Run(ctx, race, rounds)
		if err != nil {
			return err
		}
		fmt.Printf("%-45s %4d rounds in %5.1f s, %d wrong\n", race.Name, rounds, time.Since(began).Seconds(), len(lost))
		for _, line := range lost[:min(len(lost), 10)] {
			fmt.Println("WRONG:", line)
		}
		wrong += len(lost)
	}
	report, err := shop.Judge(ctx, storm)
	if err != nil {
		return err
	}
	if err := report.Print(os.Stdout); err != nil {
		return err
	}
	if wrong += len(report.Wrong); wrong > 0 {
		return fmt.Errorf("%d things are wrong", wrong)
	}
	return nil
}
