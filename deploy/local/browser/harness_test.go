package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// The tests of this file are of the tools: a page of their own shows that they notice what they should.

const top = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">`

const playground = top + `<title>Playground</title><body><main><h1>Playground</h1>
<button id="once">Press me</button><output></output>
<form><label for="name">Your name</label><input id="name" name="name"><label><input type="checkbox" id="yes"> Yes please</label>
<label for="size">Size</label><select id="size"><option value="s">Small</option><option value="l">Large</option></select></form>
<div style="position:relative"><button id="under">Under</button><div style="position:absolute;inset:0;background:#eee"></div></div>
<a href="/second" target="_blank" rel="opener">Second page</a> <a href="/second">Here</a>
<div style="height:3000px"></div><button id="far">Far below</button></main>
<script>
const out = document.querySelector('output');
document.querySelector('#once').onclick = (event) => { out.textContent += ' pressed ' + event.isTrusted + event.pointerType };
document.querySelector('#far').onclick = () => { out.textContent += ' far' };
</script>`

func newPlayground(t *testing.T) string {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, playground) })
	mux.HandleFunc("GET /second", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, top+"<title>Second</title><h1>Second</h1>")
	})
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /trouble/{kind}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "script-src 'unsafe-inline'; img-src 'none'")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprint(w, top+map[string]string{
			"exception": "<script>throw new Error('a mistake')</script>",
			"console":   "<script>console.error('a complaint')</script>",
			"missing":   "<script>fetch('/nothing')</script>",
			"policy":    "<img src='/second' alt=''>",
			"wide":      "<div style='width:5000px'>wide</div>",
			"outside":   "<script>fetch('http://shop.example/')</script>",
		}[r.PathValue("kind")])
	})
	acted := 0 // requests come one after another
	mux.HandleFunc("GET /act", func(w http.ResponseWriter, _ *http.Request) { acted++; _, _ = fmt.Fprintf(w, `{"acted": %d}`, acted) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
}

// recorder is a test that is told of failures and does not fail.
type recorder struct {
	testing.TB
	failed   bool
	said     string
	cleanups []func()
}

func (r *recorder) Helper()          {}
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Failed() bool     { return r.failed }
func (r *recorder) Logf(format string, arguments ...any) {
	r.said += fmt.Sprintf(format, arguments...) + "\n"
}
func (r *recorder) Errorf(format string, arguments ...any) {
	r.failed = true
	r.Logf(format, arguments...)
}
func (r *recorder) FailNow() { r.failed = true; runtime.Goexit() }
func (r *recorder) Fatal(arguments ...any) {
	r.Errorf("%s", fmt.Sprint(arguments...))
	runtime.Goexit()
}
func (r *recorder) Fatalf(format string, arguments ...any) {
	r.Errorf(format, arguments...)
	runtime.Goexit()
}

// recorded runs a test to its end and gives what it said.
func recorded(t *testing.T, test func(t testing.TB)) *recorder {
	r := &recorder{TB: t}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer func() {
			for n := len(r.cleanups) - 1; n >= 0; n-- {
				r.cleanups[n]()
			}
		}()
		test(r)
	}()
	<-ended
	return r
}

func TestHandsDoWhatPeopleDo(t *testing.T) {
	page := newPlayground(t)
	for _, held := range devices() {
		t.Run(held.name, func(t *testing.T) {
			c := newCustomer(t, held)
			c.open(page + "/")
			c.click("Press me")
			c.see("pressed true" + map[bool]string{true: "touch", false: "mouse"}[held.touch])
			c.fill("Your name", "Zoë")
			c.typeIn("#name", "Ada")
			require.Equal(t, "Ada", c.value("Your name"))
			c.check("Yes please", true)
			require.True(t, c.checked("#yes"))
			c.choose("Size", "Large")
			require.Equal(t, "l", c.value("Size"))
			c.click("Far below")
			c.see("far")
			other := c.opened(func() { c.click("Second page") })
			other.see("Second")
			c.navigated(func() { c.click("Here") })
			require.Equal(t, "Second", c.title())
			c.back()
			c.see("Playground")
			c.forward()
			c.see("Second")
			c.back()
			c.reload()
			c.click("#name")
			c.press("Shift+Tab")
			require.Equal(t, "Press me", c.focused())
			require.Greater(t, c.measure().paint, time.Duration(0))
		})
	}
}

