// Package clienteventarea answers the old paths under /clientevent/ (contract clientevent.md). A page never waits for
// an event: it is put into a bounded queue here, and batches of them go to the clientevent service behind its back.
package clienteventarea

import (
	"context"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	clienteventv1 "github.com/bartgottschalk/startupwebapp/proto/clientevent/v1"
	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
)

const thanks = "thank you"

// The most bytes of a text that are carried on. The clientevent service cuts at the columns' ends, in code points; here
// hostile lengths are kept out of the queue, and a batch below the size of one call.
const (
	longestAddress   = 4000
	longestAgent     = 1000
	longestShortText = 400 // ids and codes
)

// Area is the handler of storefront.v1.ClientEventAreaService. Safe for concurrent use.
type Area struct {
	storefrontv1.UnimplementedClientEventAreaServiceServer
	reporter *Reporter
	now      func() time.Time
}

// New returns handlers that hand what they are told to reporter.
func New(reporter *Reporter, now func() time.Time) *Area {
	return &Area{reporter: reporter, now: now}
}

// ShowClientEventIndex is GET /clientevent/.
func (a *Area) ShowClientEventIndex(context.Context, *storefrontv1.ShowClientEventIndexRequest) (*storefrontv1.ShowClientEventIndexResponse, error) {
	return &storefrontv1.ShowClientEventIndexResponse{Html: "<!doctype html><title>Client event API</title><p>The client event API of this shop, version 0.0.1.</p>\n"}, nil
}

// ReportPageview is GET /clientevent/pageview.
func (a *Area) ReportPageview(ctx context.Context, event *storefrontv1.ReportPageviewRequest) (*storefrontv1.ReportPageviewResponse, error) {
	customer := visitor.From(ctx)
	address, agent := customer.ClientAddress(), cut(customer.UserAgent(), longestAgent)
	a.report(ctx, event.Url, event.AnonymousId, &clienteventv1.Event{Kind: &clienteventv1.Event_Pageview{Pageview: &clienteventv1.Pageview{
		ClientEventId: short(event.ClientEventId), PageWidth: width(event.GetPageWidth()), RemoteAddress: &address, UserAgent: &agent,
	}}})
	return &storefrontv1.ReportPageviewResponse{Answer: thanks}, nil
}

// ReportAjaxError is GET /clientevent/ajaxerror.
func (a *Area) ReportAjaxError(ctx context.Context, event *storefrontv1.ReportAjaxErrorRequest) (*storefrontv1.ReportAjaxErrorResponse, error) {
	a.report(ctx, event.Url, event.AnonymousId, &clienteventv1.Event{Kind: &clienteventv1.Event_AjaxError{AjaxError: &clienteventv1.AjaxError{
		ClientEventId: short(event.ClientEventId), ErrorId: cut(event.GetErrorId(), longestShortText),
	}}})
	return &storefrontv1.ReportAjaxErrorResponse{Answer: thanks}, nil
}

// ReportButtonClick is GET /clientevent/buttonclick.
func (a *Area) ReportButtonClick(ctx context.Context, event *storefrontv1.ReportButtonClickRequest) (*storefrontv1.ReportButtonClickResponse, error) {
	a.report(ctx, event.Url, event.AnonymousId, &clienteventv1.Event{Kind: &clienteventv1.Event_ButtonClick{ButtonClick: &clienteventv1.ButtonClick{
		ClientEventId: short(event.ClientEventId), ButtonId: cut(event.GetButtonId(), longestShortText),
	}}})
	return &storefrontv1.ReportButtonClickResponse{Answer: thanks}, nil
}

// ReportLinkEvent is GET /clientevent/linkevent.
func (a *Area) ReportLinkEvent(ctx context.Context, event *storefrontv1.ReportLinkEventRequest) (*storefrontv1.ReportLinkEventResponse, error) {
	a.report(ctx, event.Url, event.AnonymousId, &clienteventv1.Event{Kind: &clienteventv1.Event_LinkEvent{LinkEvent: &clienteventv1.LinkEvent{
		MbCd: short(event.MbCd), PrCd: short(event.PrCd), EmCd: short(event.EmCd), AdCd: short(event.AdCd),
	}}})
	return &storefrontv1.ReportLinkEventResponse{Answer: thanks}, nil
}

// report queues the event; one without an address of a page is not kept (contract clientevent.md 1).
func (a *Area) report(ctx context.Context, url, anonymousID *string, event *clienteventv1.Event) {
	if url == nil {
		return
	}
	event.Url, event.AnonymousId, event.OccurredAt = cut(*url, longestAddress), short(anonymousID), timestamppb.New(a.now())
	a.reporter.Report(ctx, event)
}

// width is the window's width, or nothing for what is no number of 32 bits (clientevent.md 8, defect 1).
func width(text string) *int32 {
	value, err := strconv.ParseInt(text, 10, 32)
	if err != nil || value < 0 || value > math.MaxInt32 {
		return nil
	}
	narrow := int32(value)
	return &narrow
}

// cut shortens a text to that many bytes, between two characters. The copy lets go of the long one.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return strings.Clone(text[:most])
}

func short(text *string) *string {
	if text == nil {
		return nil
	}
	shortened := cut(*text, longestShortText)
	return &shortened
}
