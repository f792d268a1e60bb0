package mail

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

// The templates of the mails about accounts (contract user.md 5, E1 to E7).
const (
	welcomeTemplate            = "member-welcome"
	verificationTemplate       = "email-verification"
	passwordResetTemplate      = "password-reset"
	passwordChangedTemplate    = "password-changed"
	usernameReminderTemplate   = "username-reminder"
	emailChangedTemplate       = "email-changed"
	emailChangedNoticeTemplate = "email-changed-notice"
	chatNoticeTemplate         = "chat-notice"
)

const keyLength = 20

// The placeholders of codes. Whoever has one can prove the address, or change the password: nobody but the addressee may.
const (
	verificationField = "email_verification_code"
	resetField        = "password_reset_code"
)

// Person is the member whom a mail about an account addresses.
type Person struct {
	AccountID int64
	// Address is where the mail goes.
	Address   string
	FirstName string
	LastName  string
	Username  string
}

// Welcome is what the first mail to a member carries.
type Welcome struct {
	VerificationCode string
	MemberCode       string // mb_cd of links
	UnsubscribeToken string // token of links
}

// PutWelcome writes within tx the mail that greets a new member and carries the verification code.
func (o *Outbox) PutWelcome(ctx context.Context, tx pgx.Tx, to Person, welcome Welcome) error {
	letter := to.letter(welcomeTemplate)
	letter.Key = fmt.Sprintf("welcome:%d", to.AccountID)
	letter.Fields[verificationField] = welcome.VerificationCode
	letter.Fields["mb_cd"] = welcome.MemberCode
	letter.Fields["token"] = welcome.UnsubscribeToken
	return o.put(ctx, tx, letter)
}

// PutVerification writes within tx the mail that asks a member to prove the address.
func (o *Outbox) PutVerification(ctx context.Context, tx pgx.Tx, to Person, code string) error {
	letter := to.letter(verificationTemplate)
	letter.Fields[verificationField] = code
	return o.put(ctx, tx, letter)
}

// PutPasswordReset writes within tx the mail with the code for a new password.
func (o *Outbox) PutPasswordReset(ctx context.Context, tx pgx.Tx, to Person, code string) error {
	letter := to.letter(passwordResetTemplate)
	letter.Fields[resetField] = code
	return o.put(ctx, tx, letter)
}

// PutPasswordChanged writes within tx the notice that the password was changed.
func (o *Outbox) PutPasswordChanged(ctx context.Context, tx pgx.Tx, to Person) error {
	return o.put(ctx, tx, to.letter(passwordChangedTemplate))
}

// PutUsernameReminder writes within tx the mail that tells the user name of an address.
func (o *Outbox) PutUsernameReminder(ctx context.Context, tx pgx.Tx, to Person) error {
	letter := to.letter(usernameReminderTemplate)
	letter.Fields["email_address"] = to.Address
	return o.put(ctx, tx, letter)
}

// PutEmailChanged writes within tx both mails about another address: the code goes to the new one alone, and the old one
// does not learn the new (contract user.md 8, defect 11).
func (o *Outbox) PutEmailChanged(ctx context.Context, tx pgx.Tx, to Person, code, oldAddress string) error {
	letter := to.letter(emailChangedTemplate)
	letter.Fields[verificationField] = code
	if err := o.put(ctx, tx, letter); err != nil {
		return err
	}
	if oldAddress == "" {
		return nil
	}
	to.Address = oldAddress
	return o.put(ctx, tx, to.letter(emailChangedNoticeTemplate))
}

// PutChatNotice writes within tx the note to the operators that somebody wrote to the shop; it tells neither who nor what.
func (o *Outbox) PutChatNotice(ctx context.Context, tx pgx.Tx, operator string, messageID int64, at time.Time) error {
	return o.put(ctx, tx, Letter{
		Key: fmt.Sprintf("chat-notice:%d", messageID), TemplateCode: chatNoticeTemplate, Recipient: operator,
		Fields: map[string]string{
			"chat_message_id": strconv.FormatInt(messageID, 10),
			"received_at":     at.UTC().Format("2006-01-02 15:04:05"),
		},
	})
}

// letter addresses a person. Its key is its own: asking again makes another mail.
func (p Person) letter(template string) Letter {
	return Letter{
		Key: template + ":" + identifier.New(keyLength), TemplateCode: template, AccountID: p.AccountID, Recipient: p.Address,
		Fields: map[string]string{
			"recipient_first_name": p.FirstName, "recipient_last_name": p.LastName, "username": p.Username,
		},
	}
}

func (o *Outbox) put(ctx context.Context, tx pgx.Tx, letter Letter) error {
	_, err := o.Put(ctx, tx, letter)
	return err
}
