package dialect

import (
	"fmt"
	"strconv"

	"google.golang.org/protobuf/reflect/protoreflect"

	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/money"
)

// append writes a message as an object, or as its one value when it is bare.
func (p *plan) append(out []byte, message protoreflect.Message) []byte {
	if p.bare != nil {
		return p.bare.appendBare(out, message)
	}
	out = append(out, '{')
	begin := len(out)
	for i := range p.members {
		out = p.members[i].append(out, message, len(out) > begin)
	}
	if len(out) > begin && len(p.ending) > 1 {
		out = append(out, ',')
	}
	return append(out, p.ending...)
}

// append writes label and value, or nothing.
func (m *member) append(out []byte, message protoreflect.Message, comma bool) []byte {
	value, set := m.read(message)
	if !set && m.unset == nil {
		return out
	}
	if comma {
		out = append(out, ',')
	}
	return m.appendValue(append(out, m.label...), value, set)
}

func (m *member) appendBare(out []byte, message protoreflect.Message) []byte {
	value, set := m.read(message)
	if !set && m.unset == nil {
		return append(out, "null"...) // a bare message stands where a value must stand
	}
	return m.appendValue(out, value, set)
}

func (m *member) appendValue(out []byte, value protoreflect.Value, set bool) []byte {
	switch {
	case !set:
		return append(out, m.unset...)
	case m.list != nil:
		return m.list(out, value.List())
	}
	return m.single(out, value)
}

// read is the field's value and whether there is one; an empty list is none.
func (m *member) read(message protoreflect.Message) (protoreflect.Value, bool) {
	if (m.presence || m.list != nil) && !message.Has(m.field) {
		return protoreflect.Value{}, false
	}
	return message.Get(m.field), true
}

func writeText(out []byte, value protoreflect.Value) []byte { return appendText(out, value.String()) }

func writeBool(out []byte, value protoreflect.Value) []byte {
	return strconv.AppendBool(out, value.Bool())
}

func writeNumber(out []byte, value protoreflect.Value) []byte {
	return strconv.AppendInt(out, value.Int(), 10)
}

func writeMoney(out []byte, value protoreflect.Value) []byte {
	out = append(out, '"')
	out = append(out, money.Format(value.Int())...)
	return append(out, '"')
}

// writeTimestamp cuts to milliseconds and leaves the fraction out when there are no microseconds at all, as the old
// server did.
func writeTimestamp(out []byte, value protoreflect.Value) []byte {
	stamp := timestampOf(value).AsTime()
	layout := `"2006-01-02T15:04:05Z"`
	if stamp.Nanosecond() >= 1000 {
		layout = `"2006-01-02T15:04:05.000Z"`
	}
	return stamp.AppendFormat(out, layout)
}

func arrayWriter(element writer) listWriter {
	return func(out []byte, list protoreflect.List) []byte {
		out = append(out, '[')
		for i := range list.Len() {
			if i > 0 {
				out = append(out, ',')
			}
			out = element(out, list.Get(i))
		}
		return append(out, ']')
	}
}

func nestedWriter(element writer) listWriter {
	inner := arrayWriter(element)
	return func(out []byte, list protoreflect.List) []byte {
		return append(inner(append(out, '['), list), ']')
	}
}

func countedWriter(element writer, first int) listWriter {
	return func(out []byte, list protoreflect.List) []byte {
		out = append(out, '{')
		for i := range list.Len() {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(out, '"')
			out = strconv.AppendInt(out, int64(first+i), 10)
			out = element(append(out, '"', ':'), list.Get(i))
		}
		return append(out, '}')
	}
}

// keyedWriter writes an object in the list's own order, which is the order of display.
func keyedWriter(field protoreflect.FieldDescriptor, element writer) (listWriter, error) {
	key, err := keyOf(field)
	if err != nil {
		return nil, err
	}
	isText := key.Kind() == protoreflect.StringKind
	return func(out []byte, list protoreflect.List) []byte {
		out = append(out, '{')
		for i := range list.Len() {
			if i > 0 {
				out = append(out, ',')
			}
			value := list.Get(i)
			out = appendKey(out, value.Message().Get(key), isText)
			out = element(append(out, ':'), value)
		}
		return append(out, '}')
	}, nil
}

func keyOf(field protoreflect.FieldDescriptor) (protoreflect.FieldDescriptor, error) {
	name := extension[string](field.Options(), storefrontv1.E_Key)
	if field.Kind() != protoreflect.MessageKind {
		return nil, fmt.Errorf("the elements of a keyed list are messages")
	}
	key := field.Message().Fields().ByName(protoreflect.Name(name))
	if key == nil || key.IsList() || key.Kind() != protoreflect.StringKind && key.Kind() != protoreflect.Int64Kind {
		return nil, fmt.Errorf("%s has no key %q of text or int64", field.Message().FullName(), name)
	}
	return key, nil
}

func appendKey(out []byte, key protoreflect.Value, isText bool) []byte {
	if isText {
		return appendText(out, key.String())
	}
	out = append(out, '"')
	return append(strconv.AppendInt(out, key.Int(), 10), '"')
}
