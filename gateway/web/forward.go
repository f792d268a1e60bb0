package web

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/bartgottschalk/startupwebapp/gateway/dialect"
	"github.com/bartgottschalk/startupwebapp/gateway/routes"
)

const (
	largestBody = 2_621_440 // bytes; the old server's limit of 2.5 MiB
	mostFields  = 1000
	// longestDrain is how much of a body nobody wants is read, so that the client sees the answer instead of a reset.
	longestDrain = 16 << 20

	eventService = "storefront.v1.ClientEventAreaService"
)

type formFields = dialect.Fields

var errTooLarge = errors.New("the body is too large")

// readForm reads the fields of a posted form; other methods have none.
func readForm(r *http.Request) (formFields, error) {
	if r.Method != http.MethodPost || r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	return dialect.ReadForm(r.Header.Get("Content-Type"), body, mostFields)
}

func readBody(r *http.Request) ([]byte, error) {
	if r.ContentLength > largestBody {
		return nil, errTooLarge
	}
	limited := io.LimitReader(r.Body, largestBody+1)
	if r.ContentLength < 0 {
		body, err := io.ReadAll(limited)
		if len(body) > largestBody {
			return nil, errTooLarge
		}
		return body, err
	}
	body := make([]byte, r.ContentLength)
	_, err := io.ReadFull(limited, body)
	return body, err
}

// forward is the request as the gateway's handlers get it: path, method, fields, context, and nothing else of what the
// client sent; for the generated code obeys headers (timeouts, method overrides, trailers) that no client should give.
// The visitor in the context knows the rest. It is false when query or body cannot be read.
func forward(ctx context.Context, r *http.Request, route *routes.Route, fields formFields) (*http.Request, bool) {
	query, ok := queryOf(r, route)
	if !ok {
		return nil, false
	}
	forwarded := (&http.Request{
		Method: route.Method, URL: &url.URL{Path: strings.TrimSuffix(r.URL.Path, "/")},
		Proto: r.Proto, ProtoMajor: r.ProtoMajor, ProtoMinor: r.ProtoMinor,
		Body: http.NoBody, Form: query, PostForm: url.Values{}, Pattern: r.Pattern,
	}).WithContext(ctx)
	switch {
	case route.HasForm:
		forwarded.Body = &dialect.Body{Fields: fields}
	case route.HasRaw:
		body, err := readBody(r)
		if err != nil {
			return nil, false
		}
		forwarded.Body = io.NopCloser(bytes.NewReader(body))
	}
	return forwarded, true
}

// queryOf is what the generated code finds instead of the query: the parameters that the route has, by one value each.
// It would refuse repeated and bracketed names, which the old server took.
func queryOf(r *http.Request, route *routes.Route) (url.Values, bool) {
	if len(route.Inputs) == 0 || r.URL.RawQuery == "" {
		return url.Values{}, true
	}
	isEvent := route.Service == eventService
	most := mostFields
	if isEvent {
		most = len(r.URL.RawQuery) + 1
	}
	fields, err := dialect.ReadQuery(r.URL.RawQuery, most)
	if err != nil {
		return nil, false
	}
	values := make(url.Values, len(fields))
	for _, name := range route.Inputs {
		value, sent := fields[name]
		switch {
		case !sent:
			continue
		case isEvent: // an event is never refused (contract clientevent.md 8)
			value = dialect.Textual(value)
		case !dialect.IsText(value):
			return nil, false
		}
		values[name] = []string{value}
	}
	return values, true
}

// isTextPath tells a path that is merely unknown from one that cannot be one.
func isTextPath(path string) bool {
	return strings.IndexByte(path, 0) < 0 && utf8.ValidString(path)
}

// drain reads what the client still sends, within bounds.
func drain(r *http.Request) {
	if r.Body != nil && r.Body != http.NoBody {
		_, _ = io.CopyN(io.Discard, r.Body, longestDrain)
	}
}
