package stripeapi

import "strings"

// EventPayment is the money that an event about a charge, a refund or a dispute is about, as it was when the event happened.
type EventPayment struct {
	Object        string // "charge", "refund" or "dispute"
	ID            string
	PaymentIntent string
	// Reference is the one of the charge's metadata, empty unless the charge is ours; refunds and disputes carry none.
	Reference string
	DisputeID string // empty unless the event is about a dispute
	Currency  string
	// Amounts in minor units, nil when the event names none.
	AmountMinor   *int64
	RefundedMinor *int64
	Status        string
	Reason        string // Stripe's word
}

// eventPaymentOf is nil for what has no payment intent: no session of ours was ever paid without one.
func eventPaymentOf(object any) *EventPayment {
	payment := &EventPayment{
		Object:        textOf(object, "object"),
		ID:            textOf(object, "id"),
		PaymentIntent: paymentIntentOf(object),
		Currency:      textOf(object, "currency"),
		AmountMinor:   amountOf(object, "amount"),
		RefundedMinor: amountOf(object, "amount_refunded"),
		Status:        textOf(object, "status"),
		Reason:        textOf(object, "reason"),
	}
	if payment.ID == "" || !IsPaymentIntentID(payment.PaymentIntent) {
		return nil
	}
	switch payment.Object {
	case "charge":
		payment.Reference = referenceOf("", metadataOf(object))
	case "refund":
	case "dispute":
		payment.DisputeID = payment.ID
	default:
		return nil
	}
	return payment
}

// IsPaymentIntentID keeps out what can be no id of a payment intent.
func IsPaymentIntentID(text string) bool { return hasFormOfID(text, "pi_") }

// IsSessionID keeps out what can be no id of a session, so that Stripe is not asked for other addresses of its API.
func IsSessionID(text string) bool { return hasFormOfID(text, "cs_") }

// IsDisputeID keeps out what can be no id of a dispute; newer ones have another prefix.
func IsDisputeID(text string) bool { return hasFormOfID(text, "dp_") || hasFormOfID(text, "du_") }

func hasFormOfID(text, prefix string) bool {
	if !strings.HasPrefix(text, prefix) || len(text) > longestName {
		return false
	}
	return !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' || r == '/' })
}
