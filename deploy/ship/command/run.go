package command

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/definition"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/progress"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/shop"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/task"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

const startedByLength = 20

// runTask is the command run: a subcommand of a service as a task of the image that is recorded as good, as
// `ship run user -- create-superuser --username ada --email ada@example.com` or `ship run order -- reconcile -days 7`.
func runTask(ctx context.Context, session *Session, args []string) error {
	dashes := slices.Index(args, "--")
	if dashes < 0 || dashes == len(args)-1 {
		return Exitf(Usage, "run: write ship run SERVICE -- COMMAND ARGUMENTS")
	}
	flags := session.Flags("run")
	timeout := flags.Duration("timeout", time.Hour, "after which the task is stopped")
	names, err := Parse(flags, args[:dashes])
	if err != nil {
		return err
	}
	if len(names) != 1 || !slices.Contains(shop.Names(), names[0]) {
		return Exitf(Usage, "run: one service of %v", shop.Names())
	}
	if err := refuseSecrets(args[dashes+1:]); err != nil {
		return err
	}
	return session.runTask(ctx, names[0], args[dashes+1:], *timeout)
}

// secretFlag finds arguments that are, or announce, a secret. The arguments of a task are kept by AWS and shown to everyone who may look at tasks
// (the old shop's superuser password lay there in clear for ever).
func secretFlag() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^-*[a-z0-9_.-]*(passw(or)?d|passphrase|secret|token|api-?_?key|credential)s?[a-z0-9_.-]*(=|$)|^-p(=|$)|^(sk|rk|whsec)_|://[^/@\s]*:[^/@\s]*@`)
}

func refuseSecrets(args []string) error {
	found := slices.IndexFunc(args, secretFlag().MatchString)
	if found < 0 {
		return nil
	}
	return Exitf(Usage, "run: argument %d looks like a secret, and what a task is told is kept and shown by AWS; the password of a superuser is set by "+
		"`ship secrets set user SUPERUSER_PASSWORD`, and create-superuser finds it there", found+1)
}

func (s *Session) runTask(ctx context.Context, name string, command []string, timeout time.Duration) error {
	record, err := s.store(name).Read(ctx)
	if err != nil {
		return err
	}
	if record.Good == nil {
		return fmt.Errorf("%s was never deployed: no image is recorded as good", name)
	}
	runner := s.tasks()
	id := identifier.New(startedByLength)
	// Not to be cancelled: a task that was started has to be known, to be stopped.
	arn, err := runner.Start(context.WithoutCancel(ctx), task.Order{
		// Operators' commands note who did it.
		Environment: map[string]string{"OPERATOR": s.Operator},
		Definition:  record.Good.TaskDefinition, Command: command, SecurityGroup: s.Shop.Services[name].SecurityGroup,
		StartedBy: "ship-" + id, Token: id,
	})
	var refused *task.StartError
	if errors.As(err, &refused) {
		return Exit(TaskFailed, refused)
	}
	if err != nil {
		return err
	}
	s.Report.Report(progress.Line{Service: name, Step: "run", Message: fmt.Sprintf("%s as task %s of %s", command[0], definition.Short(arn), record.Good.Version)})
	result, err := runner.Follow(ctx, arn, task.Watch{Timeout: timeout, Line: func(text string) { s.printLog(name, text) }})
	if err != nil && ctx.Err() == nil && errors.Is(err, task.ErrTimedOut) {
		return Exit(TaskFailed, err)
	}
	if err != nil {
		return err
	}
	s.Report.Report(progress.Line{Service: name, Step: "run", Message: "the task " + result.String(), Fields: progress.Fields{"task": arn, "exit_code": result.ExitCode}})
	if !result.Ok() {
		return Exitf(TaskFailed, "%s %s: the task %s", name, command[0], strings.TrimSpace(result.String()))
	}
	return nil
}

// printLog prints what the task says: alone, so that it can be read by a program, unless everything is for a program.
func (s *Session) printLog(name, text string) {
	if s.JSON {
		s.Report.Report(progress.Line{Service: name, Step: "log", Message: text})
		return
	}
	_, _ = fmt.Fprintln(s.Out, text)
}
