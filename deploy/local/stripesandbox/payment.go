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
}

// promotion is a code that customers may enter on the payment page.
type promotion struct {
	Code       string
	PercentOff int64
}

func findPromotion(code string) *promotion {
	for _, known := range []promotion{{"TENOFF", 10}, {"HALFOFF", 50}, {"FREE100", 100}} {
		if strings.EqualFold(known.Code, code) {
			return &known
		}
	}
	return nil
}

// discountOn is the percentage of amount, half a cent rounded up.
func (p promotion) discountOn(amount int64) int64 { return (amount*p.PercentOff + 50) / 100 }

func (p promotion) render(sessionID string) object {
	return object{
		"id": "di_" + strings.ToLower(p.Code), "object": "discount", "checkout_session": sessionID,
		"promotion_code": "promo_" + strings.ToLower(p.Code),
		"coupon": object{
			"id": p.Code, "object": "coupon", "name": p.Code, "percent_off": p.PercentOff, "amount_off": nil,
			"duration": "once", "valid": true,
		},
	}
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
func (s session) complete(form checkoutForm, applied *promotion, now time.Time, settleAt *time.Time) session {
	s.Status = statusComplete
	s.Customer = &form.Customer
	if len(s.Rules.ShippingCountries) > 0 {
		s.Shipping = &shipTo{Name: form.Customer.Name, Address: form.Customer.Address}
	}
	if applied != nil {
		s.Promotion, s.AmountDiscount = applied, applied.discountOn(s.AmountSubtotal)
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

func (s session) renderIntent(withCharge bool) object {
	intent := object{
		"id": s.Payment.IntentID, "object": "payment_intent", "livemode": false, "created": s.Payment.Created,
		"amount": s.amountTotal(), "amount_received": s.amountReceived(), "currency": s.Currency, "status": s.Payment.Status,
		"capture_method": "automatic", "confirmation_method": "automatic", "customer": nil,
		"client_secret": s.Payment.IntentID + "_secret_sandbox", "description": orNull(s.ExpectedIntent.Description),
		"receipt_email": orNull(s.ExpectedIntent.ReceiptEmail), "metadata": orEmpty(s.ExpectedIntent.Metadata),
		"payment_method": s.Payment.MethodID, "payment_method_types": []string{"card"},
		"latest_charge": s.Payment.ChargeID, "shipping": nil,
	}
	if s.Shipping != nil {
		intent["shipping"] = object{"name": s.Shipping.Name, "phone": orNull(s.Customer.Phone), "address": s.Shipping.Address.render()}
	}
	if withCharge {
		intent["latest_charge"] = s.renderCharge()
	}
	return intent
}

func (s session) renderCharge() object {
	paid := s.Payment.Status == intentSucceeded
	status := map[string]string{intentSucceeded: "succeeded", intentProcessing: "pending", intentFailed: "failed"}[s.Payment.Status]
	return object{
		"id": s.Payment.ChargeID, "object": "charge", "livemode": false, "created": s.Payment.Created, "paid": paid, "captured": paid,
		"status": status, "amount": s.amountTotal(), "amount_captured": s.amountReceived(), "amount_refunded": 0,
		"currency": s.Currency, "payment_intent": s.Payment.IntentID, "metadata": orEmpty(s.ExpectedIntent.Metadata),
		"billing_details": object{
			"email": orNull(s.Customer.Email), "name": orNull(s.Customer.Name), "phone": orNull(s.Customer.Phone),
			"address": s.Customer.Address.render(),
		},
		"payment_method_details": object{"type": "card", "card": object{"brand": s.Payment.Brand, "last4": s.Payment.Last4}},
	}
}

func (s session) amountReceived() int64 {
	if s.Payment.Status != intentSucceeded {
		return 0
	}
	return s.amountTotal()
}
