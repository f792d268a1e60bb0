// Command up starts the whole shop on this machine and stops it at Ctrl-C.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/bartgottschalk/startupwebapp/deploy/local/stack"
)

// variables are those that scripts/up itself reads.
const variables = `
variables (defaults in brackets):
  API_ADDR, SITE_ADDR          where the API and the pages listen [127.0.0.1:8000, 127.0.0.1:8080]
  MAILBOX_ADDR, SANDBOX_ADDR   where the mailbox and the Stripe sandbox listen [127.0.0.1:8025, 127.0.0.1:8090]
  SITE_DIR                     a folder like gateway/site whose pages are shown instead of the built ones, changes at reload
  DATA_DIR                     what outlives a run; relative to the repository [.local]
  ADMIN_DATABASE_URL           an administrator's PostgreSQL instead of a private one
  DATABASE_NAME                the shop's database there [startupwebapp]
  STRIPE_SECRET_KEY            real Stripe instead of the sandbox; needs STRIPE_PUBLISHABLE_KEY and STRIPE_WEBHOOK_SECRET too
  MAIL_TRANSPORT               a mail server instead of the mailbox
and those of the programs, which ".local/bin/order --help" and its like list`

func main() {
	os.Exit(run(os.Args[1:]))
}

func run(arguments []string) int {
	options := stack.FromEnvironment(os.Environ())
	if status, ok := readFlags(arguments, &options); !ok {
		return status
	}
	program, err := os.Executable()
	if err != nil {
		return fail(err)
	}
	options.BinDir, options.Out = filepath.Dir(program), os.Stderr
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	shop, err := stack.Start(ctx, options)
	if ctx.Err() != nil && err != nil {
		return fail(errors.New("stopped before the shop was ready"))
	}
	if err != nil {
		return fail(err)
	}
	announce(shop)
	return runUntilDone(ctx, cancel, shop)
}

// runUntilDone waits for Ctrl-C, or for a failure that the shop cannot mend by itself, and stops the shop.
func runUntilDone(ctx context.Context, cancel func(), shop *stack.Stack) int {
	status := 0
	select {
	case <-ctx.Done():
	case err := <-shop.Failed():
		status = fail(err)
	}
	cancel() // a second Ctrl-C ends this at once
	fmt.Println("stopping")
	if err := shop.Stop(context.WithoutCancel(ctx)); err != nil {
		return fail(err)
	}
	return status
}

// readFlags gives the exit status when there is nothing to start.
func readFlags(arguments []string, options *stack.Options) (status int, ok bool) {
	flags := flag.NewFlagSet("scripts/up", flag.ContinueOnError)
	flags.BoolVar(&options.Fresh, "fresh", false, "start with an empty shop")
	flags.IntVar(&options.Instances, "instances", 1, "processes of each service, 1 to 9")
	flags.BoolVar(&options.StandIn, "stripe-stand-in", false, "let the sandbox know the session ids of recorded cases")
	flags.Usage = func() {
		_, _ = fmt.Fprintln(flags.Output(), "usage: scripts/up [flags]")
		flags.PrintDefaults()
		_, _ = fmt.Fprintln(flags.Output(), variables)
	}
	err := flags.Parse(arguments)
	if errors.Is(err, flag.ErrHelp) {
		return 0, false
	}
	if err == nil && flags.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "scripts/up: %q is not understood, see --help\n", flags.Arg(0))
	}
	if err == nil && options.Instances == 0 {
		fmt.Fprintln(os.Stderr, "scripts/up: instances: 0 is not between 1 and 9")
		return 2, false
	}
	return 2, err == nil && flags.NArg() == 0
}

func announce(shop *stack.Stack) {
	fmt.Printf("pages           %s\n", shop.SiteURL())
	fmt.Printf("API             %s\n", shop.APIURL())
	fmt.Printf("mailbox         %s\n", shop.MailboxURL())
	fmt.Printf("Stripe sandbox  %s\n", shop.SandboxURL())
	fmt.Println("ready")
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, "scripts/up:", err)
	return 1
}
