package infrastructure

import (
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
)

// Allowance names attributes of a type of resource that the fake of AWS does not keep.
type Allowance struct {
	Type       string   `json:"type"`
	Attributes []string `json:"attributes"`
	Replace    bool     `json:"replace"` // whether the loss makes Terraform replace the resource
	Why        string   `json:"why"`
}

// ReadAllowances reads the reviewed list. Each one says why.
func ReadAllowances(text io.Reader) ([]Allowance, error) {
	var list []Allowance
	decoder := json.NewDecoder(text)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&list); err != nil {
		return nil, fmt.Errorf("read the allowed drift: %w", err)
	}
	for _, allowance := range list {
		if allowance.Type == "" || len(allowance.Attributes) == 0 || allowance.Why == "" {
			return nil, fmt.Errorf("read the allowed drift: %q lacks type, attributes or why", allowance.Type)
		}
	}
	return list, nil
}

// Drift returns what a plan right after an apply would change beyond the allowances, one line each; none is good. Attributes that
// only follow from a replacement (ids, ARNs: unknown before it) are not looked at when the replacement itself is allowed.
func Drift(changes []Change, allowed []Allowance) []string {
	var drifted []string
	for _, change := range changes {
		if line := driftOf(change, allowed); line != "" {
			drifted = append(drifted, line)
		}
	}
	return drifted
}

func driftOf(change Change, allowed []Allowance) string {
	actions := strings.Join(change.Change.Actions, "+")
	if actions == "no-op" || actions == "read" || change.Mode == "data" {
		return ""
	}
	place := slices.IndexFunc(allowed, func(a Allowance) bool { return a.Type == change.Type })
	if place < 0 {
		return fmt.Sprintf("%s: %s of %s", change.Address, actions, strings.Join(changed(change), ", "))
	}
	allowance := allowed[place]
	if actions != "update" && (!allowance.Replace || !strings.Contains(actions, "+")) {
		return fmt.Sprintf("%s: %s", change.Address, actions)
	}
	other := slices.DeleteFunc(changed(change), func(attribute string) bool { return slices.Contains(allowance.Attributes, attribute) })
	if len(other) == 0 {
		return ""
	}
	return fmt.Sprintf("%s: %s of %s", change.Address, actions, strings.Join(other, ", "))
}

// changed names the attributes that are known to differ. What is unknown until the apply counts only while nothing else says why the
// resource is touched.
func changed(change Change) []string {
	var names, unknown []string
	var later map[string]any
	_ = json.Unmarshal(change.Change.AfterUnknown, &later) // false where nothing is unknown
	for name := range merged(change.Change.Before, change.Change.After, later) {
		after, known := change.Change.After[name]
		if _, isLater := later[name]; isLater && !known {
			unknown = append(unknown, name)
			continue
		}
		if !reflect.DeepEqual(change.Change.Before[name], after) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		names = unknown
	}
	slices.Sort(names)
	return names
}

func merged(maps ...map[string]any) map[string]struct{} {
	all := map[string]struct{}{}
	for _, one := range maps {
		for name := range one {
			all[name] = struct{}{}
		}
	}
	return all
}
