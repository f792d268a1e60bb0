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
	<-ctx.Done()
	cancel() // a second Ctrl-C ends this at once
	fmt.Println("stopping")
	if err := shop.Stop(context.Background()); err != nil {
		return fail(err)
	}
	return 0
}

// readFlags gives the exit status when there is nothing to start.
func readFlags(arguments []string, options *stack.Options) (status int, ok bool) {
	flags := flag.NewFlagSet("scripts/up", flag.ContinueOnError)
	flags.BoolVar(&options.Fresh, "fresh", false, "start with an empty shop")
	flags.IntVar(&options.Instances, "instances", 1, "processes of each service, 1 to 9")
	flags.BoolVar(&options.StandIn, "stripe-stand-in", false, "let the sandbox know the session ids of recorded cases")
	err := flags.Parse(arguments)
	if errors.Is(err, flag.ErrHelp) {
		return 0, false
	}
	if err == nil && flags.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "scripts/up: %q is not understood, see --help\n", flags.Arg(0))
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
