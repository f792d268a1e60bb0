package clientevent_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	clienteventv1 "github.com/bartgottschalk/startupwebapp/proto/clientevent/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

func TestTheFourEventsAreStoredAsSent(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	at := timestamppb.New(time.Date(2026, 3, 4, 5, 6, 7, 8000, time.UTC))
	answer := s.record(
		&clienteventv1.Event{OccurredAt: at, AnonymousId: proto.String("anon:1x:SIG"), Url: "https://shop.example/a?token=S", Kind: &clienteventv1.Event_Pageview{Pageview: &clienteventv1.Pageview{
			ClientEventId: proto.String("7"), PageWidth: proto.Int32(1280), RemoteAddress: proto.String("192.0.2.1"), UserAgent: proto.String("Browser/1"),
		}}},
		&clienteventv1.Event{OccurredAt: at, Url: "", Kind: &clienteventv1.Event_Pageview{Pageview: &clienteventv1.Pageview{}}},
		&clienteventv1.Event{OccurredAt: at, Url: "b", Kind: &clienteventv1.Event_AjaxError{AjaxError: &clienteventv1.AjaxError{ClientEventId: proto.String("abc"), ErrorId: "null"}}},
		&clienteventv1.Event{OccurredAt: at, Url: "c", Kind: &clienteventv1.Event_AjaxError{AjaxError: &clienteventv1.AjaxError{}}},
		&clienteventv1.Event{OccurredAt: at, Url: "d", Kind: &clienteventv1.Event_ButtonClick{ButtonClick: &clienteventv1.ButtonClick{ClientEventId: proto.String("9"), ButtonId: "chat-icon"}}},
		&clienteventv1.Event{OccurredAt: at, Url: "e", Kind: &clienteventv1.Event_LinkEvent{LinkEvent: &clienteventv1.LinkEvent{
			MbCd: proto.String("m"), PrCd: proto.String("p"), EmCd: proto.String("gvREoqen93ffZsmBIc8z"), AdCd: proto.String("a"),
		}}},
		&clienteventv1.Event{OccurredAt: at, Url: "f", Kind: &clienteventv1.Event_LinkEvent{LinkEvent: &clienteventv1.LinkEvent{}}},
	)
	require.Equal(t, int32(7), answer.GetAccepted())
	require.Zero(t, answer.GetDropped())
	s.eventually("link_event", 2)
	const stamp = `to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')`
	require.Equal(t, []string{
		"2026-03-04 05:06:07.000008|NULL|NULL||NULL|NULL|NULL",
		"2026-03-04 05:06:07.000008|7|anon:1x:SIG|https://shop.example/a?token=***|1280|192.0.2.1|Browser/1",
	}, s.rows(`SELECT concat_ws('|', `+stamp+`, coalesce(client_event_id,'NULL'), coalesce(anonymous_id,'NULL'), url, coalesce(page_width::text,'NULL'),
		coalesce(remote_address,'NULL'), coalesce(user_agent,'NULL')) AS line FROM pageview ORDER BY url`))
	require.Equal(t, []string{"abc|b|null", "NULL|c|"}, s.rows(`SELECT concat_ws('|', coalesce(client_event_id,'NULL'), url, error_id) FROM ajax_error ORDER BY url`))
	require.Equal(t, []string{"9|d|chat-icon"}, s.rows(`SELECT concat_ws('|', client_event_id, url, button_id) FROM button_click`))
	require.Equal(t, []string{"e|m|p|gvREoqen93ffZsmBIc8z|a", "f|NULL|NULL|NULL|NULL"}, s.rows(
		`SELECT concat_ws('|', url, coalesce(mb_cd,'NULL'), coalesce(pr_cd,'NULL'), coalesce(em_cd,'NULL'), coalesce(ad_cd,'NULL')) FROM link_event ORDER BY url`))
}

