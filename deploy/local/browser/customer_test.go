package browser

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

// device is what a customer holds in hand. Sizes are CSS pixels.
type device struct {
	name          string
	width, height int64
	scale         float64
	touch         bool
}

var (
	phone   = device{name: "phone", width: 375, height: 740, scale: 2, touch: true}
	desktop = device{name: "desktop", width: 1280, height: 900, scale: 1}
)

func devices() []device { return []device{phone, desktop} }

// lastAddress gives every customer a client address of its own.
var lastAddress atomic.Uint32

// visitor is what all tabs of a customer share: cookies, a client address, and what went wrong so far.
type visitor struct {
	*proxy
	watch
	device device
	// email is an address of its own, whose mails can be read.
	email string
	// username is set by registering.
	username string

	tabs []*customer
}

// customer is a person at one tab. Every step fails the test when it cannot be done within patience. For one goroutine.
type customer struct {
	*visitor
	t testing.TB
	// ctx is the tab's.
	ctx   context.Context
	close func()
	scope string
	// patience is how long each step may take.
	patience time.Duration
	*tabState
}

// newCustomer is somebody who comes for the first time.
func newCustomer(t testing.TB, held device) *customer {
	t.Helper()
	n := lastAddress.Add(1)
	v := &visitor{
		device: held, email: "buyer-" + strings.ToLower(identifier.New(10)) + "@example.com",
		proxy: newProxy(t, fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255)),
	}
	t.Cleanup(func() { v.leave(t) })
	return openTab(chromium, t, v, chromedp.WithNewBrowserContext(func(asked *target.CreateBrowserContextParams) {
		asked.ProxyServer = v.server.URL
		asked.ProxyBypassList = "<-loopback>" // else Chromium goes past the proxy to this machine
	}))
}

// tab is another tab of the same customer: same cookies, same address.
func (c *customer) tab() *customer {
	c.t.Helper()
	return openTab(c.tabs[0].ctx, c.t, c.visitor)
}

// opened gives the tab that a step opens, such as a click on a link with a target.
func (c *customer) opened(step func()) *customer {
	c.t.Helper()
	found := chromedp.WaitNewTarget(c.ctx, func(info *target.Info) bool { return info.Type == "page" })
	step()
	select {
	case id := <-found:
		fresh := openTab(chromium, c.t, c.visitor, chromedp.WithTargetID(id))
		fresh.untilReady()
		return fresh
	case <-time.After(patience):
		c.t.Fatal("no new tab was opened")
		return nil
	}
}

func openTab(parent context.Context, t testing.TB, v *visitor, options ...chromedp.ContextOption) *customer {
	t.Helper()
	c := &customer{visitor: v, t: t, tabState: &tabState{}, patience: patience}
	c.ctx, c.close = chromedp.NewContext(parent, append(options, chromedp.WithListener(c.hear))...)
	v.tabs = append(v.tabs, c)
	require.NoError(t, chromedp.Do(c.ctx), "open a tab")
	c.prepare()
	return c
}

// within narrows every later step of the returned customer to what a selector shows.
func (c *customer) within(selector string) *customer {
	narrowed := *c
	narrowed.scope = selector
	return &narrowed
}

// fail breaks the next times requests to a path, in every tab; always when times is below zero. The path is exact, or a prefix when it
// ends with a slash, or everyAPICall.
func (c *customer) fail(path string, how breakage, times int) {
	c.inject(&fault{path: path, left: times, act: how})
}

// hold lets requests to a path wait until release is called.
func (c *customer) hold(path string) (release func()) {
	gate := make(chan struct{})
	letGo := sync.OnceFunc(func() { close(gate) })
	one := &fault{path: path, left: -1, act: held(gate), stop: letGo}
	c.inject(one)
	return func() {
		c.mu.Lock()
		one.left = 0
		c.mu.Unlock()
		letGo()
	}
}

// awaitSent waits until a path was asked for at least n times, and gives those requests.
func (c *customer) awaitSent(path string, n int) []exchange {
	c.t.Helper()
	require.Eventually(c.t, func() bool { return len(c.sent(path)) >= n }, patience, tick, "%d requests to %s", n, path)
	return c.sent(path)
}
