// Command migrationlint refuses migrations that would hurt a running shop: `migrationlint [-released REVISION] FOLDER...`, run at the root
// of the repository. One line per finding; status 1 when there is one.
//
// It stands beside its package instead of with the other commands, so that who only runs the shop need not compile PostgreSQL's parser.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/bartgottschalk/startupwebapp/deploy/local/migrationlint"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func run(ctx context.Context, arguments []string, out, problems io.Writer) int {
	flags := flag.NewFlagSet("migrationlint", flag.ContinueOnError)
	flags.SetOutput(problems)
	revision := flags.String("released", migrationlint.NewestTag(ctx, "."), "what was released last; default the newest tag")
	if flags.Parse(arguments) != nil || flags.NArg() == 0 {
		_, _ = fmt.Fprintln(problems, "usage: migrationlint [-released REVISION] FOLDER...")
		return 2
	}
	found := false
	for _, folder := range flags.Args() {
		findings, err := lint(ctx, *revision, path.Clean(filepath.ToSlash(folder)))
		if err != nil {
			_, _ = fmt.Fprintln(problems, err)
			return 2
		}
		for _, finding := range findings {
			found = true
			_, _ = fmt.Fprintln(out, finding)
		}
	}
	if found {
		return 1
	}
	return 0
}

func lint(ctx context.Context, revision, folder string) ([]migrationlint.Finding, error) {
	var last *migrationlint.Release
	if revision != "" {
		release, err := migrationlint.ReleaseOf(ctx, ".", revision, folder)
		if err != nil {
			return nil, err
		}
		last = release
	}
	if _, err := os.Stat(folder); err != nil {
		return nil, err
	}
	return migrationlint.Folder(os.DirFS(folder), folder, last) //nolint:contextcheck // goose only takes the file apart: there is nothing to wait for
}
