// Package privacy hands out the events of an account, and makes them nobody's. Both are subcommands for an operator.
//
// Whose an event is, only its sender says (contract clientevent.md, defect 5): anybody can report under any account's id. What
// else is known of the account lies in the user and order services.
package privacy

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

const (
	stretch        = 24 * time.Hour // of a table that one statement looks at, at most
	batchSize      = 1000
	statementLimit = 15 * time.Second
)

var errUsage = errors.New("expected [-member-code CODE] and the id of one account, a whole number above 0")

// account is whose events are meant.
type account struct {
	id int64
	// memberCode is what links in mails to the account carry (mb_cd); followed links have no other sign of whose they are.
	// Empty: they are left out.
	memberCode string
}

func accountOf(name string, args []string) (account, error) {
	var of account
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the error below says it
	flags.StringVar(&of.memberCode, "member-code", "", "")
	if err := flags.Parse(args); err != nil || flags.NArg() != 1 {
		return account{}, errUsage
	}
	id, err := strconv.ParseInt(flags.Arg(0), 10, 64)
	if err != nil || id <= 0 {
		return account{}, errUsage
	}
	of.id = id
	return of, nil
}

// span is part of a table: from a moment until before another.
type span struct {
	since, until time.Time
}

// walk goes through a table from its first event on, a stretch at a time, and leaves out stretches without any. It ends, as
// each stretch is later than the one before, also while events are coming in.
func walk(ctx context.Context, first func(context.Context, time.Time) (time.Time, error), each func(context.Context, span) error) error {
	since := time.Time{}
	for {
		found, err := limited(ctx, func(ctx context.Context) (time.Time, error) { return first(ctx, since) })
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("find next event: %w", err)
		}
		until := found.Add(stretch)
		if err := each(ctx, span{since: found, until: until}); err != nil {
			return err
		}
		since = until
	}
}

// limited gives one statement its time.
func limited[T any](ctx context.Context, ask func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, statementLimit)
	defer cancel()
	return ask(ctx)
}

// ExportTask is the subcommand `clientevent export-account [-member-code CODE] ID`: one JSON document with the events that
// were reported under the account's id, and the links followed with its member code. It is written as it is read, however
// much it is; a failure leaves it cut off.
func ExportTask(ctx context.Context, db *postgres.Database, args []string, out io.Writer) error {
	of, err := accountOf("export-account", args)
	if err == nil {
		err = export(ctx, db, of, out)
	}
	if err != nil {
		return fmt.Errorf("export-account: %w", err)
	}
	return nil
}

// AnonymiseTask is the subcommand `clientevent anonymise-account [-member-code CODE] ID`: the account's events lose its id,
// the browser's id, the customer's address and the browser's name. Events of less than a second ago may still be on their way: run it
// after the user service's own, which ends the sessions, and again if in doubt. What was done stays done when it fails.
func AnonymiseTask(ctx context.Context, db *postgres.Database, args []string, out io.Writer) error {
	of, err := accountOf("anonymise-account", args)
	if err != nil {
		return fmt.Errorf("anonymise-account: %w", err)
	}
	changed, err := anonymise(ctx, db, of)
	if err != nil {
		return fmt.Errorf("anonymise-account: %w", err)
	}
	if changed == 0 {
		_, _ = fmt.Fprintf(out, "account %d: nothing to do\n", of.id)
		return nil
	}
	_, _ = fmt.Fprintf(out, "account %d: %d events anonymised\n", of.id, changed)
	return nil
}
