// Package journal reads what a service logs, out of CloudWatch Logs: what was, and what comes. It prints lines as they are for
// machines, and shortened for people. How the shop logs is the business of the processes.
package journal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/clock"
)

// Logs is what is asked of CloudWatch Logs.
type Logs interface {
	FilterLogEvents(ctx context.Context, in *cloudwatchlogs.FilterLogEventsInput, options ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error)
}

const (
	pause = 3 * time.Second
	// late is how long after its own time an event may still turn up.
	late = time.Minute
	// mostPages bounds one look: AWS also gives pages without events.
	mostPages = 2000
	// MostEvents is how many events are read unless somebody follows.
	MostEvents = 10_000
	// longestLook is how far back one may look.
	longestLook = 90 * 24 * time.Hour
)

// ErrMore says that there was more than is read at once.
var ErrMore = errors.New("there is more; ask for less time or for -match")

// Question says what to read.
type Question struct {
	Group  string        // of CloudWatch Logs
	Since  time.Duration // how far back
	Match  string        // only what contains this text; empty: everything
	Follow bool          // go on until ctx is done
}

// Event is one line of a log.
type Event struct {
	ID, Stream, Message string
	At                  time.Time
}

// Reader reads logs. It is safe for concurrent use.
type Reader struct {
	Logs  Logs
	Clock clock.Clock
}

// Read gives every event once, in the order in which CloudWatch does. With Follow it ends when ctx does, without an error.
func (r *Reader) Read(ctx context.Context, question Question, show func(Event) error) error {
	if question.Since <= 0 || question.Since > longestLook {
		return fmt.Errorf("-since: expected a duration of more than 0 and at most %d days", longestLook/(24*time.Hour))
	}
	shown, from := seen{}, r.Clock.Now().Add(-question.Since)
	for {
		newest, err := r.look(ctx, question, from, shown, show)
		if ctx.Err() != nil && question.Follow {
			return nil
		}
		if err != nil || !question.Follow {
			return err
		}
		// What is late comes with the time it had, so the look begins before what was seen last.
		if back := newest.Add(-late); back.After(from) {
			from = back
		}
		shown.forget(from)
		if err := r.Clock.Sleep(ctx, pause); err != nil {
			return nil //nolint:nilerr // whoever follows ends it so
		}
	}
}

// look shows what was not shown yet, and gives the time of the newest event.
func (r *Reader) look(ctx context.Context, question Question, from time.Time, shown seen, show func(Event) error) (time.Time, error) {
	newest, read := from, 0
	in := &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &question.Group, StartTime: aws.Int64(from.UnixMilli())}
	if question.Match != "" {
		in.FilterPattern = aws.String(pattern(question.Match))
	}
	for range mostPages {
		page, err := r.Logs.FilterLogEvents(ctx, in)
		if err != nil {
			return newest, fmt.Errorf("read log group %s: %w", question.Group, err)
		}
		for _, found := range page.Events {
			event := eventOf(found)
			if event.At.After(newest) {
				newest = event.At
			}
			if !shown.add(event) {
				continue
			}
			if read++; read > MostEvents && !question.Follow {
				return newest, ErrMore
			}
			if err := show(event); err != nil {
				return newest, err
			}
		}
		if aws.ToString(page.NextToken) == "" {
			return newest, nil
		}
		in.NextToken = page.NextToken
	}
	return newest, ErrMore
}

func eventOf(found types.FilteredLogEvent) Event {
	return Event{
		ID: aws.ToString(found.EventId), Stream: aws.ToString(found.LogStreamName), Message: aws.ToString(found.Message),
		At: time.UnixMilli(aws.ToInt64(found.Timestamp)).UTC(),
	}
}

// pattern is a filter for text as it stands, whatever it contains.
func pattern(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// seen are the events that were shown, with their times.
type seen map[string]time.Time

func (s seen) add(event Event) bool {
	id := event.ID
	if id == "" {
		id = event.Stream + "\x00" + event.At.String() + "\x00" + event.Message
	}
	if _, known := s[id]; known {
		return false
	}
	s[id] = event.At
	return true
}

// forget drops what cannot come again.
func (s seen) forget(before time.Time) {
	for id, at := range s {
		if at.Before(before) {
			delete(s, id)
		}
	}
}
