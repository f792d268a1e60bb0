package command

import (
	"context"
	"fmt"
	"time"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/drill"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/progress"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/task"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

const (
	targetDrill  = "drill"
	auditedBy    = "order"
	auditTimeout = time.Hour
)

// restoreDrill is the command drill.
func restoreDrill(ctx context.Context, session *Session, args []string) error {
	flags := session.Flags("drill")
	moment := flags.String("at", "", "point in time to restore to, like 2026-11-23T12:00:00Z; else the newest automated snapshot")
	rest, err := Parse(flags, args)
	if err != nil {
		return err
	}
	var at time.Time
	if *moment != "" {
		if at, err = time.Parse(time.RFC3339, *moment); err != nil {
			return Exitf(Usage, "drill: -at: expected a time like 2026-11-23T12:00:00Z")
		}
	}
	if len(rest) > 0 {
		return Exitf(Usage, "drill takes no arguments")
	}
	return holding(ctx, session, targetDrill, func(ctx context.Context, guard func(context.Context) error) error {
		work := &drill.Drill{
			RDS: session.Cloud.RDS, Clock: session.Clock, Report: session.Report, Instance: session.Shop.Database.Instance, Tenant: session.Name.Tenant,
			Guard: guard, Audit: func(ctx context.Context, host string, age time.Duration) error {
				return session.auditAt(ctx, host, age, guard)
			},
		}
		result, err := work.Run(ctx, at)
		if err != nil {
			return err
		}
		session.Report.Report(progress.Line{Step: "drill",
			Message: fmt.Sprintf("%s was restored in %s and its books audited after %s (RTO); the data were %s old (RPO)", result.Source,
				result.Restored.Round(time.Second), result.Total.Round(time.Second), result.Age.Round(time.Second)),
			Fields: progress.Fields{"source": result.Source, "restored_seconds": result.Restored.Seconds(), "rto_seconds": result.Total.Seconds(), "rpo_seconds": result.Age.Seconds()},
		})
		return nil
	})
}

// auditAt runs the audit of the good order image against another host. What was under way when the data were saved looks stuck by
// now, so the audit is told to be patient for as long as they are old.
func (s *Session) auditAt(ctx context.Context, host string, age time.Duration, guard func(context.Context) error) error {
	record, err := s.store(auditedBy).Read(ctx)
	if err != nil {
		return err
	}
	if record.Good == nil {
		return fmt.Errorf("%s was never deployed: no image is recorded as good", auditedBy)
	}
	runner, id := s.tasks(), identifier.New(startedByLength)
	arn, err := runner.Start(ctx, task.Order{
		Definition: record.Good.TaskDefinition, Command: []string{"audit", "-patience", (age + 15*time.Minute).Round(time.Minute).String()},
		Environment: map[string]string{"DATABASE_HOST": host}, SecurityGroup: s.Shop.Services[auditedBy].SecurityGroup, StartedBy: "ship-" + id, Token: id,
	})
	if err != nil {
		return err
	}
	result, err := runner.Follow(ctx, arn, task.Watch{Timeout: auditTimeout, Beat: guard, Line: func(text string) { s.printLog(auditedBy, text) }})
	if err != nil {
		return err
	}
	if !result.Ok() {
		return Exitf(TaskFailed, "the task %s", result.String())
	}
	return nil
}
