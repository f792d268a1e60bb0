package pages_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/pages"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/progress"
	"github.com/bartgottschalk/startupwebapp/gateway/site"
)

type quiet struct{}

func (quiet) Report(progress.Line) {}

func (w *world) publisher() *pages.Publisher {
	return &pages.Publisher{Bucket: w, Edge: w, Name: "bucket", Distribution: "E1", Operator: "jane", Clock: w, Report: quiet{}}
}

// release is a small site: its script has the release's name in its address, its pages refer to it.
func release(name string, more ...site.Object) []site.Object {
	object := func(key, kind, cache, body string) site.Object {
		return site.Object{Key: key, ContentType: kind, CacheControl: cache, Body: []byte(body)}
	}
	const html, script = "text/html; charset=utf-8", "text/javascript; charset=utf-8"
	return append([]site.Object{
		object("about", html, "no-cache", "about "+name),
		object("account", html, "no-cache", "account "+name),
		object("assets/"+name+"/frame.js", script, "public, max-age=31536000, immutable", "script "+name),
		object("img/a b.png", "image/png", "public, max-age=86400", "picture"),
		object("index.html", html, "no-cache", "front "+name),
		object("sitemap.xml", "application/xml; charset=utf-8", "no-cache", "map "+name),
	}, more...)
}

// holds says that customers get exactly this release, and whatever else was kept.
func (w *world) holds(objects []site.Object) error {
	shown := w.shown()
	for _, object := range objects {
		if want := object.ContentType + "|" + object.CacheControl + "|" + string(object.Body); shown[object.Key] != want {
			return fmt.Errorf("%s is %q, not %q", object.Key, shown[object.Key], want)
		}
	}
	return nil
}

func deploy(t *testing.T, w *world, objects []site.Object, version string) pages.Manifest {
	t.Helper()
	shipped, err := w.publisher().Deploy(t.Context(), objects, version)
	require.NoError(t, err)
	require.NoError(t, w.holds(objects))
	return shipped
}

func TestDeployUploadsOnlyWhatChangedAndNothingTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := deploy(t, w, release("one"), "v1")
	require.Equal(t, "jane", first.By)
	for _, entry := range first.Objects {
		require.NotEmpty(t, entry.VersionID, entry.Key)
	}
	w.revive(0, false)
	deploy(t, w, release("one"), "v1")
	require.Empty(t, w.log, "the same pages again change nothing")

	plan, err := w.publisher().Plan(t.Context(), release("two"))
	require.NoError(t, err)
	require.Equal(t, []string{"assets/two/frame.js", "about", "account", "index.html", "sitemap.xml"}, plan.Upload)
	require.Equal(t, []string{"assets/one/frame.js"}, plan.Retire)
	require.Equal(t, 1, plan.Unchanged)
	require.Empty(t, w.log, "a plan changes nothing")
	w.invalidated = map[string][]string{}
	deploy(t, w, release("two"), "v2")
	require.Equal(t, []string{"/", "/about", "/account", "/account/", "/index.html", "/sitemap.xml"}, w.forgotten())
	require.Contains(t, w.shown(), "assets/one/frame.js", "open pages load their modules late")
}

func TestNothingRefersToWhatIsNotThereYet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	deploy(t, w, release("one"), "v1")
	at := func(key string) int { return slices.Index(w.log, "put "+key) }
	require.Less(t, at(".ship/pending"), at("img/a b.png"))
	require.Less(t, at("img/a b.png"), at("assets/one/frame.js"))
	for _, page := range []string{"about", "account", "index.html"} {
		require.Less(t, at("assets/one/frame.js"), at(page))
		require.Less(t, at(page), at("sitemap.xml"))
	}
	require.Less(t, at("sitemap.xml"), slices.Index(w.log, "invalidate"))
	require.Less(t, slices.Index(w.log, "invalidate"), at(".ship/current"))
}

func TestABucketChangedByHandIsPutRight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	deploy(t, w, release("one"), "v1")
	w.byHand("about", "defaced")
	w.byHand("index.html", "front one") // the right text as the wrong type
	w.byHand("img/product/new.jpg", "of the catalogue")
	w.byHand("account", "other")
	w.byHand("account", "account one")
	w.invalidated = map[string][]string{}
	deploy(t, w, release("one"), "v1")
	require.Equal(t, []string{"/", "/about", "/account", "/account/", "/index.html"}, w.forgotten())
	w.now = w.now.Add(365 * 24 * time.Hour)
	deploy(t, w, release("two"), "v2")
	require.Contains(t, w.shown(), "img/product/new.jpg", "what ship did not put there is left alone")
}

