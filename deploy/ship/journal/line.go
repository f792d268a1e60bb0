package journal

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
)

const longestLine = 16 << 10

// Text is an event for people, on one line: time, task, level, message, and the other fields sorted by name. Nothing in it steers a
// terminal: part of what is logged was sent by strangers.
func Text(event Event) string {
	var fields map[string]json.RawMessage
	said := event.Message
	if json.Unmarshal([]byte(event.Message), &fields) == nil && fields != nil {
		said = describe(fields)
	}
	return clean(fmt.Sprintf("%s %s %s", event.At.Format("2006-01-02T15:04:05.000Z"), task(event.Stream), said))
}

// task is the beginning of a task's id; streams are prefix/container/task (inventory pitfall 9).
func task(stream string) string {
	id := stream[strings.LastIndexByte(stream, '/')+1:]
	return id[:min(8, len(id))]
}

// describe writes the fields of log/slog's JSON handler.
func describe(fields map[string]json.RawMessage) string {
	line := []string{fmt.Sprintf("%-5s", plain(fields["level"])), plain(fields["msg"])}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if name != "time" && name != "level" && name != "msg" {
			line = append(line, name+"="+plain(fields[name]))
		}
	}
	return strings.Join(line, " ")
}

func plain(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

func clean(text string) string {
	text = text[:min(longestLine, len(text))]
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, text)
}

// JSON is an event for machines. A message that is JSON itself is kept as such.
func JSON(service string, event Event) ([]byte, error) {
	line := struct {
		Time    time.Time `json:"time"`
		Service string    `json:"service"`
		Stream  string    `json:"stream"`
		Message any       `json:"message"`
	}{event.At, service, event.Stream, event.Message}
	if json.Valid([]byte(event.Message)) {
		line.Message = json.RawMessage(event.Message)
	}
	encoded, err := json.Marshal(line)
	if err != nil {
		return nil, fmt.Errorf("write a line of the log: %w", err)
	}
	return append(encoded, '\n'), nil
}
