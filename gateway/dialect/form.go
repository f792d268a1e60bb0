package dialect

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// What is wrong with a form or query.
var (
	ErrMalformedForm = errors.New("the form cannot be read")
	ErrTooManyFields = errors.New("the form has too many fields")
	ErrUnreadable    = errors.New("a field is not text: it has a NUL or is not UTF-8")
)

// Fields are the fields of a form or query as sent: of several values of a name, the last.
type Fields map[string]string

// ReadForm reads a body of a form, urlencoded or multipart; files in it are dropped. A body of any other type has no
// fields, as the old server saw it (contract user.md 1.1).
func ReadForm(contentType string, body []byte, most int) (Fields, error) {
	kind, parameters, err := mime.ParseMediaType(contentType)
	if err != nil && kind == "" {
		kind, _, _ = strings.Cut(strings.ToLower(contentType), ";")
		kind = strings.TrimSpace(kind)
	}
	switch kind {
	case "application/x-www-form-urlencoded":
		return ReadQuery(string(body), most)
	case "multipart/form-data":
		return readMultipart(body, parameters["boundary"], most)
	}
	return nil, nil
}

// ReadQuery reads what urlencoding wrote. Broken escapes stay as they are.
func ReadQuery(text string, most int) (Fields, error) {
	if text == "" {
		return nil, nil
	}
	count := strings.Count(text, "&") + 1
	if count > most {
		return nil, ErrTooManyFields
	}
	fields := make(Fields, min(count, 16))
	for pair := range strings.SplitSeq(text, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		fields[unescape(name)] = unescape(value)
	}
	return fields, nil
}

func readMultipart(body []byte, boundary string, most int) (Fields, error) {
	if boundary == "" || len(boundary) > 200 {
		return nil, fmt.Errorf("%w: multipart without a usable boundary", ErrMalformedForm)
	}
	fields := Fields{}
	if len(body) == 0 {
		return fields, nil
	}
	parts := multipart.NewReader(bytes.NewReader(body), boundary)
	for count := 0; ; count++ {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return fields, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMalformedForm, err)
		}
		if count == most {
			return nil, ErrTooManyFields
		}
		if err := fields.take(part); err != nil {
			return nil, err
		}
	}
}

func (f Fields) take(part *multipart.Part) error {
	if part.FormName() == "" || part.FileName() != "" {
		return nil
	}
	value, err := io.ReadAll(part)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMalformedForm, err)
	}
	f[part.FormName()] = string(value)
	return nil
}

// Fill sets the text fields of a request message by their JSON names; names that it does not have are dropped. It
// returns ErrUnreadable when a value cannot be text.
func (f Fields) Fill(message proto.Message) error {
	if len(f) == 0 {
		return nil
	}
	reflected := message.ProtoReflect()
	fields := reflected.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		value, sent := f[field.JSONName()]
		if !sent || field.Kind() != protoreflect.StringKind || field.IsList() {
			continue
		}
		if !IsText(value) {
			return fmt.Errorf("%w: %s", ErrUnreadable, field.JSONName())
		}
		reflected.Set(field, protoreflect.ValueOfString(value))
	}
	return nil
}

// IsText tells whether a value is UTF-8 without NUL, so that every database and message can hold it.
func IsText(value string) bool {
	return strings.IndexByte(value, 0) < 0 && utf8.ValidString(value)
}

// Textual makes text of any value: NULs are removed, what is not UTF-8 is replaced.
func Textual(value string) string {
	if IsText(value) {
		return value
	}
	return strings.ToValidUTF8(strings.ReplaceAll(value, "\x00", ""), "\uFFFD")
}

func unescape(text string) string {
	if strings.IndexByte(text, '%') < 0 && strings.IndexByte(text, '+') < 0 {
		return text
	}
	plain := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '+':
			plain = append(plain, ' ')
		case text[i] == '%' && i+2 < len(text) && isHex(text[i+1]) && isHex(text[i+2]):
			plain = append(plain, hexValue(text[i+1])<<4|hexValue(text[i+2]))
			i += 2
		default:
			plain = append(plain, text[i])
		}
	}
	return string(plain)
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

func hexValue(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return (c | 0x20) - 'a' + 10
}
