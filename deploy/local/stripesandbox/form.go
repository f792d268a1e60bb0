package stripesandbox

import (
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// parameters are the form or query fields of an API call, by Stripe's bracketed names.
type parameters struct {
	values url.Values
}

var (
	indexSegment = regexp.MustCompile(`\[\d*\]`)
	countryCode  = regexp.MustCompile(`^[A-Z]{2}$`)
)

// checkNames refuses what the sandbox does not know. known lists names with [] for any index and [*] for any key; a
// parameter that real Stripe has and we never needed is refused too: better a clear error than a silent difference.
func (p parameters) checkNames(known []string) *apiError {
	for _, name := range p.names() {
		if !isKnown(name, known) {
			return unknownParameter(name, known)
		}
		for _, value := range p.values[name] {
			if err := checkText(name, value); err != nil {
				return err
			}
		}
	}
	return nil
}

func unknownParameter(name string, known []string) *apiError {
	if isKnown(name+"[]", known) { // what stripe-go sends for an empty slice that is not nil
		return invalidRequest("parameter_invalid_empty", name, "%s is a list: send %s[0] and so on, or leave it out.", name, name)
	}
	return invalidRequest("parameter_unknown", name, "The sandbox does not know the parameter %s.", name)
}

func isKnown(name string, known []string) bool {
	general := indexSegment.ReplaceAllString(name, "[]")
	return slices.ContainsFunc(known, func(pattern string) bool {
		root, anyKey := strings.CutSuffix(pattern, "[*]")
		if anyKey {
			key, inside := strings.CutPrefix(name, root+"[")
			return inside && strings.IndexAny(key, "[]") == len(key)-1 && len(key) > 1
		}
		return general == pattern
	})
}

func checkText(name, value string) *apiError {
	switch {
	case value == "":
		return invalidRequest("parameter_invalid_empty", name, "%s is empty: leave it out instead.", name)
	case !utf8.ValidString(value) || strings.ContainsRune(value, 0):
		return invalidRequest("parameter_invalid_string", name, "%s is not a valid UTF-8 text.", name)
	case len(value) > 5000:
		return invalidRequest("parameter_invalid_string", name, "%s is longer than 5000 bytes.", name)
	}
	return nil
}

func (p parameters) names() []string {
	names := make([]string, 0, len(p.values))
	for name := range p.values {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func (p parameters) text(name string) string {
	values := p.values[name]
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}

func (p parameters) required(name string) (string, *apiError) {
	if value := p.text(name); value != "" {
		return value, nil
	}
	return "", missingParameter(name)
}

// limited is an optional text of at most limit characters.
func (p parameters) limited(name string, limit int) (string, *apiError) {
	value := p.text(name)
	if utf8.RuneCountInString(value) > limit {
		return "", invalidRequest("parameter_invalid_string", name, "%s is longer than %d characters.", name, limit)
	}
	return value, nil
}

func (p parameters) oneOf(name, absent string, allowed ...string) (string, *apiError) {
	value := p.text(name)
	if value == "" {
		return absent, nil
	}
	if !slices.Contains(allowed, value) {
		return "", invalidRequest("", name, "%s must be one of %s.", name, strings.Join(allowed, ", "))
	}
	return value, nil
}

func (p parameters) boolean(name string) (bool, *apiError) {
	switch strings.ToLower(p.text(name)) { // stripe-python 14 sends True, stripe-go true
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	}
	return false, invalidRequest("parameter_invalid_boolean", name, "%s must be true or false.", name)
}

func (p parameters) integer(name string, lowest, highest int64) (int64, *apiError) {
	text, err := p.required(name)
	if err != nil {
		return 0, err
	}
	value, parseErr := strconv.ParseInt(text, 10, 64)
	if parseErr != nil || value < lowest || value > highest {
		return 0, invalidRequest("parameter_invalid_integer", name, "%s must be a whole number from %d to %d.", name, lowest, highest)
	}
	return value, nil
}

func (p parameters) webAddress(name string, needed bool) (string, *apiError) {
	value := p.text(name)
	if value == "" && !needed {
		return "", nil
	}
	if value == "" {
		return "", missingParameter(name)
	}
	if !isWebAddress(value) {
		return "", invalidRequest("url_invalid", name, "%s is not an http or https address.", name)
	}
	return value, nil
}

// list returns the texts under name[0], name[1], ... or name[], in the order of their indexes.
func (p parameters) list(name string) []string {
	var found []string
	for _, index := range p.indexes(name) {
		found = append(found, p.values[name+"["+index+"]"]...)
	}
	return found
}

// indexes returns what stands in the first bracket after name, numbers in numeric order.
func (p parameters) indexes(name string) []string {
	var found []string
	for given := range p.values {
		rest, ok := strings.CutPrefix(given, name+"[")
		if !ok {
			continue
		}
		if index, _, closed := strings.Cut(rest, "]"); closed && !slices.Contains(found, index) {
			found = append(found, index)
		}
	}
	sort.Slice(found, func(a, b int) bool {
		left, _ := strconv.Atoi(found[a])
		right, _ := strconv.Atoi(found[b])
		return left < right || left == right && found[a] < found[b]
	})
	return found
}

// metadata reads name[key]=value pairs within Stripe's limits.
func (p parameters) metadata(name string) (map[string]string, *apiError) {
	pairs := map[string]string{}
	for _, key := range p.indexes(name) {
		param := name + "[" + key + "]"
		value := p.text(param)
		if utf8.RuneCountInString(key) > 40 || utf8.RuneCountInString(value) > 500 {
			return nil, invalidRequest("", param, "Metadata keys have at most 40 characters, values at most 500.")
		}
		pairs[key] = value
	}
	if len(pairs) > 50 {
		return nil, invalidRequest("", name, "At most 50 metadata keys are kept.")
	}
	return pairs, nil
}

func isMailAddress(text string) bool {
	parsed, err := mail.ParseAddress(text)
	return err == nil && parsed.Address == text && len(text) <= 512
}
