package rollout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/definition"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/release"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/task"
)

// advance goes from step to step until nothing is pending.
func (w *work) advance(ctx context.Context) error {
	for w.record.Pending != nil {
		// Between two steps is always a safe point: what comes is written down.
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		err := w.step(ctx)
		var refused *failure
		if errors.As(err, &refused) {
			err = w.refuse(ctx, refused.reason)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *work) step(ctx context.Context) error {
	switch step := w.record.Pending.Step; step {
	case StepMigrate:
		return w.migrate(ctx)
	case StepRegister:
		return w.register(ctx)
	case StepUpdate:
		return w.update(ctx)
	case StepFollow:
		return w.follow(ctx)
	case StepSmoke:
		return w.smoke(ctx)
	case StepRollBack:
		return w.rollBack(ctx)
	default:
		return fmt.Errorf("the record is at step %q, which this ship does not know", step)
	}
}

// migrate runs the migration as a task; with an image that is recorded as good there is none to run.
func (w *work) migrate(ctx context.Context) error {
	pending := w.record.Pending
	if w.service().MigrationTemplate == "" || (w.record.Good != nil && w.record.Good.Image == pending.Revision.Image) {
		return w.migrated(ctx)
	}
	if pending.MigrationTask == "" {
		if err := w.startMigration(ctx); err != nil {
			return err
		}
	}
	result, err := w.Tasks.Follow(ctx, pending.MigrationTask, w.watch())
	switch {
	case errors.Is(err, task.ErrVanished):
		// ECS forgets tasks after an hour: how it ended is not known, and migrations may be repeated.
		return w.forgetMigration(ctx, "ECS no longer knows the migration task; it is run again")
	case errors.Is(err, task.ErrTimedOut):
		return w.migrationFailed(ctx, "it "+fmt.Sprint("did not end within ", w.Limits.Migration, " and was stopped"))
	case err != nil && ctx.Err() != nil:
		return errors.Join(err, w.forgetMigration(ctx, "stopped with the command"))
	case err != nil:
		return err
	case !result.Ok():
		return w.migrationFailed(ctx, "it "+result.String())
	}
	w.say(StepMigrate, "%s", result)
	return w.migrated(ctx)
}

func (w *work) startMigration(ctx context.Context) error {
	template, err := definition.Newest(ctx, w.ECS, w.service().MigrationTemplate)
	if err != nil {
		return err
	}
	pending := w.record.Pending
	registered, err := template.Register(context.WithoutCancel(ctx), w.ECS, w.service().Family+"-migration", pending.Revision.Image, pending.Revision.Version, w.lock.Guard)
	if err != nil {
		return err
	}
	if err := w.lock.Guard(ctx); err != nil {
		return err
	}
	arn, err := w.Tasks.Start(context.WithoutCancel(ctx), task.Order{
		Definition: registered, SecurityGroup: w.service().SecurityGroup, StartedBy: startedBy(pending),
		Token: fmt.Sprintf("%s-%d", pending.ID, pending.Attempt),
	})
	var refused *task.StartError
	if errors.As(err, &refused) {
		return w.migrationFailed(ctx, refused.Error())
	}
	if err != nil {
		return err
	}
	w.say(StepMigrate, "task %s of %s", definition.Short(arn), definition.Short(registered))
	pending.MigrationTask = arn
	return w.turn(ctx, StepMigrate)
}

func (w *work) watch() task.Watch {
	return task.Watch{
		Timeout: w.Limits.Migration,
		Line:    func(text string) { w.say("log", "%s", text) },
		Beat:    w.lock.Guard,
	}
}

func (w *work) forgetMigration(ctx context.Context, why string) error {
	w.say(StepMigrate, "%s", why)
	w.record.Pending.MigrationTask = ""
	w.record.Pending.Attempt++
	return w.turn(ctx, StepMigrate)
}

// migrationFailed ends the deploy, unless the service was left on something that is not good by a deploy before: then it goes back.
func (w *work) migrationFailed(ctx context.Context, reason string) error {
	service, err := w.describe(ctx)
	if err != nil {
		return err
	}
	if good := w.record.Good; good != nil && primaryOf(service).definition != good.TaskDefinition {
		return failed("the migration failed: %s", reason)
	}
	w.record.Failed = w.failureNote("migration: " + reason)
	w.record.Pending = nil
	if err := w.lock.Write(context.WithoutCancel(ctx), w.record); err != nil {
		return err
	}
	return &MigrationError{Reason: reason}
}

func (w *work) failureNote(reason string) *release.Failure {
	return &release.Failure{Version: w.record.Pending.Revision.Version, Reason: shortened(reason), At: w.Clock.Now(), By: w.Operator}
}

// shortened keeps what is noted within what a parameter holds.
func shortened(reason string) string {
	const most = 300
	if len(reason) <= most {
		return reason
	}
	return reason[:most] + "..."
}

func (w *work) register(ctx context.Context) error {
	template, err := definition.Newest(ctx, w.ECS, w.service().Template)
	if err != nil {
		return err
	}
	pending := w.record.Pending
	registered, err := template.Register(context.WithoutCancel(ctx), w.ECS, w.service().Family, pending.Revision.Image, pending.Revision.Version, w.lock.Guard)
	if err != nil {
		return err
	}
	w.say(StepRegister, "%s of %s", definition.Short(registered), template.Name())
	pending.Revision.TaskDefinition = registered
	pending.Revision.Template = template.Name()
	return w.turn(ctx, StepUpdate)
}

func (w *work) update(ctx context.Context) error {
	resumed := w.resumed
	service, err := w.describe(ctx)
	if err != nil {
		return err
	}
	wanted := w.record.Pending.Revision.TaskDefinition
	primary := primaryOf(service)
	if resumed && (w.isOurs(primary, wanted) || failedSince(service, wanted, w.record.Pending.Since)) {
		w.say(StepUpdate, "the service was told already")
		w.record.Pending.Told = w.record.Pending.Since
		return w.turn(ctx, StepFollow)
	}
	if err := w.tell(ctx, service, wanted); err != nil {
		return err
	}
	return w.turn(ctx, StepFollow)
}

// follow waits for the revision. The deployment is found by its definition: of a rollout that was interrupted nothing else is known.
func (w *work) follow(ctx context.Context) error {
	if err := w.settle(ctx, w.record.Pending.Revision.TaskDefinition); err != nil {
		return err
	}
	return w.turn(ctx, StepSmoke)
}

func (w *work) smoke(ctx context.Context) error {
	if err := w.ask(ctx); err != nil {
		return err
	}
	revision := w.record.Pending.Revision
	revision.At, revision.By = w.Clock.Now(), w.Operator
	if w.record.Pending.Action == ActionRollback {
		w.record = w.wentBack(revision)
	} else {
		w.record = w.record.Succeed(revision)
	}
	if err := w.lock.Write(context.WithoutCancel(ctx), w.record); err != nil {
		return err
	}
	w.say("good", "%s (%s) is recorded as good", revision.Version, definition.Short(revision.TaskDefinition))
	return nil
}

func (w *work) wentBack(revision release.Revision) release.Record {
	if w.record.Good != nil && w.record.Good.Same(revision) { // a deploy was left half-way, and the good one was never another
		return w.record.Succeed(revision)
	}
	return w.record.WentBack(revision)
}

func (w *work) ask(ctx context.Context) error {
	if w.Smoke == nil {
		return nil
	}
	if err := w.lock.Guard(ctx); err != nil {
		return err
	}
	if err := w.Smoke(ctx); err != nil {
		if ctx.Err() != nil {
			return err
		}
		return failed("%v", err)
	}
	w.say(StepSmoke, "the shop answers")
	return nil
}

// refuse is what follows a failure: the way back for a deploy, a person for everything else.
func (w *work) refuse(ctx context.Context, reason string) error {
	pending := w.record.Pending
	switch {
	case pending.Step == StepRollBack:
		return w.strand(ctx, pending.Reason, "the way back failed: "+reason)
	case pending.Action == ActionRollback:
		return w.strand(ctx, reason, "it was a rollback itself")
	case w.record.Good == nil:
		return w.strand(ctx, reason, "no revision was ever recorded as good")
	}
	w.say(StepRollBack, "%s; going back to %s", reason, w.record.Good.Version)
	pending.Reason = shortened(reason)
	pending.Told, pending.Deployment, pending.Again = time.Time{}, "", false
	return w.turn(ctx, StepRollBack)
}

func (w *work) rollBack(ctx context.Context) error {
	good := *w.record.Good
	service, err := w.describe(ctx)
	if err != nil {
		return err
	}
	if primary := primaryOf(service); primary.definition != good.TaskDefinition || primary.failed {
		if err := w.tell(ctx, service, good.TaskDefinition); err != nil {
			return err
		}
	}
	if err := w.settle(ctx, good.TaskDefinition); err != nil {
		return err
	}
	if err := w.ask(ctx); err != nil {
		return err
	}
	reason := w.record.Pending.Reason
	w.record.Failed = w.failureNote(reason)
	w.record.Pending = nil
	if err := w.lock.Write(context.WithoutCancel(ctx), w.record); err != nil {
		return err
	}
	return &RolledBackError{Reason: reason, Good: good}
}

func (w *work) strand(ctx context.Context, reason, why string) error {
	stranded := &StrandedError{Reason: reason, Why: why}
	if service, err := w.describe(ctx); err == nil {
		stranded.Runs = definition.Short(primaryOf(service).definition)
	}
	w.record.Failed = w.failureNote(reason + "; " + why)
	w.record.Pending.Reason = shortened(reason)
	if err := w.turn(ctx, StepFailed); err != nil {
		return errors.Join(stranded, err)
	}
	return stranded
}
