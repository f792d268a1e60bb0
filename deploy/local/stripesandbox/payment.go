package stripesandbox

import (
	"strings"
	"time"
)

// Values of a payment intent's status, as the API spells them.
const (
	intentSucceeded  = "succeeded"
	intentProcessing = "processing"
	intentFailed     = "requires_payment_method"
)

// payment is the charge of a completed session.
type payment struct {
	IntentID string
	ChargeID string
	MethodID string
	Brand    string
	Last4    string
	Status   string
	Created  int64
	SettleAt *time.Time // when a late payment settles by itself; nil: only on demand

	Refunded      int64  // minor units, with refunds that are pending
	DisputeStatus string // empty: never disputed
}

// card is a test card number and what happens when it is used.
type card struct {
	Brand   string
	Refusal string // why it is declined; empty: it pays
	Late    bool   // it pays, but not at once
}

// findCard knows the numbers of the design (section 7) and a few more of Stripe's public test numbers.
func findCard(number string) (card, bool) {
	found, known := map[string]card{
		"4242424242424242": {Brand: "visa"},
		"5555555555554444": {Brand: "mastercard"},
		"4000002500003155": {Brand: "visa", Late: true},
		"4000000000000002": {Brand: "visa", Refusal: "The card was declined. Please use another one."},
		"4000000000009995": {Brand: "visa", Refusal: "The card was declined: not enough money on it."},
		"4000000000000069": {Brand: "visa", Refusal: "The card was declined: it has expired."},
	}[number]
	return found, known
}

// checkoutForm is what the customer sends from the payment page.
type checkoutForm struct {
	Card          string
	PromotionCode string
	Customer      customer
}

// number is the card number without the blanks and dashes that people type.
func (f checkoutForm) number() string {
	return strings.NewReplacer(" ", "", "-", "").Replace(f.Card)
}

// complete pays an open session as the form says; the form has been checked before. settleAt is for late payments.
func (s session) complete(form checkoutForm, now time.Time, settleAt *time.Time) session {
	s.Status = statusComplete
	s.Customer = &form.Customer
	if len(s.Rules.ShippingCountries) > 0 {
		s.Shipping = &shipTo{Name: form.Customer.Name, Address: form.Customer.Address}
	}
	if s.amountTotal() == 0 {
		s.PaymentStatus = paymentNotRequired
		return s
	}
	number := form.number()
	used, _ := findCard(number)
	s.Payment = &payment{
		IntentID: newIdentifier("pi_3", 23), ChargeID: newIdentifier("ch_3", 23), MethodID: newIdentifier("pm_1", 23),
		Brand: used.Brand, Last4: number[len(number)-4:], Status: intentSucceeded, Created: now.Unix(),
	}
	s.PaymentStatus = paymentPaid
	if used.Late {
		s.PaymentStatus, s.Payment.Status, s.Payment.SettleAt = paymentUnpaid, intentProcessing, settleAt
	}
	return s
}

// settle ends a late payment.
func (s session) settle(paid bool) session {
	settled := *s.Payment
	settled.SettleAt, settled.Status = nil, intentFailed
	if paid {
		settled.Status, s.PaymentStatus = intentSucceeded, paymentPaid
	}
	s.Payment = &settled
	return s
}
