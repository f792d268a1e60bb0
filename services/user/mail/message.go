package mail

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/mail"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"github.com/bartgottschalk/startupwebapp/services/user/mail/dbgen"
)

// compose fills in the template as it stands now. Every error is an errTemplate: the row of the template, or what it is
// filled with, has to be changed.
func (s *Sender) compose(ctx context.Context, letter dbgen.LoadMailRow) (*gomail.Msg, error) {
	fields, err := s.allFields(letter)
	if err != nil {
		return nil, err
	}
	if letter.BccAddress != "" && carriesCode(maps.Keys(fields)) { // somebody edited the row past Template.check
		letter.BccAddress = ""
		s.logger.WarnContext(ctx, "copy withheld: the mail carries a code", "mail_id", letter.ID, "template", letter.Code)
	}
	message := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := s.address(message, letter); err != nil {
		return nil, err
	}
	subject, err := fillSubject(letter.Subject, fields)
	if err != nil {
		return nil, fmt.Errorf("subject: %w", err)
	}
	message.Subject(subject)
	message.SetDateWithValue(s.now())
	message.SetGenHeader("Auto-Submitted", "auto-generated")
	return message, fillBodies(message, letter, fields)
}

func fillBodies(message *gomail.Msg, letter dbgen.LoadMailRow, fields map[string]string) error {
	text, err := fillText(letter.BodyText, fields)
	if err != nil {
		return fmt.Errorf("text: %w", err)
	}
	message.SetBodyString(gomail.TypeTextPlain, text)
	if letter.BodyHtml == "" {
		return nil
	}
	html, err := fillHTML(letter.BodyHtml, fields)
	if err != nil {
		return fmt.Errorf("html: %w", err)
	}
	message.AddAlternativeString(gomail.TypeTextHTML, html)
	return nil
}

// allFields adds what every template may use.
func (s *Sender) allFields(letter dbgen.LoadMailRow) (map[string]string, error) {
	fields := map[string]string{}
	if err := json.Unmarshal(letter.Fields, &fields); err != nil {
		return nil, fmt.Errorf("%w: stored fields: %w", errTemplate, err)
	}
	maps.Copy(fields, map[string]string{
		"line_break":         newLine + newLine,
		"short_line_break":   newLine,
		"ENVIRONMENT_DOMAIN": s.config.Site,
		"em_cd":              letter.Code,
	})
	return fields, nil
}

// address sets the envelope: replies go to the sender (contract encodings.md 9).
func (s *Sender) address(message *gomail.Msg, letter dbgen.LoadMailRow) error {
	from, err := mail.ParseAddress(orElse(letter.FromAddress, s.config.From))
	if err != nil {
		return fmt.Errorf("%w: from_address is no address", errTemplate)
	}
	message.FromMailAddress(from)
	message.ReplyToMailAddress(from)
	message.ToMailAddress(&mail.Address{Address: letter.Recipient})
	message.SetMessageIDWithValue(messageID(letter.Key, from.Address))
	if letter.BccAddress == "" {
		return nil
	}
	bcc, err := mail.ParseAddressList(letter.BccAddress)
	if err != nil {
		return fmt.Errorf("%w: bcc_address is no address", errTemplate)
	}
	message.BccMailAddress(bcc...)
	return nil
}

// messageID is the same for every attempt at the same mail and tells nothing about its cause.
func messageID(key, from string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16]) + "@" + from[strings.LastIndexByte(from, '@')+1:]
}
