package privacy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/user/privacy/dbgen"
)

// Export is everything that the user service keeps of a person, without what protects the account: hashes of the password,
// of tokens and of codes. It is written as JSON; times are UTC.
type Export struct {
	// AccountID is what the other services know the person by.
	AccountID       int64                      `json:"account_id"`
	ExportedAt      time.Time                  `json:"exported_at"`
	Profile         dbgen.ProfileRow           `json:"profile"`
	TermsAgreements []dbgen.TermsAgreementsRow `json:"terms_agreements"`
	Sessions        []dbgen.SessionsRow        `json:"sessions"`
	// KnownNetworks counts from where the account was entered; of the networks themselves only hashes are kept.
	KnownNetworks    int64                       `json:"known_networks"`
	ClaimedAddresses []dbgen.ClaimedAddressesRow `json:"claimed_addresses"`
	// FormerAddresses were claimed until the account took another address.
	FormerAddresses    []dbgen.FormerAddressesRow    `json:"former_addresses"`
	ChatMessages       []dbgen.ChatMessagesRow       `json:"chat_messages"`
	Mails              []dbgen.MailsRow              `json:"mails"`
	UnsubscribeReasons []dbgen.UnsubscribeReasonsRow `json:"unsubscribe_reasons"`
	// Prospects are the person without the account, as far as proven addresses tell that it is the same.
	Prospects []dbgen.ProspectsRow `json:"prospects"`
}

// Export reads everything at one moment. It fails with a sentence for the operator when there is no such account.
func (o *Office) Export(ctx context.Context, person Person) (Export, error) {
	var document Export
	err := o.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		if _, err := tx.Exec(ctx, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"); err != nil {
			return fmt.Errorf("fix the moment of the export: %w", err)
		}
		document, err = o.read(ctx, o.queries.WithTx(tx), person)
		return err
	})
	return document, err
}

func (o *Office) read(ctx context.Context, queries *dbgen.Queries, person Person) (Export, error) {
	id, err := queries.FindPerson(ctx, dbgen.FindPersonParams{Username: person.username(), AccountID: person.accountID()})
	if errors.Is(err, pgx.ErrNoRows) {
		return Export{}, errNobody
	}
	if err != nil {
		return Export{}, fmt.Errorf("find account: %w", err)
	}
	document := Export{AccountID: id, ExportedAt: o.now().UTC().Truncate(time.Second)}
	if err := readAccount(ctx, queries, &document); err != nil {
		return Export{}, err
	}
	return document, readTraces(ctx, queries, &document)
}

// readAccount reads what hangs on the account alone.
func readAccount(ctx context.Context, queries *dbgen.Queries, into *Export) (err error) {
	if into.Profile, err = queries.Profile(ctx, into.AccountID); err != nil {
		return fmt.Errorf("read profile: %w", err)
	}
	if into.TermsAgreements, err = queries.TermsAgreements(ctx, into.AccountID); err != nil {
		return fmt.Errorf("read agreements: %w", err)
	}
	if into.Sessions, err = queries.Sessions(ctx, into.AccountID); err != nil {
		return fmt.Errorf("read sessions: %w", err)
	}
	if into.KnownNetworks, err = queries.CountKnownNetworks(ctx, into.AccountID); err != nil {
		return fmt.Errorf("count known networks: %w", err)
	}
	if into.ClaimedAddresses, err = queries.ClaimedAddresses(ctx, into.AccountID); err != nil {
		return fmt.Errorf("read claimed addresses: %w", err)
	}
	if into.FormerAddresses, err = queries.FormerAddresses(ctx, into.AccountID); err != nil {
		return fmt.Errorf("read former addresses: %w", err)
	}
	return nil
}

// readTraces reads what the person also left without logging in.
func readTraces(ctx context.Context, queries *dbgen.Queries, into *Export) error {
	found, err := tracesOf(ctx, queries, into.AccountID)
	if err != nil {
		return err
	}
	into.Prospects = found.prospects
	into.ChatMessages, err = queries.ChatMessages(ctx, dbgen.ChatMessagesParams{AccountID: into.AccountID, ProspectIds: found.numbers(), Addresses: found.addresses})
	if err != nil {
		return fmt.Errorf("read chat messages: %w", err)
	}
	into.Mails, err = queries.Mails(ctx, dbgen.MailsParams{AccountID: into.AccountID, ProspectIds: found.numbers()})
	if err != nil {
		return fmt.Errorf("read mails: %w", err)
	}
	into.UnsubscribeReasons, err = queries.UnsubscribeReasons(ctx, dbgen.UnsubscribeReasonsParams{AccountID: into.AccountID, ProspectIds: found.numbers()})
	if err != nil {
		return fmt.Errorf("read unsubscribe reasons: %w", err)
	}
	return nil
}

// traces are what connects an account with what its owner left without logging in: the addresses that it has proven to be
// its own, today or before it took another, and the prospects with those.
type traces struct {
	addresses []string // in lower case
	prospects []dbgen.ProspectsRow
}

func tracesOf(ctx context.Context, queries *dbgen.Queries, accountID int64) (found traces, err error) {
	if found.addresses, err = queries.ProvenAddresses(ctx, accountID); err != nil {
		return traces{}, fmt.Errorf("find proven addresses: %w", err)
	}
	if found.prospects, err = queries.Prospects(ctx, found.addresses); err != nil {
		return traces{}, fmt.Errorf("find prospects: %w", err)
	}
	return found, nil
}

func (t traces) numbers() []int64 {
	numbers := make([]int64, len(t.prospects))
	for i, prospect := range t.prospects {
		numbers[i] = prospect.ID
	}
	return numbers
}
