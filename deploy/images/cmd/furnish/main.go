// Command furnish completes a root file system in which the program lies already; the script rootfs calls it.
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/bartgottschalk/startupwebapp/deploy/images/contents"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "furnish: %v\n", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("usage: furnish DIRECTORY VERSION SECONDS_SINCE_1970")
	}
	seconds, err := strconv.ParseInt(args[2], 10, 64)
	if err != nil || seconds < 0 {
		return fmt.Errorf("SOURCE_DATE_EPOCH: %q is not valid: expected whole seconds since 1970", args[2])
	}
	return contents.Furnish(args[0], args[1], time.Unix(seconds, 0).UTC())
}
