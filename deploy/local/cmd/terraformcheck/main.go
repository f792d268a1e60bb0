// Command terraformcheck judges reports of "terraform test -json -verbose"; it is part of scripts/terraform.
//
//	terraformcheck passed REPORT                     whether all runs passed; prints the errors
//	terraformcheck drift  REPORT RUN ALLOWED         whether the plan of RUN changes nothing but what ALLOWED lists
//	terraformcheck cost   REPORT RUN PRICES README [LIMIT]
//	                                                 whether the plan of RUN costs less than LIMIT and README holds its table
package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/bartgottschalk/startupwebapp/deploy/local/infrastructure"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) < 2 {
		return errors.New("expected passed, drift or cost and a report")
	}
	report, err := readReport(arguments[1])
	if err != nil {
		return err
	}
	rest := arguments[2:]
	switch {
	case arguments[0] == "passed" && len(rest) == 0:
		return passed(report)
	case arguments[0] == "drift" && len(rest) == 2:
		return drift(report, rest[0], rest[1])
	case arguments[0] == "cost" && (len(rest) == 3 || len(rest) == 4):
		return cost(report, rest)
	default:
		return errors.New("expected passed REPORT, drift REPORT RUN ALLOWED or cost REPORT RUN PRICES README [LIMIT]")
	}
}

func readReport(path string) (infrastructure.Report, error) {
	file, err := os.Open(path)
	if err != nil {
		return infrastructure.Report{}, err
	}
	defer func() { _ = file.Close() }() // only read from
	return infrastructure.ReadReport(file)
}

func passed(report infrastructure.Report) error {
	if report.Passed && len(report.Problems) == 0 {
		return nil
	}
	return errors.New(strings.Join(append(report.Problems, "the tests failed"), "\n"))
}

func drift(report infrastructure.Report, name, allowedPath string) error {
	file, err := os.Open(allowedPath)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // only read from
	allowed, err := infrastructure.ReadAllowances(file)
	if err != nil {
		return err
	}
	changes, err := report.Plan(name)
	if err != nil {
		return err
	}
	if lines := infrastructure.Drift(changes, allowed); len(lines) > 0 {
		return fmt.Errorf("a second plan would change again what was just applied:\n%s", strings.Join(lines, "\n"))
	}
	return nil
}

func cost(report infrastructure.Report, arguments []string) error {
	file, err := os.Open(arguments[1])
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // only read from
	prices, err := infrastructure.ReadPrices(file)
	if err != nil {
		return err
	}
	changes, err := report.Plan(arguments[0])
	if err != nil {
		return err
	}
	lines, sum, err := prices.Bill(changes)
	if err != nil {
		return err
	}
	table := infrastructure.Table(lines, sum)
	readme, err := os.ReadFile(arguments[2])
	if err != nil {
		return err
	}
	if !strings.Contains(string(readme), table) {
		return fmt.Errorf("%s does not hold this table of run %s:\n%s", arguments[2], arguments[0], table)
	}
	return under(sum, arguments[3:])
}

func under(sum float64, limit []string) error {
	if len(limit) == 0 {
		return nil
	}
	most, err := strconv.ParseFloat(limit[0], 64)
	if err != nil {
		return fmt.Errorf("read the limit: %w", err)
	}
	if sum >= most {
		return fmt.Errorf("the stack costs %.2f USD a month, expected less than %.2f", sum, most)
	}
	return nil
}
