package stripeapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/stripe/stripe-go/v76/webhook"
)

// ErrNotAnEvent is returned by ReadEvent for text that is no event: not JSON, or without an id or a type.
var ErrNotAnEvent = errors.New("not a Stripe event")

const longestName = 255 // Stripe's ids and types are far shorter

// Event is what the shop keeps of a webhook. The customer's data are left out: whoever needs them reads the session.
type Event struct {
	ID         string
	Type       string
	APIVersion string
	Livemode   bool
	// Created is when it happened, by Stripe's clock; zero when the event does not say.
	Created time.Time
	// Session is nil when the event is not about a Checkout session.
	Session *EventSession
	// Payment is nil when the event is not about a charge, a refund or a dispute that names its payment intent.
	Payment *EventPayment
}

// EventSession is the state of a Checkout session when the event happened.
type EventSession struct {
	ID            string
	Reference     string // empty unless the session is ours
	Status        string
	PaymentStatus string
	PaymentIntent string
	Currency      string
	TotalMinor    *int64
}

// sessionTypes are the events that may have paid or ended a session (contract payment.md P-03).
func sessionTypes() []string {
	return []string{
		"checkout.session.completed", "checkout.session.async_payment_succeeded",
		"checkout.session.async_payment_failed", "checkout.session.expired",
	}
}

// PaymentTypes are the events after which money went back, or may (contract payment.md P-20).
func PaymentTypes() []string {
	return []string{
		"charge.refunded", "charge.refund.updated", "refund.created", "refund.updated", "refund.failed",
		"charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed",
		"charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated",
	}
}

// typesThatMatter are at most 20, which is what Stripe takes in a question.
func typesThatMatter() []string { return append(sessionTypes(), PaymentTypes()...) }

// ConcernsCheckout tells whether the event may have paid or ended one of our sessions.
func (e Event) ConcernsCheckout() bool {
	return slices.Contains(sessionTypes(), e.Type) && e.Session != nil && e.Session.Reference != ""
}

// ConcernsPayment tells whether the event is about money that went back, or may, of whosever payment.
func (e Event) ConcernsPayment() bool {
	return slices.Contains(PaymentTypes(), e.Type) && e.Payment != nil
}

// SignedBy tells whether header is Stripe's signature over exactly these bytes with this secret, at most 300 s old
// (contract payment.md section 6). A timestamp in the future passes, as it does with Stripe's own libraries.
func SignedBy(payload []byte, header, secret string) bool {
	return webhook.ValidatePayload(payload, header, secret) == nil
}

// ReadEvent reads a payload whose signature was checked. The library's own reader is not used: it refuses other API
// versions than its own and events whose object has another shape. Only ErrNotAnEvent is returned.
func ReadEvent(payload []byte) (Event, error) {
	envelope, err := readObject(payload)
	if err != nil {
		return Event{}, ErrNotAnEvent
	}
	object := field(field(envelope, "data"), "object")
	event := Event{
		ID:         textOf(envelope, "id"),
		Type:       textOf(envelope, "type"),
		APIVersion: textOf(envelope, "api_version"),
		Session:    eventSessionOf(object),
		Payment:    eventPaymentOf(object),
	}
	event.Livemode, _ = envelope["livemode"].(bool)
	if created := amountOf(envelope, "created"); created != nil && *created > 0 {
		event.Created = time.Unix(*created, 0).UTC()
	}
	if event.ID == "" || event.Type == "" {
		return Event{}, ErrNotAnEvent
	}
	return event, nil
}

// readObject keeps numbers as their digits: amounts never pass through floating point.
func readObject(payload []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.UseNumber()
	var object map[string]any
	if err := decoder.Decode(&object); err != nil {
		return nil, fmt.Errorf("read event: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("read event: something follows the JSON")
	}
	return object, nil
}

func eventSessionOf(object any) *EventSession {
	id := textOf(object, "id")
	if textOf(object, "object") != "checkout.session" || id == "" {
		return nil
	}
	return &EventSession{
		ID:            id,
		Reference:     referenceOf(textOf(object, "client_reference_id"), metadataOf(object)),
		Status:        textOf(object, "status"),
		PaymentStatus: textOf(object, "payment_status"),
		PaymentIntent: paymentIntentOf(object),
		Currency:      textOf(object, "currency"),
		TotalMinor:    amountOf(object, "amount_total"),
	}
}

// metadataOf keeps what we wrote ourselves; another system may have put anything there.
func metadataOf(object any) map[string]string {
	metadata := field(object, "metadata")
	return map[string]string{
		metadataShop:      textOf(metadata, metadataShop),
		metadataReference: textOf(metadata, metadataReference),
	}
}

// paymentIntentOf: an id, or the whole object where an endpoint asks for it.
func paymentIntentOf(object any) string {
	if id := textOf(object, "payment_intent"); id != "" {
		return id
	}
	return textOf(field(object, "payment_intent"), "id")
}

func field(object any, name string) any {
	fields, _ := object.(map[string]any)
	return fields[name]
}

// textOf is a short text of an object, empty when there is none or it cannot be stored.
func textOf(object any, name string) string {
	value, _ := field(object, name).(string)
	if !isName(value) {
		return ""
	}
	return value
}

// amountOf is an amount in minor units, nil when there is none.
func amountOf(object any, name string) *int64 {
	digits, _ := field(object, name).(json.Number)
	amount, err := strconv.ParseInt(digits.String(), 10, 64)
	if err != nil || amount < 0 {
		return nil
	}
	return &amount
}

// isName: ids and types are short and visible. The NUL that JSON can carry and PostgreSQL cannot is none of it.
func isName(value string) bool {
	return value != "" && len(value) <= longestName && !strings.ContainsFunc(value, isUnfit)
}

func isUnfit(r rune) bool {
	return r == unicode.ReplacementChar || !unicode.IsPrint(r)
}
