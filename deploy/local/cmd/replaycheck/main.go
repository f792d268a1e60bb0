// Command replaycheck compares a report of the replayer of the old shop's recordings with the list of the steps that may differ:
// replaycheck REPORT LIST. It is part of scripts/replay.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/bartgottschalk/startupwebapp/deploy/local/replay"
)

func main() {
	good, err := check(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "replaycheck:", err)
	}
	if !good {
		os.Exit(1)
	}
}

func check(arguments []string) (good bool, err error) {
	if len(arguments) != 2 {
		return false, errors.New("expected a report and a list")
	}
	reported, err := os.Open(arguments[0])
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, reported.Close()) }()
	listed, err := os.Open(arguments[1])
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, listed.Close()) }()
	report, err := replay.ReadReport(reported)
	if err != nil {
		return false, err
	}
	expected, err := replay.ReadExpected(listed)
	if err != nil {
		return false, err
	}
	return replay.Judge(report, expected, os.Stdout), nil
}
