package stripesandbox

import (
	"slices"
)

// listParameters names those that every list of the API takes, and the list's own.
func listParameters(own ...string) []string {
	return append(own, "limit", "starting_after", "ending_before", "expand[]",
		"created", "created[gt]", "created[gte]", "created[lt]", "created[lte]")
}

// listPage cuts the asked page out of all matching rows, which come in the order of the list.
func listPage[R any](c *call, address string, matching []R, id func(R) string, render func(R) any) (any, *apiError) {
	limit := int64(10)
	if c.given.text("limit") != "" {
		var err *apiError
		if limit, err = c.given.integer("limit", 1, 100); err != nil {
			return nil, err
		}
	}
	page, more, err := cutPage(c.given, matching, id, int(limit))
	if err != nil {
		return nil, err
	}
	data := make([]any, 0, len(page))
	for _, row := range page {
		data = append(data, render(row))
	}
	return object{"object": "list", "url": address, "has_more": more, "data": data}, nil
}

func cutPage[R any](given parameters, rows []R, id func(R) string, limit int) ([]R, bool, *apiError) {
	place := func(name string) (int, *apiError) {
		wanted := given.text(name)
		found := slices.IndexFunc(rows, func(row R) bool { return id(row) == wanted })
		if found < 0 {
			return 0, invalidRequest("resource_missing", name, "%s names nothing in this list.", name)
		}
		return found, nil
	}
	switch {
	case given.text("starting_after") != "" && given.text("ending_before") != "":
		return nil, false, invalidRequest("", "starting_after", "Give starting_after or ending_before, not both.")
	case given.text("starting_after") != "":
		found, err := place("starting_after")
		if err != nil {
			return nil, false, err
		}
		rows = rows[found+1:]
	case given.text("ending_before") != "":
		found, err := place("ending_before")
		if err != nil {
			return nil, false, err
		}
		first := max(0, found-limit)
		return rows[first:found], first > 0, nil
	}
	return rows[:min(limit, len(rows))], len(rows) > limit, nil
}

// createdRange is the filter that created=... and created[gte]=... and so on ask for.
func (p parameters) createdRange() (func(created int64) bool, *apiError) {
	tests := map[string]func(created, bound int64) bool{
		"created":      func(created, bound int64) bool { return created == bound },
		"created[gt]":  func(created, bound int64) bool { return created > bound },
		"created[gte]": func(created, bound int64) bool { return created >= bound },
		"created[lt]":  func(created, bound int64) bool { return created < bound },
		"created[lte]": func(created, bound int64) bool { return created <= bound },
	}
	bounds := map[string]int64{}
	for name := range tests {
		if p.text(name) == "" {
			continue
		}
		bound, err := p.integer(name, 0, 1<<62)
		if err != nil {
			return nil, err
		}
		bounds[name] = bound
	}
	return func(created int64) bool {
		for name, bound := range bounds {
			if !tests[name](created, bound) {
				return false
			}
		}
		return true
	}, nil
}
