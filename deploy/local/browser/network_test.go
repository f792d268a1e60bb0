package browser

import (
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// offline takes this tab off the network, or back.
func (c *customer) offline(off bool) {
	c.t.Helper()
	c.conditions(network.Conditions{Offline: off, DownloadThroughput: -1, UploadThroughput: -1})
}

// throttle makes this tab's network that of a phone on the way: 1.6 Mbit/s down, 0.75 up, answers 150 ms later.
func (c *customer) throttle() {
	c.t.Helper()
	const bitsPerByte = 8
	c.conditions(network.Conditions{Latency: 150, DownloadThroughput: 1.6e6 / bitsPerByte, UploadThroughput: 0.75e6 / bitsPerByte})
}

// fullSpeed ends throttle and offline.
func (c *customer) fullSpeed() { c.t.Helper(); c.offline(false) }

func (c *customer) conditions(wanted network.Conditions) {
	c.t.Helper()
	tell(c, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{&wanted}})
	tell(c, network.OverrideNetworkState, network.OverrideNetworkStateParams{
		Offline: wanted.Offline, Latency: wanted.Latency, DownloadThroughput: wanted.DownloadThroughput, UploadThroughput: wanted.UploadThroughput,
	})
}

// forgetCache empties the browser's store of files: the next page comes over the network as at a first visit.
func (c *customer) forgetCache() { c.t.Helper(); tell(c, network.ClearBrowserCache, cdp.Empty{}) }

// dark and light set what the system prefers.
func (c *customer) dark()  { c.t.Helper(); c.prefer("prefers-color-scheme", "dark") }
func (c *customer) light() { c.t.Helper(); c.prefer("prefers-color-scheme", "light") }

// prefer sets one media feature and ends any other.
func (c *customer) prefer(feature, value string) {
	c.t.Helper()
	tell(c, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: feature, Value: value}}})
}

// resize gives this tab another size in CSS pixels, such as 320 for a zoom of 400 %.
func (c *customer) resize(width, height int64) {
	c.t.Helper()
	other := c.device
	other.width, other.height = width, height
	c.become(other)
}

// metrics are those of the page since it was opened.
type metrics struct {
	// paint is when the first content was drawn.
	paint time.Duration
	// shift is how much the page jumped (cumulative layout shift), shifts what jumped.
	shift  float64
	shifts []string
	weight
}

// measure waits for the first paint and reads what was measured so far.
func (c *customer) measure() metrics {
	c.t.Helper()
	type measured struct {
		Shift, Paint float64
		Shifts       []string
	}
	seen, err, ok := poll(c, "hands.measured", func(m measured) bool { return m.Paint > 0 })
	if !ok {
		c.t.Fatalf("nothing was drawn (%v)", err)
	}
	c.hearing.Lock()
	defer c.hearing.Unlock()
	return metrics{
		paint: time.Duration(seen.Paint * float64(time.Millisecond)), shift: seen.Shift, shifts: seen.Shifts, weight: c.received,
	}
}

// settled waits until everything is loaded and nothing moves any more.
func (c *customer) settled() {
	c.t.Helper()
	c.await(`document.readyState === "complete"`)
	c.quiet(5 * time.Second)
	evaluate[chromedp.Void](c, `Promise.all(document.getAnimations().filter((one) => one.effect?.getComputedTiming().endTime < 5000).map((one) => one.finished.catch(() => {})))`)
	evaluate[chromedp.Void](c, nextFrame)
}
