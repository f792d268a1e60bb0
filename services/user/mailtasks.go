package user

import (
	"context"
	"os"
	"time"

	"github.com/bartgottschalk/startupwebapp/services/platform/jobs"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
	"github.com/bartgottschalk/startupwebapp/services/user/mail"
	"github.com/bartgottschalk/startupwebapp/services/user/migrations"
)

// mailTask is one of the subcommands with which operators edit templates and look after failed mails (package mail).
func mailTask(help string, run func(mail.Commands, context.Context, []string) error) process.Task[Config] {
	return process.Task[Config]{Help: help, Explains: true, Run: func(ctx context.Context, cfg Config, tel telemetry.Telemetry, args []string) error {
		return withDatabase(ctx, cfg, tel, func(db *postgres.Database) error {
			queue, err := jobs.New(db, migrations.Schema, tel, jobs.Config{}) // only queues; the service works
			if err != nil {
				return err
			}
			return run(mail.Commands{Desk: mail.NewDesk(db, queue, tel.Logger, time.Now), In: os.Stdin, Out: process.Output(ctx)}, ctx, args)
		})
	}}
}
