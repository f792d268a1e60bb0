package mail

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

const welcomeTemplate = "welcome"

// Welcome is what the first mail to a member says.
type Welcome struct {
	AccountID        int64
	Recipient        string
	FirstName        string
	LastName         string
	Username         string
	VerificationCode string
}

// PutWelcome writes within tx the mail that greets a new member and carries the verification code.
func (o *Outbox) PutWelcome(ctx context.Context, tx pgx.Tx, welcome Welcome) error {
	_, err := o.Put(ctx, tx, Letter{
		Key:          fmt.Sprintf("welcome:%d", welcome.AccountID),
		TemplateCode: welcomeTemplate,
		AccountID:    welcome.AccountID,
		Recipient:    welcome.Recipient,
		Fields: map[string]string{
			"recipient_first_name":    welcome.FirstName,
			"recipient_last_name":     welcome.LastName,
			"username":                welcome.Username,
			"email_verification_code": welcome.VerificationCode,
		},
	})
	return err
}
