package mail

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/user/mail/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/user/operation"
)

// The lengths that the table takes, in characters.
const (
	longestSubject  = 300
	longestBodyText = 5000
	longestBodyHTML = 15000
	longestEnvelope = 320 // of from_address and bcc_address
)

// The parts of a template, as commands and errors name them.
const (
	partSubject = "subject"
	partText    = "text"
	partHTML    = "html"
	partFrom    = "from"
	partBcc     = "bcc"
)

const addressExpected = `expected an address like shop@example.com or "The Shop <shop@example.com>"`

// Template is what is written to people, as operators see it.
type Template struct {
	Code         string   `json:"code"`
	Purpose      string   `json:"purpose"`
	Audience     string   `json:"audience"`
	Status       string   `json:"status"`
	Placeholders []string `json:"placeholders"` // that the texts may use
	Subject      string   `json:"subject"`
	FromAddress  string   `json:"from_address"` // empty: MAIL_FROM
	BccAddress   string   `json:"bcc_address"`  // one or several, empty: nobody
	BodyText     string   `json:"body_text"`
	BodyHTML     string   `json:"body_html"` // empty: text alone
}

// Edit says what of a template changes; nil stays as it is.
type Edit struct {
	Subject, BodyText, BodyHTML, FromAddress, BccAddress *string
}

// Templates lists all, without their bodies.
func (d *Desk) Templates(ctx context.Context) ([]Template, error) {
	rows, err := d.queries.ListTemplates(ctx)
	if err != nil {
		return nil, fmt.Errorf("list mail templates: %w", err)
	}
	list := make([]Template, len(rows))
	for i, row := range rows {
		list[i] = Template{Code: row.Code, Purpose: row.Purpose, Audience: row.Audience, Status: row.Status, Subject: row.Subject}
	}
	return list, nil
}

// Template gives one. Errors: NotFound "mail-template-not-found".
func (d *Desk) Template(ctx context.Context, code string) (Template, error) {
	row, err := d.queries.LoadTemplate(ctx, strings.ToValidUTF8(code, "?"))
	return asTemplate(row, err)
}

// EditTemplate changes a template when what comes out can be filled in and sent; otherwise nothing changes. Errors:
// NotFound "mail-template-not-found", Invalid "mail-template-invalid" with the reason.
func (d *Desk) EditTemplate(ctx context.Context, by, code string, edit Edit) error {
	action := operation.Action{By: by, Command: editCommand, Subject: code, Detail: edit.parts()}
	return d.do(ctx, action, func(ctx context.Context, tx pgx.Tx) error {
		queries := d.queries.WithTx(tx)
		row, err := queries.LockTemplate(ctx, strings.ToValidUTF8(code, "?"))
		template, err := asTemplate(row, err)
		if err != nil {
			return err
		}
		edit.apply(&template)
		if err := template.check(); err != nil {
			return err
		}
		return queries.UpdateTemplate(ctx, dbgen.UpdateTemplateParams{
			ID: row.ID, Subject: template.Subject, BodyText: template.BodyText, BodyHtml: template.BodyHTML,
			FromAddress: template.FromAddress, BccAddress: template.BccAddress,
		})
	})
}

func asTemplate(row dbgen.MailTemplate, err error) (Template, error) {
	if errors.Is(err, pgx.ErrNoRows) {
		return Template{}, fault.New(fault.NotFound, "mail-template-not-found", "`user mail-templates` lists the codes")
	}
	if err != nil {
		return Template{}, fmt.Errorf("read mail template: %w", err)
	}
	return Template{
		Code: row.Code, Purpose: row.Purpose, Audience: row.Audience, Status: row.Status, Placeholders: allowed(row.Code, row.Purpose, row.Audience),
		Subject: row.Subject, FromAddress: row.FromAddress, BccAddress: row.BccAddress, BodyText: row.BodyText, BodyHTML: row.BodyHtml,
	}, nil
}

