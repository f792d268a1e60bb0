package account

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/user/account/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/user/form"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/mail"
	"github.com/bartgottschalk/startupwebapp/services/user/session"
	"github.com/bartgottschalk/startupwebapp/services/user/subscription"
)

const codeLength = 20 // of public codes (contract user.md 1.8)

// CreateAccount makes an account with everything that belongs to it, or nothing. Every try counts for the limit.
func (s *Service) CreateAccount(ctx context.Context, request *userv1.CreateAccountRequest) (*userv1.CreateAccountResponse, error) {
	if err := s.rooms.Limiter.Allow(ctx, limit.CreateAccount(), limit.Address(request.GetClientAddress())); err != nil {
		return nil, err
	}
	broken, err := s.validate(ctx, request)
	if err != nil {
		return nil, err
	}
	if len(broken) > 0 {
		return &userv1.CreateAccountResponse{Violations: broken}, nil
	}
	hash, err := s.rooms.Hasher.Hash(ctx, request.GetPassword())
	if err != nil {
		return nil, fmt.Errorf("hash password: %w", err)
	}
	response := &userv1.CreateAccountResponse{}
	err = s.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		response.Account, response.Session, err = s.create(ctx, tx, request, hash)
		return err
	})
	if postgres.IsUniqueViolation(err, "accounts_username_key") {
		return &userv1.CreateAccountResponse{Violations: []*userv1.FieldViolation{form.UsernameTaken()}}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("create account: %w", err)
	}
	return response, nil
}

// validate tries the rules of the form, and only when all are kept, how easily the password is guessed (contract user.md
// 1.10).
func (s *Service) validate(ctx context.Context, request *userv1.CreateAccountRequest) ([]*userv1.FieldViolation, error) {
	broken := validateForm(request)
	if form.IsUsername(request.GetUsername()) {
		taken, err := s.queries.UsernameExists(ctx, request.GetUsername())
		if err != nil {
			return nil, fmt.Errorf("look for user name: %w", err)
		}
		if taken {
			broken = afterUsername(broken, form.UsernameTaken())
		}
	}
	if len(broken) == 0 {
		broken = form.Guessable(request.GetPassword(), request.GetUsername(), request.GetFirstName(), request.GetLastName(), request.GetEmail())
	}
	return broken, nil
}

// validateForm gives the broken rules in the order of contract user.md 1.9. Whether the user name is free is asked
// elsewhere.
func validateForm(request *userv1.CreateAccountRequest) []*userv1.FieldViolation {
	return slices.Concat(
		form.Name(form.FieldFirstName, request.GetFirstName(), form.LongestFirstName),
		form.Name(form.FieldLastName, request.GetLastName(), form.LongestLastName),
		form.Username(request.GetUsername()),
		form.Email(request.GetEmail()),
		form.Password(request.GetPassword(), request.GetConfirmPassword()),
	)
}

// afterUsername keeps the violations in the order of the form's fields.
func afterUsername(broken []*userv1.FieldViolation, taken *userv1.FieldViolation) []*userv1.FieldViolation {
	at := 0
	for i, violation := range broken {
		if violation.GetField() != form.FieldEmail && violation.GetField() != form.FieldPassword {
			at = i + 1
		}
	}
	return append(broken[:at:at], append([]*userv1.FieldViolation{taken}, broken[at:]...)...)
}

func (s *Service) create(ctx context.Context, tx pgx.Tx, request *userv1.CreateAccountRequest, hash string) (*userv1.Account, *userv1.Session, error) {
	code, codeHash := s.verification.Issue()
	unsubscribe := s.unsubscribe.New()
	account, generation, err := s.insert(ctx, tx, request, hash, codeHash, unsubscribe)
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
		Remember: request.GetRemember(), ReplacedToken: request.GetReplacedSessionToken(), UserAgent: request.GetUserAgent(), ClientAddress: request.GetClientAddress(),
	})
	if err != nil {
		return nil, nil, err
	}
	err = s.rooms.Outbox.PutWelcome(ctx, tx, mail.Person{
		AccountID: account.GetAccountId(), Address: account.GetEmail(), FirstName: account.GetFirstName(),
		LastName: account.GetLastName(), Username: account.GetUsername(),
	}, mail.Welcome{VerificationCode: code, MemberCode: account.GetMemberCode(), UnsubscribeToken: unsubscribe.Signature})
	return account, begun, err
}

func (s *Service) insert(ctx context.Context, tx pgx.Tx, request *userv1.CreateAccountRequest, hash string, codeHash []byte, unsubscribe subscription.Token) (*userv1.Account, int32, error) {
	account := &userv1.Account{
		Username: request.GetUsername(), FirstName: request.GetFirstName(), LastName: request.GetLastName(),
		Email: form.NormalEmail(request.GetEmail()), MemberCode: identifier.New(codeLength),
	}
	row, err := s.queries.WithTx(tx).InsertAccount(ctx, dbgen.InsertAccountParams{
		Username: account.GetUsername(), PasswordHash: hash, FirstName: account.GetFirstName(), LastName: account.GetLastName(),
		Email: account.GetEmail(), NewsletterSubscriber: request.GetNewsletter(), UnsubscribeString: unsubscribe.Text,
		UnsubscribeToken: unsubscribe.Signature, MemberCode: account.GetMemberCode(),
		VerificationCodeHash: codeHash, Now: s.now(),
	})
	if err != nil {
		return nil, 0, fmt.Errorf("insert account: %w", err)
	}
	account.AccountId = row.ID
	return account, row.PasswordGeneration, nil
}
