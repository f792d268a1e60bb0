package checkout

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/cart"
	"github.com/bartgottschalk/startupwebapp/services/order/purchase"
)

// longestEmail is the limit of the old shop and of SMTP, in characters.
const longestEmail = 254

// draft is a cart as it would be frozen now.
type draft struct {
	cartID      int64
	anonymousID string
	newsletter  bool
	content     content
}

// content is everything that the customer is shown at Stripe or that decides whose order it will be. Two drafts of
// equal content may share a payment session; anything else needs a session of its own.
type content struct {
	AccountID         int64
	Email             string
	Currency          string
	Lines             []purchase.Line
	Shipping          purchase.ShippingMethod
	Discounts         []purchase.Discount
	ItemSubtotalMinor int64
	ShippingMinor     int64
	// What the codes take off, of the goods and of the shipping.
	ItemDiscountMinor     int64
	ShippingDiscountMinor int64
}

func (c content) totalMinor() int64 {
	return c.ItemSubtotalMinor - c.ItemDiscountMinor + c.ShippingMinor - c.ShippingDiscountMinor
}

// fingerprint is equal for equal content only.
func (c content) fingerprint() (string, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("fingerprint of a checkout: %w", err)
	}
	digest := sha256.Sum256(text)
	return hex.EncodeToString(digest[:]), nil
}

// newDraft judges whether the cart may be checked out, in the order of contract payment.md 4.
func newDraft(contents cart.Contents, request *orderv1.StartCheckoutRequest) (draft, error) {
	lines, subtotal := bought(contents)
	if len(lines) == 0 {
		return draft{}, errCartIsEmpty
	}
	if request.TermsOfSaleAgreed == nil {
		return draft{}, errTermsRequired
	}
	if !request.GetTermsOfSaleAgreed() {
		return draft{}, errTermsUnmet
	}
	if !allAvailable(contents.Lines) {
		return draft{}, errNotAvailable
	}
	if contents.ShippingMethod.Identifier == "" {
		return draft{}, errNothingShips // never charge for what cannot be sent (contract payment.md P-04)
	}
	email, err := customerEmail(request)
	if err != nil {
		return draft{}, err
	}
	return draft{
		cartID:      contents.CartID,
		anonymousID: contents.AnonymousID,
		newsletter:  request.GetNewsletter(),
		content: content{
			AccountID:         contents.AccountID,
			Email:             email,
			Currency:          currency,
			Lines:             lines,
			Shipping:          shippingOf(contents),
			Discounts:         discountsOf(contents),
			ItemSubtotalMinor: subtotal,
			ShippingMinor:     contents.ShippingMethod.CostMinor,

			ItemDiscountMinor:     contents.Totals.ItemDiscountMinor,
			ShippingDiscountMinor: contents.Totals.ShippingDiscountMinor,
		},
	}, nil
}

// bought are the lines that have a quantity, as the order will keep them, and what they cost together before the discount. The sum
// is made of the very lines that are frozen, so that the two cannot differ (contract order.md O-21).
func bought(contents cart.Contents) ([]purchase.Line, int64) {
	var lines []purchase.Line
	var subtotal int64
	for _, line := range contents.Lines {
		if line.Quantity <= 0 {
			continue
		}
		lines = append(lines, purchase.Line{
			SkuID:             line.SkuID,
			Quantity:          line.Quantity,
			PriceMinor:        line.Sku.PriceMinor,
			Color:             line.Sku.Color,
			Size:              line.Sku.Size,
			Description:       line.Sku.Description,
			Inventory:         line.Sku.Inventory,
			ProductIdentifier: line.Sku.ProductIdentifier,
			ProductTitle:      line.Sku.ProductTitle,
			ProductTitleURL:   line.Sku.ProductTitleURL,
			ImageURL:          line.Sku.ImageURL,
		})
		subtotal += line.SubtotalMinor()
	}
	return purchase.SpreadDiscount(lines, contents.Totals.ItemDiscountMinor), subtotal
}

// discountsOf are the cart's codes, also those that take nothing off: the order lists them all (contract order.md 5.5).
func discountsOf(contents cart.Contents) []purchase.Discount {
	discounts := make([]purchase.Discount, len(contents.Codes))
	for i, code := range contents.Codes {
		discounts[i] = purchase.Discount{
			CodeID: code.ID, Code: code.Code, Description: code.Description,
			StartsAt: code.StartsAt.UTC(), EndsAt: code.EndsAt.UTC(), Combinable: code.Combinable,
			AmountHundredths: code.AmountHundredths, OrderMinimumMinor: code.OrderMinimumMinor,
			TypeTitle: code.TypeTitle, TypeDescription: code.TypeDescription, AppliesTo: code.AppliesTo, Action: code.Action,
			Applied: contents.Discounts.Applied[i], TakenMinor: contents.Discounts.TakenMinor[i],
		}
	}
	return discounts
}

// allAvailable refuses goods that are not at hand, which the old shop sold to whoever asked directly (O-04).
func allAvailable(inCart []cart.Line) bool {
	for _, line := range inCart {
		if line.Quantity > 0 && !line.Sku.Available() {
			return false
		}
	}
	return true
}

func shippingOf(contents cart.Contents) purchase.ShippingMethod {
	return purchase.ShippingMethod{
		Identifier:      contents.ShippingMethod.Identifier,
		Carrier:         contents.ShippingMethod.Carrier,
		TrackingBaseURL: contents.ShippingMethod.TrackingCodeBaseURL,
	}
}

// customerEmail is what Stripe's page starts with; empty lets Stripe ask. An account's odd address is left out rather
// than refused: its owner cannot correct it here.
func customerEmail(request *orderv1.StartCheckoutRequest) (string, error) {
	if request.GetShopper().GetAccountId() != 0 {
		if email := request.GetShopper().GetEmail(); plausibleEmail(email) {
			return email, nil
		}
		return "", nil
	}
	email := strings.TrimSpace(request.GetGuestEmail())
	if email == "" || plausibleEmail(email) {
		return email, nil
	}
	return "", errEmailInvalid
}

// plausibleEmail is deliberately loose: whether an address works, only mail can tell.
func plausibleEmail(email string) bool {
	local, domain, found := strings.Cut(email, "@")
	odd := func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == utf8.RuneError }
	return found && local != "" && domain != "" && !strings.Contains(domain, "@") &&
		!strings.ContainsFunc(email, odd) && utf8.RuneCountInString(email) <= longestEmail
}
