package browser

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/stretchr/testify/require"
)

// box is a dialog, where it stands and what opens it; nothing opens the one of the terms.
type box struct {
	address, opener, dialog string
	member                  bool
}

// focusIsIn tells whether the focus is in the dialog, or in the browser's own bar between the last and the first of it.
func (b box) focusIsIn() string {
	return fmt.Sprintf(`(document.activeElement === document.body || document.querySelector(%q).contains(document.activeElement))`, b.dialog)
}

func (b box) isOpen() string {
	return fmt.Sprintf(`document.querySelector(%q).matches(":modal")`, b.dialog)
}

// walkThrough presses a key so often that all of the dialog had its turn, and gives how many different things had the focus.
func (b box) walkThrough(c *customer, key string) int {
	c.t.Helper()
	stops := evaluate[int](c, fmt.Sprintf(`[...document.querySelectorAll(%q + " :is(a, button, input, textarea)")].filter((each) => each.checkVisibility()).length`, b.dialog))
	evaluate[any](c, `void (globalThis.passed = new Set())`)
	for range 2*stops + 2 {
		c.press(key)
		require.True(c.t, evaluate[bool](c, b.focusIsIn()), "%s leads out of %s to %q", key, b.dialog, c.focused())
		evaluate[any](c, `void passed.add(document.activeElement)`)
	}
	require.True(c.t, evaluate[bool](c, fmt.Sprintf(`[...document.querySelectorAll(%q + " :is(a, button, input, textarea)")].filter((each) => each.checkVisibility()).every((each) => passed.has(each))`, b.dialog)), "all of %s can be reached by %s", b.dialog, key)
	return stops
}

// TestDialogsKeepTheFocus is journeys.md D7: in, round and round, Escape, and back to where it was.
func TestDialogsKeepTheFocus(t *testing.T) {
	for name, each := range map[string]box{
		"chat":                {address: "/about", opener: "#chat-icon", dialog: "#chat-dialogue"},
		"chat from a page":    {address: "/contact", opener: `[data-opens="chat"]`, dialog: "#chat-dialogue"},
		"picture":             {address: paperClips, opener: "button.gallery__picture", dialog: "dialog.gallery__full"},
		"terms, not to leave": {address: "/about", dialog: "#terms-dialogue", member: true},
	} {
		t.Run(name, func(t *testing.T) {
			everyDevice(t, func(t *testing.T, c *customer) {
				c.acceptCookies()
				if each.member {
					c.register()
					c.fail("/user/terms-of-use-agree-check", answers(`{"terms_of_use_agree_check": false, "version": 1, "version_note": "<p>Nothing new.</p>"}`), 1)
				}
				c.open(each.address)
				if each.opener != "" {
					c.click(each.opener)
				}
				c.await(each.isOpen() + ` && document.activeElement !== document.body && ` + each.focusIsIn())
				require.Positive(t, each.walkThrough(c, "Tab"))
				require.Positive(t, each.walkThrough(c, "Shift+Tab"))
				c.press("Escape")
				if each.opener == "" {
					c.see("Our terms have changed")
					require.True(t, evaluate[bool](c, each.isOpen()))
					return
				}
				back := fmt.Sprintf(`document.activeElement === document.querySelector(%q)`, each.opener)
				c.await(`!` + each.isOpen() + ` && ` + back)
				c.press("Enter")
				c.await(each.isOpen())
				c.within(each.dialog).click("Close")
				c.await(`!` + each.isOpen() + ` && ` + back)
			})
		})
	}
}

// windows are those that journeys.md D7 names; 320 x 256 is a screen of 1280 x 1024 at a zoom of 400 %.
var windows = []struct {
	name          string
	width, height int64
	isLow         bool
}{{"narrow", 320, 740, false}, {"tablet", 768, 1024, false}, {"on its side", 640, 360, true}, {"400 percent", 320, 256, true}}

// coveredFocus says what has the focus if nothing of it can be seen, because something lies over it or it is out of the window (WCAG 2.4.11).
const coveredFocus = `(() => {
	const element = document.activeElement;
	if (!element || element === document.body) return "";
	const shown = [element, ...(element.labels ?? [])].some((part) => [...part.getClientRects()].some((box) => [.05, .5, .95].some((across) => [.1, .5, .9].some((down) => {
		const top = document.elementFromPoint(box.left + box.width * across, box.top + box.height * down);
		return top && part.contains(top);
	}))));
	return shown ? "" : element.outerHTML.slice(0, 200) + " at " + JSON.stringify(element.getBoundingClientRect());
})()`

