package command

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/definition"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/progress"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/release"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/shop"
)

const shownEvents = 3

// status shows every service: what runs, what is recorded, what is half-way, and who is at it.
func status(ctx context.Context, session *Session, args []string) error {
	rest, err := Parse(session.Flags("status"), args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return Exitf(Usage, "status takes no arguments")
	}
	for _, name := range shop.Names() {
		if err := session.statusOf(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func (s *Session) statusOf(ctx context.Context, name string) error {
	running, err := s.describe(ctx, s.Shop.Services[name].Service)
	if err != nil {
		return err
	}
	record, err := s.store(name).Read(ctx)
	if err != nil {
		return err
	}
	holder, err := s.store(name).Holder(ctx)
	if err != nil {
		return err
	}
	s.Report.Report(statusLine(name, running, record, holder))
	for _, event := range running.Events[:min(shownEvents, len(running.Events))] {
		s.Report.Report(progress.Line{Service: name, Step: "event", Message: aws.ToTime(event.CreatedAt).UTC().Format(time.RFC3339) + " " + aws.ToString(event.Message)})
	}
	return nil
}

func statusLine(name string, running *types.Service, record release.Record, holder *release.HeldError) progress.Line {
	good := or2(record.Good)
	primary, state := primary(running)
	runs := versionOf(primary, record)
	parts := []string{fmt.Sprintf("runs %s (%s), %s, %d of %d tasks, %d pending", runs, orNone(definition.Short(primary)), orNone(state), running.RunningCount, running.DesiredCount, running.PendingCount)}
	if primary != good.TaskDefinition || record.Good == nil {
		parts = append(parts, "NOT what is recorded as good: "+orNone(good.Version))
	}
	if pending := record.Pending; pending != nil {
		parts = append(parts, fmt.Sprintf("%s of %s by %s unfinished at step %s since %s", pending.Action, pending.Revision.Version, pending.By, pending.Step, pending.Since.Format(time.RFC3339)))
	}
	if record.Failed != nil {
		parts = append(parts, fmt.Sprintf("%s failed at %s: %s", record.Failed.Version, record.Failed.At.Format(time.RFC3339), record.Failed.Reason))
	}
	fields := progress.Fields{
		"version": runs, "task_definition": primary, "rollout": state, "good": good.Version,
		"running": running.RunningCount, "desired": running.DesiredCount, "pending": running.PendingCount, "record": record,
	}
	if holder != nil {
		parts = append(parts, "locked: "+holder.Error())
		fields["locked_by"], fields["lock_expires"] = holder.Owner, holder.Expires
	}
	return progress.Line{Service: name, Step: "status", Message: strings.Join(parts, "; "), Fields: fields}
}

func primary(of *types.Service) (taskDefinition, state string) {
	for _, deployment := range of.Deployments {
		if aws.ToString(deployment.Status) == "PRIMARY" {
			return aws.ToString(deployment.TaskDefinition), string(deployment.RolloutState)
		}
	}
	return "", ""
}

// versionOf finds in the record which version a task definition is.
func versionOf(taskDefinition string, record release.Record) string {
	known := record.Before()
	if record.Good != nil {
		known = append(known, *record.Good)
	}
	if record.Pending != nil {
		known = append(known, record.Pending.Revision)
	}
	for _, revision := range known {
		if revision.TaskDefinition == taskDefinition && taskDefinition != "" {
			return revision.Version
		}
	}
	return "an unknown version"
}

// checkShop is the command smoke: it asks the shop as a rollout does, and the pages, too.
func checkShop(ctx context.Context, session *Session, args []string) error {
	flags := session.Flags("smoke")
	noSite := flags.Bool("no-site", false, "ask the API alone, through the load balancer: before the names lead there")
	if rest, err := Parse(flags, args); err != nil || len(rest) > 0 {
		return Exitf(Usage, "smoke takes only -no-site")
	}
	checker := session.checker()
	if !*noSite {
		checker.SiteOrigin = session.Shop.SiteOrigin
	}
	if err := checker.Check(ctx); err != nil {
		return err
	}
	session.Report.Report(progress.Line{Step: "smoke", Message: "the shop answers"})
	return nil
}

// unlock opens a lock by force: for when its owner is known to be dead and nobody wants to wait.
func unlock(ctx context.Context, session *Session, args []string) error {
	names, err := Parse(session.Flags("unlock"), args)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return Exitf(Usage, "unlock: which service (or site, secrets, drill)?")
	}
	for _, name := range names {
		if strings.ContainsAny(name, "/ ") {
			return Exitf(Usage, "unlock: %q is no name", name)
		}
		held, err := session.store(name).Unlock(ctx, session.Operator)
		if err != nil {
			return err
		}
		message := "it was not locked"
		if held != nil {
			message = "opened; it was held by " + held.Owner
		}
		session.Report.Report(progress.Line{Service: name, Step: "unlock", Message: message})
	}
	return nil
}
