// Package operator is how commands ask the person who runs the shop: who are you, is this what you want.
//
// What the commands do lives in the room of the service that each is about, and so does the note of what was done.
package operator

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bartgottschalk/startupwebapp/services/platform/process"
)

// Unknown is the name of an operator who gave none.
const Unknown = "unknown"

const longestName = 200 // characters; the books of what operators did hold no more

var (
	errNobody  = errors.New("who are you? say -by NAME, or set OPERATOR")
	errBadName = fmt.Errorf("the operator's name is not valid: expected at most %d characters on one line", longestName)
)

// Request is one command of an operator.
type Request struct {
	// By is who asks, 1 to 200 characters on one line. It is claimed, not proven: who may run commands is known elsewhere.
	By string
	// Yes: do not ask.
	Yes bool
	// Args are the positional arguments, in their order.
	Args []string
	// Flags are all flags after reading; Visit tells which of them were given.
	Flags *flag.FlagSet
}

// Parse reads the arguments of a command; flags may stand before, between and after the positional ones, and none are after
// "--"; a negative number is an argument. define adds the command's own flags and may be nil. Every command has -by NAME (otherwise
// $OPERATOR, then $USER; one of them is required) and -yes. Errors are sentences for the operator, without the command's name, which
// the process says; that help was asked for is a process.Usage.
func Parse(command string, args []string, define func(flags *flag.FlagSet)) (Request, error) {
	var request Request
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&request.By, "by", fromEnvironment(), "who you are")
	flags.BoolVar(&request.Yes, "yes", false, "do not ask")
	if define != nil {
		define(flags)
	}
	positional, err := parseAnywhere(flags, args)
	if errors.Is(err, flag.ErrHelp) {
		return Request{}, usage(flags)
	}
	if err != nil {
		return Request{}, err
	}
	request.By = strings.TrimSpace(request.By)
	if err := checkName(request.By); err != nil {
		return Request{}, err
	}
	request.Args, request.Flags = positional, flags
	return request, nil
}

// Name is who asks, for a command that does not insist on knowing: given by -by, else $OPERATOR, else $USER, else Unknown.
// The error is a sentence for the operator.
func Name(given string) (string, error) {
	name := cmp.Or(strings.TrimSpace(given), fromEnvironment(), Unknown)
	return name, checkName(name)
}

func fromEnvironment() string {
	return cmp.Or(strings.TrimSpace(os.Getenv("OPERATOR")), strings.TrimSpace(os.Getenv("USER")))
}

// usage lists the flags.
func usage(flags *flag.FlagSet) error {
	var text strings.Builder
	text.WriteString("flags:\n")
	flags.SetOutput(&text)
	flags.PrintDefaults()
	return process.Usage{Text: text.String()}
}

// parseAnywhere reads one flag after the other, because package flag stops at the first positional argument.
func parseAnywhere(flags *flag.FlagSet, args []string) ([]string, error) {
	var positional []string
	for len(args) > 0 {
		if args[0] == "--" {
			return append(positional, args[1:]...), nil
		}
		if !isFlag(args[0]) {
			positional, args = append(positional, args[0]), args[1:]
			continue
		}
		length := min(lengthOf(flags, args[0]), len(args))
		if err := flags.Parse(args[:length]); err != nil {
			return nil, err
		}
		args = args[length:]
	}
	return positional, nil
}

// isFlag is as package flag has it, but for numbers below 0.
func isFlag(arg string) bool {
	if len(arg) < 2 || arg[0] != '-' {
		return false
	}
	_, err := strconv.ParseFloat(arg, 64)
	return err != nil || arg[1] < '0' || arg[1] > '9' // -inf is no number of anything
}

// lengthOf is how many arguments a flag takes, itself included.
func lengthOf(flags *flag.FlagSet, arg string) int {
	name := strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-")
	found := flags.Lookup(name)
	if found == nil { // unknown, or with its value behind "="
		return 1
	}
	if boolean, ok := found.Value.(interface{ IsBoolFlag() bool }); ok && boolean.IsBoolFlag() {
		return 1
	}
	return 2
}

func checkName(name string) error {
	if name == "" {
		return errNobody
	}
	if !utf8.ValidString(name) || utf8.RuneCountInString(name) > longestName || strings.ContainsFunc(name, unicode.IsControl) {
		return errBadName
	}
	return nil
}
