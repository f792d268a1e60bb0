// Package replay judges what the replayer of the old shop's recordings reports: which steps may differ, because we decided so, is
// a list beside it, each with its reason. How the recordings are replayed is in scripts/replay.
package replay

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Step is one step of a recorded scenario as the replayer reports it.
type Step struct {
	File     string   `json:"file"`
	Scenario string   `json:"scenario"`
	Step     int      `json:"step"` // from 1
	Label    string   `json:"label"`
	Outcome  string   `json:"outcome"` // passed, failed or skipped
	Diffs    []string `json:"diffs"`
}

func (s Step) name() string { return fmt.Sprintf("%s / %s / step %d", s.File, s.Scenario, s.Step) }

// Report is what the replayer writes with --report.
type Report struct {
	Steps []Step `json:"steps"`
}

// ReadReport reads a report; one without steps is an error.
func ReadReport(from io.Reader) (Report, error) {
	var report Report
	if err := json.NewDecoder(from).Decode(&report); err != nil {
		return Report{}, fmt.Errorf("read the report: %w", err)
	}
	if len(report.Steps) == 0 {
		return Report{}, errors.New("the report has no steps: nothing was replayed")
	}
	return report, nil
}

// Expected are the reasons of the steps that differ, by "file / scenario / step N".
type Expected map[string]string

// ReadExpected reads a list: a step on a line of its own, below it, indented, its reason on one or more lines. Empty lines and those
// that begin with # are for people. A step without a reason or named twice is an error.
func ReadExpected(from io.Reader) (Expected, error) {
	expected, step := Expected{}, ""
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		line := lines.Text()
		text := strings.TrimSpace(line)
		switch {
		case text == "" || strings.HasPrefix(text, "#"):
		case line != strings.TrimLeft(line, " \t"):
			if step == "" {
				return nil, fmt.Errorf("a reason without a step: %s", text)
			}
			expected[step] = strings.TrimSpace(expected[step] + " " + text)
		default:
			if _, twice := expected[text]; twice {
				return nil, fmt.Errorf("named twice: %s", text)
			}
			step = text
			expected[step] = ""
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the list: %w", err)
	}
	for step, reason := range expected {
		if reason == "" {
			return nil, fmt.Errorf("without a reason: %s", step)
		}
	}
	return expected, nil
}

// Judge writes what became of each step on the list and of each that failed without being on it, then the counts. It tells whether
// all is as the list says: what is not on it did not fail, and what is on it did.
func Judge(report Report, expected Expected, out io.Writer) bool {
	passed, differs, wrong, seen := 0, 0, 0, map[string]bool{}
	for _, step := range report.Steps {
		reason, listed := expected[step.name()]
		seen[step.name()] = true
		switch {
		case step.Outcome == "failed" && listed:
			differs++
			_, _ = fmt.Fprintf(out, "differs %s %s: %s\n", step.name(), step.Label, reason)
		case step.Outcome == "failed":
			wrong++
			_, _ = fmt.Fprintf(out, "FAIL %s %s: %s\n", step.name(), step.Label, strings.Join(step.Diffs, "\n     "))
		case listed:
			wrong++
			_, _ = fmt.Fprintf(out, "FAIL %s %s: %s, and is still on the list of those that differ\n", step.name(), step.Label, step.Outcome)
		case step.Outcome == "passed":
			passed++
		}
	}
	for step := range expected {
		if !seen[step] {
			wrong++
			_, _ = fmt.Fprintf(out, "FAIL %s: on the list of those that differ, but not recorded\n", step)
		}
	}
	_, _ = fmt.Fprintf(out, "%d as recorded, %d differ as the list says, %d wrong\n", passed, differs, wrong)
	return wrong == 0 && passed > 0
}