func TestEyesMissNoTrouble(t *testing.T) {
	page := newPlayground(t)
	t.Setenv("BROWSER_SCREENSHOTS", t.TempDir())
	for kind, words := range map[string]string{
		"exception": "a mistake", "console": "a complaint", "missing": "status 404", "policy": "Content Security Policy", "wide": "scrolls sideways", "outside": "shop.example",
	} {
		seen := recorded(t, func(t testing.TB) {
			c := newCustomer(t, phone)
			c.open(page + "/trouble/" + kind)
			if kind == "missing" || kind == "outside" {
				require.Eventually(t, func() bool { return len(c.unexpected()) > 0 }, patience, tick)
			}
		})
		require.True(t, seen.failed, kind)
		require.Contains(t, seen.said, words)
		require.Contains(t, seen.said, ".png")
	}
	calm := recorded(t, func(t testing.TB) {
		c := newCustomer(t, phone)
		c.expect("a mistake")
		c.open(page + "/trouble/exception")
	})
	require.False(t, calm.failed, calm.said)
}

func TestWhatIsCoveredCannotBePressed(t *testing.T) {
	seen := recorded(t, func(inner testing.TB) {
		c := newCustomer(inner, desktop)
		c.open(newPlayground(t) + "/")
		c.patience = 500 * time.Millisecond
		c.click("Under")
	})
	require.True(t, seen.failed)
	require.Contains(t, seen.said, "covered by")
}

// act asks the playground, and tells what a script hears of it.
const act = `(async () => {
	try {
		const answer = await fetch("/act");
		return answer.ok ? JSON.stringify(await answer.json()) : answer.status + " " + answer.headers.get("Retry-After");
	} catch (problem) {
		return problem.name;
	}
})()`

func TestFaultsStrikeAsOftenAsAsked(t *testing.T) {
	c := newCustomer(t, desktop)
	c.expect("/act")
	c.open(newPlayground(t) + "/")
	for _, step := range []struct {
		how  breakage
		hear string
	}{
		{status(http.StatusInternalServerError), "500 null"},
		{limited(3 * time.Second), "403 3"},
		{dropped(), "TypeError"},
		{invalidJSON(), "SyntaxError"},
		{answers(`{"said": 1}`), `{"said":1}`},
		{delayed(tick), `{"acted":1}`},
		{lostAnswer(), "TypeError"}, // the second act
	} {
		c.fail("/act", step.how, 1)
		require.Equal(t, step.hear, evaluate[string](c, act))
	}
	require.Equal(t, `{"acted":3}`, evaluate[string](c, act), "no fault is left")
	require.Len(t, c.sent("/act"), 8)

	release := c.hold("/act")
	evaluate[chromedp.Void](c, "globalThis.heard = null; "+act+".then((said) => { heard = said; }); undefined")
	c.awaitSent("/act", 9)
	require.Nil(t, evaluate[*string](c, "heard"))
	release()
	c.await(`heard === '{"acted":4}'`)

	c.offline(true)
	require.Equal(t, "TypeError", evaluate[string](c, act))
	require.True(t, evaluate[bool](c, "!navigator.onLine"))
	c.fullSpeed()
	require.Equal(t, `{"acted":5}`, evaluate[string](c, act))
	c.throttle()
	began := time.Now()
	require.Equal(t, `{"acted":6}`, evaluate[string](c, act))
	require.Greater(t, time.Since(began), 140*time.Millisecond)
}

// TestOneWholePurchase is the shortest way through everything that the tools know of the shop.
func TestOneWholePurchase(t *testing.T) {
	c := newCustomer(t, phone)
	c.acceptCookies()
	c.open("/create-account")
	c.createAccount()
	require.NotEmpty(t, c.cookie("sessionid"))
	c.clearCookies()
	c.acceptCookies()
	c.open("/login")
	c.enter(c.username)
	c.arrive("/account")
	require.Equal(t, true, c.get("/user/logged-in")["logged_in"])
	c.add("1", "2")
	started := c.post("/order/create-checkout-session", url.Values{"agree_to_terms_of_sale": {"true"}, "newsletter": {"false"}})
	c.open(started.text("checkout_url"))
	c.pay(goodCard)
	c.arrive("/account/order")
	require.Contains(t, c.awaitLink("/account/order?identifier="), shop.site+c.address())
}
