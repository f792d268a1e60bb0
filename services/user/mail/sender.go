package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	gomail "github.com/wneessen/go-mail"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
	"github.com/bartgottschalk/startupwebapp/services/user/mail/dbgen"
)

const (
	// JobQueue is the queue of mail jobs, apart from others so that a slow mail server holds up nothing else.
	JobQueue = "mail"
	// attempts with the pauses of retryAfter span about two days.
	attempts     = 60
	longestPause = time.Hour
	// sendLimit is the time limit of a job. River takes up the job of a killed process that long after it began, and up to
	// half a minute more; it would not be sooner with a shorter limit (platform/jobs).
	sendLimit   = 45 * time.Second
	recordLimit = 5 * time.Second
	longestText = 1000 // of a stored failure
)

// SendArgs is the job that delivers one mail of the outbox.
type SendArgs struct {
	MailID int64 `json:"mail_id"`
}

// Kind names the job.
func (SendArgs) Kind() string { return "mail.send" }

// InsertOpts gives the job its queue and its patience.
func (SendArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: JobQueue, MaxAttempts: attempts}
}

// SenderConfig is what sending needs to know.
type SenderConfig struct {
	Courier Courier
	// From is the sender of templates that name none: an address, or "Name <address>".
	From string
	// Site is the origin of the pages that links lead to.
	Site string
	// FirstPause is the pause after the first failed attempt; each following one is twice as long, up to an hour.
	FirstPause time.Duration
}

// Sender does SendArgs. Safe for concurrent use.
type Sender struct {
	river.WorkerDefaults[SendArgs]
	config   SenderConfig
	db       *postgres.Database
	queries  *dbgen.Queries
	now      func() time.Time
	logger   *slog.Logger
	sent     metric.Int64Counter
	failures metric.Int64Counter
}

// NewSender makes the worker.
func NewSender(config SenderConfig, db *postgres.Database, tel telemetry.Telemetry, now func() time.Time) *Sender {
	return &Sender{
		config: config, db: db, queries: dbgen.New(db), now: now, logger: tel.Logger,
		sent:     tel.Counter("user.mail.sent", "{mail}", "Mails that the mail server has taken."),
		failures: tel.Counter("user.mail.failures", "{mail}", "Mails that were given up."),
	}
}

// Timeout is the time limit of a job.
func (s *Sender) Timeout(*river.Job[SendArgs]) time.Duration { return sendLimit }

// Work delivers the mail, unless that is done or was begun by a process that did not live to tell (handover.go).
func (s *Sender) Work(ctx context.Context, job *river.Job[SendArgs]) error {
	mail, err := s.queries.LoadMail(ctx, job.Args.MailID)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // deleted by an operator
	}
	if err != nil {
		return fmt.Errorf("load mail: %w", err)
	}
	if mail.State != "queued" {
		return nil
	}
	if mail.HandedOverAt != nil {
		return handedOver(s.now().Sub(*mail.HandedOverAt))
	}
	message, err := s.compose(ctx, mail)
	if err != nil {
		return river.JobCancel(err)
	}
	return s.deliver(ctx, job.Args.MailID, message)
}

func (s *Sender) deliver(ctx context.Context, id int64, message *gomail.Msg) error {
	handOver := handOver{queries: s.queries, mailID: id, at: s.now().UTC().Truncate(time.Microsecond)}
	receipt, err := s.config.Courier.deliver(ctx, message, handOver.note)
	if err == nil {
		s.noteRefusedCopies(ctx, id, receipt)
		return s.noteSent(ctx, id)
	}
	var refusal *deliveryError
	if !errors.As(err, &refusal) {
		return err // the hand-over could not be noted, so nothing was sent
	}
	if refusal.unanswered {
		return river.JobCancel(fmt.Errorf("%w: %w", errInterrupted, err))
	}
	if err := handOver.takeBack(ctx); err != nil {
		s.logger.ErrorContext(ctx, "mail was not taken, but stays noted as handed over", "mail_id", id, "error", err)
	}
	if refusal.permanent {
		return river.JobCancel(err)
	}
	return err
}

// noteRefusedCopies: the mail itself is out, so this is no failed mail; but somebody wants to know.
func (s *Sender) noteRefusedCopies(ctx context.Context, id int64, receipt receipt) {
	if receipt.copiesRefused == 0 {
		return
	}
	s.failures.Add(ctx, 1, metric.WithAttributes(attribute.String("type", "copy_refused")))
	s.logger.ErrorContext(ctx, "[EMAIL_FAILURE]", "type", "copy_refused", "mail_id", id, "copies", receipt.copiesRefused)
}

