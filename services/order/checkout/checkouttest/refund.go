package checkouttest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// money is what became of the payments: refunds and disputes.
type money struct {
	refunds  []*paymentv1.Refund
	disputes map[string]*paymentv1.Dispute
	// NextRefund is the status that new refunds get; unspecified: succeeded.
	nextRefund paymentv1.RefundStatus
}

// NextRefunds sets the status that refunds get from now on.
func (p *Payment) NextRefunds(status paymentv1.RefundStatus) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.money.nextRefund = status
}

// SettleRefunds gives all refunds of a payment a status, as a bank does days later.
func (p *Payment) SettleRefunds(paymentIntentID string, status paymentv1.RefundStatus) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, refund := range p.money.refunds {
		if refund.GetPaymentIntentId() == paymentIntentID {
			refund.Status = status
		}
	}
}

// RefundAtStripe is a refund that somebody makes at Stripe's dashboard.
func (p *Payment) RefundAtStripe(t testing.TB, sessionID string, amountMinor int64) *paymentv1.Refund {
	t.Helper()
	p.mutex.Lock()
	defer p.mutex.Unlock()
	session, found := p.sessions[sessionID]
	require.True(t, found, "no session %s", sessionID)
	refund, err := p.refund("", session.GetPaymentIntentId(), amountMinor, session.GetCurrency())
	require.NoError(t, err)
	return proto.CloneOf(refund)
}

// Refunds are all refunds of a payment, oldest first.
func (p *Payment) Refunds(paymentIntentID string) []*paymentv1.Refund {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	var found []*paymentv1.Refund
	for _, refund := range p.money.refunds {
		if refund.GetPaymentIntentId() == paymentIntentID {
			found = append(found, proto.CloneOf(refund))
		}
	}
	return found
}

// Dispute opens a dispute about what was paid for a session, or changes it.
func (p *Payment) Dispute(t testing.TB, disputeID, sessionID, status string) {
	t.Helper()
	p.mutex.Lock()
	defer p.mutex.Unlock()
	session, found := p.sessions[sessionID]
	require.True(t, found, "no session %s", sessionID)
	if p.money.disputes == nil {
		p.money.disputes = map[string]*paymentv1.Dispute{}
	}
	p.money.disputes[disputeID] = &paymentv1.Dispute{
		DisputeId: disputeID, PaymentIntentId: session.GetPaymentIntentId(), AmountMinor: session.GetTotalMinor(),
		Currency: session.GetCurrency(), Reason: "fraudulent", Status: status, CreatedAt: timestamppb.New(p.now()),
	}
}

// PaymentEvent puts an event about the payment of a session into the inbox, disputeID "" unless it is about a dispute, and
// answers its id.
func (p *Payment) PaymentEvent(t testing.TB, kind, sessionID, disputeID string) string {
	t.Helper()
	id := p.Event(kind, sessionID)
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, entry := range p.events {
		if entry.event.GetEventId() == id {
			entry.event.PaymentIntentId, entry.event.DisputeId = p.sessions[sessionID].GetPaymentIntentId(), disputeID
		}
	}
	return id
}

func (p *Payment) refund(key, paymentIntentID string, amountMinor int64, currency string) (*paymentv1.Refund, error) {
	paid, known := int64(0), false
	for _, session := range p.sessions {
		if session.GetPaymentIntentId() == paymentIntentID && paymentIntentID != "" {
			paid, known = session.GetTotalMinor(), true
		}
	}
	if !known {
		return nil, fault.New(fault.NotFound, "payment-not-found", "")
	}
	for _, earlier := range p.money.refunds {
		if earlier.GetPaymentIntentId() == paymentIntentID && earlier.GetStatus() != paymentv1.RefundStatus_REFUND_STATUS_FAILED {
			paid -= earlier.GetAmountMinor()
		}
	}
	if amountMinor < 1 || amountMinor > paid {
		return nil, fault.New(fault.Invalid, "stripe-refused", "")
	}
	p.serial++
	status := p.money.nextRefund
	if status == paymentv1.RefundStatus_REFUND_STATUS_UNSPECIFIED {
		status = paymentv1.RefundStatus_REFUND_STATUS_SUCCEEDED
	}
	refund := &paymentv1.Refund{
		RefundId: fmt.Sprintf("re_%06d", p.serial), Key: key, PaymentIntentId: paymentIntentID, AmountMinor: amountMinor,
		Currency: currency, Status: status, CreatedAt: timestamppb.New(p.now()),
	}
	p.money.refunds = append(p.money.refunds, refund)
	return refund, nil
}

