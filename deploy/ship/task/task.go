// Package task runs one task to its end on Fargate: it starts it, prints what it logs, and tells its exit code or why it never
// ran. Migrations and the commands of operators are such tasks.
package task

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/clock"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/definition"
)

const (
	pollEvery = 3 * time.Second
	// unseenFor is how long a task that was just started may be unknown to ECS, whose answers lag.
	unseenFor = time.Minute
	// stopWithin is how long a task that was told to stop may take: its stop timeout, which is 45 s, and the clean-up behind it.
	stopWithin = 3 * time.Minute
)

// ECS are the methods that are needed.
type ECS interface {
	definition.ECS
	RunTask(ctx context.Context, in *ecs.RunTaskInput, options ...func(*ecs.Options)) (*ecs.RunTaskOutput, error)
	DescribeTasks(ctx context.Context, in *ecs.DescribeTasksInput, options ...func(*ecs.Options)) (*ecs.DescribeTasksOutput, error)
	ListTasks(ctx context.Context, in *ecs.ListTasksInput, options ...func(*ecs.Options)) (*ecs.ListTasksOutput, error)
	StopTask(ctx context.Context, in *ecs.StopTaskInput, options ...func(*ecs.Options)) (*ecs.StopTaskOutput, error)
}

// Logs is the method of CloudWatch Logs that is needed.
type Logs interface {
	GetLogEvents(ctx context.Context, in *cloudwatchlogs.GetLogEventsInput, options ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error)
}

// The ways a task ends without an exit code.
var (
	ErrTimedOut = errors.New("the task did not end in time and was stopped")
	ErrVanished = errors.New("ECS no longer knows the task")
)

// StartError says why ECS started no task.
type StartError struct{ Reasons []string }

func (e *StartError) Error() string {
	return "the task could not be started: " + strings.Join(e.Reasons, "; ")
}

// Runner runs tasks in one cluster. It is safe for concurrent use.
type Runner struct {
	ECS            ECS
	Logs           Logs
	Clock          clock.Clock
	Cluster        string
	Subnets        []string
	AssignPublicIP bool
}

// Order is a task to run.
type Order struct {
	Definition string   // ARN or family:revision
	Command    []string // nil: the definition's own
	// Environment are further variables, and others than the definition's. AWS keeps and shows them: nothing secret.
	Environment   map[string]string
	SecurityGroup string
	StartedBy     string // at most 36 characters
	// Token makes starting idempotent: the same token within a day is the same task (at most 64 characters).
	Token string
}

// Watch is how a running task is followed.
type Watch struct {
	Timeout time.Duration
	Line    func(text string) // one line of its log
	// Beat is called at every look at the task; its error ends the watch and leaves the task running. May be nil.
	Beat func(ctx context.Context) error
}

// Result is how a task ended.
type Result struct {
	Task     string // ARN
	ExitCode *int32 // nil: the container never ran, or ECS did not say
	Reason   string // of ECS; may be empty
}

// Ok says whether it ran and ended with 0.
func (r Result) Ok() bool { return r.ExitCode != nil && *r.ExitCode == 0 }

func (r Result) String() string {
	if r.ExitCode == nil {
		return "never ran: " + r.Reason
	}
	if r.Reason == "" {
		return fmt.Sprintf("ended with exit code %d", *r.ExitCode)
	}
	return fmt.Sprintf("ended with exit code %d (%s)", *r.ExitCode, r.Reason)
}

// Start starts the task and returns its ARN; a *StartError when ECS refuses.
func (r *Runner) Start(ctx context.Context, order Order) (string, error) {
	in := &ecs.RunTaskInput{
		Cluster: aws.String(r.Cluster), TaskDefinition: aws.String(order.Definition), Count: aws.Int32(1), LaunchType: types.LaunchTypeFargate,
		StartedBy: aws.String(order.StartedBy), ClientToken: aws.String(order.Token),
		NetworkConfiguration: &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{
			Subnets: r.Subnets, SecurityGroups: []string{order.SecurityGroup}, AssignPublicIp: publicAddress(r.AssignPublicIP),
		}},
	}
	if order.Command != nil || len(order.Environment) > 0 {
		name, err := r.containerName(ctx, order.Definition)
		if err != nil {
			return "", err
		}
		in.Overrides = &types.TaskOverride{ContainerOverrides: []types.ContainerOverride{{
			Name: aws.String(name), Command: order.Command, Environment: order.variables(),
		}}}
	}
	started, err := r.ECS.RunTask(ctx, in)
	if err != nil {
		return "", startError(err)
	}
	if len(started.Tasks) == 0 {
		return "", &StartError{Reasons: reasons(started.Failures)}
	}
	return aws.ToString(started.Tasks[0].TaskArn), nil
}

// variables are in the order of their names.
func (o Order) variables() []types.KeyValuePair {
	pairs := make([]types.KeyValuePair, 0, len(o.Environment))
	for _, name := range slices.Sorted(maps.Keys(o.Environment)) {
		pairs = append(pairs, types.KeyValuePair{Name: aws.String(name), Value: aws.String(o.Environment[name])})
	}
	return pairs
}

