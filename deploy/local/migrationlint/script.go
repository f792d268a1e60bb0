package migrationlint

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// script is the Up part of a goose file. Its text keeps the file's line breaks, so that lines of the two are the same.
type script struct {
	text        string
	transaction bool
}

// refusal is why a file cannot be read.
type refusal struct {
	line int
	rule Rule
	text string
}

// readScript reads a file as goose does (pressly/goose, internal/sqlparser), and more strictly: what goose would fill in from the
// environment cannot be judged, and what stands before the Up part would be ignored.
func readScript(content []byte) (script, *refusal) {
	if !utf8.Valid(content) || strings.ContainsRune(string(content), 0) {
		return script{}, &refusal{1, syntax, "the file is not plain UTF-8 text: the parser would stop in the middle"}
	}
	reader := scriptReader{transaction: true}
	for i, line := range strings.SplitAfter(string(content), "\n") {
		if problem := reader.take(line); problem != "" {
			return script{}, &refusal{i + 1, annotation, problem}
		}
	}
	if reader.part == before {
		return script{}, &refusal{1, annotation, "there is no Up part: begin it with `-- +goose Up`"}
	}
	return script{text: reader.text.String(), transaction: reader.transaction}, nil
}

type part int

const (
	before part = iota
	up
	down
)

type scriptReader struct {
	part        part
	transaction bool
	text        strings.Builder
}

// take adds a line: as it is in the Up part, an empty one elsewhere.
func (r *scriptReader) take(line string) (problem string) {
	trimmed := strings.TrimSpace(line)
	if strings.HasPrefix(trimmed, "--") && strings.Contains(line, "+goose") {
		if problem := r.annotate(trimmed); problem != "" {
			return problem
		}
		line = "\n" // never a part of the statement
	}
	if r.part == before && trimmed != "" && !strings.HasPrefix(trimmed, "--") {
		return "this stands before `-- +goose Up`"
	}
	if r.part != up {
		line = "\n"
	}
	r.text.WriteString(line)
	return ""
}

func (r *scriptReader) annotate(line string) (problem string) {
	switch command := strings.TrimSpace(strings.Replace(strings.ReplaceAll(line, "--", ""), "+goose", "", 1)); command {
	case "Up":
		if r.part != before {
			return "a second Up part"
		}
		r.part = up
	case "Down":
		if r.part != up {
			return "a Down part without an Up part before it"
		}
		r.part = down
	case "NO TRANSACTION":
		r.transaction = false
	case "StatementBegin", "StatementEnd":
	case "ENVSUB ON", "ENVSUB OFF":
		return "what comes from the environment cannot be judged: write it out"
	default:
		return fmt.Sprintf("goose knows no %q", command)
	}
	return ""
}
