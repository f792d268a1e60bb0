package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/progress"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/secret"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/shop"
)

const (
	targetSecrets  = "secrets"
	production     = "production"
	secretsUsage   = "secrets: list | fill | set SERVICE KEY | unset SERVICE KEY [-force] | relocate | rotate service-secrets | rotate secret-key | rotate database SERVICE...|all"
	longestValue   = 16 << 10
	mostInputLines = 1000
)

// secretOptions are the flags of all secrets commands.
type secretOptions struct{ testKeys, force bool }

// secrets lists, fills and changes the secret variables of the services. No value is ever printed or taken from the arguments.
func secrets(ctx context.Context, session *Session, args []string) error {
	var options secretOptions
	flags := session.Flags("secrets")
	flags.BoolVar(&options.testKeys, "allow-test-keys", false, "take keys of Stripe's test mode into a shop that is production")
	flags.BoolVar(&options.force, "force", false, "unset: also what a service needs; rotate: although tasks were not restarted")
	rest, err := Parse(flags, args)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		rest = []string{"list"}
	}
	vault := &secret.Vault{
		Manager: session.Cloud.SecretsManager, Shop: session.Shop, Tenant: session.Name.Tenant, Clock: session.Clock,
		TestKeys: options.testKeys || session.Name.Environment != production,
	}
	return secretsExit(session.secretsCommand(ctx, vault, options, rest))
}

func (s *Session) secretsCommand(ctx context.Context, vault *secret.Vault, options secretOptions, args []string) error {
	switch what := args[0]; {
	case what == "list" && len(args) == 1:
		return s.listSecrets(ctx, vault)
	case what == "fill" && len(args) == 1:
		changed, err := vault.Fill(ctx, s.asker())
		return errors.Join(s.reportChanged(changed), err)
	case what == "set" && len(args) == 3:
		return s.setSecret(ctx, vault, args[1], args[2])
	case what == "unset" && len(args) == 3:
		changed, err := vault.Unset(ctx, args[1], args[2], options.force)
		return errors.Join(s.reportChanged(changed), err)
	case what == "relocate" && len(args) == 1:
		changed, err := vault.Relocate(ctx)
		return errors.Join(s.reportChanged(changed), err)
	case what == "rotate" && len(args) > 1:
		return holding(ctx, s, targetSecrets, func(ctx context.Context, _ func(context.Context) error) error {
			return s.rotateSecrets(ctx, vault, options, args[1:])
		})
	default:
		return Exitf(Usage, "%s", secretsUsage)
	}
}

func (s *Session) listSecrets(ctx context.Context, vault *secret.Vault) error {
	rows, err := vault.List(ctx)
	if err != nil {
		return err
	}
	for _, row := range rows {
		s.Report.Report(progress.Line{Service: row.Service, Step: "secret", Message: row.Key + ": " + describeRow(row), Fields: progress.Fields{
			"key": row.Key, "required": row.Required, "present": row.Present, "differs": row.Differs,
		}})
	}
	return nil
}

func describeRow(row secret.Row) string {
	switch {
	case row.Differs:
		return "present, but another value than the first of those who share it"
	case row.Present:
		return "present"
	case row.Required:
		return "MISSING"
	default:
		return "not set"
	}
}

func (s *Session) setSecret(ctx context.Context, vault *secret.Vault, service, key string) error {
	value, err := s.readValue(ctx, service+" "+key+": ")
	if err != nil {
		return err
	}
	changed, err := vault.Set(ctx, service, key, value)
	return errors.Join(s.reportChanged(changed), err)
}

func (s *Session) rotateSecrets(ctx context.Context, vault *secret.Vault, options secretOptions, args []string) error {
	tasks := s.oldestTask
	if options.force {
		tasks = nil
	}
	var step secret.Step
	var err error
	switch {
	case args[0] == "service-secrets" && len(args) == 1:
		step, err = vault.RotateServiceSecrets(ctx, tasks)
	case args[0] == "secret-key" && len(args) == 1:
		step, err = vault.RotateSecretKey(ctx, tasks)
	case args[0] == "database" && len(args) > 1:
		names := args[1:]
		if slices.Equal(names, []string{"all"}) {
			names = shop.Names()
		}
		if unknown := slices.IndexFunc(names, func(name string) bool { return !slices.Contains(shop.Names(), name) }); unknown >= 0 {
			return Exitf(Usage, "rotate database: there is no service %q", names[unknown])
		}
		step, err = vault.RotateDatabase(ctx, names)
	default:
		return Exitf(Usage, "%s", secretsUsage)
	}
	return errors.Join(s.reportStep(step), err)
}