func TestWhatNobodyRefersToGoesAfterThirtyDays(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	w := newWorld(t)
	extra := site.Object{Key: "old-page", ContentType: "text/html; charset=utf-8", CacheControl: "no-cache", Body: []byte("old")}
	deploy(t, w, release("one", extra), "v1")
	w.now = w.now.Add(day)
	deploy(t, w, release("two"), "v2")
	w.now = w.now.Add(29 * day)
	deploy(t, w, release("three"), "v3")
	require.Contains(t, w.shown(), "old-page")
	require.Contains(t, w.shown(), "assets/one/frame.js")
	w.now = w.now.Add(2 * day)
	w.invalidated = map[string][]string{}
	deploy(t, w, release("three"), "v3")
	require.NotContains(t, w.shown(), "old-page")
	require.NotContains(t, w.shown(), "assets/one/frame.js")
	require.Contains(t, w.shown(), "assets/two/frame.js")
	require.Equal(t, []string{"/old-page"}, w.forgotten())

	_, err := w.publisher().Rollback(t.Context(), "v1")
	require.NoError(t, err)
	require.NoError(t, w.holds(release("one", extra)), "versions outlive the deletion")
}

func TestRollbackGoesBackAndFurtherBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.publisher().Rollback(t.Context(), "")
	require.ErrorIs(t, err, pages.ErrNothingBefore)
	for _, name := range []string{"one", "two", "three"} {
		deploy(t, w, release(name), name)
	}
	w.byHand("about", "defaced")
	for _, expected := range []string{"two", "one"} {
		shipped, err := w.publisher().Rollback(t.Context(), "")
		require.NoError(t, err)
		require.Equal(t, expected, shipped.Version)
		require.NoError(t, w.holds(release(expected)))
	}
	_, err = w.publisher().Rollback(t.Context(), "")
	require.ErrorIs(t, err, pages.ErrNothingBefore)
	shipped, err := w.publisher().Rollback(t.Context(), "three")
	require.NoError(t, err)
	require.Equal(t, "three", shipped.Version)
	require.NoError(t, w.holds(release("three")), "forward again by name")
	_, err = w.publisher().Rollback(t.Context(), "four")
	require.ErrorIs(t, err, pages.ErrUnknownRelease)
}

func TestRollbackChangesNothingWhenAVersionIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	deploy(t, w, release("one"), "v1")
	deploy(t, w, release("two"), "v2")
	w.versions["about"] = w.versions["about"][1:]
	w.revive(0, false)
	_, err := w.publisher().Rollback(t.Context(), "")
	require.ErrorContains(t, err, "about: the bucket no longer keeps version")
	require.Empty(t, w.log)
	require.NoError(t, w.holds(release("two")))
}

func TestAKillAtAnyCallIsGoneOnFrom(t *testing.T) {
	t.Parallel()
	commands := map[string]func(*pages.Publisher) error{
		"deploy": func(p *pages.Publisher) error {
			_, err := p.Deploy(context.Background(), release("three"), "v3")
			return err
		},
		"rollback": func(p *pages.Publisher) error { _, err := p.Rollback(context.Background(), ""); return err },
	}
	wanted := map[string][]site.Object{"deploy": release("three"), "rollback": release("one")}
	for name, run := range commands {
		for _, after := range []bool{false, true} {
			for failAt := 1; ; failAt++ {
				w := newWorld(t)
				deploy(t, w, release("one"), "v1")
				deploy(t, w, release("two"), "v2")
				w.invalidated = map[string][]string{}
				w.revive(failAt, after)
				err := run(w.publisher())
				if err == nil {
					require.Greater(t, failAt, 8, "all calls have failed once")
					break
				}
				require.ErrorIs(t, err, errKilled)
				w.revive(0, false)
				if name == "rollback" && after && w.newest(".ship/pending") == nil {
					continue // it had finished; only its answer was lost, see Rollback
				}
				require.NoError(t, run(w.publisher()), "%s, killed at call %d, after %v", name, failAt, after)
				require.NoError(t, w.holds(wanted[name]))
				require.Equal(t, []string{"/", "/about", "/account", "/account/", "/index.html", "/sitemap.xml"}, w.forgotten(),
					"%s, killed at call %d, after %v: the edge is told of everything", name, failAt, after)
				w.revive(0, false)
				if name == "deploy" {
					require.NoError(t, run(w.publisher()))
					require.Empty(t, w.log, "and then there is nothing to do")
				}
			}
		}
	}
}

