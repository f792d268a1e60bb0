package staff

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
	"github.com/bartgottschalk/startupwebapp/services/platform/operator"
	"github.com/bartgottschalk/startupwebapp/services/user/form"
	"github.com/bartgottschalk/startupwebapp/services/user/operation"
	"github.com/bartgottschalk/startupwebapp/services/user/staff/dbgen"
)

const memberCodeLength = 20 // contract user.md 1.8

// What is refused, in sentences for the operator. None names a person.
var (
	errClosed       = errors.New("the account of that user name is closed and cannot be promoted")
	errOtherAddress = errors.New("an account of that user name exists with another e-mail address, so it may be somebody else's; to promote it all the same leave the address out")
	errFaster       = errors.New("an account of that user name came and went at the same time; try again")
)

// Wish is the superuser that is wanted.
type Wish struct {
	Username string
	// Email is required of a new account. An existing one must have it, if it is given.
	Email string
	// FirstName and LastName may be empty. An existing account keeps its own.
	FirstName, LastName string
	// By is the operator; empty: whoever the environment says (operator.Name).
	By string
}

// Made is what came of a wish.
type Made struct {
	AccountID int64
	// Created: the account is new; else it existed and is a superuser's now, if it was not before.
	Created bool
	// PasswordChanged: an account that existed has another password, and its sessions have ended.
	PasswordChanged bool
	// Action is what was noted of it.
	Action operation.Action
}

// CreateSuperuser makes an account with all that belongs to one, or promotes the account of that user name. The address of
// a new account counts as unverified: nothing follows from an address that somebody else typed (contract user.md 8, defect
// 10). No mail is sent. Two who want the same at once make one account.
// Errors are sentences for the operator; they repeat nothing that was typed.
func (o *Office) CreateSuperuser(ctx context.Context, wish Wish, secret Secret) (Made, error) {
	by, err := operator.Name(wish.By)
	if err != nil {
		return Made{}, err
	}
	holder, err := o.holderOf(ctx, o.queries.FindAccount, wish)
	if err != nil {
		return Made{}, err
	}
	plain, err := secret.choose(ctx, holder.exists)
	if err != nil {
		return Made{}, err
	}
	hash, err := o.hash(ctx, plain, wish.Username, holder)
	if err != nil {
		return Made{}, err
	}
	var made Made
	err = o.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if made, err = o.makeOrPromote(ctx, tx, wish, hash); err != nil {
			return err
		}
		made.Action = operation.Action{By: by, Command: command, Subject: fmt.Sprintf("account %d", made.AccountID), Detail: made.String()}
		return operation.Note(ctx, tx, made.Action, o.now())
	})
	return made, err
}

// holder is who has, or is to have, the user name.
type holder struct {
	exists                     bool
	id                         int64
	firstName, lastName, email string
}

// holderOf looks the user name up and says why its account, or a new one, cannot be a superuser's.
func (o *Office) holderOf(ctx context.Context, find func(context.Context, string) (dbgen.FindAccountRow, error), wish Wish) (holder, error) {
	if !utf8.ValidString(wish.Username) || strings.ContainsRune(wish.Username, 0) {
		return newHolder(wish) // which refuses it: the database cannot even be asked
	}
	row, err := find(ctx, wish.Username)
	if errors.Is(err, pgx.ErrNoRows) {
		return newHolder(wish)
	}
	if err != nil {
		return holder{}, fmt.Errorf("find account: %w", err)
	}
	if !row.IsActive {
		return holder{}, errClosed
	}
	if wish.Email != "" && !strings.EqualFold(wish.Email, row.Email) {
		return holder{}, errOtherAddress
	}
	return holder{exists: true, id: row.ID, firstName: row.FirstName, lastName: row.LastName, email: row.Email}, nil
}

