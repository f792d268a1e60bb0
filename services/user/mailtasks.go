package user

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/bartgottschalk/startupwebapp/services/platform/jobs"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
	"github.com/bartgottschalk/startupwebapp/services/user/mail"
	"github.com/bartgottschalk/startupwebapp/services/user/migrations"
)

// mailTask is one of the subcommands with which operators edit templates and look after failed mails.
func mailTask(help string, run func(commands mail.Commands, ctx context.Context, args []string) error) process.Task[Config] { //nolint:revive // the form of a method expression
	return process.Task[Config]{Help: help, Run: func(ctx context.Context, cfg Config, tel telemetry.Telemetry, args []string) error {
		db, err := postgres.Open(ctx, cfg.Config, tel)
		if err != nil {
			return fmt.Errorf("open database: %w", err)
		}
		defer db.Close()
		queue, err := jobs.New(db, migrations.Schema, tel, jobs.Config{}) // only queues; the service works
		if err != nil {
			return err
		}
		desk := mail.NewDesk(db, queue, time.Now)
		return run(mail.Commands{Desk: desk, In: os.Stdin, Out: os.Stdout}, ctx, args)
	}}
}
