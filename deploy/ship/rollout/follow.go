package rollout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/definition"
)

const (
	pollEvery = 5 * time.Second
	// lag is how long ECS may answer with what was before an update.
	lag = time.Minute
	// blindLooks is how many looks in a row may fail before following is given up; each has its own retries behind it.
	blindLooks    = 5
	primaryStatus = "PRIMARY"
)

// deployment is what counts of one deployment of ECS.
type deployment struct {
	id         string
	definition string
	failed     bool
	completed  bool
	running    int32
	desired    int32
	pending    int32
	reason     string
	began      time.Time
}

func deploymentOf(d types.Deployment) deployment {
	return deployment{
		id:         aws.ToString(d.Id),
		definition: aws.ToString(d.TaskDefinition),
		failed:     d.RolloutState == types.DeploymentRolloutStateFailed,
		completed:  d.RolloutState == types.DeploymentRolloutStateCompleted,
		running:    d.RunningCount, desired: d.DesiredCount, pending: d.PendingCount,
		reason: aws.ToString(d.RolloutStateReason), began: aws.ToTime(d.CreatedAt),
	}
}

func primaryOf(service *types.Service) deployment {
	for _, d := range service.Deployments {
		if aws.ToString(d.Status) == primaryStatus {
			return deploymentOf(d)
		}
	}
	return deployment{}
}

// failedSince finds a deployment of wanted that failed, not one of an attempt before.
func failedSince(service *types.Service, wanted string, since time.Time) bool {
	_, found := failedOf(service, wanted, since)
	return found
}

func failedOf(service *types.Service, wanted string, since time.Time) (deployment, bool) {
	for _, d := range service.Deployments {
		one := deploymentOf(d)
		// ECS rounds times, and clocks differ.
		if one.definition == wanted && one.failed && !one.began.Before(since.Add(-lag)) {
			return one, true
		}
	}
	return deployment{}, false
}

// state is how far a service is on its way to a definition.
type state struct {
	primary deployment
	isOurs  bool // the newest deployment runs what is wanted
	settled bool
}

func stateOf(service *types.Service, wanted string) state {
	primary := primaryOf(service)
	ours := primary.definition == wanted
	// The number of tasks is the autoscaler's to change meanwhile: what counts is that this deployment has all it is to have.
	settled := ours && primary.completed && !primary.failed && primary.running == primary.desired && primary.pending == 0 &&
		primary.desired == service.DesiredCount
	return state{primary: primary, isOurs: ours, settled: settled}
}

func (s state) String() string {
	return fmt.Sprintf("%s: %d of %d running, %d pending", definition.Short(s.primary.definition), s.primary.running, s.primary.desired, s.primary.pending)
}

func (w *work) describe(ctx context.Context) (*types.Service, error) {
	name := w.service().Service
	found, err := w.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: aws.String(w.Shop.Cluster), Services: []string{name}})
	if err != nil {
		return nil, fmt.Errorf("look at service %s: %w", name, err)
	}
	if len(found.Services) == 0 || aws.ToString(found.Services[0].Status) == "INACTIVE" {
		return nil, fmt.Errorf("cluster %s has no service %s; Terraform makes it", w.Shop.Cluster, name)
	}
	return &found.Services[0], nil
}

// tell makes the service run a definition. The number of its tasks is raised to the minimum and never lowered: it is left out
// whenever it need not change, so that it cannot undo what the autoscaler does at the same moment.
func (w *work) tell(ctx context.Context, service *types.Service, wanted string) error {
	if err := w.lock.Guard(ctx); err != nil {
		return err
	}
	in := &ecs.UpdateServiceInput{Cluster: aws.String(w.Shop.Cluster), Service: aws.String(w.service().Service), TaskDefinition: aws.String(wanted)}
	if minimum := w.service().Minimum; service.DesiredCount < minimum {
		in.DesiredCount = aws.Int32(minimum)
	}
	// Told the same again, ECS would do nothing: a deployment of it that failed has to be begun anew.
	if primary := primaryOf(service); primary.definition == wanted && (primary.failed || w.record.Pending.Again) {
		in.ForceNewDeployment = true
	}
	// From here on failures count, and none before.
	w.record.Pending.Told = w.Clock.Now()
	told, err := w.ECS.UpdateService(context.WithoutCancel(ctx), in)
	if err != nil {
		return w.untold(err, wanted)
	}
	if told.Service != nil {
		w.record.Pending.Deployment = primaryOf(told.Service).id
	}
	w.say(StepUpdate, "the service was told to run %s", definition.Short(wanted))
	return nil
}

// untold turns what ECS refuses for good into a failure of the revision; a call that did not get through may be repeated.
func (w *work) untold(err error, wanted string) error {
	var client *types.ClientException
	var parameter *types.InvalidParameterException
	if errors.As(err, &client) || errors.As(err, &parameter) {
		return failed("ECS does not take %s: %v", definition.Short(wanted), err)
	}
	return fmt.Errorf("tell service %s to run %s: %w", w.service().Service, definition.Short(wanted), err)
}

