package privacy

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
	"github.com/bartgottschalk/startupwebapp/services/platform/operator"
	"github.com/bartgottschalk/startupwebapp/services/user/operation"
	"github.com/bartgottschalk/startupwebapp/services/user/privacy/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/user/prospect"
)

const codeLength = 20 // of public codes (contract user.md 1.8)

// Forgotten is what an anonymisation met.
type Forgotten struct {
	AccountID    int64
	Before       bool // the account was anonymised already; what came since is forgotten too
	ChatMessages int64
	Mails        int64
	Prospects    int
	Action       operation.Action // what was noted of it
}

// Anonymise takes everything personal out of an account and of the prospects with the addresses that it proved, in one
// transaction. What is left is the number at which the books of the order service point (contract user.md 8, defect 37):
// nobody can log in as it, the user name is free again, and mails that were queued are not sent. Doing it again is no
// error. It fails with a sentence for the operator when there is no such account.
func (o *Office) Anonymise(ctx context.Context, person Person) (Forgotten, error) {
	by, err := operator.Name(person.By)
	if err != nil {
		return Forgotten{}, err
	}
	var forgotten Forgotten
	err = o.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		if forgotten, err = o.forget(ctx, o.queries.WithTx(tx), person); err != nil {
			return err
		}
		forgotten.Action = operation.Action{By: by, Command: "anonymise-account", Subject: fmt.Sprintf("account %d", forgotten.AccountID), Detail: forgotten.String()}
		return operation.Note(ctx, tx, forgotten.Action, o.now())
	})
	return forgotten, err
}

func (o *Office) forget(ctx context.Context, queries *dbgen.Queries, person Person) (Forgotten, error) {
	found, err := queries.LockPerson(ctx, dbgen.LockPersonParams{Username: person.username(), AccountID: person.accountID()})
	if errors.Is(err, pgx.ErrNoRows) {
		return Forgotten{}, errNobody
	}
	if err != nil {
		return Forgotten{}, fmt.Errorf("lock account: %w", err)
	}
	left, err := tracesOf(ctx, queries, found.ID)
	if err != nil {
		return Forgotten{}, err
	}
	forgotten := Forgotten{AccountID: found.ID, Before: found.AnonymisedAt != nil, Prospects: len(left.prospects)}
	if err := o.forgetTraces(ctx, queries, &forgotten, left); err != nil {
		return Forgotten{}, err
	}
	for _, id := range left.numbers() {
		if err := o.forgetProspect(ctx, queries, id); err != nil {
			return Forgotten{}, err
		}
	}
	if err := queries.RemoveNote(ctx, prospect.NoteOfAccount(found.ID)); err != nil {
		return Forgotten{}, fmt.Errorf("remove note from prospects: %w", err)
	}
	return forgotten, o.forgetAccount(ctx, queries, found.ID)
}

func (o *Office) forgetTraces(ctx context.Context, queries *dbgen.Queries, forgotten *Forgotten, left traces) (err error) {
	account, prospects := forgotten.AccountID, left.numbers()
	forgotten.ChatMessages, err = queries.AnonymiseChatMessages(ctx, dbgen.AnonymiseChatMessagesParams{AccountID: account, ProspectIds: prospects, Addresses: left.addresses})
	if err != nil {
		return fmt.Errorf("anonymise chat messages: %w", err)
	}
	forgotten.Mails, err = queries.AnonymiseMails(ctx, dbgen.AnonymiseMailsParams{AccountID: account, ProspectIds: prospects})
	if err != nil {
		return fmt.Errorf("anonymise mails: %w", err)
	}
	err = queries.AnonymiseMailFailures(ctx, dbgen.AnonymiseMailFailuresParams{AccountID: account, ProspectIds: prospects, Now: o.now()})
	if err != nil {
		return fmt.Errorf("anonymise mail failures: %w", err)
	}
	err = queries.AnonymiseUnsubscribeReasons(ctx, dbgen.AnonymiseUnsubscribeReasonsParams{AccountID: account, ProspectIds: prospects})
	if err != nil {
		return fmt.Errorf("anonymise unsubscribe reasons: %w", err)
	}
	return nil
}

// forgetProspect gives the prospect an address that nobody can leave: they are unique and not empty.
func (o *Office) forgetProspect(ctx context.Context, queries *dbgen.Queries, id int64) error {
	token := o.unsubscribe.New()
	err := queries.AnonymiseProspect(ctx, dbgen.AnonymiseProspectParams{
		ProspectID: id, Email: fmt.Sprintf("anonymised-%d@invalid", id), UnsubscribeString: token.Text, UnsubscribeToken: token.Signature,
		ProspectCode: identifier.New(codeLength),
	})
	if err != nil {
		return fmt.Errorf("anonymise prospect: %w", err)
	}
	return nil
}

// forgetAccount gives the account a user name that nobody can choose, for the colon. Its codes in links of mails change too,
// so that followed links no longer tell whose they were.
func (o *Office) forgetAccount(ctx context.Context, queries *dbgen.Queries, id int64) error {
	token := o.unsubscribe.New()
	err := queries.AnonymiseAccount(ctx, dbgen.AnonymiseAccountParams{
		AccountID: id, Username: fmt.Sprintf("anonymised:%d", id), UnsubscribeString: token.Text, UnsubscribeToken: token.Signature,
		MemberCode: identifier.New(codeLength), Now: o.now(),
	})
	if err != nil {
		return fmt.Errorf("anonymise account: %w", err)
	}
	for _, forget := range []func(context.Context, int64) error{
		queries.DeleteSessions, queries.DeleteKnownNetworks, queries.DeleteClaims, queries.DeleteFormerAddresses,
	} {
		if err := forget(ctx, id); err != nil {
			return fmt.Errorf("delete what belongs to the account: %w", err)
		}
	}
	return nil
}
