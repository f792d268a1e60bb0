package infrastructure

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Change is what a plan would do to one resource.
type Change struct {
	Address string `json:"address"`
	Module  string `json:"module_address"`
	Mode    string `json:"mode"`
	Type    string `json:"type"`
	Change  struct {
		Actions      []string        `json:"actions"`
		Before       map[string]any  `json:"before"`
		After        map[string]any  `json:"after"`
		AfterUnknown json.RawMessage `json:"after_unknown"` // an object, or false
	} `json:"change"`
}

// Report is what a run of tests said.
type Report struct {
	Passed   bool
	Problems []string // one for each error, ready to print
	plans    map[string][]Change
}

// Plan returns the changes of the run of that name. A run that made no plan, or did not run, is an error: nothing was proven.
func (r Report) Plan(run string) ([]Change, error) {
	changes, ok := r.plans[run]
	if !ok {
		return nil, fmt.Errorf("no plan of run %q: it did not run, or its command is not plan", run)
	}
	return changes, nil
}

type message struct {
	Type       string `json:"type"`
	Run        string `json:"@testrun"`
	Diagnostic struct {
		Severity string `json:"severity"`
		Summary  string `json:"summary"`
		Detail   string `json:"detail"`
		Range    struct {
			File  string `json:"filename"`
			Start struct {
				Line int `json:"line"`
			} `json:"start"`
		} `json:"range"`
	} `json:"diagnostic"`
	Plan struct {
		Changes []Change `json:"resource_changes"`
	} `json:"test_plan"`
	Summary struct {
		Status string `json:"status"`
	} `json:"test_summary"`
}

// ReadReport reads the lines of "terraform test -json -verbose". Without the summary at their end they are cut off: an error.
func ReadReport(lines io.Reader) (Report, error) {
	report := Report{plans: map[string][]Change{}}
	decoder := json.NewDecoder(bufio.NewReader(lines))
	summed := false
	for {
		var read message
		err := decoder.Decode(&read)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Report{}, fmt.Errorf("read Terraform's report: %w", err)
		}
		switch read.Type {
		case "diagnostic":
			report.note(read)
		case "test_plan":
			report.plans[read.Run] = read.Plan.Changes
		case "test_summary":
			summed = true
			report.Passed = read.Summary.Status == "pass"
		}
	}
	if !summed && len(report.Problems) == 0 {
		return Report{}, errors.New("read Terraform's report: it ends before its summary")
	}
	return report, nil
}

func (r *Report) note(read message) {
	if read.Diagnostic.Severity != "error" {
		return
	}
	at := ""
	if read.Diagnostic.Range.File != "" {
		at = fmt.Sprintf("%s:%d: ", read.Diagnostic.Range.File, read.Diagnostic.Range.Start.Line)
	}
	r.Problems = append(r.Problems, fmt.Sprintf("%s%s: %s: %s", at, read.Run, read.Diagnostic.Summary, read.Diagnostic.Detail))
}
