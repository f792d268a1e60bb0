package journal_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/journal"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// group is a log group; what is written appears at a time of its own, which may be later than the event's.
type group struct {
	now      time.Time
	events   []types.FilteredLogEvent
	appears  []time.Time
	patterns []string
	perPage  int
	asked    int
	onSleep  func(count int)
	sleeps   int
	fail     error
}

func (g *group) Now() time.Time { return g.now }

func (g *group) Sleep(ctx context.Context, d time.Duration) error {
	g.now = g.now.Add(d)
	g.sleeps++
	if g.onSleep != nil {
		g.onSleep(g.sleeps)
	}
	return ctx.Err()
}

func (g *group) write(message string, at, appears time.Time) {
	id := fmt.Sprint("e", len(g.events))
	g.events = append(g.events, types.FilteredLogEvent{EventId: &id, Message: &message, LogStreamName: aws.String("order/order/0123456789abcdef"), Timestamp: aws.Int64(at.UnixMilli())})
	g.appears = append(g.appears, appears)
}

// FilterLogEvents gives an empty page first, as AWS may.
func (g *group) FilterLogEvents(_ context.Context, in *cloudwatchlogs.FilterLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	g.asked++
	if g.fail != nil {
		return nil, g.fail
	}
	g.patterns = append(g.patterns, aws.ToString(in.FilterPattern))
	if in.NextToken == nil {
		return &cloudwatchlogs.FilterLogEventsOutput{NextToken: aws.String("0")}, nil
	}
	var visible []types.FilteredLogEvent
	for i, event := range g.events {
		if !g.appears[i].After(g.now) && *event.Timestamp >= *in.StartTime {
			visible = append(visible, event)
		}
	}
	var start int
	_, _ = fmt.Sscan(*in.NextToken, &start)
	end := min(start+g.perPage, len(visible))
	out := &cloudwatchlogs.FilterLogEventsOutput{Events: visible[start:end]}
	if end < len(visible) {
		out.NextToken = aws.String(fmt.Sprint(end))
	}
	return out, nil
}

func read(ctx context.Context, t *testing.T, g *group, question journal.Question) ([]string, error) {
	t.Helper()
	var messages []string
	question.Group = "/shop/order"
	err := (&journal.Reader{Logs: g, Clock: g}).Read(ctx, question, func(event journal.Event) error {
		messages = append(messages, event.Message)
		return nil
	})
	return messages, err
}

func TestReadGivesAllPagesSince(t *testing.T) {
	t.Parallel()
	g := &group{now: noon, perPage: 2}
	g.write("old", noon.Add(-11*time.Minute), noon)
	for i := range 5 {
		g.write(fmt.Sprint("line ", i), noon.Add(time.Duration(i-9)*time.Minute), noon)
	}
	messages, err := read(t.Context(), t, g, journal.Question{Since: 10 * time.Minute, Match: `say "no" \ now`})
	require.NoError(t, err)
	require.Equal(t, []string{"line 0", "line 1", "line 2", "line 3", "line 4"}, messages)
	require.Equal(t, `"say \"no\" \\ now"`, g.patterns[0])
}

func TestFollowGivesEachOnceAndWhatIsLate(t *testing.T) {
	t.Parallel()
	g := &group{now: noon, perPage: 2}
	g.write("first", noon.Add(-time.Minute), noon)
	g.write("second", noon.Add(2*time.Second), noon.Add(3*time.Second))
	g.write("late", noon.Add(-30*time.Second), noon.Add(20*time.Second))
	ctx, cancel := context.WithCancel(t.Context())
	g.onSleep = func(count int) {
		if count == 1000 {
			cancel()
		}
	}
	messages, err := read(ctx, t, g, journal.Question{Since: 10 * time.Minute, Follow: true})
	require.NoError(t, err)
	require.Equal(t, []string{"first", "second", "late"}, messages)
}

func TestReadIsBounded(t *testing.T) {
	t.Parallel()
	g := &group{now: noon, perPage: 1000}
	for range journal.MostEvents + 1 {
		g.write("again", noon, noon)
	}
	messages, err := read(t.Context(), t, g, journal.Question{Since: time.Hour})
	require.ErrorIs(t, err, journal.ErrMore)
	require.Len(t, messages, journal.MostEvents)
	for _, since := range []time.Duration{0, -time.Second, 91 * 24 * time.Hour} {
		_, err = read(t.Context(), t, g, journal.Question{Since: since})
		require.ErrorContains(t, err, "-since")
	}
	g.fail = errors.New("no such group")
	_, err = read(t.Context(), t, g, journal.Question{Since: time.Hour, Follow: true})
	require.ErrorIs(t, err, g.fail)
}

func TestLines(t *testing.T) {
	t.Parallel()
	event := journal.Event{At: noon, Stream: "order/order/0123456789abcdef", Message: `{"time":"x","level":"WARN","msg":"slow \u001b[2J","b":2,"a":"one\ntwo"}`}
	require.Equal(t, "2026-11-23T12:00:00.000Z 01234567 WARN  slow  [2J a=one two b=2", journal.Text(event))
	event.Message = "panic: \x1b]0;title\x07 \u202e"
	require.Equal(t, "2026-11-23T12:00:00.000Z 01234567 panic:  ]0;title   ", journal.Text(event))
	event.Message = ""
	require.Equal(t, "2026-11-23T12:00:00.000Z 01234567 ", journal.Text(event))

	event.Message = `{"msg":"x"}`
	line, err := journal.JSON("order", event)
	require.NoError(t, err)
	require.JSONEq(t, `{"time":"2026-11-23T12:00:00Z","service":"order","stream":"order/order/0123456789abcdef","message":{"msg":"x"}}`, string(line))
	event.Message = "plain"
	line, err = journal.JSON("order", event)
	require.NoError(t, err)
	require.Contains(t, string(line), `"message":"plain"`)
}
