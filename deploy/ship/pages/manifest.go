package pages

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/bartgottschalk/startupwebapp/gateway/site"
)

// Entry is one object of a release.
type Entry struct {
	Key          string `json:"key"`
	SHA256       string `json:"sha256"` // of the body, hexadecimal
	ContentType  string `json:"content_type"`
	CacheControl string `json:"cache_control"`
	VersionID    string `json:"version_id,omitempty"` // of the bucket; missing in an intent
}

// same says whether customers get the same, whichever version of the bucket it is.
func (e Entry) same(other Entry) bool {
	e.VersionID, other.VersionID = "", ""
	return e == other
}

// Kept is an object that no page refers to any more.
type Kept struct {
	Key          string    `json:"key"`
	CacheControl string    `json:"cache_control"`
	Since        time.Time `json:"since"`
}

// Manifest is what a release consists of.
type Manifest struct {
	Release  string    `json:"release"`            // its name in .ship/releases/
	Version  string    `json:"version"`            // as the operator called it
	Content  string    `json:"content"`            // hash over what customers get
	Base     string    `json:"base,omitempty"`     // the release that was there before
	Restores string    `json:"restores,omitempty"` // the release whose objects were put back
	At       time.Time `json:"at"`
	By       string    `json:"by"`
	Objects  []Entry   `json:"objects"` // sorted by key
	Kept     []Kept    `json:"kept"`    // sorted by key
}

// current is the note that says which manifest holds.
type current struct {
	Release string    `json:"release"`
	Version string    `json:"version"`
	At      time.Time `json:"at"`
	By      string    `json:"by"`
}

// item is one object to have in the bucket, and where it comes from: body, or a former version of the same key.
type item struct {
	Entry
	body []byte
	from string
}

// change is what apply shall bring about.
type change struct {
	items    []item
	version  string
	restores string
}

func itemsOf(objects []site.Object) []item {
	items := make([]item, 0, len(objects))
	for _, object := range objects {
		sum := sha256.Sum256(object.Body)
		items = append(items, item{
			Entry: Entry{Key: object.Key, SHA256: hex.EncodeToString(sum[:]), ContentType: object.ContentType, CacheControl: object.CacheControl},
			body:  object.Body,
		})
	}
	return items
}

// restore is the change that brings this release back.
func (m Manifest) restore() change {
	items := make([]item, 0, len(m.Objects))
	for _, entry := range m.Objects {
		from := entry.VersionID
		entry.VersionID = ""
		items = append(items, item{Entry: entry, from: from})
	}
	return change{items: items, version: m.Version, restores: cmp.Or(m.Restores, m.Release)}
}

// entry is what the release says about a key.
func (m Manifest) entry(key string) (Entry, bool) {
	at, found := slices.BinarySearchFunc(m.Objects, key, func(e Entry, key string) int { return cmp.Compare(e.Key, key) })
	if !found {
		return Entry{}, false
	}
	return m.Objects[at], true
}

// contentOf is the same for two releases that customers cannot tell apart.
func contentOf(items []item) string {
	sum := sha256.New()
	for _, one := range slices.SortedFunc(slices.Values(items), func(a, b item) int { return cmp.Compare(a.Key, b.Key) }) {
		_, _ = fmt.Fprintf(sum, "%q %s %q %q\n", one.Key, one.SHA256, one.ContentType, one.CacheControl)
	}
	return hex.EncodeToString(sum.Sum(nil))
}
