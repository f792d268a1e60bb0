package purchase

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/catalogue"
	"github.com/bartgottschalk/startupwebapp/services/order/discount"
)

// Sale is a checkout that was paid: what was frozen, and what Stripe says about the payment. The caller has made sure
// that the two belong together, that is, Session.subtotal_minor is what the frozen sums come to.
type Sale struct {
	CheckoutID            int64
	AccountID             int64  // 0 for a guest
	Email                 string // known before the payment; counts when Stripe tells none
	Newsletter            bool
	TermsAgreedAt         time.Time
	Lines                 []Line
	Shipping              ShippingMethod
	ItemSubtotalMinor     int64
	ItemDiscountMinor     int64
	ShippingMinor         int64
	ShippingDiscountMinor int64
	Discounts             []Discount // codes that were on the cart, without promotions of Stripe's page
	FirstStatus           catalogue.Status
	Session               *paymentv1.Session
}

// Line is what was bought of one SKU, as the catalogue described it when the cart was frozen.
type Line struct {
	SkuID             int64
	Quantity          int32 // at least 1
	PriceMinor        int64 // of one piece
	DiscountMinor     int64 // the line's share of what is taken off the goods
	Color             *string
	Size              *string
	Description       *string
	Inventory         catalogue.Inventory
	ProductIdentifier string
	ProductTitle      string
	ProductTitleURL   string
	ImageURL          string
}

// Discount is what lowered the price, or would have, as it was when the cart was frozen.
type Discount struct {
	CodeID            int64 // 0: a promotion of Stripe's page
	Code              string
	Description       string
	StartsAt, EndsAt  time.Time
	Combinable        bool
	AmountHundredths  int64
	OrderMinimumMinor int64
	TypeTitle         string
	TypeDescription   string
	AppliesTo         string
	Action            string
	Applied           bool
	TakenMinor        int64 // 0 unless applied
}

// SpreadDiscount gives every line its share of a discount on the goods.
func SpreadDiscount(lines []Line, discountMinor int64) []Line {
	amounts := make([]int64, len(lines))
	for i, line := range lines {
		amounts[i] = line.PriceMinor * int64(line.Quantity)
	}
	for i, share := range discount.Spread(discountMinor, amounts) {
		lines[i].DiscountMinor = share
	}
	return lines
}

// ShippingMethod is how the goods travel, as it was offered when the cart was frozen.
type ShippingMethod struct {
	Identifier      string
	Carrier         string
	TrackingBaseURL string
}

// amounts are the sums of an order.
type amounts struct {
	itemSubtotal, itemDiscount, shipping, shippingDiscount, tax, total int64
}

// amounts adds what Stripe took off or put on to what was frozen. A promotion lowers the price of the goods first and
// what is left of it the shipping, so that neither becomes negative (contract payment.md P-02). What Stripe took off for our
// own codes is frozen already.
func (s Sale) amounts() amounts {
	promotion := s.promotionMinor()
	offItems := min(promotion, s.ItemSubtotalMinor-s.ItemDiscountMinor)
	return amounts{
		itemSubtotal:     s.ItemSubtotalMinor,
		itemDiscount:     s.ItemDiscountMinor + offItems,
		shipping:         s.ShippingMinor + s.Session.GetShippingMinor(),
		shippingDiscount: s.ShippingDiscountMinor + promotion - offItems,
		tax:              s.taxOnTop(),
		total:            s.Session.GetTotalMinor(),
	}
}

// taxOnTop is what tax adds to the prices; 0 where they include it.
func (s Sale) taxOnTop() int64 {
	return s.Session.GetTotalMinor() - (s.Session.GetSubtotalMinor() - s.Session.GetDiscountMinor() + s.Session.GetShippingMinor())
}

// promotionMinor is what a promotion of Stripe's page took off.
func (s Sale) promotionMinor() int64 {
	return s.Session.GetDiscountMinor() - s.ItemDiscountMinor - s.ShippingDiscountMinor
}

// discounts are the codes of the cart and the promotions that Stripe names.
func (s Sale) discounts(at time.Time) []Discount {
	if s.promotionMinor() == 0 {
		return s.Discounts
	}
	listed := slices.Clone(s.Discounts)
	for _, told := range s.Session.GetDiscounts() {
		promotion := Discount{
			Code: clean(cmp.Or(told.GetName(), told.GetCouponId())), Description: clean(told.GetName()), StartsAt: at, EndsAt: at,
			TypeTitle: "Promotion", TypeDescription: "A code entered when paying.", AppliesTo: "item_total", Action: "dollar-amt-off",
			AmountHundredths: told.GetAmountMinor(), Applied: true, TakenMinor: told.GetAmountMinor(),
		}
		if told.GetPercentHundredths() > 0 {
			promotion.Action, promotion.AmountHundredths = "percent-off", told.GetPercentHundredths()
		}
		listed = append(listed, promotion)
	}
	return listed
}

// paymentKey is what can be there once only: the payment, or the session when a promotion took the whole price and
// there was no payment.
func (s Sale) paymentKey() string {
	if intent := s.Session.GetPaymentIntentId(); intent != "" {
		return intent
	}
	return s.Session.GetSessionId()
}

// longest is how much is kept of any one text that Stripe hands us, in bytes: far beyond what a parcel needs.
const longest = 2000

// clean makes any text fit to be stored, so that nothing in it can fail a paid order (contract payment.md P-16).
func clean(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "")
	if len(text) <= longest {
		return text
	}
	end := longest
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}
