// Package exception keeps what people have to decide: money that came and is no order, disputes, refunds that failed, and where
// our books and Stripe's differ. Who finds such a thing notes it here; how it is resolved is here too.
package exception

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/metric"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/exception/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

// Why something is an exception.
const (
	UnknownReference        = "unknown-reference"
	CurrencyMismatch        = "currency-mismatch"
	AmountMismatch          = "amount-mismatch"
	PaidAgain               = "paid-again"
	OutOfStock              = "out-of-stock"
	Dispute                 = "dispute"
	RefundFailed            = "refund-failed"
	RefundExceedsPayment    = "refund-exceeds-payment"
	PaidWithoutOrder        = "paid-without-order"
	OrderWithoutPayment     = "order-without-payment"
	OrderDiffersFromPayment = "order-differs-from-payment"
	RefundDiffers           = "refund-differs"
)

// Finding is something that people have to decide. There is one per session and reason: found again, it is what it was, but for
// one that was resolved and has a new detail, which is open again.
type Finding struct {
	SessionID       string
	Reason          string
	Reference       string
	CheckoutID      *int64 // nil when there is none
	OrderIdentifier string // empty when there is none
	PaymentIntent   string
	ExpectedMinor   *int64 // nil when nothing was asked for
	Currency        string
	SubtotalMinor   int64
	DiscountMinor   int64
	TaxMinor        int64
	ShippingMinor   int64
	TotalMinor      int64
	Email           string
	// ProposedRefundMinor is what should go back to the customer, 0 when that is for people to say.
	ProposedRefundMinor int64
	// Detail says what exactly is wrong. Nothing personal.
	Detail string
	// At is when it was found; zero: now.
	At time.Time
}

// Refunder gives money back that belongs to no order; package refund does.
type Refunder interface {
	// RefundException gives back what was paid for an exception, once however often it is called.
	RefundException(ctx context.Context, exceptionID int64, paymentIntent string, amountMinor int64, by, note string) error
}

// Exceptions keeps them and answers the calls of ExceptionService. Safe for concurrent use.
type Exceptions struct {
	orderv1.UnimplementedExceptionServiceServer
	db       *postgres.Database
	refunder Refunder
	tel      telemetry.Telemetry
	now      func() time.Time
	noted    metric.Int64Counter
}

// New makes the room; it needs no closing. refunder may be nil where nothing is resolved.
func New(db *postgres.Database, refunder Refunder, tel telemetry.Telemetry, now func() time.Time) *Exceptions {
	return &Exceptions{
		db: db, refunder: refunder, tel: tel, now: func() time.Time { return now().UTC() },
		noted: tel.Counter("order.payment.exceptions", "{payment}", "Payments that came and could not become an order, and other things for people to decide"),
	}
}

// Note keeps a finding within tx and tells whether it is new. Announce it when tx is committed.
func (e *Exceptions) Note(ctx context.Context, tx pgx.Tx, finding Finding) (bool, error) {
	noticed := finding.At
	if noticed.IsZero() {
		noticed = e.now()
	}
	noted, err := dbgen.New(tx).NoteException(ctx, dbgen.NoteExceptionParams{
		SessionID: finding.SessionID, Reason: finding.Reason, Reference: finding.Reference, CheckoutID: finding.CheckoutID,
		OrderIdentifier: finding.OrderIdentifier, PaymentIntent: finding.PaymentIntent, ExpectedMinor: finding.ExpectedMinor,
		Currency: finding.Currency, SubtotalMinor: finding.SubtotalMinor, DiscountMinor: finding.DiscountMinor,
		TaxMinor: finding.TaxMinor, ShippingMinor: finding.ShippingMinor, TotalMinor: finding.TotalMinor, Email: finding.Email,
		ProposedRefundMinor: finding.ProposedRefundMinor, Detail: finding.Detail, NoticedAt: noticed.UTC(),
	})
	if err != nil {
		return false, fmt.Errorf("keep exception: %w", err)
	}
	return noted > 0, nil
}

// Announce tells operators of a new finding, in the log line and the metric that they are woken by.
func (e *Exceptions) Announce(ctx context.Context, finding Finding) {
	e.noted.Add(ctx, 1)
	e.tel.Logger.ErrorContext(ctx, "[PAYMENT_EXCEPTION] somebody has to decide", "reason", finding.Reason,
		"reference", finding.Reference, "order", finding.OrderIdentifier, "currency", finding.Currency,
		"total_minor", finding.TotalMinor, "proposed_refund_minor", finding.ProposedRefundMinor, "detail", finding.Detail)
}