// settle follows the service until it runs wanted, completely and healthily; a *failure says that it will not.
func (w *work) settle(ctx context.Context, wanted string) error {
	watch := &settling{work: w, wanted: wanted, began: w.Clock.Now(), since: w.told()}
	blind := 0
	for {
		done, err := watch.look(ctx)
		var refused *failure
		switch {
		case done || errors.As(err, &refused) || ctx.Err() != nil:
			return err
		case err == nil:
			blind = 0
		default:
			blind++
			w.say(StepFollow, "cannot look: %v", err)
		}
		if blind >= blindLooks {
			return err
		}
		if err := w.lock.Guard(ctx); err != nil {
			return err
		}
		if w.Clock.Now().Sub(watch.began) > w.Limits.Follow {
			return failed("not running after %s: %s", w.Limits.Follow, watch.last)
		}
		if err := w.Clock.Sleep(ctx, pollEvery); err != nil {
			return fmt.Errorf("follow the rollout: %w", err)
		}
	}
}

// isOurs says whether a deployment is what was asked for. Where tasks are to be started again, one of the same definition that was
// there before is not.
func (w *work) isOurs(primary deployment, wanted string) bool {
	if primary.definition != wanted {
		return false
	}
	pending := w.record.Pending
	return !pending.Again || primary.id == pending.Deployment || primary.began.After(w.told())
}

// told is when ECS was told, or could have been at the earliest.
func (w *work) told() time.Time {
	if w.record.Pending.Told.IsZero() {
		return w.record.Pending.Since
	}
	return w.record.Pending.Told
}

// settling is what following knows between two looks.
type settling struct {
	*work
	wanted string
	began  time.Time
	since  time.Time // when ECS was told
	ours   bool      // the deployment was seen to be the newest
	last   string
}

func (s *settling) look(ctx context.Context) (bool, error) {
	service, err := s.describe(ctx)
	if err != nil {
		return false, err
	}
	s.tellEvents(service, s.since)
	now := stateOf(service, s.wanted)
	now.isOurs = s.isOurs(now.primary, s.wanted)
	now.settled = now.settled && now.isOurs
	if err := s.judge(service, now); err != nil {
		return false, err
	}
	s.ours = s.ours || now.isOurs
	unhealthy := ""
	if now.settled {
		if unhealthy, err = s.unhealthy(ctx, now.primary.desired); err != nil {
			return false, err
		}
	}
	s.mention(now, unhealthy)
	return now.settled && unhealthy == "", nil
}

// judge says when there is nothing left to wait for.
func (s *settling) judge(service *types.Service, now state) error {
	if now.isOurs && now.primary.failed && !now.primary.began.Before(s.since.Add(-lag)) {
		return failed("ECS gave up on %s: %s", definition.Short(s.wanted), now.primary.reason)
	}
	if now.isOurs {
		return nil
	}
	if gone, ok := failedOf(service, s.wanted, s.since); ok {
		return failed("the circuit breaker took %s back and runs %s: %s", definition.Short(s.wanted), definition.Short(now.primary.definition), gone.reason)
	}
	if s.ours || s.Clock.Now().Sub(s.began) > lag {
		return failed("the service was taken back to %s while %s was rolled out: %s", definition.Short(now.primary.definition), definition.Short(s.wanted), now.primary.reason)
	}
	return nil // ECS may not have noticed yet
}

// mention says how far it is, whenever that has changed.
func (s *settling) mention(now state, unhealthy string) {
	text := now.String()
	if now.settled {
		text += ", complete"
	}
	if unhealthy != "" {
		text += "; " + unhealthy
	}
	if text != s.last {
		s.say(StepFollow, "%s", text)
	}
	s.last = text
}

// unhealthy says what the load balancer finds wrong with the targets; nothing for a service without any.
func (s *settling) unhealthy(ctx context.Context, desired int32) (string, error) {
	group := s.service().TargetGroup
	if group == "" {
		return "", nil
	}
	found, err := s.LoadBalancers.DescribeTargetHealth(ctx, &elasticloadbalancingv2.DescribeTargetHealthInput{TargetGroupArn: aws.String(group)})
	if err != nil {
		return "", fmt.Errorf("look at the targets: %w", err)
	}
	healthy, reason := int32(0), ""
	for _, target := range found.TargetHealthDescriptions {
		if target.TargetHealth == nil {
			continue
		}
		switch target.TargetHealth.State {
		case elbtypes.TargetHealthStateEnumHealthy:
			healthy++
		case elbtypes.TargetHealthStateEnumDraining, elbtypes.TargetHealthStateEnumUnused:
		default:
			reason = string(target.TargetHealth.State) + " " + aws.ToString(target.TargetHealth.Description)
		}
	}
	if healthy >= desired && reason == "" {
		return "", nil
	}
	return fmt.Sprintf("%d of %d targets healthy %s", healthy, desired, reason), nil
}

// events remembers which events of ECS were told.
type events map[string]bool

// tellEvents tells each event since the update once, the oldest first.
func (w *work) tellEvents(service *types.Service, since time.Time) {
	if w.seen == nil {
		w.seen = events{}
	}
	for index := len(service.Events) - 1; index >= 0; index-- {
		event := service.Events[index]
		id := aws.ToString(event.Id)
		if w.seen[id] || aws.ToTime(event.CreatedAt).Before(since.Add(-time.Second)) {
			continue
		}
		w.seen[id] = true
		w.say("event", "%s", aws.ToString(event.Message))
	}
}
