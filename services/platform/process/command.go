package process

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/bartgottschalk/startupwebapp/services/platform/config"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const migrateCommand = "migrate"

// command is what the arguments asked for.
type command[C any] struct {
	name   string
	serves bool
	run    func(ctx context.Context, cfg C, tel telemetry.Telemetry) error
}

func (p Program[C]) command(args []string) (command[C], error) {
	if len(args) == 0 {
		return command[C]{name: "serve", serves: true, run: p.Serve}, nil
	}
	name, rest := args[0], args[1:]
	if task, ok := p.Tasks[name]; ok {
		return command[C]{name: name, run: func(ctx context.Context, cfg C, tel telemetry.Telemetry) error {
			return task.Run(ctx, cfg, tel, rest)
		}}, nil
	}
	if name == migrateCommand && p.Migrate != nil && len(rest) == 0 {
		return command[C]{name: name, run: p.Migrate}, nil
	}
	return command[C]{}, fmt.Errorf("%q is not understood; run `%s --help`", args, p.Name)
}

func asksForHelp(args []string) bool {
	return slices.Contains(args, "--help") || slices.Contains(args, "-h") || (len(args) == 1 && args[0] == "help")
}

// explainPatience bounds how long the help of a task may take; without its database it is one line.
const explainPatience = 5 * time.Second

// Usage is what a task returns that was asked for --help; Text are its flags. It is printed, and no failure.
type Usage struct{ Text string }

// Error is the text.
func (u Usage) Error() string { return u.Text }

// Unwrap gives flag.ErrHelp.
func (u Usage) Unwrap() error { return flag.ErrHelp }

// help is of the program, or of the task that the arguments begin with.
func (p Program[C]) help(ctx context.Context, args, environ []string, stdout io.Writer) {
	task, ok := p.Tasks[args[0]]
	if !ok {
		p.usage(stdout)
		return
	}
	text := &lines{stdout}
	text.add("%s %s\n\n  %s\n", p.Name, args[0], task.Help)
	if !task.Explains {
		return
	}
	if flags := explained(ctx, task, environ); flags != "" {
		text.add("\n%s", flags)
	}
}

// explained asks the task for its flags. It is told "--help" alone, whatever else was said, and takes the settings that it would run
// with: the flags are its own business. Where these lack, its line is all the help that there is.
func explained[C any](ctx context.Context, task Task[C], environ []string) string {
	ctx, cancel := context.WithTimeout(ctx, explainPatience)
	defer cancel()
	environ, err := withAWSSecret(ctx, environ)
	if err != nil {
		return ""
	}
	read, err := config.Load[settings[C]](environ)
	if err != nil {
		return ""
	}
	var usage Usage
	_ = errors.As(task.Run(withOutput(ctx, io.Discard), read.Own, telemetry.Silent(), []string{"--help"}), &usage)
	return usage.Text
}

func (p Program[C]) usage(w io.Writer) {
	text := &lines{w}
	text.add("usage: %s [command]\n\ncommands:\n", p.Name)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	commands := &lines{table}
	commands.add("  (none)\tserve until SIGINT or SIGTERM\n")
	if p.Migrate != nil {
		commands.add("  %s\tbring the database schema up to date\n", migrateCommand)
	}
	if p.Healthcheck != nil {
		commands.add("  %s\task the process that listens at %s here whether it is alive; needs no other variable\n", healthcheckCommand, p.Healthcheck.Variable)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Tasks)) {
		commands.add("  %s\t%s\n", name, p.Tasks[name].Help)
	}
	_ = table.Flush()
	if len(p.Tasks) > 0 {
		text.add("\n%s COMMAND --help tells more of one.\n", p.Name)
	}
	text.add("\nenvironment:\n")
	config.Help[settings[C]](w)
}

// lines writes help; help that cannot be written has nobody to tell.
type lines struct{ w io.Writer }

func (l *lines) add(format string, values ...any) { _, _ = fmt.Fprintf(l.w, format, values...) }
