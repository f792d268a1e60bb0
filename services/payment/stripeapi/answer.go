package stripeapi

import (
	"encoding/json"
	"math"
	"time"

	stripe "github.com/stripe/stripe-go/v76"
	"google.golang.org/protobuf/types/known/timestamppb"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
)

// Opened is a session just made.
type Opened struct {
	SessionID string
	URL       string
	ExpiresAt time.Time // zero when Stripe named none
	Currency  string
	// Totals in minor units as Stripe counts them, nil when it named none.
	SubtotalMinor *int64
	TotalMinor    *int64
	TaxMinor      int64 // 0 unless Stripe adds tax by itself
}

func openedOf(answer *stripe.CheckoutSession) Opened {
	var totals struct {
		Subtotal *int64 `json:"amount_subtotal"`
		Total    *int64 `json:"amount_total"`
	}
	readRaw(answer, &totals)
	opened := Opened{
		SessionID:     answer.ID,
		URL:           answer.URL,
		Currency:      string(answer.Currency),
		SubtotalMinor: totals.Subtotal,
		TotalMinor:    totals.Total,
	}
	if answer.TotalDetails != nil {
		opened.TaxMinor = max(0, answer.TotalDetails.AmountTax)
	}
	if answer.ExpiresAt > 0 {
		opened.ExpiresAt = time.Unix(answer.ExpiresAt, 0).UTC()
	}
	return opened
}

// sessionOf is what Stripe tells of a session, in the shop's words.
func sessionOf(answer *stripe.CheckoutSession) *paymentv1.Session {
	session := &paymentv1.Session{
		SessionId:       answer.ID,
		Reference:       referenceOf(answer.ClientReferenceID, answer.Metadata),
		Status:          statusOf(answer.Status),
		PaymentStatus:   paymentStatusOf(answer.PaymentStatus),
		Currency:        string(answer.Currency),
		SubtotalMinor:   answer.AmountSubtotal,
		TotalMinor:      answer.AmountTotal,
		CustomerEmail:   answer.CustomerEmail,
		ShippingAddress: shippingOf(answer),
	}
	if answer.PaymentIntent != nil {
		session.PaymentIntentId = answer.PaymentIntent.ID
	}
	session.ExpiresAt, session.CreatedAt = momentOf(answer.ExpiresAt), momentOf(answer.Created)
	addTotals(session, answer.TotalDetails)
	addCustomer(session, answer.CustomerDetails)
	return session
}

// momentOf is nil when Stripe named none.
func momentOf(seconds int64) *timestamppb.Timestamp {
	if seconds <= 0 {
		return nil
	}
	return timestamppb.New(time.Unix(seconds, 0))
}

// paymentOf is what became of a session's money, without its customer.
func paymentOf(answer *stripe.CheckoutSession) *paymentv1.Payment {
	session := sessionOf(answer)
	payment := &paymentv1.Payment{
		SessionId:       session.GetSessionId(),
		Reference:       session.GetReference(),
		PaymentStatus:   session.GetPaymentStatus(),
		Currency:        session.GetCurrency(),
		SubtotalMinor:   session.GetSubtotalMinor(),
		DiscountMinor:   session.GetDiscountMinor(),
		TaxMinor:        session.GetTaxMinor(),
		ShippingMinor:   session.GetShippingMinor(),
		TotalMinor:      session.GetTotalMinor(),
		PaymentIntentId: session.GetPaymentIntentId(),
		CreatedAt:       session.GetCreatedAt(),
	}
	if answer.PaymentIntent != nil && answer.PaymentIntent.LatestCharge != nil {
		payment.RefundedMinor = answer.PaymentIntent.LatestCharge.AmountRefunded
		payment.Disputed = answer.PaymentIntent.LatestCharge.Disputed
	}
	return payment
}

func statusOf(status stripe.CheckoutSessionStatus) paymentv1.SessionStatus {
	switch status {
	case stripe.CheckoutSessionStatusOpen:
		return paymentv1.SessionStatus_SESSION_STATUS_OPEN
	case stripe.CheckoutSessionStatusComplete:
		return paymentv1.SessionStatus_SESSION_STATUS_COMPLETE
	case stripe.CheckoutSessionStatusExpired:
		return paymentv1.SessionStatus_SESSION_STATUS_EXPIRED
	default:
		return paymentv1.SessionStatus_SESSION_STATUS_UNSPECIFIED
	}
}