// tabThrough goes once through the page with the Tab key; whatever has the focus must be seen.
func (c *customer) tabThrough() {
	c.t.Helper()
	const most = 80
	evaluate[any](c, `void (globalThis.passed = new Set())`)
	for range most {
		c.press("Tab")
		if evaluate[bool](c, `document.activeElement === document.body || passed.has(document.activeElement)`) {
			break
		}
		evaluate[any](c, `void passed.add(document.activeElement)`)
		if seen, _, ok := poll(c, coveredFocus, func(covered string) bool { return covered == "" }); !ok {
			c.t.Fatalf("%s in a window of %s: the focus cannot be seen on %s", c.address(), evaluate[string](c, "`${innerWidth} x ${innerHeight}`"), seen)
		}
	}
	require.Greater(c.t, evaluate[int](c, "passed.size"), 10)
}

// TestWindowsOfEverySize: nothing scrolls sideways (open looks), nothing is covered for good, and one can buy.
func TestWindowsOfEverySize(t *testing.T) {
	for _, window := range windows {
		t.Run(window.name, func(t *testing.T) {
			c := newCustomer(t, phone)
			c.resize(window.width, window.height)
			for _, address := range []string{paperClips, "/cart", "/checkout/confirm"} {
				c.open(address)
				if address == paperClips {
					c.see("This shop uses cookies")
					c.click(addIt)
					c.see("in your cart")
				}
				c.within("main").see("Desk-Tidy Paper Clips")
				c.checkWidth()
				if window.isLow {
					c.reload() // from the top
					c.see("This shop uses cookies")
					c.within("main").see("Desk-Tidy Paper Clips")
					c.tabThrough()
				}
			}
			c.asGuest()
			c.checkWidth()
			c.toPayment()
		})
	}
}

// TestColoursOfTheVisitor is journeys.md D7: colours forced by the system.
func TestColoursOfTheVisitor(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.add(leftClips, "1")
		c.prefer("forced-colors", "active")
		for _, address := range []string{"/", "/products", binderClips, "/cart", "/checkout/confirm", "/login", "/pythonabot"} {
			c.open(address)
			require.True(t, evaluate[bool](c, `matchMedia("(forced-colors: active)").matches`))
			require.Equal(t, 1, c.count("h1"))
			c.axe()
			// Every field has a border and every control an outline where it is needed.
			require.Empty(t, evaluate[[]string](c, `[...document.querySelectorAll("main :is(input:not([type=checkbox], [type=radio], [type=hidden]), textarea, .button)")]
				.filter((each) => each.checkVisibility() && getComputedStyle(each).borderStyle === "none" && getComputedStyle(each.parentElement).borderStyle === "none").map((each) => each.outerHTML)`))
		}
	})
}

// TestMotionIsLeftOut: nothing turns for ever where the visitor wants no motion.
func TestMotionIsLeftOut(t *testing.T) {
	for wish, turns := range map[string]bool{"no-preference": true, "reduce": false} {
		t.Run(wish, func(t *testing.T) {
			c := newCustomer(t, phone)
			c.prefer("prefers-reduced-motion", wish)
			c.add(leftClips, "1")
			release := c.hold("/order/confirm-items")
			goTo(c, shop.site+"/checkout/confirm")
			c.see("Looking up your order")
			c.awaitSent("/order/confirm-items", 1) // by a script, which waits for the style
			require.Equal(t, turns, evaluate[bool](c, `document.getAnimations().some((each) => each.effect.getComputedTiming().iterations === Infinity)`))
			release()
			c.see("Go on as a guest")
			c.axe()
		})
	}
}

// TestOrderOnPaper: an order of one line fits on a sheet or two, dark on light whatever the screen likes.
func TestOrderOnPaper(t *testing.T) {
	everyDevice(t, func(t *testing.T, c *customer) {
		c.add(leftClips, "1")
		_, order := c.buy()
		c.open("/account/order?identifier=" + order)
		c.see("Accepted")
		tell(c, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Media: "print", Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}},
		})
		require.Zero(t, c.count("header, footer, #chat-icon, #footer-fixed"))
		lightness := `(() => { const [r, g, b] = getComputedStyle(document.querySelector("h1")).color.match(/[\d.]+/g).map(Number); return (r + g + b) / 3; })()`
		require.Less(t, evaluate[float64](c, lightness), 100.0, "the ink is dark")
		printed := tell(c, page.PrintToPDF, page.PrintToPDFParams{}).Data
		sheets := bytes.Count(printed, []byte("/Type /Page\n")) + bytes.Count(printed, []byte("/Type /Page "))
		require.Positive(t, sheets)
		require.LessOrEqual(t, sheets, 2)
	})
}
