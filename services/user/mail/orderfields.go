package mail

import (
	"fmt"
	"strings"
	"time"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/money"
)

const newLine = "\r\n"

// orderFields are the placeholders of contract payment.md 8 that both kinds of confirmation know. Everything that came
// from outside is put on one line; parts that are missing are left out (contract payment.md P-18).
func orderFields(order *userv1.SendOrderConfirmationRequest, now time.Time) map[string]string {
	return map[string]string{
		"recipient_first_name":         orElse(oneLine(order.GetRecipientName()), "Customer"),
		identifierField:                order.GetOrderIdentifier(),
		"order_information":            orderInformation(order, now),
		"product_information":          productInformation(order.GetLines()),
		"shipping_information":         joinParts(" ", order.GetShippingCarrier(), dollars(order.GetShippingMinor())),
		"order_total_information":      totals(order),
		"discount_information":         discounts(order),
		"payment_information":          orElse(oneLine(order.GetPaymentSummary()), "Paid online"),
		"shipping_address_information": address(order.GetShippingAddress()),
		"billing_address_information":  address(order.GetBillingAddress()),
	}
}

func orderInformation(order *userv1.SendOrderConfirmationRequest, now time.Time) string {
	ordered := now
	if order.GetOrderedAt().IsValid() {
		ordered = order.GetOrderedAt().AsTime()
	}
	return "Order number: " + order.GetOrderIdentifier() + newLine + "Order date: " + ordered.UTC().Format("January 2, 2006")
}

func productInformation(lines []*userv1.ConfirmationLine) string {
	texts := make([]string, len(lines))
	for i, line := range lines {
		what := joinParts(", ", line.GetTitle(), line.GetDescription(), line.GetColor(), line.GetSize())
		texts[i] = joinParts(", ", what, dollars(line.GetPriceMinor())+" each", fmt.Sprintf("Quantity: %d", line.GetQuantity()),
			"Subtotal: "+dollars(line.GetPriceMinor()*int64(line.GetQuantity())))
	}
	return strings.Join(texts, newLine)
}

func totals(order *userv1.SendOrderConfirmationRequest) string {
	lines := []string{"Item subtotal: " + dollars(order.GetItemSubtotalMinor())}
	lines = append(lines, deduction("Item discount", order.GetItemDiscountMinor())...)
	lines = append(lines, "Shipping: "+dollars(order.GetShippingMinor()))
	lines = append(lines, deduction("Shipping discount", order.GetShippingDiscountMinor())...)
	if tax := order.GetSalesTaxMinor(); tax != 0 {
		lines = append(lines, "Sales tax: "+dollars(tax))
	}
	return strings.Join(append(lines, "Order total: "+dollars(order.GetTotalMinor())), newLine)
}

// discounts are the codes and promotions that lowered the price; where none is named, by how much it was lowered.
func discounts(order *userv1.SendOrderConfirmationRequest) string {
	var lines []string
	for _, discount := range order.GetDiscounts() {
		if line := joinParts(": ", discount.GetCode(), discount.GetDescription()); line != "" {
			lines = append(lines, "Discount "+line)
		}
	}
	if lines != nil {
		return strings.Join(lines, newLine)
	}
	return strings.Join(append(deduction("Item discount", order.GetItemDiscountMinor()),
		deduction("Shipping discount", order.GetShippingDiscountMinor())...), newLine)
}

// deduction is no line at all when nothing was deducted (contract payment.md 8).
func deduction(title string, minor int64) []string {
	if minor <= 0 {
		return nil
	}
	return []string{title + ": (" + dollars(minor) + ")"}
}

func address(given *userv1.PostalAddress) string {
	stateAndCode := joinParts(" ", given.GetState(), given.GetPostalCode())
	lines := joinParts(newLine, given.GetName(), given.GetLine1(), given.GetLine2(),
		joinParts(", ", given.GetCity(), stateAndCode), given.GetCountry())
	return orElse(lines, "Not given")
}

// joinParts puts each part on one line and leaves out what is empty.
func joinParts(separator string, parts ...string) string {
	var present []string
	for _, part := range parts {
		if line := oneLine(part); line != "" {
			present = append(present, line)
		}
	}
	return strings.Join(present, separator)
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// dollars gives 123456 as "$1,234.56".
func dollars(minor int64) string {
	amount, sign := money.Format(minor), ""
	if rest, negative := strings.CutPrefix(amount, "-"); negative {
		amount, sign = rest, "-"
	}
	whole, cents, _ := strings.Cut(amount, ".")
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	return sign + "$" + whole + "." + cents
}