// What a killed deploy left, another release or the way back clears up.
func TestAnotherReleaseAfterAKill(t *testing.T) {
	t.Parallel()
	for failAt := 1; failAt < 9; failAt++ {
		w := newWorld(t)
		deploy(t, w, release("one"), "v1")
		w.revive(failAt, true)
		_, err := w.publisher().Deploy(t.Context(), release("two"), "v2")
		require.ErrorIs(t, err, errKilled)
		w.revive(0, false)
		committed := strings.Contains(string(w.newest(".ship/current").body), "v2")
		_, err = w.publisher().Rollback(t.Context(), "")
		require.NoError(t, err)
		require.NoError(t, w.holds(release("one")), "killed at %d, committed %v", failAt, committed)
		w.now = w.now.Add(31 * 24 * time.Hour)
		deploy(t, w, release("three"), "v3")
		require.NotContains(t, w.shown(), "assets/two/frame.js", "killed at %d: nothing is left for ever", failAt)
	}
}

func TestPagesThatFailTheirCheckAreTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	broken := errors.New("the front page is white")
	p := w.publisher()
	p.Verify = func(_ context.Context, shipped pages.Manifest) error {
		if shipped.Version == "v2" {
			return broken
		}
		return nil
	}
	_, err := p.Deploy(t.Context(), release("one"), "v1")
	require.NoError(t, err)
	_, err = p.Deploy(t.Context(), release("two"), "v2")
	require.ErrorIs(t, err, pages.ErrRolledBack)
	require.ErrorIs(t, err, broken)
	require.NoError(t, w.holds(release("one")))

	p.Verify = func(context.Context, pages.Manifest) error { return broken }
	_, err = p.Deploy(t.Context(), release("three"), "v3")
	require.ErrorIs(t, err, pages.ErrRollbackFailed)
}

func TestALostLockStopsEverything(t *testing.T) {
	t.Parallel()
	lost := errors.New("lost")
	for allowed := range 6 {
		w := newWorld(t)
		deploy(t, w, release("one"), "v1")
		w.revive(0, false)
		p, asked := w.publisher(), 0
		p.Guard = func(context.Context) error {
			if asked++; asked > allowed {
				return lost
			}
			return nil
		}
		_, err := p.Deploy(t.Context(), release("two"), "v2")
		require.ErrorIs(t, err, lost)
		require.NotContains(t, w.log, "put .ship/current")
		if allowed == 0 {
			require.Empty(t, w.log)
		}
	}
}

// Two that both believe to hold the lock: the bucket itself lets only one of them name its manifest.
func TestTheBucketRefusesTheSecondOfTwo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	deploy(t, w, release("one"), "v1")
	p, other := w.publisher(), false
	p.Verify = func(context.Context, pages.Manifest) error {
		if !other {
			other = true
			_, err := w.publisher().Deploy(t.Context(), release("three"), "v3")
			require.NoError(t, err)
		}
		return nil
	}
	_, err := p.Deploy(t.Context(), release("two"), "v2")
	require.ErrorIs(t, err, pages.ErrOvertaken)
	deploy(t, w, release("three"), "v3")
}

func TestBounds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.unversioned = true
	_, err := w.publisher().Deploy(t.Context(), release("one"), "v1")
	require.ErrorIs(t, err, pages.ErrNotVersioned)
	w.unversioned = false
	deploy(t, w, release("one"), "v1")

	var many []site.Object
	for i := range 60 {
		many = append(many, site.Object{Key: fmt.Sprintf("page-%02d", i), ContentType: "text/html; charset=utf-8", CacheControl: "no-cache", Body: []byte("x")})
	}
	w.invalidated = map[string][]string{}
	deploy(t, w, release("one", many...), "v2")
	require.Equal(t, []string{"/*"}, w.forgotten())

	w.slow = true
	_, err = w.publisher().Deploy(t.Context(), release("two"), "v3")
	require.ErrorIs(t, err, pages.ErrEdgeSlow)
	w.slow = false
	deploy(t, w, release("two"), "v3")
}

func TestTheShopsOwnPages(t *testing.T) {
	t.Parallel()
	published, err := site.Publish(site.Default(), site.Settings{APIOrigin: "https://api.shop.example", SiteOrigin: "https://shop.example"})
	require.NoError(t, err)
	w := newWorld(t)
	deploy(t, w, published.Objects(), "v1")
	renamed, err := site.Publish(site.Default(), site.Settings{APIOrigin: "https://api.shop.example", SiteOrigin: "https://shop.example", ShopName: "Clips"})
	require.NoError(t, err)
	w.invalidated = map[string][]string{}
	deploy(t, w, renamed.Objects(), "v2")
	require.NotContains(t, w.forgotten(), "/*", "when every page changes the edge still keeps what never changes")
	require.Contains(t, w.forgotten(), "/account/")
}
