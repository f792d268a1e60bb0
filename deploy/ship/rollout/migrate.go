package rollout

import (
	"context"
	"errors"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/definition"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/image"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/release"
)

// ErrNoSchema says that a service has nothing to migrate.
var ErrNoSchema = errors.New("it has no schema")

// Migrate runs the migrations of version and nothing else, ahead of its rollout: every release runs on the schema of the next one.
// The image that is recorded as good has run its own. Its errors are those of Deploy before a rollout, and ErrNoSchema.
func (r *Rollout) Migrate(ctx context.Context, version string) error {
	if r.service().MigrationTemplate == "" {
		return ErrNoSchema
	}
	return r.locked(ctx, func(w *work) error { return w.migrateAlone(ctx, version) })
}

func (w *work) migrateAlone(ctx context.Context, version string) error {
	template, err := definition.Newest(ctx, w.ECS, w.service().MigrationTemplate)
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
	if w.goesOn(ActionMigrate, reference) {
		return w.advance(ctx)
	}
	if pending := w.record.Pending; pending != nil && pending.Action != ActionMigrate {
		return errors.New("a " + pending.Action + " is half-way; finish it or go back first")
	}
	if good := w.record.Good; good != nil && good.Image == reference {
		w.say("begin", "nothing to do: %s runs, and has migrated", good.Version)
		return nil
	}
	if err := w.leaveBehind(ctx); err != nil {
		return err
	}
	return w.begin(ctx, ActionMigrate, StepMigrate, release.Revision{Image: reference, Version: version})
}

// migrated goes on after the migration: to the rollout, unless the migration was all.
func (w *work) migrated(ctx context.Context) error {
	if w.record.Pending.Action != ActionMigrate {
		return w.turn(ctx, StepRegister)
	}
	w.record.Pending = nil
	return w.lock.Write(context.WithoutCancel(ctx), w.record)
}
