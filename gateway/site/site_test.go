package site_test

import (
	"encoding/xml"
	"io/fs"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/gateway/site"
)

const (
	apiOrigin  = "http://localhost:8000"
	siteOrigin = "http://localhost:8080"
)

func settings() site.Settings {
	return site.Settings{APIOrigin: apiOrigin, SiteOrigin: siteOrigin}
}

// builtIn is published once for all tests; it never changes.
var builtIn = sync.OnceValues(func() (*site.Site, error) { return site.Publish(site.Default(), settings()) })

func published(t *testing.T) *site.Site {
	t.Helper()
	pages, err := builtIn()
	require.NoError(t, err)
	return pages
}

// objects are those of the built-in site, by key.
func objects(t *testing.T) map[string]site.Object {
	t.Helper()
	byKey := map[string]site.Object{}
	for _, object := range published(t).Objects() {
		byKey[object.Key] = object
	}
	return byKey
}

// copied is the built-in site in memory, to be broken.
func copied(t *testing.T) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	require.NoError(t, fs.WalkDir(site.Default(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(site.Default(), name)
		files[name] = &fstest.MapFile{Data: content}
		return err
	}))
	return files
}

func TestObjectsAreSortedAndWhole(t *testing.T) {
	t.Parallel()
	var keys []string
	for _, object := range published(t).Objects() {
		keys = append(keys, object.Key)
		require.NotEmpty(t, object.Body, object.Key)
		require.False(t, strings.HasPrefix(object.Key, "/"), object.Key)
		require.Contains(t, []int{200, 404}, object.Status, object.Key)
	}
	require.True(t, slices.IsSorted(keys))
	require.Subset(t, keys, []string{"index.html", "account", "account/order", "checkout/success", "robots.txt", "sitemap.xml", "img/product/rubber_bands_2.jpg"})
}

func TestTypesAndCacheRules(t *testing.T) {
	t.Parallel()
	rules := map[string]struct{ kind, cache string }{
		"":     {"text/html; charset=utf-8", "no-cache"},
		".txt": {"text/plain; charset=utf-8", "no-cache"},
		".xml": {"application/xml; charset=utf-8", "no-cache"},
		".js":  {"text/javascript; charset=utf-8", "public, max-age=31536000, immutable"},
		".css": {"text/css; charset=utf-8", "public, max-age=31536000, immutable"},
		".jpg": {"image/jpeg", "public, max-age=86400, stale-while-revalidate=604800"},
		".svg": {"image/svg+xml", "public, max-age=86400, stale-while-revalidate=604800"},
	}
	versioned := regexp.MustCompile(`^assets/[0-9a-f]{12}/`)
	for key, object := range objects(t) {
		rule, known := rules[strings.TrimSuffix(path.Ext(key), ".html")]
		require.True(t, known, key)
		require.Equal(t, rule.kind, object.ContentType, key)
		require.Equal(t, rule.cache, object.CacheControl, key)
		require.Equal(t, strings.Contains(rule.cache, "immutable"), versioned.MatchString(key), key)
		require.False(t, object.Compressed != nil && len(object.Compressed) >= len(object.Body), "%s is longer when compressed", key)
		require.False(t, path.Ext(key) != ".jpg" && len(object.Body) > 1000 && object.Compressed == nil, "%s is not compressed", key)
		require.Equal(t, key == "not-found", object.Status == 404, key)
	}
}

func TestTheVersionFollowsTheAssets(t *testing.T) {
	t.Parallel()
	files := copied(t)
	same, err := site.Publish(files, settings())
	require.NoError(t, err)
	require.True(t, reflect.DeepEqual(published(t).Objects(), same.Objects()), "the same files make the same objects")

	files["assets/shop.css"] = &fstest.MapFile{Data: []byte("body { margin: 0 }")}
	changed, err := site.Publish(files, settings())
	require.NoError(t, err)
	require.NotEqual(t, styleOf(t, published(t)), styleOf(t, changed))
}

func styleOf(t *testing.T, pages *site.Site) string {
	t.Helper()
	for _, object := range pages.Objects() {
		if path.Base(object.Key) == "shop.css" {
			return object.Key
		}
	}
	t.Fatal("there is no stylesheet")
	return ""
}

