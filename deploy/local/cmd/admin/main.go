// Command admin runs what operators do in a shop that runs on this machine: one-off commands of the services' programs,
// which lie beside it, with the environment that the shop gives them. In production each is a task of the service's image.
//
// Secrets never are arguments: they come from the environment, or are typed at the terminal that is handed on.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// The exit codes, as those of the programs (services/platform/process).
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	program, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, "scripts/admin:", err)
		os.Exit(exitFailed)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	signal.Notify(make(chan os.Signal, 1), os.Interrupt) // Ctrl-C is for the program at the terminal, which then ends
	desk := desk{
		binDir: filepath.Dir(program), dataDir: os.Getenv("DATA_DIR"), environ: os.Environ(),
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
	}
	os.Exit(desk.run(ctx, os.Args[1:])) //nolint:gocritic // nothing is left to be undone
}

// desk is where an operator sits.
type desk struct {
	binDir, dataDir string
	environ         []string
	stdin           *os.File
	stdout, stderr  io.Writer
}

// command is one of those that scripts/admin lists.
type command struct {
	name, arguments, help string
	run                   func(ctx context.Context, d desk, name string, arguments []string) error
	ofAll                 bool // of several services; the others explain themselves
}

func (c command) print(w io.Writer) {
	_, _ = fmt.Fprintf(w, "\n  %s\n      %s\n", strings.TrimSpace(c.name+" "+c.arguments), c.help)
}

func asksForHelp(arguments []string) bool {
	return slices.Contains(arguments, "--help") || slices.Contains(arguments, "-h")
}

func commands() []command {
	user, order := handOnTo("user"), handOnTo("order")
	return []command{
		{"create-superuser", "--username NAME --email ADDRESS [--first-name NAME] [--last-name NAME]", "make or promote an account of staff; the password is asked for, or SUPERUSER_PASSWORD", user, false},
		{"export-account", "USERNAME | --account-id N", "print all that the shop keeps of a person, as JSON", exportAccount, true},
		{"anonymise-account", "USERNAME | --account-id N, --yes", "forget a person; the books stay", anonymiseAccount, true},
		{"publish-terms", "[--version N] [--from 2026-12-01T00:00:00Z] [--note TEXT]", "publish new terms of use, which members are asked to agree to", user, false},
		{"operator-actions", "[--days 7]", "list who did what by command, newest first", listActions, true},

		{"show-order", "ORDER", "print everything about an order", order, false},
		{"set-order-status", "ORDER STATUS", "move an order along; the customer is mailed", order, false},
		{"set-tracking", "ORDER NUMBER", "note the carrier's number; who waits for the parcel is mailed", order, false},
		{"cancel-order", "ORDER [-refund] [-restock] [-note TEXT]", "end an order that has not left", order, false},
		{"refund-order", "ORDER [-amount 12.00] [-restock all|SKU=QUANTITY,...] [-key K] [-note TEXT]", "give money back, all or a part of it", order, false},
		{"failed-order-mails", "", "list mails of orders that never reached the user service", order, false},
		{"resend-order-mail", "ORDER", "queue the mails of an order again that were given up", order, false},

		{"audit", "[-patience 15m]", "check the books against themselves", order, false},
		{"reconcile", "[-from 2026-11-01] [-until 2026-11-08] [-days 2] [-grace 15m]", "compare the books with Stripe and print what has to be resolved", order, false},
		{"exceptions", "[--all]", "list what somebody has to decide: payments that are no order, disputes, differences", order, false},
		{"resolve-exception", "ID --note TEXT [--refund]", "close an exception, after giving the proposed sum back", order, false},

		{"set-price", "SKU AMOUNT [--from 2026-12-01]", "change a price, now or from then on", order, false},
		{"stock", "", "list the SKUs with prices, what is counted of them, and what is promised to customers", order, false},
		{"set-stock", "SKU COUNT|uncounted", "say how many pieces there are", order, false},
		{"shipping-methods", "", "list the shipping methods", order, false},
		{"enable-shipping-method", "IDENTIFIER", "offer a shipping method", order, false},
		{"disable-shipping-method", "IDENTIFIER [--force]", "offer a shipping method no longer; --force: even the last", order, false},

		{"create-discount-code", "CODE --type percent-off|dollar-amt-off|free-usps-ground-shipping [--amount 10.00] [--minimum 20.00] [--starts 2026-12-01] [--ends 2027-01-01] [--limit N] [--limit-per-customer N] [--description TEXT]", "make a discount code, good for a year unless --ends says otherwise; customers see the amount where TEXT has {}", order, false},
		{"end-discount-code", "CODE", "let a discount code be over from now on", order, false},
		{"discount-codes", "", "list the discount codes and their uses", order, false},
		{"load-demo-discount-codes", "", "put the discount codes of the old shop's recordings into a shop that has no others", order, false},

		{"mail-templates", "", "list the texts of mails", user, false},
		{"show-mail-template", "CODE [--part subject|text|html|from|bcc]", "print a text of mails", user, false},
		{"edit-mail-template", "CODE [--subject S] [--text FILE|-] [--html FILE|-] [--from ADDRESS] [--bcc ADDRESS]", "change it", user, false},
		{"failed-mails", "", "list mails that were given up", user, false},
		{"resend-mail", "MAIL...", "queue mails again that were given up", user, false},
		{"resolve-mail-failure", "MAIL --note TEXT", "close a failure without sending", user, false},
	}
}

func handOnTo(service string) func(context.Context, desk, string, []string) error {
	return func(ctx context.Context, d desk, name string, arguments []string) error {
		return d.handOn(ctx, service, append([]string{name}, arguments...)...)
	}
}

func (d desk) run(ctx context.Context, arguments []string) int {
	if len(arguments) == 0 || arguments[0] == "--help" || arguments[0] == "-h" || arguments[0] == "help" {
		list(d.stdout)
		return exitDone
	}
	for _, command := range commands() {
		if command.name == arguments[0] && command.ofAll && asksForHelp(arguments) {
			command.print(d.stdout)
			return exitDone
		}
		if command.name == arguments[0] {
			return d.finish(command.run(ctx, d, command.name, arguments[1:]))
		}
	}
	d.say("%q is not understood; scripts/admin alone lists what there is", arguments[0])
	return exitUsage
}

// finish says what went wrong, unless the program that failed has said it.
func (d desk) finish(err error) int {
	if err == nil {
		return exitDone
	}
	status, said := statusOf(err)
	if !said {
		d.say("%v", err)
	}
	return status
}

func (d desk) say(format string, values ...any) {
	_, _ = fmt.Fprintf(d.stderr, "scripts/admin: "+format+"\n", values...)
}

func list(w io.Writer) {
	_, _ = fmt.Fprintln(w, "usage: scripts/admin COMMAND, in the shop that scripts/up has started")
	for _, command := range commands() {
		command.print(w)
	}
	_, _ = fmt.Fprintln(w, "\nWhat changes orders, goods, discounts or terms, or sends mails again, says what it will do and asks; -yes does not ask.\n"+
		"-by NAME says who you are, otherwise $OPERATOR or $USER do: it is noted with what was done.\nCOMMAND --help lists its flags.")
}