func newHolder(wish Wish) (holder, error) {
	broken := slices.Concat(form.Username(wish.Username), form.Email(wish.Email))
	if wish.FirstName != "" {
		broken = append(broken, form.Name(form.FieldFirstName, wish.FirstName, form.LongestFirstName)...)
	}
	if wish.LastName != "" {
		broken = append(broken, form.Name(form.FieldLastName, wish.LastName, form.LongestLastName)...)
	}
	if err := refusal(broken); err != nil {
		return holder{}, err
	}
	return holder{firstName: wish.FirstName, lastName: wish.LastName, email: form.NormalEmail(wish.Email)}, nil
}

// refusal is the broken rules as one error, or nil. The sentences of package form repeat nothing that was typed.
func refusal(broken []*userv1.FieldViolation) error {
	sentences := make([]string, len(broken))
	for i, violation := range broken {
		sentences[i] = violation.GetField() + ": " + violation.GetDescription()
	}
	if len(sentences) == 0 {
		return nil
	}
	return errors.New(strings.Join(sentences, " "))
}

// hash judges the password by the rules of the shop and hashes it; "" stays "".
func (o *Office) hash(ctx context.Context, plain, username string, owner holder) (string, error) {
	if plain == "" {
		return "", nil
	}
	broken := form.Password(plain, plain)
	if len(broken) == 0 {
		broken = form.Guessable(plain, username, owner.firstName, owner.lastName, owner.email)
	}
	if err := refusal(broken); err != nil {
		return "", err
	}
	hash, err := o.rooms.Hasher.Hash(ctx, plain)
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

func (o *Office) makeOrPromote(ctx context.Context, tx pgx.Tx, wish Wish, hash string) (Made, error) {
	queries := o.queries.WithTx(tx)
	lock := func(ctx context.Context, username string) (dbgen.FindAccountRow, error) {
		row, err := queries.LockAccount(ctx, username)
		return dbgen.FindAccountRow(row), err
	}
	found, err := o.holderOf(ctx, lock, wish)
	if err != nil {
		return Made{}, err
	}
	if !found.exists {
		made, err := o.insert(ctx, tx, wish, hash, found)
		if !errors.Is(err, pgx.ErrNoRows) {
			return made, err
		}
		if found, err = o.holderOf(ctx, lock, wish); err != nil {
			return Made{}, err
		}
	}
	if !found.exists {
		return Made{}, errFaster
	}
	return o.promote(ctx, tx, found.id, hash)
}

// insert makes the account. It answers pgx.ErrNoRows when somebody else was faster.
func (o *Office) insert(ctx context.Context, tx pgx.Tx, wish Wish, hash string, owner holder) (Made, error) {
	if hash == "" {
		return Made{}, errNoPassword
	}
	token := o.unsubscribe.New()
	id, err := o.queries.WithTx(tx).InsertSuperuser(ctx, dbgen.InsertSuperuserParams{
		Username: wish.Username, PasswordHash: hash, FirstName: owner.firstName, LastName: owner.lastName, Email: owner.email,
		UnsubscribeString: token.Text, UnsubscribeToken: token.Signature, MemberCode: identifier.New(memberCodeLength), Now: o.now(),
	})
	if err != nil {
		return Made{}, fmt.Errorf("insert account: %w", err)
	}
	if err := o.rooms.Terms.Agree(ctx, tx, id); err != nil {
		return Made{}, err
	}
	return Made{AccountID: id, Created: true}, nil
}

func (o *Office) promote(ctx context.Context, tx pgx.Tx, id int64, hash string) (Made, error) {
	queries := o.queries.WithTx(tx)
	if err := queries.Promote(ctx, id); err != nil {
		return Made{}, fmt.Errorf("promote account: %w", err)
	}
	if hash == "" {
		return Made{AccountID: id}, nil
	}
	if err := queries.ChangePassword(ctx, dbgen.ChangePasswordParams{ID: id, PasswordHash: hash}); err != nil {
		return Made{}, fmt.Errorf("change password: %w", err)
	}
	if err := o.rooms.Sessions.EndAll(ctx, tx, id); err != nil {
		return Made{}, err
	}
	return Made{AccountID: id, PasswordChanged: true}, nil
}
