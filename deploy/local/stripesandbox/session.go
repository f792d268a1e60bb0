package stripesandbox

import (
	"strings"
	"time"
)

// Values of a session's status and payment status, as the API spells them.
const (
	statusOpen     = "open"
	statusComplete = "complete"
	statusExpired  = "expired"

	paymentUnpaid      = "unpaid"
	paymentPaid        = "paid"
	paymentNotRequired = "no_payment_required"
)

// session is a Checkout Session. It is a value: whoever changes one changes a copy and puts it back.
type session struct {
	ID            string
	Created       int64 // Unix seconds, as all times of the API
	ExpiresAt     int64
	Status        string
	PaymentStatus string

	Currency       string
	Lines          []lineItem
	AmountSubtotal int64     // minor units, as all amounts
	Discount       *discount // of the shop, or by a code of the customer
	AmountDiscount int64
	TaxRate        percentage // of the discounted subtotal, on top
	AmountTax      int64

	CustomerEmail     string // given by the shop: the customer cannot change it
	ClientReferenceID string
	Metadata          map[string]string
	SuccessURL        string
	CancelURL         string
	ExpectedIntent    intentData
	Rules             checkoutRules

	Customer *customer // once complete
	Shipping *shipTo   // once complete, when addresses are collected
	Payment  *payment  // once paid or on its way; a free order has none
}

// lineItem is one position of a session.
type lineItem struct {
	ID          string
	ProductID   string
	PriceID     string
	Name        string
	Description string
	Images      []string
	UnitAmount  int64
	Quantity    int64
}

// intentData is what the shop wants on the payment (payment_intent_data).
type intentData struct {
	Description  string
	ReceiptEmail string
	Metadata     map[string]string
}

// checkoutRules decide what the payment page asks for.
type checkoutRules struct {
	AllowPromotionCodes      bool
	BillingAddressCollection string
	ShippingCountries        []string // empty: no shipping address
	CollectPhone             bool
	Locale                   string
	SubmitType               string
}

// customer is what the customer told about themselves on the payment page.
type customer struct {
	Email   string
	Name    string
	Phone   string
	Address address
}

// shipTo is where the goods go.
type shipTo struct {
	Name    string
	Address address
}

// address is a postal address; Country is ISO 3166-1 alpha-2.
type address struct {
	Line1, Line2, City, State, PostalCode, Country string
}

// changesAt is when time alone changes the session: it expires, or its late payment settles.
func (s session) changesAt() (time.Time, bool) {
	if s.Status == statusOpen {
		return time.Unix(s.ExpiresAt, 0), true
	}
	if s.Payment != nil && s.Payment.Status == intentProcessing && s.Payment.SettleAt != nil {
		return *s.Payment.SettleAt, true
	}
	return time.Time{}, false
}

// expireWhenDue closes an open session whose time is over.
func (s session) expireWhenDue(now time.Time) (session, bool) {
	if s.Status != statusOpen || now.Unix() < s.ExpiresAt {
		return s, false
	}
	s.Status = statusExpired
	return s, true
}

// successAddress is where the customer goes after paying, with the session's id filled in.
func (s session) successAddress() string {
	return strings.ReplaceAll(s.SuccessURL, "{CHECKOUT_SESSION_ID}", s.ID)
}
