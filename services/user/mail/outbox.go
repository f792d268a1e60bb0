// Package mail sends all mail of the shop: what other rooms and services cause is written into the outbox in the same
// transaction, and a job delivers it until the mail server has taken it or it is visibly given up.
//
// The texts are rows that operators edit. Who may be written to is decided by packages account and prospect.
package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/user/mail/dbgen"
)

// Queue takes jobs with a transaction; platform's jobs.Jobs is one.
type Queue interface {
	InsertTx(ctx context.Context, tx pgx.Tx, args river.JobArgs, opts *river.InsertOpts) error
}

// Letter is a mail that has a cause.
type Letter struct {
	// Key names the cause: whatever happens, one key makes one mail.
	Key          string
	TemplateCode string
	// AccountID or ProspectID says to whom, the other is 0.
	AccountID  int64
	ProspectID int64
	Recipient  string
	// Fields are the values of the template's placeholders.
	Fields map[string]string
}

// Outbox takes letters. Safe for concurrent use.
type Outbox struct {
	queries *dbgen.Queries
	queue   Queue
	now     func() time.Time
}

// NewOutbox makes the outbox.
func NewOutbox(db *postgres.Database, queue Queue, now func() time.Time) *Outbox {
	return &Outbox{queries: dbgen.New(db), queue: queue, now: now}
}

// Put writes a letter within tx, together with the job that sends it. It answers false when the letter's cause already
// has its mail. Errors: NotFound "mail-template-not-found".
func (o *Outbox) Put(ctx context.Context, tx pgx.Tx, letter Letter) (bool, error) {
	queries := o.queries.WithTx(tx)
	template, err := templateID(ctx, queries, letter.TemplateCode)
	if err != nil {
		return false, err
	}
	fields, err := json.Marshal(letter.Fields)
	if err != nil {
		return false, fmt.Errorf("encode mail fields: %w", err)
	}
	id, err := queries.InsertMail(ctx, dbgen.InsertMailParams{
		Key: letter.Key, TemplateID: template, AccountID: unlessZero(letter.AccountID), ProspectID: unlessZero(letter.ProspectID),
		Recipient: letter.Recipient, Fields: fields, CreatedAt: o.now(),
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("write mail: %w", err)
	}
	if err := o.queue.InsertTx(ctx, tx, SendArgs{MailID: id}, nil); err != nil {
		return false, fmt.Errorf("queue mail: %w", err)
	}
	return true, nil
}

func templateID(ctx context.Context, queries *dbgen.Queries, code string) (int64, error) {
	missing := fault.New(fault.NotFound, "mail-template-not-found", "")
	if strings.ContainsRune(code, 0) {
		return 0, missing // the database cannot even be asked
	}
	id, err := queries.TemplateID(ctx, code)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, missing
	}
	if err != nil {
		return 0, fmt.Errorf("find mail template: %w", err)
	}
	return id, nil
}

// prospectOf tells to which prospect the mail of a cause went, 0 for a member's, and whether there is such a mail.
func (o *Outbox) prospectOf(ctx context.Context, tx pgx.Tx, key string) (int64, bool, error) {
	prospect, err := o.queries.WithTx(tx).FindMail(ctx, key)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("find mail: %w", err)
	}
	if prospect == nil {
		return 0, true, nil
	}
	return *prospect, true, nil
}

func unlessZero(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}
