package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/user/mail/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/user/operation"
)

const (
	longestNote  = 1000
	masked       = "****"
	shownOfLocal = 4

	interrupted = "interrupted" // kind of a failure: it may be out
)

// Desk is where operators edit templates and look after mails that failed. Safe for concurrent use.
type Desk struct {
	db      *postgres.Database
	queries *dbgen.Queries
	queue   Queue
	logger  *slog.Logger
	now     func() time.Time
}

// NewDesk makes the desk.
func NewDesk(db *postgres.Database, queue Queue, logger *slog.Logger, now func() time.Time) *Desk {
	return &Desk{db: db, queries: dbgen.New(db), queue: queue, logger: logger, now: now}
}

// Failure is a mail that was given up and that nobody has looked after yet.
type Failure struct {
	MailID       int64
	TemplateCode string
	Kind         string // formatting, smtp_send or interrupted
	At           time.Time
	Recipient    string // masked
	Message      string // of the server, addresses masked
}

// Failures lists the open ones, oldest first.
func (d *Desk) Failures(ctx context.Context) ([]Failure, error) {
	rows, err := d.queries.ListOpenFailures(ctx)
	if err != nil {
		return nil, fmt.Errorf("list failed mails: %w", err)
	}
	list := make([]Failure, len(rows))
	for i, row := range rows {
		list[i] = Failure{
			MailID: row.MailID, TemplateCode: row.Code, Kind: row.Kind, At: row.CreatedAt.UTC(),
			Recipient: mask(row.Recipient), Message: anAddress.ReplaceAllStringFunc(row.Message, mask),
		}
	}
	return list, nil
}

var anAddress = regexp.MustCompile(`[^\s<>()",;:@]+@[^\s<>()",;:@]+`)

// mask leaves enough of an address to recognise one that is known: longname@x.co becomes long****@x.co.
func mask(address string) string {
	local, domain, _ := strings.Cut(address, "@")
	runes := []rune(local)
	return string(runes[:min(shownOfLocal, len(runes)/2)]) + masked + "@" + domain
}