// noteSent goes on when the process is told to stop: the mail is out.
func (s *Sender) noteSent(ctx context.Context, id int64) error {
	recording, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordLimit)
	defer cancel()
	err := s.db.InTx(recording, func(ctx context.Context, tx pgx.Tx) error { return s.markSent(ctx, s.queries.WithTx(tx), id) })
	if err != nil {
		return fmt.Errorf("note sent mail: %w", err)
	}
	s.sent.Add(ctx, 1)
	return nil
}

// markSent also closes the failure of a mail that another process listed as interrupted, because this one was held up.
func (s *Sender) markSent(ctx context.Context, queries *dbgen.Queries, id int64) error {
	if err := queries.MarkSent(ctx, dbgen.MarkSentParams{ID: id, Now: s.now()}); err != nil {
		return err
	}
	_, err := queries.ResolveFailures(ctx, dbgen.ResolveFailuresParams{MailID: id, ResolvedBy: "sender", Notes: "was sent after all", Now: s.now()})
	return err
}

// NextRetry doubles the pause each time. River compares with the machine's clock, so this one is not injected.
func (s *Sender) NextRetry(job *river.Job[SendArgs]) time.Time {
	return time.Now().Add(retryAfter(job.Attempt, s.config.FirstPause))
}

func retryAfter(attempt int, first time.Duration) time.Duration {
	pause := first
	for ; attempt > 1 && pause < longestPause; attempt-- {
		pause *= 2
	}
	return min(pause, longestPause)
}

// GivenUp makes a mail that will not be tried again visible: a row, a counter, and a line that alarms look for
// (contract payment.md 8). It is for jobs.Config.OnDiscarded and ignores other jobs.
func (s *Sender) GivenUp(ctx context.Context, job *rivertype.JobRow, cause error) {
	var args SendArgs
	if job.Kind != args.Kind() {
		return
	}
	if err := json.Unmarshal(job.EncodedArgs, &args); err != nil {
		s.logger.ErrorContext(ctx, "[EMAIL_FAILURE] job without mail", "job_id", job.ID)
		return
	}
	cause = ownWords(cause)
	kind, detail := classify(cause)
	recording, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordLimit)
	defer cancel()
	s.failures.Add(ctx, 1, metric.WithAttributes(attribute.String("type", kind)))
	s.raise(recording, args.MailID, kind, cause)
	if err := s.record(recording, args.MailID, kind, detail); err != nil {
		s.logger.ErrorContext(ctx, "failed mail not recorded", "mail_id", args.MailID, "error", err)
	}
}

func (s *Sender) raise(ctx context.Context, id int64, kind string, cause error) {
	attributes := []any{"type", kind, "mail_id", id, "error", cause}
	tag := "[EMAIL_FAILURE]"
	if mail, err := s.queries.LoadMail(ctx, id); err == nil {
		if order, isOrder := orderOf(mail); isOrder {
			tag, attributes = "[ORDER_EMAIL_FAILURE]", append(attributes, "order", order)
		}
	}
	s.logger.ErrorContext(ctx, tag, attributes...)
}

// record writes one failure per mail, also when it is told twice.
func (s *Sender) record(ctx context.Context, id int64, kind, detail string) error {
	return s.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		queries := s.queries.WithTx(tx)
		failed, err := queries.MarkFailed(ctx, id)
		if err != nil || failed == 0 {
			return err
		}
		return queries.InsertFailure(ctx, dbgen.InsertFailureParams{MailID: id, Kind: kind, Message: detail, CreatedAt: s.now()})
	})
}

// ownWords takes off what River puts around the error that ended a job: operators read the rest.
func ownWords(cause error) error {
	var cancelled *rivertype.JobCancelError
	if errors.As(cause, &cancelled) && cancelled.Unwrap() != nil {
		return cancelled.Unwrap()
	}
	return cause
}

func classify(cause error) (kind, detail string) {
	switch {
	case errors.Is(cause, errTemplate):
		return "formatting", shorten(cause.Error())
	case errors.Is(cause, errInterrupted):
		return interrupted, shorten(cause.Error())
	}
	var refusal *deliveryError
	if errors.As(cause, &refusal) {
		return "smtp_send", shorten(refusal.detail)
	}
	return "smtp_send", shorten(cause.Error())
}

// shorten makes a server's words fit the column.
func shorten(text string) string {
	runes := []rune(oneLine(text))
	return string(runes[:min(len(runes), longestText)])
}
