package refund

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/timestamppb"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/payment/refund/dbgen"
)

// The states of a refund in the books.
const (
	statusPending   = "pending"
	statusSucceeded = "succeeded"
	statusFailed    = "failed"
)

// bookLimit bounds bookkeeping that goes on after its caller left.
const bookLimit = 3 * time.Second

// reserve gives the row of the key, made before Stripe is asked. One with other content is errReused, for ever.
func (r *Refunds) reserve(ctx context.Context, request *paymentv1.CreateRefundRequest) (dbgen.PaymentRefund, error) {
	row, err := r.books.ByKey(ctx, request.GetKey())
	if errors.Is(err, pgx.ErrNoRows) {
		row, err = r.write(ctx, request)
	}
	if err != nil {
		return dbgen.PaymentRefund{}, fmt.Errorf("reserve refund: %w", err)
	}
	if row.PaymentIntentID != request.GetPaymentIntentId() || row.AmountMinor != request.GetAmountMinor() || row.Currency != request.GetCurrency() {
		return dbgen.PaymentRefund{}, errReused
	}
	return row, nil
}

func (r *Refunds) write(ctx context.Context, request *paymentv1.CreateRefundRequest) (dbgen.PaymentRefund, error) {
	err := r.books.Reserve(ctx, dbgen.ReserveParams{
		Key:             request.GetKey(),
		PaymentIntentID: request.GetPaymentIntentId(),
		AmountMinor:     request.GetAmountMinor(),
		Currency:        request.GetCurrency(),
		Now:             r.now(),
	})
	if err != nil {
		return dbgen.PaymentRefund{}, err
	}
	return r.books.ByKey(ctx, request.GetKey())
}

// spoil notes that Stripe may keep its failure under the attempt's key. Without the note the key is used on, which never
// gives money back twice.
func (r *Refunds) spoil(ctx context.Context, row dbgen.PaymentRefund, refused bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bookLimit)
	defer cancel()
	if _, err := r.books.Spoil(ctx, dbgen.SpoilParams{Key: row.Key, Attempt: row.Attempt, Refused: refused, Now: r.now()}); err != nil {
		r.logger.WarnContext(ctx, "failed refund not noted", slog.String("key", row.Key), slog.Any("error", err))
	}
}

func (r *Refunds) nextAttempt(ctx context.Context, row dbgen.PaymentRefund) error {
	if _, err := r.books.NextAttempt(ctx, dbgen.NextAttemptParams{Key: row.Key, Attempt: row.Attempt, Now: r.now()}); err != nil {
		return fmt.Errorf("next attempt of a refund: %w", err)
	}
	return errAgain
}

// keep stores what Stripe gave back, also for a caller that has left meanwhile. Not stored, it is found by the next call.
func (r *Refunds) keep(ctx context.Context, row dbgen.PaymentRefund, refund *paymentv1.Refund) (*paymentv1.Refund, error) {
	if refund.GetRefundId() == "" || refund.GetCreatedAt() == nil {
		return nil, errUnavailable.Because(errors.New("stripe made a refund without id or date"))
	}
	if refund.GetAmountMinor() != row.AmountMinor || refund.GetPaymentIntentId() != row.PaymentIntentID {
		r.logger.ErrorContext(ctx, "stripe gave back something else than it was asked for", slog.String("key", row.Key), slog.String("refund", refund.GetRefundId()))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bookLimit)
	defer cancel()
	kept, err := r.books.Keep(ctx, dbgen.KeepParams{
		Key: row.Key, RefundID: refund.GetRefundId(), RefundStatus: bookStatus(refund.GetStatus()), RefundedAt: refund.GetCreatedAt().AsTime(), Now: r.now(),
	})
	if err != nil {
		return nil, fmt.Errorf("keep refund: %w", err)
	}
	if kept == 0 {
		r.compare(ctx, row.Key, refund)
	}
	return refund, nil
}

// compare makes noise about what must never be: two refunds under one key.
func (r *Refunds) compare(ctx context.Context, key string, refund *paymentv1.Refund) {
	row, err := r.books.ByKey(ctx, key)
	if err == nil && row.RefundID != nil && *row.RefundID != refund.GetRefundId() {
		r.logger.ErrorContext(ctx, "money went back twice under one key", slog.String("key", key),
			slog.String("first", *row.RefundID), slog.String("second", refund.GetRefundId()))
	}
}

func refundOf(row dbgen.PaymentRefund) *paymentv1.Refund {
	refund := &paymentv1.Refund{
		RefundId:        *row.RefundID,
		Key:             row.Key,
		PaymentIntentId: row.PaymentIntentID,
		AmountMinor:     row.AmountMinor,
		Currency:        row.Currency,
		Status:          statusOf(*row.RefundStatus),
	}
	if row.RefundedAt != nil {
		refund.CreatedAt = timestamppb.New(*row.RefundedAt)
	}
	return refund
}

func bookStatus(status paymentv1.RefundStatus) string {
	switch status {
	case paymentv1.RefundStatus_REFUND_STATUS_SUCCEEDED:
		return statusSucceeded
	case paymentv1.RefundStatus_REFUND_STATUS_FAILED:
		return statusFailed
	default:
		return statusPending
	}
}

func statusOf(status string) paymentv1.RefundStatus {
	switch status {
	case statusSucceeded:
		return paymentv1.RefundStatus_REFUND_STATUS_SUCCEEDED
	case statusFailed:
		return paymentv1.RefundStatus_REFUND_STATUS_FAILED
	default:
		return paymentv1.RefundStatus_REFUND_STATUS_PENDING
	}
}
