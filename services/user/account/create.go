package account

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/jackc/pgx/v5"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/user/account/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/mail"
	"github.com/bartgottschalk/startupwebapp/services/user/password"
	"github.com/bartgottschalk/startupwebapp/services/user/session"
)

const codeLength = 20 // of public codes and of texts that are signed (contract user.md 1.8)

// CreateAccount makes an account with everything that belongs to it, or nothing. Every try counts for the limit.
func (s *Service) CreateAccount(ctx context.Context, form *userv1.CreateAccountRequest) (*userv1.CreateAccountResponse, error) {
	if err := s.rooms.Limiter.Allow(ctx, limit.CreateAccount(), limit.Address(form.GetClientAddress())); err != nil {
		return nil, err
	}
	broken, err := s.validate(ctx, form)
	if err != nil {
		return nil, err
	}
	if len(broken) > 0 {
		return &userv1.CreateAccountResponse{Violations: broken}, nil
	}
	hash, err := s.rooms.Hasher.Hash(ctx, form.GetPassword())
	if err != nil {
		return nil, fmt.Errorf("hash password: %w", err)
	}
	response := &userv1.CreateAccountResponse{}
	err = s.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		response.Account, response.Session, err = s.create(ctx, tx, form, hash)
		return err
	})
	if postgres.IsUniqueViolation(err, "accounts_username_key") {
		return &userv1.CreateAccountResponse{Violations: []*userv1.FieldViolation{usernameTaken()}}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("create account: %w", err)
	}
	return response, nil
}

// validate tries the rules of the form, and only when all are kept, how easily the password is guessed (contract user.md
// 1.10).
func (s *Service) validate(ctx context.Context, form *userv1.CreateAccountRequest) ([]*userv1.FieldViolation, error) {
	broken := validateForm(form)
	if isUsername(form.GetUsername()) {
		taken, err := s.queries.UsernameExists(ctx, form.GetUsername())
		if err != nil {
			return nil, fmt.Errorf("look for user name: %w", err)
		}
		if taken {
			broken = afterUsername(broken, usernameTaken())
		}
	}
	if len(broken) == 0 {
		broken = guessable(form)
	}
	return broken, nil
}

// isUsername leaves out what no account can be called and the database may not take.
func isUsername(text string) bool {
	return text != "" && usernameForm.MatchString(text) && len(text) <= longestUsername
}

// afterUsername keeps the violations in the order of the form's fields.
func afterUsername(broken []*userv1.FieldViolation, taken *userv1.FieldViolation) []*userv1.FieldViolation {
	at := 0
	for i, violation := range broken {
		if violation.GetField() != fieldEmail && violation.GetField() != fieldPassword {
			at = i + 1
		}
	}
	return append(broken[:at:at], append([]*userv1.FieldViolation{taken}, broken[at:]...)...)
}

func guessable(form *userv1.CreateAccountRequest) []*userv1.FieldViolation {
	c := check{field: fieldPassword}
	reasons := password.Guessable(form.GetPassword(), []password.Attribute{
		{Name: "user name", Value: form.GetUsername()},
		{Name: "first name", Value: form.GetFirstName()},
		{Name: "last name", Value: form.GetLastName()},
		{Name: "e-mail address", Value: form.GetEmail()},
	})
	for _, reason := range reasons {
		c.refuse(true, "django_validation", reason)
	}
	return c.broken
}

func (s *Service) create(ctx context.Context, tx pgx.Tx, form *userv1.CreateAccountRequest, hash string) (*userv1.Account, *userv1.Session, error) {
	code := s.verification.Sign(identifier.New(codeLength))
	account, generation, err := s.insert(ctx, tx, form, hash, code)
	if err != nil {
		return nil, nil, err
	}
	if err := s.rooms.Terms.Agree(ctx, tx, account.GetAccountId()); err != nil {
		return nil, nil, err
	}
	if err := s.rooms.Prospects.Convert(ctx, tx, account.GetEmail(), account.GetAccountId()); err != nil {
		return nil, nil, err
	}
	begun, err := s.rooms.Sessions.Begin(ctx, tx, session.Owner{
		AccountID: account.GetAccountId(), PasswordGeneration: generation,
		Remember: form.GetRemember(), ReplacedToken: form.GetReplacedSessionToken(),
	})
	if err != nil {
		return nil, nil, err
	}
	err = s.rooms.Outbox.PutWelcome(ctx, tx, mail.Welcome{
		AccountID: account.GetAccountId(), Recipient: account.GetEmail(), FirstName: account.GetFirstName(),
		LastName: account.GetLastName(), Username: account.GetUsername(), VerificationCode: code,
	})
	return account, begun, err
}

func (s *Service) insert(ctx context.Context, tx pgx.Tx, form *userv1.CreateAccountRequest, hash, code string) (*userv1.Account, int32, error) {
	account := &userv1.Account{
		Username: form.GetUsername(), FirstName: form.GetFirstName(), LastName: form.GetLastName(),
		Email: normalEmail(form.GetEmail()), MemberCode: identifier.New(codeLength),
	}
	unsubscribe := identifier.New(codeLength)
	row, err := s.queries.WithTx(tx).InsertAccount(ctx, dbgen.InsertAccountParams{
		Username: account.GetUsername(), PasswordHash: hash, FirstName: account.GetFirstName(), LastName: account.GetLastName(),
		Email: account.GetEmail(), NewsletterSubscriber: form.GetNewsletter(), UnsubscribeString: unsubscribe,
		UnsubscribeToken: s.unsubscribe.Signature(unsubscribe), MemberCode: account.GetMemberCode(),
		VerificationCodeHash: hashOf(code), Now: s.now(),
	})
	if err != nil {
		return nil, 0, fmt.Errorf("insert account: %w", err)
	}
	account.AccountId = row.ID
	return account, row.PasswordGeneration, nil
}

// hashOf is what is stored of a verification code (contract user.md 8, defect 14).
func hashOf(code string) []byte {
	sum := sha256.Sum256([]byte(code))
	return sum[:]
}
