// Package fulfilment is an order's way to the customer: its statuses, its tracking number, and its cancellation. The history
// itself, and the mail about each change, is package purchase's; money that goes back is package refund's.
package fulfilment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/fulfilment/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/order/operation"
	"github.com/bartgottschalk/startupwebapp/services/order/purchase"
	"github.com/bartgottschalk/startupwebapp/services/order/refund"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const (
	longestName   = 200 // characters of who does something
	longestStatus = 100 // characters of a status's identifier
)

// The outcomes that callers are told of (proto order.v1.FulfilmentService).
var (
	errOrderNotFound  = fault.New(fault.NotFound, "order-not-found", "there is no such order")
	errStatusNotFound = fault.New(fault.NotFound, "status-not-found", "there is no such status")
	errOwnCall        = fault.New(fault.Invalid, "status-has-its-own-call", "an order becomes this by cancelling it or by giving money back")
	errCancelled      = fault.New(fault.FailedPrecondition, "order-is-cancelled", "an order that was cancelled stays as it is")
	errShipped        = fault.New(fault.FailedPrecondition, "order-is-shipped", "its goods have left, so it cannot be cancelled; give money back instead, or set the status to one before shipping")
	errTracking       = fault.New(fault.Invalid, "tracking-number-invalid", "a tracking number is 1 to 100 printable characters of ASCII, without a space at either end")

	orderForm    = regexp.MustCompile(`^[A-Za-z0-9]{1,100}$`)
	trackingForm = regexp.MustCompile(`^[!-~]([ -~]{0,98}[!-~])?$`)
)

// Dependencies is whom the room works with. All are required.
type Dependencies struct {
	Database  *postgres.Database
	Purchases *purchase.Purchases
	Refunds   *refund.Refunds
	Telemetry telemetry.Telemetry
	Now       func() time.Time
}

// Fulfilments answers the calls of FulfilmentService. Safe for concurrent use.
type Fulfilments struct {
	orderv1.UnimplementedFulfilmentServiceServer
	needs Dependencies
}

// New makes the room; it needs no closing.
func New(needs Dependencies) *Fulfilments { return &Fulfilments{needs: needs} }

// SetOrderStatus lets an order enter a status; the one that it is in is no change. To go back is allowed, and history again.
func (f *Fulfilments) SetOrderStatus(ctx context.Context, request *orderv1.SetOrderStatusRequest) (*orderv1.SetOrderStatusResponse, error) {
	status, by := request.GetStatus(), name(request.GetBy())
	if aboutMoney(status) || status == purchase.StatusCancelled {
		return nil, errOwnCall
	}
	if status == "" || len(status) > longestStatus || strings.ContainsRune(status, 0) {
		return nil, errStatusNotFound
	}
	order, err := f.change(ctx, request.GetOrderIdentifier(), func(ctx context.Context, desk *desk) error {
		return desk.setStatus(ctx, status, by)
	})
	return &orderv1.SetOrderStatusResponse{Order: order}, err
}

// SetTrackingNumber notes the carrier's number. A customer whose parcel is under way is told of it, once per number.
func (f *Fulfilments) SetTrackingNumber(ctx context.Context, request *orderv1.SetTrackingNumberRequest) (*orderv1.SetTrackingNumberResponse, error) {
	number, by := request.GetTrackingNumber(), name(request.GetBy())
	if !trackingForm.MatchString(number) {
		return nil, errTracking
	}
	order, err := f.change(ctx, request.GetOrderIdentifier(), func(ctx context.Context, desk *desk) error {
		return desk.setTracking(ctx, number, by)
	})
	return &orderv1.SetTrackingNumberResponse{Order: order}, err
}

// CancelOrder ends an order that has not left yet. What goes back with it is written in the same transaction, so that a process
// that dies before Stripe has answered leaves a refund that the sweep finishes. Repeated, it does what was not done before.
func (f *Fulfilments) CancelOrder(ctx context.Context, request *orderv1.CancelOrderRequest) (*orderv1.CancelOrderResponse, error) {
	what := refund.Cancellation{
		Order: request.GetOrderIdentifier(), Refund: request.GetRefund(), Restock: request.GetRestock(),
		By: name(request.GetBy()), Note: request.GetNote(),
	}
	var refundID int64
	order, err := f.change(ctx, what.Order, func(ctx context.Context, desk *desk) (err error) {
		refundID, err = desk.cancel(ctx, f.needs.Refunds, what)
		return err
	})
	if err != nil || refundID == 0 {
		return &orderv1.CancelOrderResponse{Order: order}, err
	}
	if err := f.needs.Refunds.Finish(ctx, refundID); err != nil {
		return nil, err
	}
	order, err = f.needs.Purchases.Read(ctx, what.Order)
	return &orderv1.CancelOrderResponse{Order: order}, err
}

