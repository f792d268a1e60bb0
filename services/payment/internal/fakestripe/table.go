package fakestripe

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
)

// table holds objects of one kind in the order in which they were made.
type table struct {
	rows  map[string]object
	order []string
}

func newTable() table { return table{rows: map[string]object{}} }

func (t *table) put(row object) {
	id, _ := row["id"].(string)
	if t.rows[id] == nil {
		t.order = append(t.order, id)
	}
	t.rows[id] = row
}

func (t *table) read(id string) (int, object) {
	if t.rows[id] == nil {
		return refusal(http.StatusNotFound, "invalid_request_error", "resource_missing", "id")
	}
	return http.StatusOK, t.rows[id]
}

// list is a page of the rows that match, newest first.
func (t *table) list(query url.Values, matches func(object) bool) (int, object) {
	limit := 10
	if query.Has("limit") {
		limit, _ = strconv.Atoi(query.Get("limit"))
	}
	if limit < 1 || limit > 100 {
		return refuseParameter("limit")
	}
	ids := slices.Clone(t.order)
	slices.Reverse(ids)
	if after := query.Get("starting_after"); after != "" {
		place := slices.Index(ids, after)
		if place < 0 {
			return refusal(http.StatusBadRequest, "invalid_request_error", "resource_missing", "starting_after")
		}
		ids = ids[place+1:]
	}
	page := object{"object": "list", "has_more": false}
	data := []object{}
	for _, id := range ids {
		if !matches(t.rows[id]) {
			continue
		}
		if len(data) == limit {
			page["has_more"] = true
			break
		}
		data = append(data, t.rows[id])
	}
	page["data"] = data
	return http.StatusOK, page
}

// unknownParameter is the first parameter that none of the forms allows.
func unknownParameter(given url.Values, forms ...string) string {
	for name := range given {
		allowed := slices.ContainsFunc(forms, func(form string) bool { return regexp.MustCompile(`^` + form + `$`).MatchString(name) })
		if !allowed || len(given[name]) != 1 || given.Get(name) == "" {
			return name
		}
	}
	return ""
}

func isCreatedWithin(query url.Values, row object) bool {
	made := number(row["created"])
	return (!query.Has("created[gte]") || made >= minor(query.Get("created[gte]"))) &&
		(!query.Has("created[lt]") || made < minor(query.Get("created[lt]")))
}

func minor(text string) int64 {
	amount, _ := strconv.ParseInt(text, 10, 64)
	return amount
}

func number(value any) int64 {
	switch given := value.(type) {
	case int64:
		return given
	case int:
		return int64(given)
	default:
		return 0
	}
}

// metadataIn reads name[key]=value.
func metadataIn(form url.Values, name string) object {
	metadata := object{}
	for parameter := range form {
		if parts := regexp.MustCompile(`^` + regexp.QuoteMeta(name) + `\[([a-z_]+)\]$`).FindStringSubmatch(parameter); parts != nil {
			metadata[parts[1]] = form.Get(parameter)
		}
	}
	return metadata
}
