package mail

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/operator"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
)

// longestInput bounds what is read of a file: more than any template takes.
const longestInput = 1 << 20

const standardInput = "-" // as a file's name

// The subcommands that change something, which is noted with who asked for it.
const (
	editCommand    = "edit-mail-template"
	resendCommand  = "resend-mail"
	resolveCommand = "resolve-mail-failure"
)

// Commands are the subcommands for operators. Each takes the arguments after its name.
type Commands struct {
	Desk *Desk
	In   io.Reader
	Out  io.Writer
}

// ListTemplates is `mail-templates`.
func (c Commands) ListTemplates(ctx context.Context, args []string) error {
	if _, err := c.parse(c.flags("mail-templates"), args, 0, 0); err != nil {
		return err
	}
	templates, err := c.Desk.Templates(ctx)
	if err != nil {
		return err
	}
	table := c.table("CODE\tPURPOSE\tAUDIENCE\tSTATUS\tSUBJECT")
	for _, template := range templates {
		table.row(template.Code, template.Purpose, template.Audience, template.Status, template.Subject)
	}
	return table.Flush()
}

// ShowTemplate is `show-mail-template CODE [--part subject|text|html|from|bcc]`: all as JSON, or one part as it is, for an
// editor and then for edit-mail-template.
func (c Commands) ShowTemplate(ctx context.Context, args []string) error {
	flags := c.flags("show-mail-template")
	part := flags.String("part", "", "only this: subject, text, html, from or bcc")
	codes, err := c.parse(flags, args, 1, 1)
	if err != nil {
		return err
	}
	template, err := c.Desk.Template(ctx, codes[0])
	if err != nil {
		return err
	}
	if *part == "" {
		encoder := json.NewEncoder(c.Out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(template)
	}
	text, known := template.part(*part)
	if !known {
		return usage("--part is subject, text, html, from or bcc")
	}
	_, err = io.WriteString(c.Out, text)
	return err
}

func (t Template) part(name string) (string, bool) {
	text, known := map[string]string{
		partSubject: t.Subject, partText: t.BodyText, partHTML: t.BodyHTML, partFrom: t.FromAddress, partBcc: t.BccAddress,
	}[name]
	return text, known
}

// EditTemplate is `edit-mail-template CODE [--subject S] [--text FILE|-] [--html FILE|-] [--from A] [--bcc A]`.
func (c Commands) EditTemplate(ctx context.Context, args []string) error {
	flags := c.flags(editCommand)
	by := flags.String("by", "", "who you are")
	edit := Edit{}
	var textFile, htmlFile *string // read once the flags are understood: a failure is one line, not a lesson on usage
	flags.Func(partSubject, "the subject", given(&edit.Subject))
	flags.Func(partFrom, "the sender and Reply-To; empty: MAIL_FROM", given(&edit.FromAddress))
	flags.Func(partBcc, "who gets a copy; empty: nobody", given(&edit.BccAddress))
	flags.Func(partText, "file with the text, - for standard input", given(&textFile))
	flags.Func(partHTML, "file with the HTML, - for standard input; an empty one: text alone", given(&htmlFile))
	codes, err := c.parse(flags, args, 1, 1)
	if err != nil {
		return err
	}
	if err := c.readBodies(&edit, textFile, htmlFile); err != nil {
		return err
	}
	if edit == (Edit{}) {
		return usage("nothing to change: give --subject, --text, --html, --from or --bcc")
	}
	who, err := operator.Name(*by)
	if err != nil {
		return usage(err.Error())
	}
	if err := c.Desk.EditTemplate(ctx, who, codes[0], edit); err != nil {
		return err
	}
	return c.say("changed %s; mails that are not out yet are written with it\n", codes[0])
}

func given(field **string) func(string) error {
	return func(text string) error {
		*field = &text
		return nil
	}
}

func (c Commands) readBodies(edit *Edit, text, html *string) error {
	if text != nil && html != nil && *text == standardInput && *html == standardInput {
		return usage("standard input can be the text or the HTML, not both")
	}
	var err error
	if edit.BodyText, err = c.read(partText, text); err != nil {
		return err
	}
	edit.BodyHTML, err = c.read(partHTML, html)
	return err
}

// read gives what is in a file, nil for none.
func (c Commands) read(part string, name *string) (*string, error) {
	if name == nil {
		return nil, nil //nolint:nilnil // a part that is not named stays
	}
	source := c.In
	if *name != standardInput {
		file, err := os.Open(*name)
		if err != nil {
			return nil, unreadable(part, err)
		}
		defer func() { _ = file.Close() }()
		source = file
	}
	text, err := io.ReadAll(io.LimitReader(source, longestInput))
	if err != nil {
		return nil, unreadable(part, err)
	}
	read := string(text)
	return &read, nil
}

func unreadable(part string, err error) error {
	return fault.New(fault.Invalid, "file-unreadable", "--"+part).Because(err)
}

// ListFailures is `failed-mails`.
func (c Commands) ListFailures(ctx context.Context, args []string) error {
	if _, err := c.parse(c.flags("failed-mails"), args, 0, 0); err != nil {
		return err
	}
	failures, err := c.Desk.Failures(ctx)
	if err != nil {
		return err
	}
	if len(failures) == 0 {
		return c.say("no failed mails\n")
	}
	table := c.table("MAIL\tTEMPLATE\tKIND\tWHEN (UTC)\tRECIPIENT\tREASON")
	for _, failure := range failures {
		table.row(strconv.FormatInt(failure.MailID, 10), failure.TemplateCode, failure.Kind, failure.At.Format("2006-01-02 15:04:05"), failure.Recipient, failure.Message)
	}
	return table.Flush()
}

// Resend is `resend-mail MAIL...`. It says which mails go to whom, and asks.
func (c Commands) Resend(ctx context.Context, args []string) error {
	request, err := operator.Parse(resendCommand, args, nil)
	if err != nil {
		return err
	}
	if len(request.Args) == 0 {
		return usage("expected the numbers of mails; `user failed-mails` lists them")
	}
	ids, err := mailIDs(request.Args)
	if err != nil {
		return err
	}
	will, err := c.Desk.planResend(ctx, ids)
	if err != nil {
		return err
	}
	if err := request.Confirm(ctx, will); err != nil {
		return err
	}
	if err := c.Desk.Resend(ctx, request.By, ids...); err != nil {
		return err
	}
	return c.say("queued again: %s\n", numbers(ids))
}

// mailIDs are in order, so that two operators wait for each other instead of for ever, and each is there once.
func mailIDs(texts []string) ([]int64, error) {
	ids := make([]int64, len(texts))
	for i, text := range texts {
		id, err := mailID(text)
		if err != nil {
			return nil, err
		}
		ids[i] = id
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// Resolve is `resolve-mail-failure MAIL --note TEXT`. It says what was not sent, and asks.
func (c Commands) Resolve(ctx context.Context, args []string) error {
	var note string
	request, err := operator.Parse(resolveCommand, args, func(flags *flag.FlagSet) {
		flags.StringVar(&note, "note", "", "what was done about it")
	})
	if err != nil {
		return err
	}
	if len(request.Args) != 1 {
		return usage("expected MAIL --note TEXT; `user failed-mails` lists the numbers")
	}
	id, err := mailID(request.Args[0])
	if err != nil {
		return err
	}
	will, err := c.Desk.planResolve(ctx, id, note)
	if err != nil {
		return err
	}
	if err := request.Confirm(ctx, will); err != nil {
		return err
	}
	if err := c.Desk.Resolve(ctx, request.By, id, note); err != nil {
		return err
	}
	return c.say("resolved the failure of mail %d\n", id)
}

func mailID(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return 0, usage(fmt.Sprintf("%q is no number of a mail; `user failed-mails` lists them", text))
	}
	return id, nil
}

func (c Commands) flags(name string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	return flags
}

// parse takes flags before, between and after the other arguments, of which there are least to most (-1: any number).
func (c Commands) parse(flags *flag.FlagSet, args []string, least, most int) ([]string, error) {
	var rest []string
	for {
		err := flags.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			var text strings.Builder
			flags.SetOutput(&text)
			flags.PrintDefaults()
			return nil, process.Usage{Text: text.String()}
		}
		if err != nil {
			flags.SetOutput(c.Out) // only now: Parse would print the error, too
			flags.Usage()
			return nil, usage(err.Error())
		}
		if flags.NArg() == 0 {
			break
		}
		rest, args = append(rest, flags.Arg(0)), flags.Args()[1:]
	}
	if len(rest) < least || most >= 0 && len(rest) > most {
		return nil, usage(fmt.Sprintf("%d arguments beside flags, which are not as many as %s takes", len(rest), flags.Name()))
	}
	return rest, nil
}

func usage(problem string) error { return fault.New(fault.Invalid, "usage", problem) }

func (c Commands) say(format string, values ...any) error {
	_, err := fmt.Fprintf(c.Out, format, values...)
	return err
}

// rows writes a table whose columns stand below each other.
type rows struct {
	*tabwriter.Writer
	err error
}

func (c Commands) table(head string) *rows {
	table := &rows{Writer: tabwriter.NewWriter(c.Out, 0, 0, 2, ' ', 0)}
	table.row(head)
	return table
}

func (r *rows) row(cells ...string) {
	_, err := fmt.Fprintln(r.Writer, strings.Join(cells, "\t"))
	r.err = errors.Join(r.err, err)
}

// Flush writes all rows.
func (r *rows) Flush() error { return errors.Join(r.err, r.Writer.Flush()) }
