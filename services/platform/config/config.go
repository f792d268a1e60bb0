// Package config reads a process's settings from environment variables into one typed struct, strictly:
// every problem is reported at once, by the variable's name and what was expected, never by its value.
//
// Which variables exist is declared by struct tags where they are used; this package knows none of them:
//
//	Addr string `env:"GRPC_ADDR" envDefault:"127.0.0.1:0" help:"where the service listens" expects:"host:port"`
//	Key  string `env:"SECRET_KEY,required" help:"signs cookies"`
package config

import (
	"fmt"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Problem is one variable that cannot be used.
type Problem struct {
	Variable string
	Message  string // what is wrong and what was expected; never the value
}

// Problems is the error of Load: everything that is wrong, in the order of the struct's fields.
type Problems []Problem

// Error renders one line per problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.Variable + " " + problem.Message
	}
	return strings.Join(lines, "\n")
}

// Load reads every variable of T from environ ("NAME=value" entries as os.Environ gives them, later ones
// win). An empty value counts as unset, because container definitions cannot always leave a name out.
// The error is Problems; T must be a struct.
func Load[T any](environ []string) (T, error) {
	var settings T
	values := present(environ)
	problems := Problems{}
	for _, field := range variablesOf(&settings) {
		if problem, ok := field.read(values); !ok {
			problems = append(problems, problem)
		}
	}
	if len(problems) > 0 {
		var none T
		return none, problems
	}
	return settings, nil
}

func present(environ []string) map[string]string {
	values := make(map[string]string, len(environ))
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if value == "" {
			delete(values, name)
			continue
		}
		values[name] = value
	}
	return values
}

// read sets the field. Each variable is parsed as a struct of its own, so that a failure belongs to exactly
// one name and the parser's own text, which quotes the value, can be dropped.
func (v variable) read(values map[string]string) (Problem, bool) {
	if _, set := values[v.name]; v.required && !set {
		return Problem{Variable: v.name, Message: fmt.Sprintf("is required: %s", v.expectation())}, false
	}
	alone := v.alone()
	if err := env.ParseWithOptions(alone.Interface(), env.Options{Environment: values, Prefix: v.prefix}); err != nil {
		return Problem{Variable: v.name, Message: fmt.Sprintf("is not valid: expected %s", v.expectation())}, false
	}
	v.target.Set(alone.Elem().Field(0))
	return Problem{}, true
}
