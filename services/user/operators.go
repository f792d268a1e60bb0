package user

import (
	"context"
	"os"
	"time"

	"github.com/bartgottschalk/startupwebapp/services/platform/migration"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/migrations"
	"github.com/bartgottschalk/startupwebapp/services/user/operation"
	"github.com/bartgottschalk/startupwebapp/services/user/password"
	"github.com/bartgottschalk/startupwebapp/services/user/privacy"
	"github.com/bartgottschalk/startupwebapp/services/user/session"
	"github.com/bartgottschalk/startupwebapp/services/user/staff"
	"github.com/bartgottschalk/startupwebapp/services/user/terms"
)

// createSuperuser is the subcommand create-superuser (package staff).
func createSuperuser(ctx context.Context, cfg Config, tel telemetry.Telemetry, args []string) error {
	return withDatabase(ctx, cfg, tel, func(db *postgres.Database) error {
		key, hasher := signingKey(cfg), password.NewHasher()
		sessions := session.New(db, hasher, limit.New(db, tel, time.Now), key, time.Now)
		office := staff.New(db, staff.Rooms{Hasher: hasher, Sessions: sessions, Terms: terms.New(db, time.Now)}, key, time.Now)
		return office.Task(ctx, cfg.Superuser, args, staff.Desk{Ask: staff.Terminal(os.Stdin, os.Stderr), Out: process.Output(ctx), Logger: tel.Logger})
	})
}

// exportAccount is the subcommand export-account (package privacy).
func exportAccount(ctx context.Context, cfg Config, tel telemetry.Telemetry, args []string) error {
	return withDatabase(ctx, cfg, tel, func(db *postgres.Database) error {
		return privacy.New(db, signingKey(cfg), time.Now).ExportTask(ctx, args, process.Output(ctx))
	})
}

// anonymiseAccount is the subcommand anonymise-account (package privacy).
func anonymiseAccount(ctx context.Context, cfg Config, tel telemetry.Telemetry, args []string) error {
	return withDatabase(ctx, cfg, tel, func(db *postgres.Database) error {
		return privacy.New(db, signingKey(cfg), time.Now).AnonymiseTask(ctx, args, process.Output(ctx), tel.Logger)
	})
}

// publishTerms is the subcommand publish-terms (package terms).
func publishTerms(ctx context.Context, cfg Config, tel telemetry.Telemetry, args []string) error {
	return withDatabase(ctx, cfg, tel, func(db *postgres.Database) error {
		return terms.New(db, time.Now).PublishTask(ctx, args, tel.Logger)
	})
}

// listActions is the subcommand operator-actions (package operation).
func listActions(ctx context.Context, cfg Config, tel telemetry.Telemetry, args []string) error {
	return withDatabase(ctx, cfg, tel, func(db *postgres.Database) error { return operation.List(ctx, db, args, time.Now()) })
}

// withDatabase lets a task use the database, unless its schema is older than this program.
func withDatabase(ctx context.Context, cfg Config, tel telemetry.Telemetry, task func(*postgres.Database) error) error {
	db, err := postgres.Open(ctx, cfg.Config, tel)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := migration.Check(ctx, db, migrations.Set()); err != nil {
		return err
	}
	return task(db)
}
