package mailbox

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // teaches go-message the character sets
	"github.com/emersion/go-message/mail"
	"github.com/emersion/go-smtp"
)

// mostParts bounds the parts of one mail that are looked at.
const mostParts = 100

// parse reads a mail. What it cannot make sense of it shows as it came: a mail that was sent must be seen.
func parse(sent io.Reader, recipients []string) (Message, error) {
	reader, err := mail.CreateReader(sent)
	if reader == nil {
		return Message{}, readFailure(err)
	}
	header := reader.Header
	arrived := Message{
		From: first(addresses(header, "From")), To: addresses(header, "To"), Cc: addresses(header, "Cc"),
		ReplyTo: strings.Join(addresses(header, "Reply-To"), ", "), Subject: decoded(header, "Subject"),
		MessageID: strings.Trim(header.Get("Message-Id"), "<> "), Headers: header.Map(), Attachments: []Attachment{},
	}
	arrived.Bcc = hiddenRecipients(header, recipients)
	if err := arrived.readParts(reader); err != nil {
		return Message{}, err
	}
	arrived.Text, arrived.HTML = clean(arrived.Text), clean(arrived.HTML)
	return arrived, nil
}

func readFailure(err error) error {
	var fromServer *smtp.SMTPError
	if errors.As(err, &fromServer) { // too large, for one
		return err
	}
	return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "The mail cannot be read"}
}

func (m *Message) readParts(reader *mail.Reader) error {
	for range mostParts {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if part == nil {
			return readFailure(err)
		}
		if err := m.readPart(part); err != nil {
			return readFailure(err)
		}
	}
	return nil
}

func (m *Message) readPart(part *mail.Part) error {
	if attached, is := part.Header.(*mail.AttachmentHeader); is {
		name, _ := attached.Filename()
		kind, _, _ := attached.ContentType()
		size, err := io.Copy(io.Discard, part.Body)
		m.Attachments = append(m.Attachments, Attachment{Name: clean(name), Type: kind, Size: size})
		return err
	}
	body, err := io.ReadAll(part.Body)
	if err != nil {
		return err
	}
	kind := "text/plain"
	if inline, is := part.Header.(*mail.InlineHeader); is {
		kind, _, _ = inline.ContentType()
	}
	if kind == "text/html" {
		m.HTML += string(body)
		return nil
	}
	m.Text += string(body)
	return nil
}

// addresses are those of a header field, decoded; what is not a list of addresses is returned as it stands.
func addresses(header mail.Header, field string) []string {
	found := []string{}
	parsed, err := header.AddressList(field)
	if err != nil {
		if text := decoded(header, field); text != "" {
			found = append(found, text)
		}
		return found
	}
	for _, one := range parsed {
		found = append(found, display(one))
	}
	return found
}

// display writes an address for people and programs: the name in quotes where it would be misread without them.
func display(one *mail.Address) string {
	name := clean(one.Name)
	switch {
	case name == "":
		return clean(one.Address)
	case strings.ContainsAny(name, `",;:<>()[]@\`):
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `" <` + clean(one.Address) + ">"
	default:
		return name + " <" + clean(one.Address) + ">"
	}
}

// hiddenRecipients are those of the envelope that the mail itself does not name (Bcc).
func hiddenRecipients(header mail.Header, recipients []string) []string {
	named := []string{}
	for _, field := range []string{"To", "Cc"} {
		parsed, _ := header.AddressList(field)
		for _, one := range parsed {
			named = append(named, strings.ToLower(one.Address))
		}
	}
	hidden := []string{}
	for _, recipient := range recipients {
		if !slices.Contains(named, strings.ToLower(recipient)) {
			hidden = append(hidden, clean(recipient))
		}
	}
	return hidden
}

func decoded(header mail.Header, field string) string {
	text, err := header.Text(field)
	if err != nil && !message.IsUnknownCharset(err) {
		return clean(header.Get(field))
	}
	return clean(text)
}

// clean makes text fit for JSON and for comparing: valid UTF-8 with plain line ends.
func clean(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\r\n", "\n")
}

func first(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	return texts[0]
}
