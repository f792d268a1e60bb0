package clienteventarea_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	clienteventv1 "github.com/bartgottschalk/startupwebapp/proto/clientevent/v1"
	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/clienteventarea"
	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
)

func noon() time.Time { return time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC) }

// reported runs one call of a browser and gives the events that reached the service.
func reported(t *testing.T, call func(ctx context.Context, area *clienteventarea.Area)) []*clienteventv1.Event {
	t.Helper()
	r := newRig(t)
	request := httptest.NewRequest(http.MethodGet, "/clientevent/pageview", nil)
	request.RemoteAddr = "192.0.2.7:4711"
	request.Header.Set("User-Agent", "Browser/1 "+strings.Repeat("ü", 2000))
	ctx := visitor.NewPolicy(visitor.Settings{}, noon).Meet(request).In(t.Context())
	call(ctx, clienteventarea.New(r.reporter, noon))
	r.run()()
	require.Zero(t, r.dropped())
	return r.service.received()
}

func text(value string) *string { return &value }

func TestAPageviewCarriesWhatTheRequestShows(t *testing.T) {
	t.Parallel()
	events := reported(t, func(ctx context.Context, area *clienteventarea.Area) {
		answer, err := area.ReportPageview(ctx, &storefrontv1.ReportPageviewRequest{
			Url: text("http://localhost:8080/"), AnonymousId: text("a:1x:S"), ClientEventId: text("7"), PageWidth: text("1280"),
		})
		require.NoError(t, err)
		require.Equal(t, "thank you", answer.GetAnswer())
	})
	require.Len(t, events, 1)
	require.Equal(t, "http://localhost:8080/", events[0].GetUrl())
	require.Equal(t, "a:1x:S", events[0].GetAnonymousId())
	require.Equal(t, noon(), events[0].GetOccurredAt().AsTime())
	view := events[0].GetPageview()
	require.Equal(t, "7", view.GetClientEventId())
	require.Equal(t, int32(1280), view.GetPageWidth())
	require.Equal(t, "192.0.2.7", view.GetRemoteAddress())
	require.True(t, strings.HasPrefix(view.GetUserAgent(), "Browser/1 ü"))
	require.LessOrEqual(t, len(view.GetUserAgent()), 1000)
	require.True(t, utf8.ValidString(view.GetUserAgent()), "cut between two characters")
}

func TestWidthsThatAreNone(t *testing.T) {
	t.Parallel()
	for _, width := range []*string{nil, text(""), text("abc"), text("12.5"), text("-1"), text("2147483648"), text("null")} {
		events := reported(t, func(ctx context.Context, area *clienteventarea.Area) {
			_, err := area.ReportPageview(ctx, &storefrontv1.ReportPageviewRequest{Url: text("u"), PageWidth: width})
			require.NoError(t, err)
		})
		require.Len(t, events, 1)
		require.Nil(t, events[0].GetPageview().PageWidth, "clientevent.md 8, defect 1")
	}
}

func TestTheOtherThreeEvents(t *testing.T) {
	t.Parallel()
	events := reported(t, func(ctx context.Context, area *clienteventarea.Area) {
		_, err := area.ReportAjaxError(ctx, &storefrontv1.ReportAjaxErrorRequest{Url: text("u1"), ClientEventId: text("null"), ErrorId: text("login-login")})
		require.NoError(t, err)
		_, err = area.ReportAjaxError(ctx, &storefrontv1.ReportAjaxErrorRequest{Url: text("")})
		require.NoError(t, err)
		_, err = area.ReportButtonClick(ctx, &storefrontv1.ReportButtonClickRequest{Url: text("u2"), ButtonId: text("chat-icon")})
		require.NoError(t, err)
		_, err = area.ReportLinkEvent(ctx, &storefrontv1.ReportLinkEventRequest{Url: text("u3"), MbCd: text("m"), PrCd: text("null"), EmCd: text("e")})
		require.NoError(t, err)
	})
	require.Len(t, events, 4)
	require.Equal(t, "login-login", events[0].GetAjaxError().GetErrorId())
	require.Equal(t, "null", events[0].GetAjaxError().GetClientEventId(), "as sent: the service knows what null means")
	require.Empty(t, events[1].GetAjaxError().GetErrorId(), "an empty address counts as one, a missing id is empty")
	require.Equal(t, "chat-icon", events[2].GetButtonClick().GetButtonId())
	link := events[3].GetLinkEvent()
	require.Equal(t, []string{"m", "null", "e"}, []string{link.GetMbCd(), link.GetPrCd(), link.GetEmCd()})
	require.Nil(t, link.AdCd)
}

func TestWithoutAnAddressOfAPageNothingIsKept(t *testing.T) {
	t.Parallel()
	events := reported(t, func(ctx context.Context, area *clienteventarea.Area) {
		answers := []string{}
		pageview, err := area.ReportPageview(ctx, &storefrontv1.ReportPageviewRequest{PageWidth: text("1")})
		require.NoError(t, err)
		ajaxError, err := area.ReportAjaxError(ctx, &storefrontv1.ReportAjaxErrorRequest{ErrorId: text("x")})
		require.NoError(t, err)
		buttonClick, err := area.ReportButtonClick(ctx, &storefrontv1.ReportButtonClickRequest{ButtonId: text("x")})
		require.NoError(t, err)
		link, err := area.ReportLinkEvent(ctx, &storefrontv1.ReportLinkEventRequest{MbCd: text("x")})
		require.NoError(t, err)
		answers = append(answers, pageview.GetAnswer(), ajaxError.GetAnswer(), buttonClick.GetAnswer(), link.GetAnswer())
		require.Equal(t, []string{"thank you", "thank you", "thank you", "thank you"}, answers)
	})
	require.Empty(t, events)
}

// A batch of the longest events must fit into one call, which is 4 MiB (services/platform/rpc).
func TestHostileLengthsAreCut(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ü", 100_000)
	events := reported(t, func(ctx context.Context, area *clienteventarea.Area) {
		_, err := area.ReportLinkEvent(ctx, &storefrontv1.ReportLinkEventRequest{
			Url: &long, AnonymousId: &long, MbCd: &long, PrCd: &long, EmCd: &long, AdCd: &long,
		})
		require.NoError(t, err)
		_, err = area.ReportPageview(ctx, &storefrontv1.ReportPageviewRequest{Url: &long, AnonymousId: &long, ClientEventId: &long})
		require.NoError(t, err)
	})
	require.Len(t, events, 2)
	for _, event := range events {
		require.Less(t, proto.Size(event)*batchSize, 4<<20)
		require.True(t, utf8.ValidString(event.GetUrl()))
		require.True(t, utf8.ValidString(event.GetAnonymousId()))
	}
}

func TestTheIndexIsAPage(t *testing.T) {
	t.Parallel()
	answer, err := clienteventarea.New(newRig(t).reporter, noon).ShowClientEventIndex(t.Context(), &storefrontv1.ShowClientEventIndexRequest{})
	require.NoError(t, err)
	require.Contains(t, answer.GetHtml(), "0.0.1")
}
