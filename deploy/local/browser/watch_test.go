package browser

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// watch keeps what went wrong in a customer's tabs, and what of it was expected.
type watch struct {
	watching sync.Mutex
	problems []string
	expected []string
}

func (w *watch) note(format string, arguments ...any) {
	w.watching.Lock()
	defer w.watching.Unlock()
	w.problems = append(w.problems, fmt.Sprintf(format, arguments...))
}

// expect lets the test pass in spite of problems, before or later, whose text or address holds a part.
func (w *watch) expect(parts ...string) {
	w.watching.Lock()
	defer w.watching.Unlock()
	w.expected = append(w.expected, parts...)
}

// unexpected are the problems that nobody spoke of.
func (w *watch) unexpected() (found []string) {
	w.watching.Lock()
	defer w.watching.Unlock()
	for _, problem := range w.problems {
		if !slices.ContainsFunc(w.expected, func(part string) bool { return strings.Contains(problem, part) }) {
			found = append(found, problem)
		}
	}
	return found
}

// tabState is what the browser tells of one tab.
type tabState struct {
	hearing     sync.Mutex
	requests    map[network.RequestID]requested // under way
	navigations int                             // of the main frame, within a document too
	received    weight                          // since the last open
	mainFrame   cdp.FrameID
}

// requested is what is on its way. loader is the document that asked.
type requested struct {
	method, url string
	kind        network.ResourceType
	loader      cdp.LoaderID
	headers     int64 // bytes
}

// weight are bytes as they came over the network, compressed.
type weight struct {
	// bodies are those of documents, styles, scripts and answers of the API, pictures those of pictures, headers all headers. The local
	// servers speak HTTP/1.1, which sends headers as they are; HTTP/2, in production, sends what repeats once.
	bodies, pictures, headers int64
}

// hear is called for every event of the tab, in order; it must not ask the browser for anything.
func (c *customer) hear(event any) {
	c.hearing.Lock()
	defer c.hearing.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		c.note("uncaught: %s %s", e.ExceptionDetails.Text, described(e.ExceptionDetails.Exception))
	case *runtime.EventConsoleAPICalled:
		c.hearConsole(e)
	case *log.EventEntryAdded:
		c.hearLog(e.Entry)
	case *page.EventJavascriptDialogOpening:
		c.note("a dialog of the browser: %s %s", e.Type, e.Message)
		go c.dismiss()
	case *page.EventFrameNavigated:
		if e.Frame.ParentID == "" {
			c.navigations, c.mainFrame = c.navigations+1, e.Frame.ID
			maps.DeleteFunc(c.requests, func(_ network.RequestID, asked requested) bool { return asked.loader != e.Frame.LoaderID })
		}
	case *page.EventNavigatedWithinDocument:
		if e.FrameID == c.mainFrame {
			c.navigations++
		}
	default:
		c.hearNetwork(event)
	}
}

