package pages

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
)

// Plan is what a deploy changes. All keys are sorted.
type Plan struct {
	Current   string   // version that is there, empty before the first
	Upload    []string // in the order of the uploads
	Unchanged int
	Retire    []string // no longer referred to from now on, and kept for 30 days
	Prune     []string // kept long enough
	Addresses []string // to be forgotten by the edge
	Resumes   bool     // something was begun and not finished

	place []item           // what has to be put into the bucket
	found map[string]Entry // what the bucket has, of what is wanted
	kept  []Kept           // without what is pruned
}

// Nothing says that there is nothing to do.
func (p Plan) Nothing() bool {
	return len(p.Upload)+len(p.Retire)+len(p.Prune)+len(p.Addresses) == 0 && !p.Resumes
}

// plan compares what is wanted with the notes and, object by object, with the bucket, which people change by hand.
func (p *Publisher) plan(ctx context.Context, state state, items []item) (Plan, error) {
	found, err := p.heads(ctx, items, func(item) string { return "" })
	if err != nil {
		return Plan{}, err
	}
	made := Plan{Current: state.manifest.Version, Resumes: state.begun(), found: found}
	for _, one := range inOrder(items) {
		if there, ok := found[one.Key]; ok && there.same(one.Entry) {
			made.Unchanged++
			continue
		}
		made.place = append(made.place, one)
		made.Upload = append(made.Upload, one.Key)
	}
	pruned := made.retire(state, items, p.Clock.Now())
	made.Addresses = addresses(stale(state.manifest, items, made), pruned)
	return made, nil
}

// retire finds what the notes know and nobody wants any more. What the notes do not know is not ours: pictures that somebody
// put there for the catalogue, say, are left alone.
func (p *Plan) retire(state state, items []item, now time.Time) []Kept {
	wanted := map[string]bool{}
	for _, one := range items {
		wanted[one.Key] = true
	}
	var pruned []Kept
	for _, known := range state.known(now) {
		switch {
		case wanted[known.Key]:
		case now.Sub(known.Since) >= keepFor:
			p.Prune = append(p.Prune, known.Key)
			pruned = append(pruned, known)
		default:
			p.kept = append(p.kept, known)
			if known.Since.Equal(now) {
				p.Retire = append(p.Retire, known.Key)
			}
		}
	}
	return pruned
}

// known is every object that ship has ever put there and not taken away; what a release refers to counts as retired now.
func (s state) known(now time.Time) []Kept {
	all := map[string]Kept{}
	for _, notes := range []Manifest{s.intent, s.manifest} {
		for _, kept := range notes.Kept {
			all[kept.Key] = kept
		}
	}
	for _, notes := range []Manifest{s.intent, s.manifest} {
		for _, entry := range notes.Objects {
			all[entry.Key] = Kept{Key: entry.Key, CacheControl: entry.CacheControl, Since: now}
		}
	}
	sorted := make([]Kept, 0, len(all))
	for _, kept := range all {
		sorted = append(sorted, kept)
	}
	slices.SortFunc(sorted, func(a, b Kept) int { return cmp.Compare(a.Key, b.Key) })
	return sorted
}

// stale is what the edge may have in another form than wanted: everything that is not the very version of the current manifest.
// Comparing with what this run uploads would forget what a run uploaded that was killed.
func stale(shown Manifest, items []item, made Plan) []Entry {
	var changed []Entry
	for _, one := range items {
		there, exists := made.found[one.Key]
		noted, ok := shown.entry(one.Key)
		if !exists || !ok || !there.same(one.Entry) || there.VersionID != noted.VersionID {
			changed = append(changed, one.Entry)
		}
	}
	return changed
}

// The order of uploads: nothing may refer to what is not there yet.
const (
	pictures = iota
	modules
	others
	html
	listings
)

func rank(entry Entry) int {
	switch {
	case strings.HasPrefix(entry.ContentType, "image/"):
		return pictures
	case strings.HasPrefix(entry.ContentType, "text/javascript"), strings.HasPrefix(entry.ContentType, "text/css"):
		return modules
	case strings.HasPrefix(entry.ContentType, "text/html"):
		return html
	case entry.Key == "sitemap.xml", entry.Key == "robots.txt":
		return listings
	default:
		return others
	}
}

func inOrder(items []item) []item {
	sorted := slices.Clone(items)
	slices.SortStableFunc(sorted, func(a, b item) int {
		return cmp.Or(cmp.Compare(rank(a.Entry), rank(b.Entry)), cmp.Compare(a.Key, b.Key))
	})
	return sorted
}

// steps cuts what is in order into what may be uploaded at once.
func steps(items []item) [][]item {
	var cut [][]item
	for start := 0; start < len(items); {
		end := start + 1
		for end < len(items) && end-start < batch && rank(items[end].Entry) == rank(items[start].Entry) {
			end++
		}
		cut = append(cut, items[start:end])
		start = end
	}
	return cut
}
