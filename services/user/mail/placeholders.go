package mail

import (
	"errors"
	"fmt"
	"html"
	"regexp"
	"strings"
)

// errTemplate says that a template cannot be filled in; trying again is useless until somebody has changed it.
var errTemplate = errors.New("template cannot be filled in")

// fill puts values in the place of {name}. Doubled braces stand for one; everything else in braces, and braces without a
// partner, are errors, so that a mistake in a template is seen and not mailed (contract payment.md 8).
func fill(template string, value func(name string) (string, bool)) (string, error) {
	var filled strings.Builder
	for rest := template; rest != ""; {
		at := strings.IndexAny(rest, "{}")
		if at < 0 {
			filled.WriteString(rest)
			break
		}
		filled.WriteString(rest[:at])
		rest = rest[at:]
		if strings.HasPrefix(rest, "{{") || strings.HasPrefix(rest, "}}") {
			filled.WriteByte(rest[0])
			rest = rest[2:]
			continue
		}
		name, after, err := placeholder(rest)
		if err != nil {
			return "", err
		}
		text, known := value(name)
		if !known {
			return "", fmt.Errorf("%w: unknown placeholder {%s}", errTemplate, name)
		}
		filled.WriteString(text)
		rest = after
	}
	return filled.String(), nil
}

// placeholder reads the one that text begins with.
func placeholder(text string) (name, after string, err error) {
	if text[0] == '}' {
		return "", "", fmt.Errorf("%w: a single }", errTemplate)
	}
	name, after, closed := strings.Cut(text[1:], "}")
	if !closed {
		return "", "", fmt.Errorf("%w: a { without }", errTemplate)
	}
	return name, after, nil
}

// uses tells whether a template that can be filled in has a placeholder; doubled braces make none.
func uses(template, name string) bool {
	found := false
	_, err := fill(template, func(asked string) (string, bool) {
		found = found || asked == name
		return "", true
	})
	return err == nil && found
}

// fillText gives a text body with CRLF line ends. Where an empty value leaves several blank lines, one stays.
func fillText(template string, fields map[string]string) (string, error) {
	text, err := fill(template, func(name string) (string, bool) {
		value, known := fields[name]
		return value, known
	})
	if err != nil {
		return "", err
	}
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", "\r\n")
	return manyBreaks.ReplaceAllString(text, "\r\n\r\n"), nil
}

var manyBreaks = regexp.MustCompile(`(\r\n){3,}`)

// fillHTML escapes every value: they hold what customers typed.
func fillHTML(template string, fields map[string]string) (string, error) {
	return fill(template, func(name string) (string, bool) {
		value, known := fields[name]
		lines := strings.Split(value, newLine)
		for i, line := range lines {
			lines[i] = htmlLine(line, name == trackingField)
		}
		return strings.Join(lines, "<br>"+newLine), known
	})
}

// htmlLine makes a link of a line that is nothing but the address of a page, where that may be one.
func htmlLine(line string, mayLink bool) string {
	escaped := html.EscapeString(line)
	if mayLink && isWebPage(line) {
		return `<a href="` + escaped + `">` + escaped + "</a>"
	}
	return escaped
}

// fillSubject gives one line.
func fillSubject(template string, fields map[string]string) (string, error) {
	subject, err := fill(template, func(name string) (string, bool) {
		value, known := fields[name]
		return value, known
	})
	return oneLine(subject), err
}

// oneLine makes every run of blanks and control characters one blank.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }), " ")
}
