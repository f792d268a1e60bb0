// Package routes reads which old paths there are, from the file that also generates the gateway (gateway/routes.yaml).
//
// The front door needs to know a path before anything else runs: for 404 before CSRF, for 405, for the names of query
// parameters, and for labels of logs and metrics that carry no identifiers. Dispatching to handlers is not done here.
package routes

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// Route is one path and what it is served by. It is immutable.
type Route struct {
	Path       string // as in the file, like /order/product/{product_identifier}
	Method     string // GET or POST
	RPC        protoreflect.FullName
	Service    protoreflect.FullName
	Inputs     []string // names of the query parameters that the request has
	HasForm    bool     // the body is a form
	HasRaw     bool     // the body is taken as it is: a signed webhook, which no CSRF token protects
	IsIndex    bool     // asked for with a slash at the end
	AlsoPosted bool     // read by GET and posted to without fields, which is answered alike
	prefix     string   // what stands before the variable, "" when there is none
}

// Table finds routes by path. It is immutable and safe for concurrent use.
type Table struct {
	fixed    map[string]*Route // by path as asked for
	patterns []*Route
	moved    map[string]string // paths that are asked for with a slash at the end
	all      []*Route
}

type file struct {
	Type          string `yaml:"type"`
	ConfigVersion int    `yaml:"config_version"`
	HTTP          struct {
		Rules []rule `yaml:"rules"`
	} `yaml:"http"`
}

type rule struct {
	binding            `yaml:",inline"`
	Selector           string    `yaml:"selector"`
	AdditionalBindings []binding `yaml:"additional_bindings"`
}

type binding struct {
	Get  string `yaml:"get"`
	Post string `yaml:"post"`
	Body string `yaml:"body"`
}

// Read makes the table of the file's rules; every rule must name a method that is linked into the process.
func Read(text []byte) (*Table, error) {
	var read file
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&read); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read routes: %w", err)
	}
	table := &Table{fixed: map[string]*Route{}, moved: map[string]string{}}
	for _, line := range read.HTTP.Rules {
		route, err := line.route()
		if err != nil {
			return nil, fmt.Errorf("route of %s: %w", line.Selector, err)
		}
		table.add(route)
	}
	if len(table.all) == 0 {
		return nil, errors.New("read routes: there is none")
	}
	return table, nil
}

func (t *Table) add(route *Route) {
	t.all = append(t.all, route)
	switch {
	case route.prefix != "":
		t.patterns = append(t.patterns, route)
	case route.IsIndex:
		t.fixed[route.Path+"/"] = route
		t.moved[route.Path] = route.Path + "/"
	default:
		t.fixed[route.Path] = route
	}
}

// Find is the route of a path, nil when there is none. A variable is one or more of a-z, A-Z and 0-9.
func (t *Table) Find(path string) *Route {
	if route, ok := t.fixed[path]; ok {
		return route
	}
	for i := len(t.patterns) - 1; i >= 0; i-- { // the last match wins
		route := t.patterns[i]
		if rest, ok := strings.CutPrefix(path, route.prefix); ok && IsIdentifier(rest) {
			return route
		}
	}
	return nil
}

// Moved is where a path that lacks its slash has its page, "" for all other paths.
func (t *Table) Moved(path string) string { return t.moved[path] }

// All are the routes in the order of the file.
func (t *Table) All() []*Route { return t.all }

// IsIdentifier tells whether text can be a variable of a path.
func IsIdentifier(text string) bool {
	for i := range len(text) {
		if c := text[i]; (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return text != ""
}

func (r rule) route() (*Route, error) {
	made := &Route{Path: r.Get, Method: http.MethodGet, RPC: protoreflect.FullName(r.Selector)}
	if r.Post != "" {
		made.Path, made.Method = r.Post, http.MethodPost
	}
	if made.Path == "" || r.Get != "" && r.Post != "" {
		return nil, errors.New("a route has one path, by get or post")
	}
	if err := made.alsoPosted(r.AdditionalBindings); err != nil {
		return nil, err
	}
	made.HasForm = r.Body == "*"
	made.HasRaw = r.Body != "" && r.Body != "*"
	made.IsIndex = strings.Count(made.Path, "/") == 1
	variable, err := made.splitVariable()
	if err != nil {
		return nil, err
	}
	return made, made.describe(variable)
}

// alsoPosted: the only further binding there may be is a post to a path that is read.
func (r *Route) alsoPosted(bindings []binding) error {
	if len(bindings) == 0 {
		return nil
	}
	if len(bindings) > 1 || r.Method != http.MethodGet || bindings[0] != (binding{Post: r.Path, Body: "*"}) {
		return errors.New("a path that is read may be posted to as well, and nothing else")
	}
	r.AlsoPosted = true
	return nil
}

// splitVariable: the old surface has variables only as the last part of a path.
func (r *Route) splitVariable() (string, error) {
	before, variable, has := strings.Cut(r.Path, "{")
	if !has {
		return "", nil
	}
	name, after, closed := strings.Cut(variable, "}")
	if !closed || after != "" || !strings.HasSuffix(before, "/") {
		return "", errors.New("a variable is the whole last part of a path")
	}
	r.prefix = before
	return name, nil
}

// describe takes from the method's descriptor what requests may carry.
func (r *Route) describe(variable string) error {
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(r.RPC)
	if err != nil {
		return err
	}
	method, ok := found.(protoreflect.MethodDescriptor)
	if !ok {
		return errors.New("not a method")
	}
	r.Service = method.Parent().FullName()
	if r.Method != http.MethodGet {
		return nil
	}
	fields := method.Input().Fields()
	for i := range fields.Len() {
		if field := fields.Get(i); string(field.Name()) != variable {
			r.Inputs = append(r.Inputs, field.JSONName())
		}
	}
	return nil
}