// parts names what changes.
func (e Edit) parts() string {
	var names []string
	for _, part := range []struct {
		name string
		text *string
	}{{partSubject, e.Subject}, {partText, e.BodyText}, {partHTML, e.BodyHTML}, {partFrom, e.FromAddress}, {partBcc, e.BccAddress}} {
		if part.text != nil {
			names = append(names, part.name)
		}
	}
	return strings.Join(names, ", ")
}

func (e Edit) apply(template *Template) {
	for field, value := range map[*string]*string{
		&template.Subject: e.Subject, &template.BodyText: e.BodyText, &template.BodyHTML: e.BodyHTML,
		&template.FromAddress: e.FromAddress, &template.BccAddress: e.BccAddress,
	} {
		if value != nil {
			*field = *value
		}
	}
}

// check refuses what could not be sent or stored. The reasons quote no addresses.
func (t Template) check() error {
	for _, part := range []struct {
		name, text string
		longest    int
		optional   bool
	}{
		{partSubject, t.Subject, longestSubject, false}, {partText, t.BodyText, longestBodyText, false}, {partHTML, t.BodyHTML, longestBodyHTML, true},
		{partFrom, t.FromAddress, longestEnvelope, true}, {partBcc, t.BccAddress, longestEnvelope, true},
	} {
		if err := checkText(part.name, part.text, part.longest, part.optional); err != nil {
			return err
		}
	}
	if err := t.checkAddresses(); err != nil {
		return err
	}
	if err := t.checkPlaceholders(); err != nil {
		return err
	}
	return t.checkPurpose()
}

func checkText(name, text string, longest int, optional bool) error {
	count := utf8.RuneCountInString(text)
	switch {
	case text == "" && optional:
		return nil
	case strings.TrimSpace(text) == "":
		return invalid(name, "is empty")
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return invalid(name, "is not text (UTF-8 without NUL)")
	case count > longest:
		return invalid(name, fmt.Sprintf("has %d characters; at most %d are allowed", count, longest))
	}
	return nil
}

func (t Template) checkAddresses() error {
	if t.FromAddress != "" {
		if _, err := mail.ParseAddress(t.FromAddress); err != nil {
			return invalid(partFrom, "is no address; "+addressExpected)
		}
	}
	if t.BccAddress != "" {
		if _, err := mail.ParseAddressList(t.BccAddress); err != nil {
			return invalid(partBcc, "is no list of addresses; "+addressExpected+", several with commas between them")
		}
	}
	if t.BccAddress != "" && carriesCode(slices.Values(t.Placeholders)) {
		return invalid(partBcc, "is refused: the mail carries a code, which a copy would hand to somebody else; --bcc '' removes it")
	}
	return nil
}

func (t Template) checkPlaceholders() error {
	if strings.ContainsAny(t.Subject, "\r\n") {
		return invalid(partSubject, "has more than one line")
	}
	values := map[string]string{}
	for _, name := range t.Placeholders {
		values[name] = ""
	}
	for _, part := range []struct{ name, text string }{{partSubject, t.Subject}, {partText, t.BodyText}, {partHTML, t.BodyHTML}} {
		if _, err := fillText(part.text, values); err != nil {
			return invalid(part.name, err.Error()+"; allowed here: "+strings.Join(t.Placeholders, ", ")+"; braces that are meant as such are doubled")
		}
	}
	return nil
}

// checkPurpose keeps what the mail is sent for in each part that people may read.
func (t Template) checkPurpose() error {
	name := needed(t.Code, t.Purpose)
	if name == "" {
		return nil
	}
	for _, part := range []struct{ name, text string }{{partText, t.BodyText}, {partHTML, t.BodyHTML}} {
		if part.text != "" && !uses(part.text, name) {
			return invalid(part.name, "lacks {"+name+"}, which the mail is sent for")
		}
	}
	return nil
}

func invalid(part, problem string) error {
	return fault.New(fault.Invalid, "mail-template-invalid", part+" "+problem)
}