func (c *customer) dismiss() {
	_, _ = chromedp.Call(c.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
}

func described(object *runtime.RemoteObject) string {
	if object == nil {
		return ""
	}
	if object.Description != "" {
		return object.Description
	}
	return string(object.Value)
}

func (c *customer) hearConsole(e *runtime.EventConsoleAPICalled) {
	if e.Type != runtime.ConsoleAPICalledTypeError && e.Type != runtime.ConsoleAPICalledTypeWarning && e.Type != runtime.ConsoleAPICalledTypeAssert {
		return
	}
	words := make([]string, 0, len(e.Args))
	for _, argument := range e.Args {
		words = append(words, described(argument))
	}
	c.note("console %s: %s", e.Type, strings.Join(words, " "))
}

// hearLog takes what the browser itself complains of, such as a breach of the Content-Security-Policy. Failed requests are told by
// hearNetwork, which knows more.
func (c *customer) hearLog(entry *log.Entry) {
	if entry.Level != log.EntryLevelError && entry.Level != log.EntryLevelWarning || entry.Source == log.EntrySourceNetwork {
		return
	}
	c.note("%s %s: %s %s", entry.Source, entry.Level, entry.Text, entry.URL)
}

func (c *customer) hearNetwork(event any) {
	if c.requests == nil {
		c.requests = map[network.RequestID]requested{}
	}
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		c.requests[e.RequestID] = requested{method: e.Request.Method, url: e.Request.URL, kind: e.Type, loader: e.LoaderID}
	case *network.EventResponseReceived:
		if e.Response.Status >= 400 && e.Response.URL != shop.sandbox+"/favicon.ico" { // which browsers ask for unasked
			c.note("%s %s: status %d", c.requests[e.RequestID].method, e.Response.URL, e.Response.Status)
		}
		if asked, known := c.requests[e.RequestID]; known {
			asked.headers = int64(e.Response.EncodedDataLength)
			c.requests[e.RequestID] = asked
		}
	case *network.EventLoadingFinished:
		asked := c.requests[e.RequestID]
		c.received.headers += asked.headers
		if asked.kind == network.ResourceTypeImage {
			c.received.pictures += int64(e.EncodedDataLength) - asked.headers
		} else {
			c.received.bodies += int64(e.EncodedDataLength) - asked.headers
		}
		delete(c.requests, e.RequestID)
	case *network.EventLoadingFailed:
		if asked := c.requests[e.RequestID]; !e.Canceled && e.ErrorText != "net::ERR_ABORTED" { // given up by the page, or by leaving it
			c.note("%s %s: %s %s", asked.method, asked.url, e.ErrorText, e.BlockedReason)
		}
		delete(c.requests, e.RequestID)
	}
}

// quiet waits until the tab has nothing under way, for a moment: what a test holds back, and streams, do not end.
func (c *customer) quiet(moment time.Duration) {
	underway := func() int {
		c.hearing.Lock()
		defer c.hearing.Unlock()
		return len(c.requests)
	}
	for ended := time.Now().Add(moment); underway() > 0 && time.Now().Before(ended) && c.ctx.Err() == nil; {
		_, _ = try(c, chromedp.Evaluate[chromedp.Void](nextFrame, chromedp.EvalAwaitPromise))
	}
}

// nextFrame is a promise of the page's next picture but one.
const nextFrame = `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))`

// leave is the end of a customer's visit: what went wrong unexpectedly fails the test, and a failed test leaves a picture.
func (v *visitor) leave(t testing.TB) {
	for _, tab := range v.tabs {
		if tab.ctx.Err() == nil && !t.Failed() {
			tab.quiet(2 * time.Second)
			tab.checkWidth()
		}
	}
	if found := v.unexpected(); len(found) > 0 {
		t.Errorf("went wrong in the browser of %s (c.expect lets it pass):\n  %s", v.device.name, strings.Join(found, "\n  "))
	}
	if t.Failed() {
		for n, tab := range v.tabs {
			tab.testify(n)
		}
	}
	for _, tab := range slices.Backward(v.tabs) {
		tab.close()
	}
}

// testify tells where a tab is and what it shows, in words and as a picture.
func (c *customer) testify(n int) {
	seen, err := try(c, chromedp.Evaluate[string](`location.href + "\n" + document.title + "\n" + (document.body?.innerText ?? "").slice(0, 3000)`))
	if err != nil {
		c.t.Logf("tab %d cannot be read: %v", n+1, err)
		return
	}
	c.t.Logf("%s, tab %d was at %s", c.device.name, n+1, seen)
	picture, err := try(c, chromedp.FullScreenshot(100))
	if err != nil {
		c.t.Logf("no picture: %v", err)
		return
	}
	c.t.Logf("picture: %s", c.keep(picture, fmt.Sprintf("%s-%s-%s-%d.png", c.t.Name(), c.device.name, strings.TrimPrefix(c.client, "10."), n+1)))
}

var unfitForFiles = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// keep writes a picture and gives its path.
func (c *customer) keep(picture []byte, name string) string {
	folder := os.Getenv("BROWSER_SCREENSHOTS")
	if folder == "" {
		folder = filepath.Join(root, ".local", "browser")
	}
	path, err := filepath.Abs(filepath.Join(folder, unfitForFiles.ReplaceAllString(name, "-")))
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err == nil {
		err = os.WriteFile(path, picture, 0o600)
	}
	if err != nil {
		return err.Error()
	}
	return path
}
