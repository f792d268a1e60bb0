package browser

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

//go:embed hands.js
var hands string

// try runs one action in the tab, within patience.
func try[T any](c *customer, action chromedp.Action[T]) (T, error) {
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, action)
}

// tell sends one command to the tab.
func tell[P, R any](c *customer, command cdp.Command[P, R], parameters P) R {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	said, err := chromedp.Call(ctx, command, parameters)
	require.NoError(c.t, err, command.Method)
	return said
}

// evaluate gives the value of an expression in the page; a promise is waited for.
func evaluate[T any](c *customer, expression string) T {
	c.t.Helper()
	value, err := try(c, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	require.NoError(c.t, err, "%.300s", expression)
	return value
}

// poll evaluates an expression until fits likes the value, through any change of the page. It gives the last value and error.
func poll[T any](c *customer, expression string, fits func(T) bool) (value T, err error, ok bool) {
	deadline := time.NewTimer(c.patience)
	defer deadline.Stop()
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	for {
		value, err = try(c, chromedp.Evaluate[T](expression))
		if err == nil && fits(value) {
			return value, nil, true
		}
		select {
		case <-ticks.C:
		case <-deadline.C:
			return value, err, false
		case <-c.ctx.Done():
			return value, c.ctx.Err(), false
		}
	}
}

// await waits until an expression is true in the page.
func (c *customer) await(expression string) {
	c.t.Helper()
	if _, err, ok := poll(c, "Boolean("+expression+")", func(is bool) bool { return is }); !ok {
		c.t.Fatalf("never true: %s (%v)", expression, err)
	}
}

// js writes a call of hands.js.
func js(function string, arguments ...any) string {
	written := make([]string, len(arguments))
	for n, argument := range arguments {
		encoded, err := json.Marshal(argument)
		if err != nil {
			panic(err) // texts and numbers always can
		}
		written[n] = string(encoded)
	}
	return "hands." + function + "(" + strings.Join(written, ", ") + ")"
}

// prepare makes the tab the customer's device.
func (c *customer) prepare() {
	c.t.Helper()
	tell(c, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: hands})
	evaluate[chromedp.Void](c, hands)
	c.become(c.device)
	tell(c, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}) // every tab is in front
}

func (c *customer) become(held device) {
	c.t.Helper()
	tell(c, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: held.width, Height: held.height, DeviceScaleFactor: held.scale, Mobile: held.touch,
	})
	tell(c, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: held.touch})
}

// open goes to an address of the shop, or to a whole one, and waits until the page is ready.
func (c *customer) open(path string) {
	c.t.Helper()
	address := path
	if strings.HasPrefix(path, "/") {
		address = shop.site + path
	}
	c.hearing.Lock()
	c.received = weight{}
	c.hearing.Unlock()
	said := tell(c, page.Navigate, page.NavigateParams{URL: address})
	require.Empty(c.t, said.ErrorText, "open %s", address)
	c.untilReady()
	c.checkWidth()
}

// ready: the frame and the page's own module have drawn; other sites need only be loaded.
func ready() string {
	return fmt.Sprintf(`location.href !== "about:blank" && document.readyState === "complete" && (location.origin !== %q || document.documentElement.dataset.ready === "true")`, shop.site)
}

func (c *customer) untilReady() {
	c.t.Helper()
	if _, err, ok := poll(c, ready(), func(is bool) bool { return is }); !ok {
		c.t.Fatalf("the page never was ready (document.documentElement.dataset.ready): %v", err)
	}
}

// arrive waits until the customer is at a path, whatever its query, and the page is ready.
func (c *customer) arrive(path string) {
	c.t.Helper()
	expression := fmt.Sprintf(`(%s) && location.pathname.replace(/(.)\/$/, "$1") === %q`, ready(), path)
	if _, err, ok := poll(c, expression, func(is bool) bool { return is }); !ok {
		c.t.Fatalf("never arrived at %s but is at %s (%v)", path, c.location(), err)
	}
}

// arriveAt waits until the customer has left the shop for another server, such as the payment page's.
func (c *customer) arriveAt(prefix string) {
	c.t.Helper()
	c.await(fmt.Sprintf(`document.readyState === "complete" && location.href.startsWith(%q)`, prefix))
}

func (c *customer) checkWidth() {
	c.t.Helper()
	wide, err := try(c, chromedp.Evaluate[string](`globalThis.hands ? hands.wide() : ""`))
	if err == nil && wide != "" {
		c.t.Errorf("%s scrolls sideways on the %s: %s", c.location(), c.device.name, wide)
	}
}

