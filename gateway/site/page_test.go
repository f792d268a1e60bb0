package site_test

import (
	"bytes"
	"io/fs"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/bartgottschalk/startupwebapp/gateway/site"
)

// heaviest is how many compressed bytes of HTML, styles and scripts a page may be.
const heaviest = 60 << 10

// element is one start tag of a composed page.
type element struct {
	name       string
	attributes map[string]string
}

func (e element) has(attribute string) bool { _, found := e.attributes[attribute]; return found }

// pages are the composed ones, by key, each with its elements. Reading them checks that every element is closed where it
// must be, also where HTML would forgive it.
func pages(t *testing.T) map[string][]element {
	t.Helper()
	read := map[string][]element{}
	for key, object := range objects(t) {
		if strings.HasPrefix(object.ContentType, "text/html") {
			read[key] = elementsOf(t, key, object.Body)
		}
	}
	return read
}

func elementsOf(t *testing.T, key string, body []byte) []element {
	t.Helper()
	var elements []element
	var open []string
	tokens := html.NewTokenizer(bytes.NewReader(body))
	for kind := tokens.Next(); kind != html.ErrorToken; kind = tokens.Next() {
		token := tokens.Token()
		switch kind {
		case html.StartTagToken, html.SelfClosingTagToken:
			elements = append(elements, elementOf(t, key, token))
			if kind == html.StartTagToken && !isVoid(token.Data) {
				open = append(open, token.Data)
			}
		case html.EndTagToken:
			require.NotEmpty(t, open, "%s: </%s> closes nothing", key, token.Data)
			require.Equal(t, open[len(open)-1], token.Data, "%s: </%s> closes <%s>", key, token.Data, open[len(open)-1])
			open = open[:len(open)-1]
		default:
		}
	}
	require.Empty(t, open, "%s: never closed", key)
	return elements
}

func elementOf(t *testing.T, key string, token html.Token) element {
	t.Helper()
	e := element{name: token.Data, attributes: map[string]string{}}
	for _, attribute := range token.Attr {
		require.False(t, e.has(attribute.Key), "%s: <%s> has %s twice", key, token.Data, attribute.Key)
		e.attributes[attribute.Key] = attribute.Val
	}
	return e
}

