package recording

import (
	"strings"
	"time"
	"unicode/utf8"

	clienteventv1 "github.com/bartgottschalk/startupwebapp/proto/clientevent/v1"
	"github.com/bartgottschalk/startupwebapp/services/clientevent/recording/dbgen"
)

// Limits of the columns in code points (contract clientevent.md section 2). Longer text is cut, not refused (defect 3).
const (
	longestAddress   = 1000
	longestUserAgent = 1000
	longestShortText = 100 // ids, codes, the customer's address

	// An address is cut twice: roughly before secrets are looked for, so that this costs no more for a hostile one.
	longestScanned = 8000

	entryOverhead = 250 // bytes of a row beside its texts, roughly
)

// entry is one event ready for its table.
type entry struct {
	row  any // one of the four ...Params of dbgen
	size int // bytes it holds in memory, roughly
}

// entryOf cleans an event; ok is false when it is none of the four kinds. Codes and ids stay as they were sent.
func entryOf(event *clienteventv1.Event, now time.Time) (made entry, ok bool) {
	at := now
	if event.GetOccurredAt().IsValid() {
		at = event.GetOccurredAt().AsTime()
	}
	c := &cleaner{size: entryOverhead}
	anonymousID := c.id(event.AnonymousId)
	address := c.address(event.GetUrl())
	switch kind := event.GetKind().(type) {
	case *clienteventv1.Event_Pageview:
		made.row = c.pageview(kind.Pageview, at, anonymousID, address)
	case *clienteventv1.Event_AjaxError:
		made.row = dbgen.AddAjaxErrorsParams{
			CreatedAt: at, AnonymousID: anonymousID, Url: address,
			ClientEventID: c.id(kind.AjaxError.ClientEventId), ErrorID: c.text(kind.AjaxError.GetErrorId(), longestShortText),
		}
	case *clienteventv1.Event_ButtonClick:
		made.row = dbgen.AddButtonClicksParams{
			CreatedAt: at, AnonymousID: anonymousID, Url: address,
			ClientEventID: c.id(kind.ButtonClick.ClientEventId), ButtonID: c.text(kind.ButtonClick.GetButtonId(), longestShortText),
		}
	case *clienteventv1.Event_LinkEvent:
		link := kind.LinkEvent
		made.row = dbgen.AddLinkEventsParams{
			CreatedAt: at, AnonymousID: anonymousID, Url: address,
			MbCd: c.id(link.MbCd), PrCd: c.id(link.PrCd), EmCd: c.id(link.EmCd), AdCd: c.id(link.AdCd),
		}
	default:
		return entry{}, false
	}
	made.size = c.size
	return made, true
}

// cleaner adds up the bytes that it lets through.
type cleaner struct{ size int }

func (c *cleaner) pageview(view *clienteventv1.Pageview, at time.Time, anonymousID *string, address string) dbgen.AddPageviewsParams {
	return dbgen.AddPageviewsParams{
		CreatedAt: at, AnonymousID: anonymousID, Url: address,
		ClientEventID: c.id(view.ClientEventId),
		PageWidth:     view.PageWidth,
		RemoteAddress: c.optional(view.RemoteAddress, longestShortText),
		UserAgent:     c.optional(view.UserAgent, longestUserAgent),
	}
}

// id takes what scripts send for an unset variable as absent (defect 8).
func (c *cleaner) id(sent *string) *string {
	if sent == nil {
		return nil
	}
	cleaned := c.text(*sent, longestShortText)
	switch cleaned {
	case "", "null", "undefined":
		return nil
	}
	return &cleaned
}

func (c *cleaner) optional(sent *string, longest int) *string {
	if sent == nil {
		return nil
	}
	cleaned := c.text(*sent, longest)
	return &cleaned
}

func (c *cleaner) address(sent string) string {
	return c.text(StrikeSecrets(storable(cut(sent, longestScanned))), longestAddress)
}

func (c *cleaner) text(sent string, longest int) string {
	cleaned := cut(storable(sent), longest)
	c.size += len(cleaned)
	return cleaned
}

// storable replaces what PostgreSQL cannot store: bytes that are no UTF-8, and NUL.
func storable(text string) string {
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	if strings.IndexByte(text, 0) >= 0 {
		text = strings.ReplaceAll(text, "\x00", "")
	}
	return text
}

// cut keeps the first code points, in memory of their own: the rest of a long text must not stay alive with them.
func cut(text string, longest int) string {
	if len(text) <= longest {
		return text
	}
	points := 0
	for at := range text {
		if points == longest {
			return strings.Clone(text[:at])
		}
		points++
	}
	return text
}