// navigated waits for the change of page that a step causes.
func (c *customer) navigated(step func()) {
	c.t.Helper()
	count := func() int {
		c.hearing.Lock()
		defer c.hearing.Unlock()
		return c.navigations
	}
	before := count()
	step()
	require.Eventually(c.t, func() bool { return count() > before }, patience, tick, "nothing else was shown")
	c.untilReady()
}

// back is the browser's back button.
func (c *customer) back() { c.t.Helper(); c.travel(-1) }

// forward is the browser's forward button.
func (c *customer) forward() { c.t.Helper(); c.travel(1) }

func (c *customer) travel(by int64) {
	c.t.Helper()
	history := tell(c, page.GetNavigationHistory, cdp.Empty{})
	at := history.CurrentIndex + by
	require.True(c.t, at >= 0 && at < int64(len(history.Entries)), "the history ends here")
	c.navigated(func() {
		tell(c, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: history.Entries[at].ID})
	})
}

// reload loads the page anew.
func (c *customer) reload() {
	c.t.Helper()
	c.navigated(func() { tell(c, page.Reload, page.ReloadParams{}) })
}

// aim finds where to press; the reason for failing is the last one.
func (c *customer) aim(what, kind string) (x, y float64) {
	c.t.Helper()
	type aimed struct {
		X, Y    float64
		Problem string
	}
	at, err, ok := poll(c, js("aim", what, kind, c.scope), func(a aimed) bool { return a.Problem == "" })
	if !ok {
		c.t.Fatalf("cannot press %q: %s (%v)", what, at.Problem, err)
	}
	return at.X, at.Y
}

// click presses what a selector shows first, or the one thing with a name, with mouse or finger. What another element covers cannot be
// pressed, nor what is disabled.
func (c *customer) click(what string) {
	c.t.Helper()
	x, y := c.aim(what, "click")
	c.touchAt(x, y, 1)
}

// doubleClick presses twice in a row.
func (c *customer) doubleClick(what string) {
	c.t.Helper()
	x, y := c.aim(what, "click")
	c.touchAt(x, y, 1)
	c.touchAt(x, y, 2)
}

func (c *customer) touchAt(x, y float64, count int64) {
	c.t.Helper()
	action := chromedp.MouseClickXY(x, y, chromedp.ClickCount(int(count)))
	if c.device.touch {
		action = chromedp.TapXY(x, y)
	}
	_, err := try(c, action)
	require.NoError(c.t, err)
}

// fill replaces what a field holds, as by pasting; the field keeps the focus.
func (c *customer) fill(what, text string) {
	c.t.Helper()
	c.focusField(what)
	if text == "" {
		c.press("Backspace")
		return
	}
	tell(c, input.InsertText, input.InsertTextParams{Text: text})
}

// typeIn replaces what a field holds key by key.
func (c *customer) typeIn(what, text string) {
	c.t.Helper()
	c.focusField(what)
	_, err := try(c, chromedp.KeyEvent(text))
	require.NoError(c.t, err)
}

func (c *customer) focusField(what string) {
	c.t.Helper()
	x, y := c.aim(what, "field")
	c.touchAt(x, y, 1)
	if _, err, ok := poll(c, js("selectAll", what, c.scope), func(done bool) bool { return done }); !ok {
		c.t.Fatalf("%q does not take the focus (%v)", what, err)
	}
}

// choose picks the option of a list by its words or value.
func (c *customer) choose(what, option string) {
	c.t.Helper()
	if problem, err, ok := poll(c, js("choose", what, option, c.scope), func(problem string) bool { return problem == "" }); !ok {
		c.t.Fatalf("cannot choose %q of %q: %s (%v)", option, what, problem, err)
	}
}

// check presses a checkbox or radio button unless it is as wanted already.
func (c *customer) check(what string, on bool) {
	c.t.Helper()
	c.aim(what, "field")
	if c.checked(what) == on {
		return
	}
	x, y := c.aim(what, "field")
	c.touchAt(x, y, 1)
	if _, err, ok := poll(c, js("state", what, c.scope), func(is bool) bool { return is == on }); !ok {
		c.t.Fatalf("%q does not change (%v)", what, err)
	}
}

// checked tells whether a checkbox or radio button is on.
func (c *customer) checked(what string) bool {
	c.t.Helper()
	return evaluate[bool](c, js("state", what, c.scope))
}

