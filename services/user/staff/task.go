package staff

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

var (
	errPasswordArgument = errors.New("a password is not taken from the arguments, because everybody on the machine can read them in the list of processes: set SUPERUSER_PASSWORD, or run this at a terminal to be asked")
	errArguments        = errors.New("the arguments are not understood; expected --username NAME --email ADDRESS [--first-name NAME] [--last-name NAME] [--by OPERATOR]")
	errNoUsername       = errors.New("the user name is missing: say --username NAME or set SUPERUSER_USERNAME")
)

const command = "create-superuser"

// Desk is what the task has at hand.
type Desk struct {
	Ask    Asker // nil when there is nobody to ask
	Out    io.Writer
	Logger *slog.Logger
}

// Task is the subcommand create-superuser: it says in one line what was done.
func (o *Office) Task(ctx context.Context, settings Settings, args []string, desk Desk) error {
	wish, err := wishOf(settings, args)
	if err != nil {
		return err
	}
	made, err := o.CreateSuperuser(ctx, wish, Secret{Given: settings.Password, Ask: desk.Ask})
	if err != nil {
		return err
	}
	made.Action.Log(ctx, desk.Logger)
	_, err = fmt.Fprintln(desk.Out, made)
	return err
}

// wishOf reads the arguments, which win over the environment. Its errors repeat none: one may be a password.
func wishOf(settings Settings, args []string) (Wish, error) {
	for _, arg := range args {
		if strings.HasPrefix(arg, "-") && strings.HasPrefix(strings.TrimLeft(arg, "-"), "pass") {
			return Wish{}, errPasswordArgument
		}
	}
	var wish Wish
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&wish.Username, "username", "", "")
	flags.StringVar(&wish.Email, "email", "", "")
	flags.StringVar(&wish.FirstName, "first-name", "", "")
	flags.StringVar(&wish.LastName, "last-name", "", "")
	flags.StringVar(&wish.By, "by", "", "")
	if flags.Parse(args) != nil || flags.NArg() > 0 {
		return Wish{}, errArguments
	}
	wish.Username, wish.Email = cmp.Or(wish.Username, settings.Username), cmp.Or(wish.Email, settings.Email)
	if wish.Username == "" {
		return Wish{}, errNoUsername
	}
	return wish, nil
}

// String is what the operator reads. It names the account by its number: what a task prints may end up in logs.
func (m Made) String() string {
	switch {
	case m.Created:
		return fmt.Sprintf("account %d was made and is a superuser's", m.AccountID)
	case m.PasswordChanged:
		return fmt.Sprintf("account %d existed and is a superuser's; it has the new password, and its sessions have ended", m.AccountID)
	}
	return fmt.Sprintf("account %d existed and is a superuser's; its password is as it was", m.AccountID)
}