func paymentStatusOf(status stripe.CheckoutSessionPaymentStatus) paymentv1.PaymentStatus {
	switch status {
	case stripe.CheckoutSessionPaymentStatusUnpaid:
		return paymentv1.PaymentStatus_PAYMENT_STATUS_UNPAID
	case stripe.CheckoutSessionPaymentStatusPaid:
		return paymentv1.PaymentStatus_PAYMENT_STATUS_PAID
	case stripe.CheckoutSessionPaymentStatusNoPaymentRequired:
		return paymentv1.PaymentStatus_PAYMENT_STATUS_NOT_REQUIRED
	default:
		return paymentv1.PaymentStatus_PAYMENT_STATUS_UNSPECIFIED
	}
}

// referenceOf is empty unless the marker says that the session is ours.
func referenceOf(clientReferenceID string, metadata map[string]string) string {
	if metadata[metadataShop] != marker {
		return ""
	}
	if clientReferenceID != "" {
		return clientReferenceID
	}
	return metadata[metadataReference]
}

func addTotals(session *paymentv1.Session, details *stripe.CheckoutSessionTotalDetails) {
	if details == nil {
		return
	}
	session.DiscountMinor = details.AmountDiscount
	session.TaxMinor = details.AmountTax
	session.ShippingMinor = details.AmountShipping
	if details.Breakdown == nil {
		return
	}
	for _, each := range details.Breakdown.Discounts {
		session.Discounts = append(session.Discounts, discountOf(each))
	}
}

func discountOf(told *stripe.CheckoutSessionTotalDetailsBreakdownDiscount) *paymentv1.SessionDiscount {
	discount := &paymentv1.SessionDiscount{AmountMinor: told.Amount}
	if told.Discount == nil || told.Discount.Coupon == nil {
		return discount
	}
	coupon := told.Discount.Coupon
	discount.CouponId, discount.Name = coupon.ID, coupon.Name
	if discount.Name == "" {
		discount.Name = coupon.ID // as Stripe's page does
	}
	// A percentage is no amount: it is shown and nothing is counted with it.
	discount.PercentHundredths = int64(math.Round(coupon.PercentOff * 100))
	return discount
}

// addCustomer: the address that we gave Stripe comes before the one that the customer typed (contract payment.md section 7).
func addCustomer(session *paymentv1.Session, customer *stripe.CheckoutSessionCustomerDetails) {
	if customer == nil {
		return
	}
	if session.CustomerEmail == "" {
		session.CustomerEmail = customer.Email
	}
	session.CustomerName = customer.Name
	session.CustomerPhone = customer.Phone
	session.BillingAddress = addressOf(customer.Name, customer.Address)
}

// shippingOf reads both places: at the top level with the library's API version, under collected_information with newer ones.
func shippingOf(answer *stripe.CheckoutSession) *paymentv1.Address {
	if answer.ShippingDetails != nil {
		return addressOf(answer.ShippingDetails.Name, answer.ShippingDetails.Address)
	}
	var newer struct {
		CollectedInformation struct {
			ShippingDetails *stripe.ShippingDetails `json:"shipping_details"`
		} `json:"collected_information"`
	}
	readRaw(answer, &newer)
	details := newer.CollectedInformation.ShippingDetails
	if details == nil {
		return nil
	}
	return addressOf(details.Name, details.Address)
}

func addressOf(name string, address *stripe.Address) *paymentv1.Address {
	if address == nil {
		return nil
	}
	return &paymentv1.Address{
		Name:       name,
		Line1:      address.Line1,
		Line2:      address.Line2,
		City:       address.City,
		State:      address.State,
		PostalCode: address.PostalCode,
		Country:    address.Country,
	}
}

// readRaw reads what the library's types do not have. The library has decoded the same text before, so what does not
// fit here is a field of another shape, and counts as not there.
func readRaw(answer *stripe.CheckoutSession, into any) {
	if answer.LastResponse != nil {
		_ = json.Unmarshal(answer.LastResponse.RawJSON, into)
	}
}
