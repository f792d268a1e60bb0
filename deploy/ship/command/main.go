package command

import (
	"context"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"os/user"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/clock"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/cloud"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/progress"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/shop"
)

const defaultProject = "startupwebapp"

// Process is what ship runs in. Clock, Cloud and Roots are replaced by tests alone.
type Process struct {
	Args     []string // without the program's name
	Environ  func(name string) string
	In       io.Reader
	Out, Err io.Writer
	Clock    clock.Clock
	Cloud    cloud.Options
	Roots    *x509.CertPool // nil: the system's
}

// Main runs one command and returns the exit code. When ctx ends the command stops at its next safe point.
func Main(ctx context.Context, process Process) int {
	settings, rest, err := parseSettings(process)
	if errors.Is(err, flag.ErrHelp) {
		help(process.Out)
		return Done
	}
	if err != nil {
		_, _ = fmt.Fprintln(process.Err, err)
		return Usage
	}
	// What happens goes to the error output, unless it is for a machine: then it is the result.
	lines := process.Err
	if settings.json {
		lines = process.Out
	}
	printer := progress.NewPrinter(lines, settings.json, process.Clock.Now)
	err = run(ctx, process, settings, printer, rest)
	return conclude(ctx, printer, rest[0], err)
}

func conclude(ctx context.Context, printer *progress.Printer, name string, err error) int {
	code := Code(err)
	if code == Failed && ctx.Err() != nil {
		code = Interrupted // whatever failed, failed because somebody said stop
	}
	message := name + ": done"
	if err != nil {
		message = name + ": " + err.Error()
	}
	printer.Report(progress.Line{Step: "result", Message: message, Fields: progress.Fields{"command": name, "exit": code}})
	return code
}

type settings struct {
	name     shop.Name
	region   string
	operator string
	json     bool
}

func parseSettings(process Process) (settings, []string, error) {
	var read settings
	flags := flag.NewFlagSet("ship", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&read.name.Project, "project", or(process.Environ("SHIP_PROJECT"), defaultProject), "")
	flags.StringVar(&read.name.Environment, "environment", process.Environ("SHIP_ENVIRONMENT"), "")
	flags.StringVar(&read.name.Tenant, "tenant", process.Environ("SHIP_TENANT"), "")
	flags.StringVar(&read.region, "region", "", "")
	flags.StringVar(&read.operator, "operator", or(process.Environ("SHIP_OPERATOR"), loginName()), "")
	flags.BoolVar(&read.json, "json", false, "")
	if err := flags.Parse(process.Args); err != nil {
		return settings{}, nil, fmt.Errorf("ship: %w", err)
	}
	rest := flags.Args()
	if len(rest) == 0 || rest[0] == "help" {
		return settings{}, nil, flag.ErrHelp
	}
	if read.name.Environment == "" || read.name.Tenant == "" {
		return settings{}, nil, errors.New("ship: which shop? give -environment and -tenant, or SHIP_ENVIRONMENT and SHIP_TENANT")
	}
	return read, rest, nil
}

func or(first, second string) string {
	if first != "" {
		return first
	}
	return second
}

func loginName() string {
	if current, err := user.Current(); err == nil {
		return current.Username
	}
	return "unknown"
}

func run(ctx context.Context, process Process, chosen settings, report progress.Reporter, rest []string) error {
	command, ok := find(rest[0])
	if !ok {
		return Exitf(Usage, "there is no such command; ship help lists them")
	}
	options := process.Cloud
	options.Region = or(chosen.region, options.Region)
	clients, err := cloud.Load(ctx, options)
	if err != nil {
		return Exit(Usage, err)
	}
	document, err := LoadShop(ctx, clients.SSM, chosen.name)
	if err != nil {
		return err
	}
	return command.Run(ctx, &Session{
		Name: chosen.name, Shop: document, Cloud: clients, Clock: process.Clock, Report: report, JSON: chosen.json,
		Operator: chosen.operator, Roots: process.Roots, In: process.In, Out: process.Out, Err: process.Err,
	}, rest[1:])
}

func find(name string) (Command, bool) {
	for _, command := range table() {
		if command.Name == name {
			return command, true
		}
	}
	return Command{}, false
}

// Parameters reads one parameter of SSM.
type Parameters interface {
	GetParameter(ctx context.Context, in *ssm.GetParameterInput, options ...func(*ssm.Options)) (*ssm.GetParameterOutput, error)
}

// LoadShop reads the document that Terraform wrote.
func LoadShop(ctx context.Context, parameters Parameters, name shop.Name) (shop.Shop, error) {
	found, err := parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(name.Parameter())})
	if err != nil {
		return shop.Shop{}, fmt.Errorf("read %s (does Terraform know this shop?): %w", name.Parameter(), err)
	}
	return shop.Parse([]byte(aws.ToString(found.Parameter.Value)))
}

func help(out io.Writer) {
	var text strings.Builder
	text.WriteString("ship [-project NAME] -environment NAME -tenant NAME [-region REGION] [-operator WHO] [-json] COMMAND ...\n")
	text.WriteString("Settings may come from SHIP_PROJECT, SHIP_ENVIRONMENT, SHIP_TENANT and SHIP_OPERATOR; AWS_* as everywhere.\n\n")
	for _, command := range table() {
		fmt.Fprintf(&text, "  %s %s\n      %s\n", command.Name, command.Arguments, command.Help)
	}
	text.WriteString("\nExit codes: 0 done or nothing to do, 1 failed, 2 usage, 3 locked, 4 image missing, 5 migration failed, 6 rolled back,\n" +
		"7 rollback failed: look now, 8 the task failed, 9 interrupted: the same command goes on.\n")
	_, _ = io.WriteString(out, text.String())
}