func TestFaultsAreNamed(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]struct{ file, content, fault string }{
		"no page":              {"pages/about.html", "", "pages/about.html"},
		"broken template":      {"pages/about.html", "{{.ShopName", "about.html"},
		"unknown field":        {"pages/about.html", "{{.Nothing}}", "Nothing"},
		"broken frame":         {"frame/frame.html", "{{end}}", "frame.html"},
		"no frame":             {"frame/frame.html", "", "frame"},
		"import of nothing":    {"assets/page/cart.js", "import { a } from './gone.js';", "assets/page/cart.js imports page/gone.js"},
		"import on many lines": {"assets/page/cart.js", "import {\n  a,\n  b,\n} from \"../gone.js\";", "imports gone.js"},
		"import for its deeds": {"assets/page/cart.js", "import '../gone.js';", "imports gone.js"},
		"export of another's":  {"assets/page/cart.js", "export * from '../gone.js';", "imports gone.js"},
		"no module":            {"assets/page/cart.js", "", "page /cart: its module assets/page/cart.js does not exist"},
		"unknown type":         {"assets/shop.less", "a {}", "shop.less: no content type"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := copied(t)
			delete(files, broken.file)
			if broken.content != "" {
				files[broken.file] = &fstest.MapFile{Data: []byte(broken.content)}
			}
			_, err := site.Publish(files, settings())
			require.ErrorContains(t, err, broken.fault)
		})
	}
}

func TestLeftoversAreNotPublished(t *testing.T) {
	t.Parallel()
	files := copied(t)
	for _, name := range []string{"assets/.shop.css.swp", "img/.DS_Store", "assets/page/cart.js~", "img/_draft.psd"} {
		files[name] = &fstest.MapFile{Data: []byte("x")}
	}
	pages, err := site.Publish(files, settings())
	require.NoError(t, err)
	require.Len(t, pages.Objects(), len(published(t).Objects()))
}

func TestOnlyOriginsAreOrigins(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{"", "localhost:8000", "//shop.example", "https://shop.example/shop", "https://shop.example; script-src *", "https://shop.example;script-src", "https://shop.example,https://evil.example", "https://a@shop.example", "ftp://shop.example", "https://shop.example?a"} {
		for _, hostile := range []site.Settings{{APIOrigin: origin, SiteOrigin: siteOrigin}, {APIOrigin: apiOrigin, SiteOrigin: origin}} {
			_, err := site.Publish(site.Default(), hostile)
			require.ErrorContains(t, err, "expected an origin", origin)
			_, err = site.Live(site.Default(), hostile)
			require.ErrorContains(t, err, "expected an origin", origin)
		}
	}
}

func TestSettingsAreText(t *testing.T) {
	t.Parallel()
	hostile := settings()
	hostile.ShopName, hostile.Email = `<script>alert("1")</script>`, `"><img src=x>`
	pages, err := site.Publish(site.Default(), hostile)
	require.NoError(t, err)
	for _, object := range pages.Objects() {
		require.NotContains(t, string(object.Body), `<script>alert`, object.Key)
		require.NotContains(t, string(object.Body), `<img src=x`, object.Key)
	}
}

func TestWhatSearchEnginesAreTold(t *testing.T) {
	t.Parallel()
	all := objects(t)
	var listing struct {
		URL []struct {
			Loc string `xml:"loc"`
		} `xml:"url"`
	}
	require.NoError(t, xml.Unmarshal(all["sitemap.xml"].Body, &listing))
	var addresses []string
	for _, entry := range listing.URL {
		address, ours := strings.CutPrefix(entry.Loc, siteOrigin)
		require.True(t, ours, entry.Loc)
		addresses = append(addresses, address)
	}
	require.ElementsMatch(t, []string{"/", "/products", "/pythonabot", "/login", "/create-account", "/about", "/contact", "/terms-of-use", "/privacy-policy", "/terms-of-sale"}, addresses)
	require.Equal(t, "User-agent: *\nDisallow: /account\nDisallow: /checkout/\nDisallow: /not-found\n\nSitemap: http://localhost:8080/sitemap.xml\n", string(all["robots.txt"].Body))
}
