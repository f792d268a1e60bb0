// Package rollout brings one service to a revision, and back to the last good one when that fails. It is a state machine whose
// state lies in the service's record (package release): every step is written down before it is done, and can be done again, so
// that after a kill at any point the same command goes on. README.md of the module shows the states.
package rollout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/clock"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/definition"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/image"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/progress"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/release"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/shop"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/task"
)

// The actions of a release.Pending.
const (
	ActionDeploy   = "deploy"
	ActionRollback = "rollback"
	ActionMigrate  = "migrate"
)

// The steps, as they stand in the record.
const (
	StepMigrate  = "migrate"   // the migration task is started or running
	StepRegister = "register"  // migrated; the revision is being registered
	StepUpdate   = "update"    // registered; the service is being told
	StepFollow   = "follow"    // the service was told
	StepSmoke    = "smoke"     // it runs; the shop is being asked
	StepRollBack = "roll-back" // it failed; the last good revision is being brought back
	StepFailed   = "failed"    // nothing that runs is recorded as good; the next deploy begins anew
)

// ECS are the methods that are needed.
type ECS interface {
	task.ECS
	DescribeServices(ctx context.Context, in *ecs.DescribeServicesInput, options ...func(*ecs.Options)) (*ecs.DescribeServicesOutput, error)
	UpdateService(ctx context.Context, in *ecs.UpdateServiceInput, options ...func(*ecs.Options)) (*ecs.UpdateServiceOutput, error)
}

// LoadBalancers is the method of Elastic Load Balancing that is needed.
type LoadBalancers interface {
	DescribeTargetHealth(ctx context.Context, in *elasticloadbalancingv2.DescribeTargetHealthInput, options ...func(*elasticloadbalancingv2.Options)) (*elasticloadbalancingv2.DescribeTargetHealthOutput, error)
}

// Limits are how long things may take.
type Limits struct {
	Migration time.Duration
	Follow    time.Duration // of one rollout, and again of the way back
}

// UsualLimits leave a slow migration and ECS's circuit breaker time to come to an end of their own.
func UsualLimits() Limits { return Limits{Migration: 20 * time.Minute, Follow: 20 * time.Minute} }

// Rollout works on one service.
type Rollout struct {
	Name          string // as the shop calls it
	Shop          shop.Shop
	ECS           ECS
	Registry      image.Registry
	LoadBalancers LoadBalancers
	Tasks         *task.Runner
	Store         *release.Store
	Smoke         func(ctx context.Context) error // nil: the shop is not asked
	Clock         clock.Clock
	Report        progress.Reporter
	Operator      string
	Limits        Limits
	// Again rolls out what runs already, too: tasks read their secrets when they start.
	Again bool
}

func (r *Rollout) service() shop.Service { return r.Shop.Services[r.Name] }

func (r *Rollout) say(step, format string, values ...any) {
	r.Report.Report(progress.Line{At: r.Clock.Now(), Service: r.Name, Step: step, Message: fmt.Sprintf(format, values...)})
}

// Deploy brings version (a tag or a digest) to the service. Its errors: *image.MissingError, *release.HeldError, *MigrationError,
// *RolledBackError, *StrandedError; *UnfinishedError for everything after which the same call goes on.
func (r *Rollout) Deploy(ctx context.Context, version string) error {
	return r.locked(ctx, func(w *work) error { return w.deploy(ctx, version) })
}

// Rollback brings back the revision before the good one, the one of version if that is not empty, or, when a deploy was left
// half-way, the good one. Its errors: ErrNothingBefore, *release.HeldError, *StrandedError, *UnfinishedError.
func (r *Rollout) Rollback(ctx context.Context, version string) error {
	return r.locked(ctx, func(w *work) error { return w.rollback(ctx, version) })
}

// work is one run with the lock in hand.
type work struct {
	*Rollout
	lock   *release.Lock
	record release.Record
	// resumed says that the step in hand was begun by a run before this one.
	resumed bool
	seen    events
}

func (r *Rollout) locked(ctx context.Context, do func(w *work) error) (failed error) {
	lock, err := r.Store.Lock(ctx, r.Operator)
	if err != nil {
		return fmt.Errorf("%s: %w", r.Name, err)
	}
	// Given back whatever happened: also when the context is over.
	defer func() {
		if err := lock.Release(context.WithoutCancel(ctx)); err != nil {
			r.say("lock", "it could not be given back and expires by itself: %v", err)
		}
	}()
	record, err := r.Store.Read(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", r.Name, err)
	}
	w := &work{Rollout: r, lock: lock, record: record}
	return r.explain(w, do(w))
}

// explain adds what is half-way, so that nobody believes that nothing happened.
func (r *Rollout) explain(w *work, err error) error {
	if err == nil {
		return nil
	}
	pending := w.record.Pending
	if pending == nil || pending.Step == StepFailed || conclusive(err) {
		return fmt.Errorf("%s: %w", r.Name, err)
	}
	return fmt.Errorf("%s: %w", r.Name, &UnfinishedError{Pending: *pending, Cause: err})
}