// desk is where one order is worked on, by one at a time.
type desk struct {
	purchases *purchase.Purchases
	tx        pgx.Tx
	queries   *dbgen.Queries
	id        int64
	order     string
	history   history
	now       time.Time
}

// change works on an order under its lock and answers it as it is then.
func (f *Fulfilments) change(ctx context.Context, order string, work func(ctx context.Context, desk *desk) error) (*orderv1.Order, error) {
	if !orderForm.MatchString(order) {
		return nil, errOrderNotFound
	}
	err := f.needs.Database.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		desk := &desk{purchases: f.needs.Purchases, tx: tx, queries: dbgen.New(tx), order: order, now: f.needs.Now().UTC()}
		if err := desk.sit(ctx); err != nil {
			return err
		}
		return work(ctx, desk)
	})
	if err != nil {
		return nil, err
	}
	return f.needs.Purchases.Read(ctx, order)
}

func (d *desk) sit(ctx context.Context) error {
	row, err := d.queries.LockPurchase(ctx, d.order)
	if errors.Is(err, pgx.ErrNoRows) {
		return errOrderNotFound
	}
	if err != nil {
		return fmt.Errorf("lock order: %w", err)
	}
	d.id = row.ID
	if d.history, err = d.queries.ListHistory(ctx, d.id); err != nil {
		return fmt.Errorf("read history: %w", err)
	}
	return nil
}

func (d *desk) setStatus(ctx context.Context, status, by string) error {
	known, err := d.queries.IsStatus(ctx, status)
	if err != nil {
		return fmt.Errorf("look for status: %w", err)
	}
	if !known {
		return errStatusNotFound
	}
	if d.history.cancelled() {
		return errCancelled
	}
	if d.history.status() == status {
		return nil
	}
	if err := d.purchases.Enter(ctx, d.tx, purchase.Change{PurchaseID: d.id, Status: status, By: by}); err != nil {
		return err
	}
	return d.note(ctx, by, "set-order-status", status)
}

func (d *desk) setTracking(ctx context.Context, number, by string) error {
	if d.history.cancelled() {
		return errCancelled
	}
	changed, err := d.queries.SetTrackingNumber(ctx, dbgen.SetTrackingNumberParams{PurchaseID: d.id, TrackingNumber: number})
	if err != nil {
		return fmt.Errorf("set tracking number: %w", err)
	}
	if changed == 0 {
		return nil
	}
	if d.history.shipped() {
		if err := d.purchases.TellTracking(ctx, d.tx, d.order, number); err != nil {
			return err
		}
	}
	return d.note(ctx, by, "set-tracking", "") // the number is personal
}

func (d *desk) cancel(ctx context.Context, refunds *refund.Refunds, what refund.Cancellation) (int64, error) {
	if !d.history.cancelled() {
		if d.history.shipped() {
			return 0, errShipped
		}
		if err := d.purchases.Enter(ctx, d.tx, purchase.Change{PurchaseID: d.id, Status: purchase.StatusCancelled, By: what.By}); err != nil {
			return 0, err
		}
		if err := d.note(ctx, what.By, "cancel-order", storable(what.Note)); err != nil {
			return 0, err
		}
	}
	return refunds.Cancel(ctx, d.tx, what)
}

func (d *desk) note(ctx context.Context, by, command, detail string) error {
	return operation.Note(ctx, d.tx, by, command, d.order, detail, d.now)
}

// history is the statuses that an order entered, newest first.
type history []string

// cancelled is for good.
func (h history) cancelled() bool { return slices.Contains(h, purchase.StatusCancelled) }

// status is where the goods are now: the newest status that is not about money.
func (h history) status() string {
	for _, status := range h {
		if !aboutMoney(status) {
			return status
		}
	}
	return ""
}

// shipped tells whether the goods have left: whatever a shop has for statuses after that, it has not gone back to one before.
func (h history) shipped() bool {
	before := []string{purchase.StatusAccepted, purchase.StatusManufacturing, purchase.StatusPacking}
	for _, status := range h {
		if status == purchase.StatusShipped {
			return true
		}
		if slices.Contains(before, status) {
			return false
		}
	}
	return false
}

func aboutMoney(status string) bool {
	return status == purchase.StatusRefunded || status == purchase.StatusPartlyRefunded || status == purchase.StatusRefundFailed
}

func name(by string) string {
	runes := []rune(storable(cmp.Or(by, "unknown")))
	return string(runes[:min(len(runes), longestName)])
}

// storable takes out what PostgreSQL cannot keep.
func storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}
