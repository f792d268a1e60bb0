package orderarea

import (
	"context"
	"net/http"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// ReceiveStripeWebhook is POST /order/stripe-webhook. Payment verifies and keeps the event, then order is told of it;
// 200 only after both, so that Stripe repeats what was not finished. An event of ours that names no session is about what became of
// a payment: a refund or a dispute. Conditions that would stay as they are however
// often Stripe repeats are answered 200 (payment.md P-11).
func (a *Area) ReceiveStripeWebhook(ctx context.Context, webhook *storefrontv1.ReceiveStripeWebhookRequest) (*storefrontv1.ReceiveStripeWebhookResponse, error) {
	kept, err := a.Payments.ReceiveWebhook(ctx, &paymentv1.ReceiveWebhookRequest{
		Payload: webhook.GetPayload(), Signature: visitor.From(ctx).StripeSignature(),
	})
	if err != nil {
		return a.webhookRefusal(ctx, err), nil
	}
	event := kept.GetEvent()
	if !event.GetConcernsCheckout() {
		return &storefrontv1.ReceiveStripeWebhookResponse{Received: pointerTo(true)}, nil
	}
	handled, err := a.Checkouts.HandlePaymentEvent(ctx, &orderv1.HandlePaymentEventRequest{
		EventId: event.GetEventId(), EventType: event.GetType(), SessionId: event.GetSessionId(),
		PaymentIntentId: event.GetPaymentIntentId(), DisputeId: event.GetDisputeId(),
	})
	if err != nil {
		return a.webhookRefusal(ctx, err), nil
	}
	answer := &storefrontv1.ReceiveStripeWebhookResponse{Received: pointerTo(true)}
	if handled.GetOrderIdentifier() != "" {
		answer.OrderIdentifier = &handled.OrderIdentifier
	}
	return answer, nil
}

func (a *Area) webhookRefusal(ctx context.Context, err error) *storefrontv1.ReceiveStripeWebhookResponse {
	code, status := "processing-error", http.StatusInternalServerError
	switch reason := fault.ReasonOf(err); reason {
	case "invalid-signature", "invalid-payload":
		code, status = reason, http.StatusBadRequest
	case "webhook-not-configured":
		code = reason
	default:
		a.Logger.ErrorContext(ctx, "webhook not finished", "error", err)
	}
	visitor.From(ctx).Status(status)
	return &storefrontv1.ReceiveStripeWebhookResponse{Error: &code}
}
