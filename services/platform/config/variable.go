package config

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"text/tabwriter"
	"time"
)

// variable is one field of a settings struct that an environment variable sets.
type variable struct {
	name     string // with the prefixes of the structs around it
	prefix   string
	required bool
	field    reflect.StructField
	target   reflect.Value
}

// expecting is implemented by types that can say what text they accept.
type expecting interface{ Expects() string }

func variablesOf(settings any) []variable {
	return walk(reflect.ValueOf(settings).Elem(), "")
}

func walk(structure reflect.Value, prefix string) []variable {
	var found []variable
	for i := range structure.NumField() {
		field := structure.Type().Field(i)
		key, options, _ := strings.Cut(field.Tag.Get("env"), ",")
		if key == "" && field.Type.Kind() == reflect.Struct {
			found = append(found, walk(structure.Field(i), prefix+field.Tag.Get("envPrefix"))...)
			continue
		}
		if key == "" || key == "-" {
			continue
		}
		found = append(found, variable{
			name:     prefix + key,
			prefix:   prefix,
			required: strings.Contains(options, "required") || strings.Contains(options, "notEmpty"),
			field:    field,
			target:   structure.Field(i),
		})
	}
	return found
}

// alone makes a pointer to a struct that has only this field.
func (v variable) alone() reflect.Value {
	only := v.field
	only.Offset, only.Index, only.Anonymous = 0, nil, false
	return reflect.New(reflect.StructOf([]reflect.StructField{only}))
}

func (v variable) expectation() string {
	if told := v.field.Tag.Get("expects"); told != "" {
		return told
	}
	if own, ok := reflect.New(v.field.Type).Interface().(expecting); ok {
		return own.Expects()
	}
	return ofType(v.field.Type)
}

func ofType(kind reflect.Type) string {
	if kind.Kind() == reflect.Pointer {
		return ofType(kind.Elem())
	}
	if kind == reflect.TypeFor[time.Duration]() {
		return "a duration like 20s or 5m"
	}
	switch kind.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number, not negative"
	default:
		return "a value that is not empty"
	}
}

// Help prints a table of the variables of T, a struct: name, default, meaning. A variable that several
// embedded structs read is listed once.
func Help[T any](w io.Writer) {
	var settings T
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	seen := map[string]bool{}
	for _, each := range variablesOf(&settings) {
		if seen[each.name] {
			continue
		}
		seen[each.name] = true
		_, _ = fmt.Fprintf(table, "  %s\t%s\t%s\n", each.name, each.defaultText(), each.meaning())
	}
	_ = table.Flush() // help that cannot be written has nobody to tell
}

func (v variable) defaultText() string {
	if v.required {
		return "(required)"
	}
	if value := v.field.Tag.Get("envDefault"); value != "" {
		return value
	}
	return "-"
}

func (v variable) meaning() string {
	help, expected := v.field.Tag.Get("help"), v.field.Tag.Get("expects")
	if own, ok := reflect.New(v.field.Type).Interface().(expecting); ok && expected == "" {
		expected = own.Expects()
	}
	if help == "" || expected == "" {
		return help + expected
	}
	return help + " (" + expected + ")"
}
