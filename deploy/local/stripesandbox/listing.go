package stripesandbox

import "iter"

// listParameters names those that every list of the API takes, and the list's own.
func listParameters(own ...string) []string {
	return append(own, "limit", "starting_after", "ending_before", "expand[]",
		"created", "created[gt]", "created[gte]", "created[lt]", "created[lte]")
}

// listPage cuts the asked page out of all matching rows, which come in the order of the list and only as far as needed.
func listPage[R any](c *call, address string, matching iter.Seq[R], id func(R) string, render func(R) any) (any, *apiError) {
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

func cutPage[R any](given parameters, rows iter.Seq[R], id func(R) string, limit int) ([]R, bool, *apiError) {
	after, before := given.text("starting_after"), given.text("ending_before")
	switch {
	case after != "" && before != "":
		return nil, false, onlyOneOf("starting_after", "ending_before")
	case before != "":
		return pageBefore(rows, id, before, limit)
	}
	var page []R
	found := after == ""
	for row := range rows {
		if !found {
			found = id(row) == after
			continue
		}
		if len(page) == limit {
			return page, true, nil
		}
		page = append(page, row)
	}
	if !found {
		return nil, false, notInList("starting_after")
	}
	return page, false, nil
}

// pageBefore is the page that ends just before the row with the id `end`.
func pageBefore[R any](rows iter.Seq[R], id func(R) string, end string, limit int) ([]R, bool, *apiError) {
	var earlier []R
	for row := range rows {
		if id(row) == end {
			first := max(0, len(earlier)-limit)
			return earlier[first:], first > 0, nil
		}
		earlier = append(earlier, row)
	}
	return nil, false, notInList("ending_before")
}

func notInList(name string) *apiError {
	return invalidRequest("resource_missing", name, "%s names nothing in this list.", name)
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
