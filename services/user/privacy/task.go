package privacy

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode/utf8"
)

var (
	errWho  = errors.New("the arguments are not understood; expected USERNAME or --account-id NUMBER")
	errSure = errors.New("this cannot be undone: say --yes when you mean it")
)

// ExportTask is the subcommand export-account USERNAME: it writes one JSON document to out.
func (o *Office) ExportTask(ctx context.Context, args []string, out io.Writer) error {
	person, _, err := personOf(args)
	if err != nil {
		return err
	}
	document, err := o.Export(ctx, person)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(document)
}

// AnonymiseTask is the subcommand anonymise-account USERNAME --yes: it says in one line on out what was done.
func (o *Office) AnonymiseTask(ctx context.Context, args []string, out io.Writer, logger *slog.Logger) error {
	person, sure, err := personOf(args)
	if err != nil {
		return err
	}
	if !sure {
		return errSure
	}
	forgotten, err := o.Anonymise(ctx, person)
	if err != nil {
		return err
	}
	forgotten.Action.Log(ctx, logger)
	_, err = fmt.Fprintln(out, forgotten)
	return err
}

// personOf reads the arguments, flags before or after the user name. Its errors name nobody.
func personOf(args []string) (person Person, sure bool, err error) {
	flags := flag.NewFlagSet("person", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Int64Var(&person.AccountID, "account-id", 0, "")
	flags.BoolVar(&sure, "yes", false, "")
	flags.StringVar(&person.By, "by", "", "")
	var names []string
	for rest := args; ; rest = flags.Args()[1:] {
		if flags.Parse(rest) != nil {
			return Person{}, false, errWho
		}
		if flags.NArg() == 0 {
			break
		}
		names = append(names, flags.Arg(0))
	}
	if len(names) > 1 || (len(names) == 1) == (person.AccountID != 0) || person.AccountID < 0 {
		return Person{}, false, errWho
	}
	if len(names) == 0 {
		return person, sure, nil
	}
	if names[0] == "" || !utf8.ValidString(names[0]) || strings.ContainsRune(names[0], 0) {
		return Person{}, false, errNobody // the database cannot even be asked
	}
	person.Username = names[0]
	return person, sure, nil
}

// String is what the operator reads. It names the account by its number: what a task prints may end up in logs.
func (f Forgotten) String() string {
	line := fmt.Sprintf("account %d is anonymised, with %d mails, %d chat messages and %d prospects", f.AccountID, f.Mails, f.ChatMessages, f.Prospects)
	if f.Before {
		line += "; it was before"
	}
	return line
}
