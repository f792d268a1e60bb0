package purchase

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/order/operation"
	"github.com/bartgottschalk/startupwebapp/services/order/purchase/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/operator"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
)

// The subcommands of the order program.
const (
	failedCommand = "failed-order-mails"
	resendCommand = "resend-order-mail"
)

// The mails that are about no status, as failed-order-mails names them.
const (
	confirmationMail = "confirmation"
	trackingMail     = "tracking-number"
)

var errOneOrder = errors.New("expected the identifier of one order")

// Counter is where operators see to mails that never reached the user service. What it took over and could not send is listed there.
type Counter struct {
	DB     *postgres.Database
	Queue  Queue
	Logger *slog.Logger
	Now    func() time.Time
}

// ListFailed is `order failed-order-mails`: which mails were given up, oldest first. It names nobody.
func (c Counter) ListFailed(ctx context.Context, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s: %q is not understood", failedCommand, args[0])
	}
	failed, err := dbgen.New(c.DB).ListFailedMails(ctx, "")
	if err != nil {
		return fmt.Errorf("%s: %w", failedCommand, err)
	}
	if len(failed) == 0 {
		_, _ = fmt.Fprintln(process.Output(ctx), "no failed mails of orders")
		return nil
	}
	table := tabwriter.NewWriter(process.Output(ctx), 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ORDER\tMAIL\tSINCE\tAGE")
	for _, mail := range failed {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", mail.OrderIdentifier, mail.Mail, mail.Since.UTC().Format(time.DateTime), age(c.Now().Sub(mail.Since)))
	}
	return table.Flush()
}

// Resend is `order resend-order-mail ORDER`: it queues anew what was given up of the order. The user service sends one mail per key,
// so what reached it all the same is not sent twice.
func (c Counter) Resend(ctx context.Context, args []string) error {
	request, err := operator.Parse(resendCommand, args, nil)
	if err != nil {
		return err
	}
	if len(request.Args) != 1 || request.Args[0] == "" {
		return fmt.Errorf("%s: %w", resendCommand, errOneOrder)
	}
	order := request.Args[0]
	failed, err := c.failedOf(ctx, order)
	if err != nil {
		return fmt.Errorf("%s: %w", resendCommand, err)
	}
	if err := request.Confirm(ctx, fmt.Sprintf("Order %s: queue again what was given up: %s.", order, namesOf(failed))); err != nil {
		return fmt.Errorf("%s: %w", resendCommand, err)
	}
	queued, err := c.queueAgain(ctx, request.By, order)
	if err != nil {
		return fmt.Errorf("%s: %w", resendCommand, err)
	}
	if len(queued) == 0 {
		_, _ = fmt.Fprintln(process.Output(ctx), "nothing is left to queue; somebody else did it")
		return nil
	}
	c.Logger.InfoContext(ctx, "[OPERATOR] "+resendCommand, slog.String("by", request.By), slog.String("order", order), slog.String("mails", namesOf(queued)))
	_, _ = fmt.Fprintf(process.Output(ctx), "queued again: %s\n", namesOf(queued))
	return nil
}

func (c Counter) failedOf(ctx context.Context, order string) ([]dbgen.ListFailedMailsRow, error) {
	if !identifierForm.MatchString(order) {
		return nil, errNotFound
	}
	if _, err := read(ctx, c.DB, order); err != nil {
		return nil, err
	}
	failed, err := dbgen.New(c.DB).ListFailedMails(ctx, order)
	if err != nil {
		return nil, fmt.Errorf("list failed mails: %w", err)
	}
	if len(failed) == 0 {
		return nil, fmt.Errorf("no mail of order %s was given up; %s lists those that were", order, failedCommand)
	}
	return failed, nil
}

// queueAgain looks once more under the order's lock, so that two operators at once queue every mail once.
func (c Counter) queueAgain(ctx context.Context, by, order string) (failed []dbgen.ListFailedMailsRow, err error) {
	err = c.DB.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		queries := dbgen.New(tx)
		if _, err := queries.LockPurchase(ctx, order); err != nil {
			return fmt.Errorf("lock order: %w", err)
		}
		if failed, err = queries.ListFailedMails(ctx, order); err != nil {
			return fmt.Errorf("list failed mails: %w", err)
		}
		if len(failed) == 0 {
			return nil
		}
		for _, mail := range failed {
			if err := c.queueMail(ctx, tx, mail); err != nil {
				return err
			}
		}
		return operation.Note(ctx, tx, by, resendCommand, order, namesOf(failed), c.Now())
	})
	return failed, err
}

func (c Counter) queueMail(ctx context.Context, tx pgx.Tx, mail dbgen.ListFailedMailsRow) error {
	orders := New(c.DB, c.Queue, c.Now)
	switch {
	case mail.StatusID != 0:
		return c.Queue.InsertTx(ctx, tx, Notice{StatusID: mail.StatusID, RefundMinor: mail.RefundMinor, RefundedMinor: mail.RefundedMinor}, nil)
	case mail.Mail == trackingMail:
		if err := dbgen.New(tx).ForgetGivenUpTrackingNotices(ctx, mail.OrderIdentifier); err != nil {
			return fmt.Errorf("forget mail that was given up: %w", err)
		}
		return orders.TellTracking(ctx, tx, mail.OrderIdentifier, mail.TrackingNumber)
	default:
		return orders.queueConfirmation(ctx, tx, mail.OrderIdentifier)
	}
}

func namesOf(mails []dbgen.ListFailedMailsRow) string {
	names := make([]string, len(mails))
	for i, mail := range mails {
		names[i] = mail.Mail
	}
	return strings.Join(names, ", ")
}

func age(since time.Duration) string {
	if since < 48*time.Hour {
		return fmt.Sprintf("%d h", max(0, int(since.Hours())))
	}
	return fmt.Sprintf("%d days", int(since.Hours()/24))
}