// startError tells what ECS refuses, which the next try would meet again, from calls that failed on their way.
func startError(err error) error {
	var client *types.ClientException
	var parameter *types.InvalidParameterException
	var access *types.AccessDeniedException
	if errors.As(err, &client) || errors.As(err, &parameter) || errors.As(err, &access) {
		return &StartError{Reasons: []string{err.Error()}}
	}
	return fmt.Errorf("start a task: %w", err)
}

func publicAddress(wanted bool) types.AssignPublicIp {
	if wanted {
		return types.AssignPublicIpEnabled
	}
	return types.AssignPublicIpDisabled
}

func reasons(failures []types.Failure) []string {
	texts := make([]string, 0, len(failures)+1)
	for _, failure := range failures {
		texts = append(texts, strings.TrimSpace(aws.ToString(failure.Reason)+" "+aws.ToString(failure.Detail)))
	}
	if len(texts) == 0 {
		texts = append(texts, "ECS gave no reason")
	}
	return texts
}

func (r *Runner) containerName(ctx context.Context, name string) (string, error) {
	read, err := definition.Read(ctx, r.ECS, name)
	if err != nil {
		return "", err
	}
	container, err := definition.Container(read)
	return aws.ToString(container.Name), err
}

// Started are the tasks that were started under a name and have not stopped.
func (r *Runner) Started(ctx context.Context, startedBy string) ([]string, error) {
	found, err := r.ECS.ListTasks(ctx, &ecs.ListTasksInput{Cluster: aws.String(r.Cluster), StartedBy: aws.String(startedBy)})
	if err != nil {
		return nil, fmt.Errorf("list the tasks of %s: %w", startedBy, err)
	}
	return found.TaskArns, nil
}

// Follow waits until the task has stopped. When the time is over, or ctx ends, the task is stopped, too; then the error is
// ErrTimedOut or ctx's, and the result may hold how it ended all the same.
func (r *Runner) Follow(ctx context.Context, arn string, watch Watch) (Result, error) {
	reader := r.newLogReader(ctx, arn, watch.Line)
	seen, err := r.wait(ctx, arn, watch, reader)
	switch {
	case err == nil:
	case errors.Is(err, ErrTimedOut), ctx.Err() != nil:
		ended, stopErr := r.stop(context.WithoutCancel(ctx), arn, err, reader)
		return ended, errors.Join(err, stopErr)
	default:
		return Result{Task: arn}, err
	}
	reader.drain(ctx)
	return resultOf(arn, seen), nil
}

func (r *Runner) wait(ctx context.Context, arn string, watch Watch, reader *logReader) (types.Task, error) {
	began := r.Clock.Now()
	for {
		found, err := r.describe(ctx, arn)
		if err != nil {
			return types.Task{}, err
		}
		now := r.Clock.Now()
		switch {
		case found == nil && now.Sub(began) > unseenFor:
			return types.Task{}, ErrVanished
		case found != nil && aws.ToString(found.LastStatus) == "STOPPED":
			return *found, nil
		case now.Sub(began) > watch.Timeout:
			return types.Task{}, ErrTimedOut
		}
		reader.read(ctx, found)
		if watch.Beat != nil {
			if err := watch.Beat(ctx); err != nil {
				return types.Task{}, err
			}
		}
		if err := r.Clock.Sleep(ctx, pollEvery); err != nil {
			return types.Task{}, fmt.Errorf("wait for a task: %w", err)
		}
	}
}

// describe returns nil for a task that ECS does not know (yet, or any more).
func (r *Runner) describe(ctx context.Context, arn string) (*types.Task, error) {
	found, err := r.ECS.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: aws.String(r.Cluster), Tasks: []string{arn}})
	if err != nil {
		return nil, fmt.Errorf("look at the task: %w", err)
	}
	if len(found.Tasks) == 0 {
		return nil, nil //nolint:nilnil // nothing is an answer
	}
	return &found.Tasks[0], nil
}

// stop ends the task and waits for its end, so that nothing of it goes on once the caller has been told.
func (r *Runner) stop(ctx context.Context, arn string, why error, reader *logReader) (Result, error) {
	_, err := r.ECS.StopTask(ctx, &ecs.StopTaskInput{Cluster: aws.String(r.Cluster), Task: aws.String(arn), Reason: aws.String(why.Error())})
	if err != nil {
		return Result{Task: arn}, fmt.Errorf("stop the task %s (look whether it still runs): %w", arn, err)
	}
	seen, err := r.wait(ctx, arn, Watch{Timeout: stopWithin}, reader)
	if err != nil {
		return Result{Task: arn}, fmt.Errorf("wait for the end of the task %s (look whether it still runs): %w", arn, err)
	}
	reader.drain(ctx)
	return resultOf(arn, seen), nil
}

func resultOf(arn string, seen types.Task) Result {
	result := Result{Task: arn, Reason: aws.ToString(seen.StoppedReason)}
	for _, container := range seen.Containers {
		if container.ExitCode != nil && (result.ExitCode == nil || *container.ExitCode != 0) {
			result.ExitCode = container.ExitCode
		}
		if reason := aws.ToString(container.Reason); reason != "" {
			result.Reason = strings.TrimSpace(result.Reason + ": " + reason)
		}
	}
	return result
}
