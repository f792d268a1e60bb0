package books

import (
	"strings"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/books/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/order/exception"
	"github.com/bartgottschalk/startupwebapp/services/platform/money"
)

// findingOf is something that is wrong about a payment.
func findingOf(payment *paymentv1.Payment, reason string) exception.Finding {
	return exception.Finding{
		SessionID: payment.GetSessionId(), Reason: reason,
		Reference: storable(payment.GetReference()), PaymentIntent: storable(payment.GetPaymentIntentId()), Currency: storable(payment.GetCurrency()),
		SubtotalMinor: payment.GetSubtotalMinor(), DiscountMinor: payment.GetDiscountMinor(), TaxMinor: payment.GetTaxMinor(),
		ShippingMinor: payment.GetShippingMinor(), TotalMinor: payment.GetTotalMinor(),
	}
}

// about names the order that it is about. A payment that became an exception has none.
func about(finding exception.Finding, ours dbgen.BooksOfSessionsRow) exception.Finding {
	finding.CheckoutID, finding.OrderIdentifier, finding.ExpectedMinor = ours.CheckoutID, orEmpty(ours.Identifier), ours.OrderTotalMinor
	return finding
}

// withoutPayment is an order that nobody paid, in the figures that it was written with.
func withoutPayment(ours dbgen.BooksOfSessionsRow, detail string) exception.Finding {
	return about(exception.Finding{
		SessionID: ours.SessionID, Reason: exception.OrderWithoutPayment, Reference: orEmpty(ours.Reference),
		PaymentIntent: orEmpty(ours.PaymentIntentID), Currency: orEmpty(ours.Currency),
		SubtotalMinor: orZero(ours.SubtotalMinor), DiscountMinor: orZero(ours.DiscountMinor), TaxMinor: orZero(ours.TaxMinor),
		ShippingMinor: orZero(ours.ShippingMinor), TotalMinor: orZero(ours.TotalMinor), Detail: detail,
	}, ours)
}

func paymentOf(sessionID string, session *paymentv1.Session) *paymentv1.Payment {
	return &paymentv1.Payment{
		SessionId: sessionID, Reference: session.GetReference(), PaymentStatus: session.GetPaymentStatus(), Currency: session.GetCurrency(),
		SubtotalMinor: session.GetSubtotalMinor(), DiscountMinor: session.GetDiscountMinor(), TaxMinor: session.GetTaxMinor(),
		ShippingMinor: session.GetShippingMinor(), TotalMinor: session.GetTotalMinor(), PaymentIntentId: session.GetPaymentIntentId(),
		CreatedAt: session.GetCreatedAt(),
	}
}

func shown(minor *int64) string {
	if minor == nil {
		return "none"
	}
	return money.Format(*minor)
}

// storable takes out the one character that PostgreSQL cannot keep.
func storable(text string) string { return strings.ReplaceAll(text, "\x00", "") }

func orEmpty(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

func orZero(number *int64) int64 {
	if number == nil {
		return 0
	}
	return *number
}