func (s *Session) reportStep(step secret.Step) error {
	if len(step.Changed) == 0 {
		return nil
	}
	message := step.Did + ". Now: ship deploy " + strings.Join(step.Deploy, " ") + " -again -version <the one that runs>"
	if step.Then != "" {
		message += ". Then: " + step.Then
	}
	s.Report.Report(progress.Line{Step: "rotate", Message: message, Fields: progress.Fields{"deploy": step.Deploy, "over": step.Then == ""}})
	return s.reportChanged(step.Changed)
}

func (s *Session) reportChanged(changed []secret.Changed) error {
	for _, one := range changed {
		s.Report.Report(progress.Line{Service: one.Service, Step: "secret", Message: one.Key + ": written", Fields: progress.Fields{"key": one.Key}})
	}
	return nil
}

// oldestTask says when the oldest running task of a service was made (secret.Tasks).
func (s *Session) oldestTask(ctx context.Context, service string) (time.Time, bool, error) {
	var oldest time.Time
	listing := ecs.NewListTasksPaginator(s.Cloud.ECS, &ecs.ListTasksInput{Cluster: &s.Shop.Cluster, ServiceName: aws.String(s.Shop.Services[service].Service)})
	for listing.HasMorePages() {
		page, err := listing.NextPage(ctx)
		if err != nil {
			return time.Time{}, false, fmt.Errorf("list tasks: %w", err)
		}
		if len(page.TaskArns) == 0 {
			continue
		}
		found, err := s.Cloud.ECS.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &s.Shop.Cluster, Tasks: page.TaskArns})
		if err != nil {
			return time.Time{}, false, fmt.Errorf("describe tasks: %w", err)
		}
		for _, task := range found.Tasks {
			if made := aws.ToTime(task.CreatedAt); oldest.IsZero() || made.Before(oldest) {
				oldest = made
			}
		}
	}
	return oldest, !oldest.IsZero(), nil
}

func secretsExit(err error) error {
	usage := []error{secret.ErrUnknownKey, secret.ErrRequired, secret.ErrTestKey, secret.ErrHalfRotated, secret.ErrNotRestarted}
	if slices.ContainsFunc(usage, func(known error) bool { return errors.Is(err, known) }) {
		return Exit(Usage, err)
	}
	if errors.Is(err, secret.ErrOvertaken) {
		return Exit(Locked, err)
	}
	return err
}

// asker asks at the terminal; where there is none it looks the key up in lines KEY=VALUE, which are read when the first one is asked
// for.
func (s *Session) asker() secret.Ask {
	if _, ok := terminal(s.In); ok {
		return func(ctx context.Context, service, key string) (string, error) {
			return s.readValue(ctx, service+" "+key+" (empty: later): ")
		}
	}
	var given map[string]string
	return func(_ context.Context, _, key string) (string, error) {
		if given == nil {
			read, err := readAssignments(s.In)
			if err != nil {
				return "", err
			}
			given = read
		}
		return given[key], nil
	}
}

// readAssignments takes lines KEY=VALUE. Its errors tell the number of a line, never what it says.
func readAssignments(in io.Reader) (map[string]string, error) {
	given, lines := map[string]string{}, bufio.NewScanner(io.LimitReader(in, longestValue))
	for number := 1; lines.Scan() && number < mostInputLines; number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, found := strings.Cut(line, "=")
		if !found {
			return nil, Exitf(Usage, "line %d of the input: expected KEY=VALUE", number)
		}
		given[strings.TrimSpace(key)] = strings.TrimSpace(value)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the input: %w", err)
	}
	return given, nil
}