func TestUnsetScriptVariablesAreNull(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, unset := range []string{"null", "undefined", ""} {
		s.record(
			&clienteventv1.Event{AnonymousId: &unset, Kind: &clienteventv1.Event_Pageview{Pageview: &clienteventv1.Pageview{ClientEventId: &unset}}},
			&clienteventv1.Event{AnonymousId: &unset, Kind: &clienteventv1.Event_LinkEvent{LinkEvent: &clienteventv1.LinkEvent{MbCd: &unset, PrCd: &unset, EmCd: &unset, AdCd: &unset}}},
		)
	}
	s.eventually("link_event", 3)
	require.Equal(t, 3, s.number("SELECT count(*) FROM pageview WHERE anonymous_id IS NULL AND client_event_id IS NULL"))
	require.Equal(t, 3, s.number("SELECT count(*) FROM link_event WHERE num_nulls(anonymous_id, mb_cd, pr_cd, em_cd, ad_cd) = 5"))
}

func TestTooLongAndUnfitTextIsCutAndCleaned(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	long := strings.Repeat("ä", 70_000)
	s.record(
		&clienteventv1.Event{AnonymousId: &long, Url: long, Kind: &clienteventv1.Event_Pageview{Pageview: &clienteventv1.Pageview{ClientEventId: &long, RemoteAddress: &long, UserAgent: &long}}},
		&clienteventv1.Event{Url: "https://shop.example/?a=" + strings.Repeat("x", 960) + "&token=" + long, Kind: &clienteventv1.Event_AjaxError{AjaxError: &clienteventv1.AjaxError{ErrorId: long}}},
		&clienteventv1.Event{Url: "a\x00b\x00", Kind: &clienteventv1.Event_ButtonClick{ButtonClick: &clienteventv1.ButtonClick{ButtonId: "\x00"}}},
		&clienteventv1.Event{Kind: &clienteventv1.Event_LinkEvent{LinkEvent: &clienteventv1.LinkEvent{MbCd: &long, PrCd: proto.String("\x00null"), EmCd: proto.String("\x00")}}},
	)
	s.eventually("link_event", 1)
	require.Equal(t, []string{"100 1000 100 100 1000"}, s.rows(
		`SELECT concat_ws(' ', length(anonymous_id), length(url), length(client_event_id), length(remote_address), length(user_agent)) FROM pageview`))
	require.Equal(t, []string{"100"}, s.rows(`SELECT length(error_id)::text FROM ajax_error WHERE url NOT LIKE '%ä%'`))
	require.Equal(t, []string{"ab|"}, s.rows(`SELECT concat_ws('|', url, button_id) FROM button_click`))
	require.Equal(t, 1, s.number(`SELECT count(*) FROM link_event WHERE length(mb_cd) = 100 AND pr_cd IS NULL AND em_cd IS NULL`))
}

func TestEventsWithoutATimeHappenNow(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	impossible := pageview("b")
	impossible.OccurredAt = &timestamppb.Timestamp{Seconds: 1 << 60}
	s.record(pageview("a"), impossible)
	s.eventually("pageview", 2)
	require.Equal(t, 2, s.number("SELECT count(*) FROM pageview WHERE created_at BETWEEN now() - interval '1 minute' AND now() + interval '1 minute'"))
}

func TestAnEventOfNoKindIsDropped(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	answer := s.record(&clienteventv1.Event{Url: "a"}, pageview("b"))
	require.Equal(t, int32(1), answer.GetAccepted())
	require.Equal(t, int32(1), answer.GetDropped())
	require.Equal(t, int64(1), s.counter("clientevent.dropped"))
}

func TestTooManyEventsInOneCall(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, err := s.client.RecordEvents(t.Context(), &clienteventv1.RecordEventsRequest{Events: pageviews(1001)})
	require.True(t, fault.HasReason(err, "too-many-events"), "%v", err)
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	require.Equal(t, int32(1000), s.record(pageviews(1000)...).GetAccepted())
	require.Zero(t, s.record().GetAccepted())
	s.eventually("pageview", 1000)
}

func TestRecordingAtOnceLosesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var calls sync.WaitGroup
	failures := make([]error, 20)
	for n := range failures {
		calls.Go(func() {
			for range 20 {
				if _, err := s.client.RecordEvents(t.Context(), &clienteventv1.RecordEventsRequest{Events: pageviews(7)}); err != nil {
					failures[n] = err
				}
			}
		})
	}
	calls.Wait()
	for _, err := range failures {
		require.NoError(t, err)
	}
	s.eventually("pageview", 20*20*7)
	require.Equal(t, int64(20*20*7), s.counter("clientevent.accepted"))
	require.Eventually(t, func() bool { return s.counter("clientevent.written") == 20*20*7 }, patience, 20*time.Millisecond, "counted after it is stored")
}

func TestRecordingAsksTheDatabaseNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cable.cut()
	started := time.Now()
	require.Equal(t, int32(1), s.record(pageview("a")).GetAccepted())
	require.Less(t, time.Since(started), 2*time.Second)
	s.cable.mend()
	s.eventually("pageview", 1)
}

func TestAFullQueueDropsAndCounts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cable.cut()
	accepted, dropped := int32(0), int32(0)
	for range 23 { // 20 in the queue, at most one with the writer
		answer := s.record(pageviews(1000)...)
		accepted, dropped = accepted+answer.GetAccepted(), dropped+answer.GetDropped()
	}
	require.Equal(t, int32(23_000), accepted+dropped)
	require.GreaterOrEqual(t, accepted, int32(20_000))
	require.LessOrEqual(t, accepted, int32(21_000))
	require.Equal(t, int64(dropped), s.counter("clientevent.dropped"))

	s.cable.mend()
	s.eventually("pageview", int(accepted))
	require.Zero(t, s.counter("clientevent.lost"))
}

func TestTheQueueIsBoundedInBytesToo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cable.cut()
	large := strings.Repeat("\U0001F600", 1000)
	event := pageview(large)
	event.GetPageview().UserAgent = &large
	dropped := int32(0)
	for range 45 { // 45 × 100 × 8 KB is more than the 32 MB of the queue
		events := make([]*clienteventv1.Event, 100)
		for n := range events {
			events[n] = event
		}
		dropped += s.record(events...).GetDropped()
	}
	require.Positive(t, dropped)
	s.cable.mend()
}

func TestDatabaseAwayAndBack(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.record(pageviews(10)...)
	s.eventually("pageview", 10)
	for range 2 {
		s.cable.cut()
		s.record(pageviews(10)...)
		require.Never(t, func() bool { return s.number("SELECT count(*) FROM pageview")%20 != 10 }, 300*time.Millisecond, 50*time.Millisecond)
		s.cable.mend()
		s.record(pageviews(10)...)
		require.Eventually(t, func() bool { return s.number("SELECT count(*) FROM pageview")%20 == 10 }, patience, 20*time.Millisecond)
	}
	s.eventually("pageview", 50)
}

func TestShutdownWritesWhatIsQueued(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for range 5 {
		s.record(pageviews(999)...)
	}
	s.stop()
	require.Equal(t, 5*999, s.number("SELECT count(*) FROM pageview"))
}

func TestShutdownWaitsForTheDatabaseToComeBack(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cable.cut()
	s.record(pageviews(1000)...)
	s.record(pageviews(500)...)
	stopped := make(chan struct{})
	go func() { defer close(stopped); s.stop() }()
	select {
	case <-stopped:
		t.Fatal("gave up while there was time")
	case <-time.After(time.Second):
	}
	s.cable.mend()
	<-stopped
	require.Equal(t, 1500, s.number("SELECT count(*) FROM pageview"))
}

func TestShutdownWithoutADatabaseEndsInTimeAndSaysWhatIsLost(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.stop()
	s.cfg.DrainTimeout = time.Second
	s.start()
	s.cable.cut()
	s.record(pageviews(1000)...)
	s.record(pageviews(500)...)
	started := time.Now()
	s.stop()
	require.Less(t, time.Since(started), 8*time.Second)
	require.Equal(t, int64(1500), s.counter("clientevent.lost"))
}

func TestAnEventThatTheTablesRefuseDoesNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, err := s.db.Exec(t.Context(), "ALTER TABLE pageview ADD CONSTRAINT unloved CHECK (url <> 'unloved')")
	require.NoError(t, err)
	events := pageviews(100)
	events[37].Url = "unloved"
	s.record(events...)
	s.eventually("pageview", 99)
	require.Equal(t, int64(1), s.counter("clientevent.lost"))
}