// Resend queues mails again that were given up, all of them or, on an error, none. A mail that was interrupted may reach
// its recipient twice by this; both copies have the same Message-ID. Errors: NotFound "mail-not-found",
// FailedPrecondition "mail-not-failed" (also of a mail that ids names twice) and "mail-emptied".
func (d *Desk) Resend(ctx context.Context, by string, ids ...int64) error {
	return d.do(ctx, operation.Action{By: by, Command: resendCommand, Subject: "mails " + numbers(ids)}, func(ctx context.Context, tx pgx.Tx) error {
		for _, id := range ids {
			if err := d.resend(ctx, tx, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// planResend tells, for the operator, what Resend would do, or why it would refuse.
func (d *Desk) planResend(ctx context.Context, ids []int64) (string, error) {
	for _, id := range ids {
		if err := resendable(ctx, d.queries, id); err != nil {
			return "", err
		}
	}
	open, err := d.Failures(ctx)
	if err != nil {
		return "", err
	}
	will := "These mails are queued again and go out at once:"
	for _, id := range ids {
		will += "\n  " + describe(open, id)
	}
	return will, nil
}

// planResolve tells what Resolve would do, or why it would refuse.
func (d *Desk) planResolve(ctx context.Context, id int64, note string) (string, error) {
	note, err := readNote(note)
	if err != nil {
		return "", err
	}
	open, err := d.Failures(ctx)
	if err != nil {
		return "", err
	}
	if !slices.ContainsFunc(open, func(failure Failure) bool { return failure.MailID == id }) {
		return "", noOpenFailure(id)
	}
	return fmt.Sprintf("This mail is not sent, and is listed no longer:\n  %s\nThe note: %s", describe(open, id), note), nil
}

// describe is a mail for people, with its last failure when that is open.
func describe(open []Failure, id int64) string {
	text := fmt.Sprintf("mail %d", id)
	for _, failure := range slices.Backward(open) {
		if failure.MailID != id {
			continue
		}
		text += fmt.Sprintf(", %s to %s: %s", failure.TemplateCode, failure.Recipient, failure.Message)
		if failure.Kind == interrupted {
			text += " (it may have arrived, and then arrives twice)"
		}
		return text
	}
	return text
}

// do does what an operator asked for, notes it, both or neither, and logs it.
func (d *Desk) do(ctx context.Context, action operation.Action, work func(context.Context, pgx.Tx) error) error {
	err := d.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := work(ctx, tx); err != nil {
			return err
		}
		return operation.Note(ctx, tx, action, d.now())
	})
	if err != nil {
		return err
	}
	action.Log(ctx, d.logger)
	return nil
}

func numbers(ids []int64) string { return strings.Trim(fmt.Sprint(ids), "[]") }

func (d *Desk) resend(ctx context.Context, tx pgx.Tx, id int64) error {
	queries := d.queries.WithTx(tx)
	if err := resendable(ctx, queries, id); err != nil {
		return err
	}
	if err := queries.QueueAgain(ctx, id); err != nil {
		return fmt.Errorf("queue mail %d again: %w", id, err)
	}
	if _, err := queries.ResolveFailures(ctx, dbgen.ResolveFailuresParams{MailID: id, ResolvedBy: resendCommand, Notes: "queued again", Now: d.now()}); err != nil {
		return fmt.Errorf("resolve failure of mail %d: %w", id, err)
	}
	return d.queue.InsertTx(ctx, tx, SendArgs{MailID: id}, nil)
}

func resendable(ctx context.Context, queries *dbgen.Queries, id int64) error {
	mail, err := queries.LockMail(ctx, id)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return fault.New(fault.NotFound, "mail-not-found", fmt.Sprintf("there is no mail %d", id))
	case err != nil:
		return fmt.Errorf("read mail %d: %w", id, err)
	case mail.State != "failed":
		return fault.New(fault.FailedPrecondition, "mail-not-failed", fmt.Sprintf("mail %d is %s", id, mail.State))
	case mail.Emptied:
		return fault.New(fault.FailedPrecondition, "mail-emptied", fmt.Sprintf("what mail %d said is no longer stored", id))
	}
	return nil
}

// Resolve closes the failure of a mail without sending it. Errors: Invalid "note-missing" and "note-too-long", NotFound
// "mail-failure-not-found".
func (d *Desk) Resolve(ctx context.Context, by string, id int64, note string) error {
	note, err := readNote(note)
	if err != nil {
		return err
	}
	action := operation.Action{By: by, Command: resolveCommand, Subject: "mail " + strconv.FormatInt(id, 10)} // the note may name people
	return d.do(ctx, action, func(ctx context.Context, tx pgx.Tx) error { return d.resolve(ctx, d.queries.WithTx(tx), id, note) })
}

func readNote(text string) (string, error) {
	note := oneLine(strings.ToValidUTF8(text, "?"))
	if note == "" {
		return "", fault.New(fault.Invalid, "note-missing", "--note says what was done")
	}
	if len([]rune(note)) > longestNote {
		return "", fault.New(fault.Invalid, "note-too-long", fmt.Sprintf("at most %d characters", longestNote))
	}
	return note, nil
}

func noOpenFailure(id int64) error {
	return fault.New(fault.NotFound, "mail-failure-not-found", fmt.Sprintf("mail %d has no open failure", id))
}

func (d *Desk) resolve(ctx context.Context, queries *dbgen.Queries, id int64, note string) error {
	resolved, err := queries.ResolveFailures(ctx, dbgen.ResolveFailuresParams{MailID: id, ResolvedBy: resolveCommand, Notes: note, Now: d.now()})
	if err != nil {
		return fmt.Errorf("resolve failure of mail %d: %w", id, err)
	}
	if resolved == 0 {
		return noOpenFailure(id)
	}
	return nil
}