func (w *work) deploy(ctx context.Context, version string) error {
	template, err := definition.Newest(ctx, w.ECS, w.service().Template)
	if err != nil {
		return err
	}
	digest, err := image.Digest(ctx, w.Registry, w.service().Repository, version)
	if err != nil {
		return err
	}
	reference, err := template.Image(digest)
	if err != nil {
		return err
	}
	if w.goesOn(ActionDeploy, reference) {
		return w.advance(ctx)
	}
	done, err := w.nothingToDo(ctx, reference, template.Name())
	if err != nil || done {
		return err
	}
	if err := w.leaveBehind(ctx); err != nil {
		return err
	}
	return w.begin(ctx, ActionDeploy, StepMigrate, release.Revision{Image: reference, Version: version})
}

// goesOn says whether what is pending is the very thing that is asked for, and takes it up.
func (w *work) goesOn(action, reference string) bool {
	pending := w.record.Pending
	if pending == nil {
		return false
	}
	if pending.Action != action || pending.Revision.Image != reference || pending.Step == StepFailed {
		w.say("begin", "instead of %s of %s by %s, left at step %s", pending.Action, pending.Revision.Version, pending.By, pending.Step)
		return false
	}
	w.say("begin", "going on with %s of %s by %s at step %s", pending.Action, pending.Revision.Version, pending.By, pending.Step)
	w.resumed = true
	return true
}

func (w *work) nothingToDo(ctx context.Context, reference, template string) (bool, error) {
	good := w.record.Good
	if w.Again || good == nil || w.record.Pending != nil || good.Image != reference || good.Template != template {
		return false, nil
	}
	service, err := w.describe(ctx)
	if err != nil {
		return false, err
	}
	if state := stateOf(service, good.TaskDefinition); !state.settled || service.DesiredCount < w.service().Minimum {
		return false, nil
	}
	w.say("begin", "nothing to do: %s runs", good.Version)
	return true, nil
}

// leaveBehind waits until no migration of an abandoned deploy runs any more: two must never run at once.
func (w *work) leaveBehind(ctx context.Context) error {
	pending := w.record.Pending
	if pending == nil || pending.Step != StepMigrate {
		return nil
	}
	running, err := w.Tasks.Started(ctx, startedBy(pending))
	if err != nil {
		return err
	}
	for _, arn := range running {
		w.say(StepMigrate, "waiting for the migration of %s, which still runs", pending.Revision.Version)
		if _, err := w.Tasks.Follow(ctx, arn, w.watch()); err != nil && !errors.Is(err, task.ErrTimedOut) {
			return err
		}
	}
	return nil
}

func (w *work) begin(ctx context.Context, action, step string, wanted release.Revision) error {
	w.record.Pending = &release.Pending{ID: newID(), Action: action, Revision: wanted, By: w.Operator, Again: w.Again && action == ActionDeploy}
	w.resumed = false
	if err := w.turn(ctx, step); err != nil {
		return err
	}
	return w.advance(ctx)
}

// turn writes down the next step before it is done.
func (w *work) turn(ctx context.Context, step string) error {
	w.record.Pending.Step = step
	w.record.Pending.Since = w.Clock.Now()
	w.resumed = false
	return w.lock.Write(context.WithoutCancel(ctx), w.record)
}

func (w *work) rollback(ctx context.Context, version string) error {
	if pending := w.record.Pending; pending != nil && pending.Action == ActionRollback && (version == "" || version == pending.Revision.Version) {
		return w.retryRollback(ctx)
	}
	target, err := w.target(version)
	if err != nil {
		return err
	}
	if target == nil {
		w.say("begin", "nothing to do: %s is what was last recorded as good", version)
		return nil
	}
	if err := w.leaveBehind(ctx); err != nil {
		return err
	}
	w.say("begin", "back to %s (migrations are never undone)", target.Version)
	return w.begin(ctx, ActionRollback, StepUpdate, *target)
}

func (w *work) retryRollback(ctx context.Context) error {
	pending := w.record.Pending
	if pending.Step == StepFailed {
		w.say("begin", "once more back to %s", pending.Revision.Version)
		return w.begin(ctx, ActionRollback, StepUpdate, pending.Revision)
	}
	w.goesOn(ActionRollback, pending.Revision.Image)
	return w.advance(ctx)
}

// target is the revision to go back to; nil when that is the good one, and nothing else was begun.
func (w *work) target(version string) (*release.Revision, error) {
	halfWay := w.record.Pending != nil && w.record.Pending.Action != ActionMigrate // which does not touch the service
	if halfWay && w.record.Good != nil && (version == "" || matches(*w.record.Good, version)) {
		w.say("begin", "leaving %s of %s behind, which stopped at step %s", w.record.Pending.Action, w.record.Pending.Revision.Version, w.record.Pending.Step)
		return w.record.Good, nil
	}
	if version != "" && w.record.Good != nil && matches(*w.record.Good, version) {
		return nil, nil //nolint:nilnil // documented
	}
	for _, before := range w.record.Before() {
		if version == "" || matches(before, version) {
			return &before, nil
		}
	}
	return nil, ErrNothingBefore
}

func matches(revision release.Revision, version string) bool {
	return revision.Version == version || digestOf(revision.Image) == version
}
