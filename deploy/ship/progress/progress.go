// Package progress is what ship says while it works: one line per thing that happened, for people or for machines. Rooms report
// lines; how they look is decided here and nowhere else. Nothing secret is ever reported: lines end up in logs of workflows.
package progress

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Line is one thing that happened.
type Line struct {
	At      time.Time
	Service string // user, order, payment, clientevent, gateway, site; empty: none of them
	Step    string // a machine word like "migrate", "follow", "result"
	Message string // for people
	Fields  Fields // for machines; people see them only when there is no message
}

// Fields are facts of a line by name; values are what encoding/json takes.
type Fields map[string]any

// Reporter takes lines as they happen. Report may be called from several goroutines and never fails: a closed terminal stops no
// rollout.
type Reporter interface{ Report(line Line) }

// Printer writes lines as text or as one JSON object each.
type Printer struct {
	JSON bool
	Now  func() time.Time

	mutex sync.Mutex
	out   io.Writer
}

// NewPrinter writes to out.
func NewPrinter(out io.Writer, asJSON bool, now func() time.Time) *Printer {
	return &Printer{JSON: asJSON, Now: now, out: out}
}

// Report prints one line.
func (p *Printer) Report(line Line) {
	if line.At.IsZero() {
		line.At = p.Now()
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.JSON {
		p.printJSON(line)
		return
	}
	_, _ = fmt.Fprintln(p.out, text(line))
}

func (p *Printer) printJSON(line Line) {
	object := map[string]any{}
	maps.Copy(object, line.Fields)
	object["at"] = line.At.UTC().Format(time.RFC3339)
	object["step"] = line.Step
	object["message"] = line.Message
	if line.Service != "" {
		object["service"] = line.Service
	}
	encoded, err := json.Marshal(object)
	if err != nil { // a field nobody can encode: the line without its fields is better than none
		encoded, _ = json.Marshal(map[string]string{"at": line.At.UTC().Format(time.RFC3339), "step": line.Step, "service": line.Service, "message": line.Message}) //nolint:errchkjson // texts always encode
	}
	_, _ = p.out.Write(append(encoded, '\n'))
}

func text(line Line) string {
	message := line.Message
	if message == "" {
		message = fieldsAsText(line.Fields)
	}
	where := line.Service
	if where == "" {
		where = "-"
	}
	return fmt.Sprintf("%s  %-11s  %-9s  %s", line.At.UTC().Format("15:04:05"), where, line.Step, strings.TrimRight(message, "\n"))
}

func fieldsAsText(fields Fields) string {
	parts := make([]string, 0, len(fields))
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		parts = append(parts, fmt.Sprintf("%s=%v", name, fields[name]))
	}
	return strings.Join(parts, " ")
}
