// Command up starts the whole shop on this machine and stops it at Ctrl-C.
package main

import (
	"context"
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
	flags := flag.NewFlagSet("scripts/up", flag.ContinueOnError)
	flags.BoolVar(&options.Fresh, "fresh", false, "start with an empty shop")
	flags.IntVar(&options.Instances, "instances", 1, "processes of each service, 1 to 9")
	flags.BoolVar(&options.StandIn, "stripe-stand-in", false, "let the sandbox know the session ids of recorded cases")
	if flags.Parse(arguments) != nil {
		return 2
	}
	program, err := os.Executable()
	if err != nil {
		return fail(err)
	}
	options.BinDir, options.Out = filepath.Dir(program), os.Stderr
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	shop, err := stack.Start(ctx, options)
	if err != nil {
		return fail(err)
	}
	announce(shop)
	<-ctx.Done()
	fmt.Println("stopping")
	if err := shop.Stop(context.Background()); err != nil {
		return fail(err)
	}
	return 0
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
