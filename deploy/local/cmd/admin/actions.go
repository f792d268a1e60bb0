package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
)

// listActions puts together what the services that operators change keep of it. Their lines begin with the time in UTC, so that the
// order of the texts is that of the times.
func listActions(ctx context.Context, d desk, name string, arguments []string) error {
	var lines []string
	for _, service := range []string{"order", "user"} {
		printed, err := d.ask(ctx, service, append([]string{name}, arguments...)...)
		if err != nil {
			return err
		}
		for line := range bytes.Lines(printed) {
			lines = append(lines, string(line))
		}
	}
	slices.SortStableFunc(lines, func(a, b string) int { return strings.Compare(when(b), when(a)) })
	table := tabwriter.NewWriter(d.stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "WHEN\tWHO\tCOMMAND\tWHAT\tDETAIL")
	for _, line := range lines {
		_, _ = fmt.Fprint(table, line)
	}
	return table.Flush()
}

func when(line string) string {
	moment, _, _ := strings.Cut(line, "\t")
	return moment
}