func isVoid(name string) bool {
	return slices.Contains([]string{"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}, name)
}

func TestPagesAreWellFormed(t *testing.T) {
	t.Parallel()
	for key, elements := range pages(t) {
		count := map[string]int{}
		for _, e := range elements {
			count[e.name]++
		}
		for _, once := range []string{"html", "head", "title", "body", "header", "main", "footer", "h1"} {
			require.Equal(t, 1, count[once], "%s: <%s>", key, once)
		}
		require.Equal(t, "en", elements[0].attributes["lang"], key)
	}
}

func TestNothingIsInline(t *testing.T) {
	t.Parallel()
	for key, elements := range pages(t) {
		for _, e := range elements {
			require.NotEqual(t, "style", e.name, key)
			require.False(t, e.name == "script" && !e.has("src"), "%s has a script without address", key)
			for attribute, value := range e.attributes {
				require.NotEqual(t, "style", attribute, "%s: <%s>", key, e.name)
				require.False(t, strings.HasPrefix(attribute, "on"), "%s: <%s %s>", key, e.name, attribute)
				require.False(t, strings.HasPrefix(strings.ToLower(strings.TrimSpace(value)), "javascript:"), "%s: %s", key, value)
				require.NotContains(t, value, "ZgotmplZ", "%s: the template takes this address for a dangerous one", key)
			}
		}
	}
}

func TestIdentifiersAreUniqueAndReferencesLead(t *testing.T) {
	t.Parallel()
	for key, elements := range pages(t) {
		own := identifiersOf(t, key, elements)
		for _, e := range elements {
			for _, reference := range []string{"for", "aria-describedby", "aria-labelledby", "aria-controls", "list", "form"} {
				for _, id := range strings.Fields(e.attributes[reference]) {
					require.True(t, own[id], "%s: <%s %s=%q>", key, e.name, reference, id)
				}
			}
		}
	}
}

func identifiersOf(t *testing.T, key string, elements []element) map[string]bool {
	t.Helper()
	own := map[string]bool{}
	for _, e := range elements {
		if e.has("id") {
			require.False(t, own[e.attributes["id"]], "%s: id %s twice", key, e.attributes["id"])
			own[e.attributes["id"]] = true
		}
	}
	return own
}

func TestLinksLead(t *testing.T) {
	t.Parallel()
	all, composed := objects(t), pages(t)
	for key, elements := range composed {
		for _, e := range elements {
			for _, link := range linksOf(e) {
				target, fragment, local := locate(t, key, link)
				if !local {
					continue
				}
				require.True(t, contains(all, target), "%s: <%s> leads to %s", key, e.name, link)
				require.False(t, key != "not-found" && target == "not-found", "%s leads to the not-found page", key)
				if fragment != "" {
					require.True(t, identifiersOf(t, target, composed[target])[fragment], "%s: <%s> leads to %s", key, e.name, link)
				}
			}
		}
	}
}

// linksOf are the addresses of an element, those of pictures for shares included.
func linksOf(e element) []string {
	var links []string
	for _, attribute := range []string{"href", "src", "action", "poster"} {
		if e.has(attribute) {
			links = append(links, e.attributes[attribute])
		}
	}
	for candidate := range strings.SplitSeq(e.attributes["srcset"], ",") {
		if fields := strings.Fields(candidate); len(fields) > 0 {
			links = append(links, fields[0])
		}
	}
	if e.attributes["property"] == "og:image" {
		links = append(links, e.attributes["content"])
	}
	return links
}

// locate gives the key and the fragment of an address of our own.
func locate(t *testing.T, key, link string) (target, fragment string, local bool) {
	t.Helper()
	link = strings.TrimPrefix(link, siteOrigin)
	address, err := url.Parse(link)
	require.NoError(t, err, key)
	if address.Scheme != "" || address.Host != "" {
		return "", "", false
	}
	if address.Path == "" {
		return key, address.Fragment, true
	}
	require.True(t, strings.HasPrefix(address.Path, "/"), "%s: %s depends on the address that the page is shown at", key, link)
	if rewritten, found := site.Rewrites()[address.Path]; found {
		return strings.TrimPrefix(rewritten, "/"), address.Fragment, true
	}
	return strings.TrimPrefix(address.Path, "/"), address.Fragment, true
}

func TestTheMenuLeadsEverywhereElse(t *testing.T) {
	t.Parallel()
	entries := map[string]string{
		"login": "/login", "home": "/", "pythonabot": "/pythonabot", "products": "/products", "about": "/about", "contact": "/contact",
		"terms-of-use": "/terms-of-use", "privacy-policy": "/privacy-policy",
	}
	for key, elements := range pages(t) {
		wanted := maps.Clone(entries)
		maps.DeleteFunc(wanted, func(_, address string) bool { return address == "/"+strings.TrimSuffix(key, "index.html") })
		menu := map[string]string{}
		for _, e := range elements {
			if e.attributes["class"] == "menu-item-expanded" {
				menu[strings.TrimSuffix(strings.TrimPrefix(e.attributes["id"], "menu-"), "-link")] = e.attributes["href"]
			}
		}
		require.Equal(t, wanted, menu, key)
	}
}

func TestPicturesThatScriptsAndStylesNameExist(t *testing.T) {
	t.Parallel()
	all := objects(t)
	named := regexp.MustCompile("[\"'`(]/(img/[^\"'`)$]+\\.[a-z]+)[\"'`)]")
	for key, object := range all {
		if !strings.HasPrefix(key, "assets/") {
			continue
		}
		for _, match := range named.FindAllSubmatch(object.Body, -1) {
			require.True(t, contains(all, string(match[1])), "%s names /%s", key, match[1])
		}
	}
}

func TestEveryFileIsUsed(t *testing.T) {
	t.Parallel()
	fragments, err := fs.Glob(site.Default(), "pages/*.html")
	require.NoError(t, err)
	nested, err := fs.Glob(site.Default(), "pages/*/*")
	require.NoError(t, err)
	require.Len(t, pages(t), len(fragments)+len(nested), "a fragment has no address: %v %v", fragments, nested)

	loaded, all := map[string]bool{}, objects(t)
	for _, elements := range pages(t) {
		for _, key := range loadedBy(elements) {
			loaded[key] = true
		}
	}
	later := loadedLater(all)
	for key := range all {
		if strings.HasPrefix(key, "assets/") {
			require.True(t, loaded[key] || later[key], "no page loads %s", key)
		}
	}
}

// loadedLater are the keys that scripts name in an import().
func loadedLater(all map[string]site.Object) map[string]bool {
	named := regexp.MustCompile(`\bimport\(\s*['"]([^'"]+)['"]`)
	later := map[string]bool{}
	for key, object := range all {
		for _, match := range named.FindAllSubmatch(object.Body, -1) {
			later[path.Join(path.Dir(key), string(match[1]))] = true
		}
	}
	return later
}

func contains(all map[string]site.Object, key string) bool { _, found := all[key]; return found }

// loadedBy are the keys of the styles and scripts that a page loads before it is ready.
func loadedBy(elements []element) []string {
	var keys []string
	for _, e := range elements {
		switch {
		case e.name == "script":
			keys = append(keys, strings.TrimPrefix(e.attributes["src"], "/"))
		case e.name == "link" && (e.attributes["rel"] == "modulepreload" || e.attributes["rel"] == "stylesheet"):
			keys = append(keys, strings.TrimPrefix(e.attributes["href"], "/"))
		default:
		}
	}
	return keys
}

func TestEveryImportIsPreloadedOnce(t *testing.T) {
	t.Parallel()
	all := objects(t)
	static := regexp.MustCompile(`(?m)^(?:import|export|\}).*['"](\.[^'"]+\.js)['"];?$`)
	for key, elements := range pages(t) {
		loaded := loadedBy(elements)
		require.Len(t, slices.Compact(slices.Sorted(slices.Values(loaded))), len(loaded), "%s loads something twice", key)
		for _, file := range loaded {
			for _, match := range static.FindAllSubmatch(all[file].Body, -1) {
				require.Contains(t, loaded, path.Join(path.Dir(file), string(match[1])), "%s: of %s", key, file)
			}
		}
	}
}

func TestPagesAreLight(t *testing.T) {
	t.Parallel()
	all := objects(t)
	for key, elements := range pages(t) {
		weight := 0
		for _, file := range append(loadedBy(elements), key) {
			weight += len(sent(all[file]))
		}
		t.Logf("%-42s %5.1f KB in %d files", key, float64(weight)/1024, 1+len(loadedBy(elements)))
		require.LessOrEqual(t, weight, heaviest, key)
	}
}

// sent is what a browser gets that understands gzip.
func sent(object site.Object) []byte {
	if object.Compressed != nil {
		return object.Compressed
	}
	return object.Body
}

func TestRobotsAndCanonicalGoTogether(t *testing.T) {
	t.Parallel()
	listing := string(objects(t)["sitemap.xml"].Body)
	for key, elements := range pages(t) {
		told := map[string]string{}
		for _, e := range elements {
			if e.name == "meta" {
				told[e.attributes["name"]] = e.attributes["content"]
			}
			if e.attributes["rel"] == "canonical" {
				told["canonical"] = e.attributes["href"]
			}
		}
		require.NotEmpty(t, told["description"], key)
		require.Equal(t, apiOrigin, told["shop-api"], key)
		if told["canonical"] == "" {
			continue
		}
		require.Equal(t, "index, follow", told["robots"], key)
		require.Contains(t, listing, "<loc>"+told["canonical"]+"</loc>", key)
	}
}
