package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// sentences hands on what a program says on stderr, at once, as a question may wait for its answer. Of the log lines among
// it, which are JSON, operators get the sentence.
type sentences struct {
	to      io.Writer
	line    []byte // a log line as far as it is known
	midLine bool   // the line that is being handed on began earlier
}

// Write takes bytes as they come, lines in pieces too.
func (s *sentences) Write(text []byte) (int, error) {
	for rest := text; len(rest) > 0; {
		end := bytes.IndexByte(rest, '\n') + 1
		piece := rest
		if end > 0 {
			piece = rest[:end]
		}
		if err := s.take(piece, end > 0); err != nil {
			return 0, err
		}
		rest = rest[len(piece):]
	}
	return len(text), nil
}

func (s *sentences) take(piece []byte, ends bool) error {
	if len(s.line) > 0 || (!s.midLine && piece[0] == '{') {
		s.line = append(s.line, piece...)
		if !ends {
			return nil
		}
		piece = plain(s.line)
		s.line = nil
	}
	s.midLine = !ends
	_, err := s.to.Write(piece)
	return err
}

// end hands on what a program left unfinished.
func (s *sentences) end() {
	if len(s.line) > 0 {
		_, _ = s.to.Write(plain(s.line))
		s.line = nil
	}
}

// plain is what a log line is about, or the line itself if it is none. Of what operators did, it is also who did it, and to what.
func plain(line []byte) []byte {
	var log struct{ Msg, Error string }
	if json.Unmarshal(line, &log) != nil || log.Msg == "" {
		return line
	}
	said := log.Msg
	if strings.HasPrefix(said, "[OPERATOR]") {
		said = strings.Join(append([]string{said}, attributes(line)...), "  ")
	}
	if log.Error != "" {
		said += ": " + strings.ReplaceAll(strings.TrimSpace(log.Error), "\n", "; ")
	}
	return fmt.Appendln(nil, oneLine(said))
}

// attributes are those of a log line that tell an operator something, in their order.
func attributes(line []byte) []string {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.UseNumber()
	if _, err := decoder.Token(); err != nil { // the brace
		return nil
	}
	var told []string
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return told
		}
		var value any
		if decoder.Decode(&value) != nil {
			return told
		}
		switch name {
		case "time", "level", "msg", "service", "error", "trace_id", "span_id":
		default:
			if value != nil && value != "" {
				told = append(told, fmt.Sprintf("%v=%v", name, value))
			}
		}
	}
	return told
}

// oneLine keeps out what would command the terminal.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}
