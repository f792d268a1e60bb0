package task

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/definition"
)

const (
	// drainLooks is how often the log is read again once the task has stopped: its last lines arrive late.
	drainLooks = 3
	pagesALook = 20
)

// logReader prints what one task logs, as far as it can be had: a log that cannot be read changes nothing about how a task ended.
type logReader struct {
	runner *Runner
	arn    string
	line   func(text string)
	group  string
	stream string // prefix/container/task id (reference aws-inventory, pitfall 9)
	next   *string
}

func (r *Runner) newLogReader(ctx context.Context, arn string, line func(text string)) *logReader {
	reader := &logReader{runner: r, arn: arn, line: line}
	found, err := r.describe(ctx, arn)
	if err == nil && found != nil {
		reader.find(ctx, found)
	}
	return reader
}

func (l *logReader) find(ctx context.Context, of *types.Task) {
	read, err := definition.Read(ctx, l.runner.ECS, aws.ToString(of.TaskDefinitionArn))
	if err != nil {
		return
	}
	container, err := definition.Container(read)
	if err != nil || container.LogConfiguration == nil {
		return
	}
	options := container.LogConfiguration.Options
	id := l.arn[strings.LastIndex(l.arn, "/")+1:]
	l.group = options["awslogs-group"]
	l.stream = options["awslogs-stream-prefix"] + "/" + aws.ToString(container.Name) + "/" + id
}

func (l *logReader) read(ctx context.Context, of *types.Task) {
	if l.line == nil || of == nil {
		return
	}
	if l.group == "" {
		l.find(ctx, of)
	}
	for range pagesALook {
		if !l.page(ctx) {
			return
		}
	}
}

// page prints one page and says whether there may be another. The stream does not exist before its first line.
func (l *logReader) page(ctx context.Context) bool {
	if l.group == "" {
		return false
	}
	found, err := l.runner.Logs.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{
		LogGroupName: aws.String(l.group), LogStreamName: aws.String(l.stream), StartFromHead: aws.Bool(true), NextToken: l.next,
	})
	if err != nil {
		return false
	}
	for _, event := range found.Events {
		l.line(strings.TrimRight(aws.ToString(event.Message), "\n"))
	}
	more := aws.ToString(found.NextForwardToken) != aws.ToString(l.next)
	l.next = found.NextForwardToken
	return more
}

func (l *logReader) drain(ctx context.Context) {
	if l.line == nil || l.group == "" {
		return
	}
	for look := range drainLooks {
		l.read(ctx, &types.Task{})
		if look < drainLooks-1 && l.runner.Clock.Sleep(ctx, time.Second) != nil {
			return
		}
	}
}
