package process

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

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

func (p Program[C]) usage(w io.Writer) {
	text := &lines{w}
	text.add("usage: %s [command]\n\ncommands:\n", p.Name)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	commands := &lines{table}
	commands.add("  (none)\tserve until SIGINT or SIGTERM\n")
	if p.Migrate != nil {
		commands.add("  %s\tbring the database schema up to date\n", migrateCommand)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Tasks)) {
		commands.add("  %s\t%s\n", name, p.Tasks[name].Help)
	}
	_ = table.Flush()
	text.add("\nenvironment:\n")
	config.Help[settings[C]](w)
}

// lines writes help; help that cannot be written has nobody to tell.
type lines struct{ w io.Writer }

func (l *lines) add(format string, values ...any) { _, _ = fmt.Fprintf(l.w, format, values...) }
