package purchase

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/purchase/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// Notice is the job that hands a change of an order to the user service, which mails the customer. Its row is written with the
// change, so there is one per change.
type Notice struct {
	StatusID      int64 `json:"status_id"`
	RefundMinor   int64 `json:"refund_minor,omitempty"`
	RefundedMinor int64 `json:"refunded_minor,omitempty"`
}

// Kind is the job's name in the queue.
func (Notice) Kind() string { return "order_notice" }

// InsertOpts lets it be tried as long as a confirmation.
func (Notice) InsertOpts() river.InsertOpts { return river.InsertOpts{MaxAttempts: handOverAttempts} }

// TrackingNotice is the job that tells the customer a tracking number which came after the parcel had left.
type TrackingNotice struct {
	OrderIdentifier string `json:"order_identifier"`
	// Key names the mail, and the number that it is about without telling it.
	Key string `json:"key"`
}

// Kind is the job's name in the queue.
func (TrackingNotice) Kind() string { return "order_tracking_notice" }

// InsertOpts lets it be tried as long as a confirmation.
func (TrackingNotice) InsertOpts() river.InsertOpts {
	return river.InsertOpts{MaxAttempts: handOverAttempts}
}

// notifier hands changes over. Safe for concurrent use.
type notifier struct {
	db   *postgres.Database
	mail userv1.MailServiceClient
	now  func() time.Time
}

// AddNotifier makes workers do the Notice and TrackingNotice jobs. The user service sends one mail per key however often it is
// asked, so an attempt that died after the answer is repeated without harm.
func AddNotifier(workers *river.Workers, db *postgres.Database, mail userv1.MailServiceClient, now func() time.Time) {
	notify := &notifier{db: db, mail: mail, now: now}
	river.AddWorker(workers, &noticeWorker{notifier: notify})
	river.AddWorker(workers, &trackingWorker{notifier: notify})
}

type noticeWorker struct {
	river.WorkerDefaults[Notice]
	*notifier
}

// Timeout bounds one attempt.
func (*noticeWorker) Timeout(*river.Job[Notice]) time.Duration { return handOverTimeout }

// Work hands the change over and notes that it did.
func (w *noticeWorker) Work(ctx context.Context, job *river.Job[Notice]) error {
	queries := dbgen.New(w.db)
	row, err := queries.FindNotice(ctx, job.Args.StatusID)
	if err != nil {
		return fmt.Errorf("read change %d: %w", job.Args.StatusID, err)
	}
	if row.NoticeAcceptedAt != nil || row.Email == "" {
		return nil
	}
	request := noticeRequest(row, "order-status/"+strconv.FormatInt(job.Args.StatusID, 10))
	request.RefundMinor, request.RefundedMinor = job.Args.RefundMinor, job.Args.RefundedMinor
	if _, err := w.mail.SendOrderNotice(ctx, request); err != nil {
		return fmt.Errorf("hand over notice of order %s: %w", row.Identifier, err)
	}
	return queries.NoteNoticeAccepted(ctx, dbgen.NoteNoticeAcceptedParams{ID: job.Args.StatusID, Now: w.now().UTC()})
}

type trackingWorker struct {
	river.WorkerDefaults[TrackingNotice]
	*notifier
}

// Timeout bounds one attempt.
func (*trackingWorker) Timeout(*river.Job[TrackingNotice]) time.Duration { return handOverTimeout }

// Work tells the number, unless another one has taken its place meanwhile.
func (w *trackingWorker) Work(ctx context.Context, job *river.Job[TrackingNotice]) error {
	queries := dbgen.New(w.db)
	shipped, err := queries.FindLatestStatus(ctx, dbgen.FindLatestStatusParams{OrderIdentifier: job.Args.OrderIdentifier, Identifier: StatusShipped})
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find shipment of order %s: %w", job.Args.OrderIdentifier, err)
	}
	row, err := queries.FindNotice(ctx, shipped)
	if err != nil {
		return fmt.Errorf("read shipment of order %s: %w", job.Args.OrderIdentifier, err)
	}
	if row.Email == "" || trackingKey(row.Identifier, orEmpty(row.TrackingNumber)) != job.Args.Key {
		return nil
	}
	if _, err := w.mail.SendOrderNotice(ctx, noticeRequest(row, job.Args.Key)); err != nil {
		return fmt.Errorf("hand over tracking number of order %s: %w", row.Identifier, err)
	}
	return nil
}

func noticeRequest(row dbgen.FindNoticeRow, key string) *userv1.SendOrderNoticeRequest {
	request := &userv1.SendOrderNoticeRequest{
		Key:               key,
		Kind:              noticeKind(row.Status),
		OrderIdentifier:   row.Identifier,
		AccountId:         orZero(row.AccountID),
		Email:             row.Email,
		RecipientName:     cmp.Or(row.CustomerName, "Customer"), // contract payment.md 7
		StatusTitle:       row.Title,
		StatusDescription: row.Description,
		TotalMinor:        row.TotalMinor,
	}
	if row.Status == StatusShipped {
		request.Carrier, request.TrackingNumber = row.Carrier, orEmpty(row.TrackingNumber)
		request.TrackingUrl = trackingURL(row.TrackingBaseUrl, row.TrackingNumber)
	}
	return request
}

func noticeKind(status string) userv1.OrderNoticeKind {
	switch status {
	case StatusShipped:
		return userv1.OrderNoticeKind_ORDER_NOTICE_KIND_SHIPPED
	case StatusCancelled:
		return userv1.OrderNoticeKind_ORDER_NOTICE_KIND_CANCELLED
	case StatusRefunded, StatusPartlyRefunded:
		return userv1.OrderNoticeKind_ORDER_NOTICE_KIND_REFUNDED
	default:
		return userv1.OrderNoticeKind_ORDER_NOTICE_KIND_STATUS
	}
}

// MailGivenUp reports a mail that will not be tried again, in the form that monitoring keys on (contract payment.md 8). Give it
// to the queue as what hears of discarded jobs; jobs that are no mails it leaves alone.
func MailGivenUp(tel telemetry.Telemetry) func(ctx context.Context, job *rivertype.JobRow, err error) {
	confirmations := tel.Counter("order.confirmation.failures", "{mail}", "Confirmation mails given up")
	notices := tel.Counter("order.notice.failures", "{mail}", "Mails about changes of orders given up")
	return func(ctx context.Context, job *rivertype.JobRow, err error) {
		switch job.Kind {
		case Confirmation{}.Kind():
			confirmations.Add(ctx, 1)
		case Notice{}.Kind(), TrackingNotice{}.Kind():
			notices.Add(ctx, 1)
		default:
			return
		}
		tel.Logger.ErrorContext(ctx, "[ORDER_EMAIL_FAILURE] mail given up", "kind", job.Kind, "job", job.ID, "args", string(job.EncodedArgs), "error", err)
	}
}