// keys that press knows by name; anything else is typed.
var namedKeys = map[string]string{
	"Tab": kb.Tab, "Enter": kb.Enter, "Escape": kb.Escape, "Backspace": kb.Backspace, "Delete": kb.Delete, "Space": " ",
	"ArrowUp": kb.ArrowUp, "ArrowDown": kb.ArrowDown, "ArrowLeft": kb.ArrowLeft, "ArrowRight": kb.ArrowRight,
	"Home": kb.Home, "End": kb.End, "PageUp": kb.PageUp, "PageDown": kb.PageDown,
}

// press presses keys one after another: "Tab", "Shift+Tab", "Enter", "Space", "ArrowDown", ... or characters.
func (c *customer) press(keys ...string) {
	c.t.Helper()
	for _, key := range keys {
		name, shifted := strings.CutPrefix(key, "Shift+")
		var options []chromedp.KeyOption
		if shifted {
			options = append(options, chromedp.KeyModifiers(kb.ModifierShift))
		}
		typed, known := namedKeys[name]
		if !known {
			require.Equal(c.t, 1, utf8.RuneCountInString(name), "unknown key %q", name)
			typed = name
		}
		_, err := try(c, chromedp.KeyEvent(typed, options...))
		require.NoError(c.t, err, key)
	}
}

// see waits until the words stand in the page, or in the place of within. White space counts as one space.
func (c *customer) see(texts ...string) {
	c.t.Helper()
	for _, text := range texts {
		if seen, err, ok := poll(c, js("text", c.scope), func(all string) bool { return strings.Contains(all, text) }); !ok {
			c.t.Fatalf("never saw %q (%v) but: %.1500s", text, err, seen)
		}
	}
}

// notSee waits until the words are gone. What was never there is gone too: see something else first.
func (c *customer) notSee(texts ...string) {
	c.t.Helper()
	for _, text := range texts {
		if seen, err, ok := poll(c, js("text", c.scope), func(all string) bool { return !strings.Contains(all, text) }); !ok {
			c.t.Fatalf("still sees %q (%v): %.1500s", text, err, seen)
		}
	}
}

// text waits for something visible that a selector finds, and reads the first of them.
func (c *customer) text(selector string) string {
	c.t.Helper()
	seen, err, ok := poll(c, js("read", selector, c.scope), func(text *string) bool { return text != nil })
	if !ok {
		c.t.Fatalf("never saw %s (%v)", selector, err)
	}
	return *seen
}

// count is how many visible elements a selector finds now.
func (c *customer) count(selector string) int {
	c.t.Helper()
	return evaluate[int](c, js("count", selector, c.scope))
}

// awaitCount waits until a selector finds n visible elements.
func (c *customer) awaitCount(selector string, n int) {
	c.t.Helper()
	if found, err, ok := poll(c, js("count", selector, c.scope), func(found int) bool { return found == n }); !ok {
		c.t.Fatalf("%s: %d are visible, not %d (%v)", selector, found, n, err)
	}
}

// value is what a field holds.
func (c *customer) value(what string) string {
	c.t.Helper()
	found, err, ok := poll(c, js("value", what, c.scope), func(value *string) bool { return value != nil })
	if !ok {
		c.t.Fatalf("there is no field %q (%v)", what, err)
	}
	return *found
}

// focused is the name of what has the focus, "" when nothing has.
func (c *customer) focused() string { c.t.Helper(); return evaluate[string](c, js("focused")) }

// title is the document's.
func (c *customer) title() string { c.t.Helper(); return evaluate[string](c, "document.title") }

// awaitTitle waits for a title.
func (c *customer) awaitTitle(title string) {
	c.t.Helper()
	if seen, err, ok := poll(c, "document.title", func(now string) bool { return now == title }); !ok {
		c.t.Fatalf("the title is %q, not %q (%v)", seen, title, err)
	}
}

// address is the current path and query.
func (c *customer) address() string {
	c.t.Helper()
	return evaluate[string](c, "location.pathname + location.search")
}

// location is the whole address, for messages.
func (c *customer) location() string {
	address, _ := try(c, chromedp.Evaluate[string]("location.href"))
	return address
}

// parameter is a parameter of the current address.
func (c *customer) parameter(name string) string {
	c.t.Helper()
	parsed, err := url.Parse(c.location())
	require.NoError(c.t, err)
	return parsed.Query().Get(name)
}