func (p *Payment) createRefund(in *paymentv1.CreateRefundRequest) (*paymentv1.Refund, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, earlier := range p.money.refunds {
		if earlier.GetKey() != in.GetKey() {
			continue
		}
		if earlier.GetAmountMinor() != in.GetAmountMinor() || earlier.GetPaymentIntentId() != in.GetPaymentIntentId() {
			return nil, fault.New(fault.Conflict, "refund-key-reused", "")
		}
		return proto.CloneOf(earlier), nil
	}
	refund, err := p.refund(in.GetKey(), in.GetPaymentIntentId(), in.GetAmountMinor(), in.GetCurrency())
	return proto.CloneOf(refund), err
}

func (p *Payment) dispute(id string) (*paymentv1.Dispute, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	found, known := p.money.disputes[id]
	if !known {
		return nil, fault.New(fault.NotFound, "dispute-not-found", "")
	}
	return proto.CloneOf(found), nil
}

// payments are the completed sessions of a period, newest first.
func (p *Payment) payments(in *paymentv1.ListPaymentsRequest) []*paymentv1.Payment {
	var found []*paymentv1.Payment
	for _, session := range slices.Backward(p.Sessions()) {
		at := session.GetCreatedAt().AsTime()
		if session.GetStatus() != paymentv1.SessionStatus_SESSION_STATUS_COMPLETE || session.GetReference() == "" ||
			at.Before(in.GetFrom().AsTime()) || !at.Before(in.GetUntil().AsTime()) {
			continue
		}
		refunded := int64(0)
		for _, refund := range p.Refunds(session.GetPaymentIntentId()) {
			if refund.GetStatus() != paymentv1.RefundStatus_REFUND_STATUS_FAILED {
				refunded += refund.GetAmountMinor()
			}
		}
		found = append(found, &paymentv1.Payment{
			SessionId: session.GetSessionId(), Reference: session.GetReference(), PaymentStatus: session.GetPaymentStatus(),
			Currency: session.GetCurrency(), SubtotalMinor: session.GetSubtotalMinor(), DiscountMinor: session.GetDiscountMinor(),
			TaxMinor: session.GetTaxMinor(), ShippingMinor: session.GetShippingMinor(), TotalMinor: session.GetTotalMinor(),
			PaymentIntentId: session.GetPaymentIntentId(), RefundedMinor: refunded, Disputed: p.isDisputed(session.GetPaymentIntentId()),
			CreatedAt: session.GetCreatedAt(),
		})
	}
	return found
}

func (p *Payment) isDisputed(paymentIntentID string) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, dispute := range p.money.disputes {
		if dispute.GetPaymentIntentId() == paymentIntentID && !strings.HasPrefix(dispute.GetStatus(), "won") {
			return true
		}
	}
	return false
}

// CreateRefund implements paymentv1.PaymentServiceClient.
func (c *Client) CreateRefund(ctx context.Context, in *paymentv1.CreateRefundRequest, _ ...grpc.CallOption) (*paymentv1.CreateRefundResponse, error) {
	out := &paymentv1.CreateRefundResponse{}
	err := c.around(ctx, "CreateRefund", func() (err error) {
		out.Refund, err = c.Payment.createRefund(in)
		return err
	})
	return out, err
}

// ListRefunds implements paymentv1.PaymentServiceClient.
func (c *Client) ListRefunds(ctx context.Context, in *paymentv1.ListRefundsRequest, _ ...grpc.CallOption) (*paymentv1.ListRefundsResponse, error) {
	out := &paymentv1.ListRefundsResponse{}
	err := c.around(ctx, "ListRefunds", func() error {
		out.Refunds = c.Payment.Refunds(in.GetPaymentIntentId())
		return nil
	})
	return out, err
}

// GetDispute implements paymentv1.PaymentServiceClient.
func (c *Client) GetDispute(ctx context.Context, in *paymentv1.GetDisputeRequest, _ ...grpc.CallOption) (*paymentv1.GetDisputeResponse, error) {
	out := &paymentv1.GetDisputeResponse{}
	err := c.around(ctx, "GetDispute", func() (err error) {
		out.Dispute, err = c.Payment.dispute(in.GetDisputeId())
		return err
	})
	return out, err
}

// ListPayments implements paymentv1.PaymentServiceClient; all of them are one page.
func (c *Client) ListPayments(ctx context.Context, in *paymentv1.ListPaymentsRequest, _ ...grpc.CallOption) (*paymentv1.ListPaymentsResponse, error) {
	out := &paymentv1.ListPaymentsResponse{}
	err := c.around(ctx, "ListPayments", func() error {
		out.Payments = c.Payment.payments(in)
		return nil
	})
	return out, err
}
