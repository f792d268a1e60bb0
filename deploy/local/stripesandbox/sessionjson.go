package stripesandbox

import (
	"slices"
	"strings"
)

// apiVersion is the version of the API that stripe-go v76 asks for.
const apiVersion = "2023-10-16"

// collectedFrom is the first version that has collected_information instead of shipping_details (Stripe's changelog, 2025-03-31.basil).
const collectedFrom = "2025-03-31"

// object is a JSON object of the API.
type object map[string]any

// expansion are the names that a call asked to have filled in (expand[]).
type expansion []string

func (e expansion) wants(name string) bool {
	return slices.ContainsFunc(e, func(asked string) bool {
		asked = strings.TrimPrefix(asked, "data.")
		return asked == name || strings.HasPrefix(asked, name+".")
	})
}

// render is the session as the API shows it in a version. The address of the payment page is known only while it is open.
func (s session) render(publicURL, version string, expand expansion) object {
	rendered := object{
		"id": s.ID, "object": "checkout.session", "mode": "payment", "ui_mode": "hosted", "livemode": false,
		"created": s.Created, "expires_at": s.ExpiresAt, "status": s.Status, "payment_status": s.PaymentStatus,
		"currency": s.Currency, "amount_subtotal": s.AmountSubtotal, "amount_total": s.amountTotal(),
		"total_details":       s.renderTotals(expand),
		"client_reference_id": orNull(s.ClientReferenceID), "metadata": orEmpty(s.Metadata),
		"success_url": s.SuccessURL, "cancel_url": orNull(s.CancelURL), "url": s.pageAddress(publicURL),
		"customer": nil, "customer_email": orNull(s.CustomerEmail), "customer_details": s.renderCustomer(),
		"payment_intent": s.renderIntentField(expand),
		"automatic_tax":  s.renderTaxMode(),
		"discounts":      s.renderDiscounts(),
		"custom_fields":  []any{}, "shipping_options": []any{}, "shipping_cost": nil,
		"invoice": nil, "setup_intent": nil, "subscription": nil, "payment_link": nil, "recovered_from": nil,
		"payment_method_types": []string{"card"}, "payment_method_options": object{}, "payment_method_collection": "if_required",
		"customer_creation": "if_required", "after_expiration": nil, "consent": nil, "consent_collection": nil,
	}
	s.renderRules(rendered)
	s.renderShipping(rendered, version)
	if expand.wants("line_items") {
		rendered["line_items"] = s.renderLines("/v1/checkout/sessions/"+s.ID+"/line_items", s.Lines, false)
	}
	return rendered
}

func (s session) pageAddress(publicURL string) any {
	if s.Status != statusOpen {
		return nil
	}
	return publicURL + "/pay/" + s.ID
}

func (s session) renderRules(rendered object) {
	rendered["allow_promotion_codes"] = s.Rules.AllowPromotionCodes
	rendered["billing_address_collection"] = orNull(s.Rules.BillingAddressCollection)
	rendered["phone_number_collection"] = object{"enabled": s.Rules.CollectPhone}
	rendered["locale"] = orNull(s.Rules.Locale)
	rendered["submit_type"] = orNull(s.Rules.SubmitType)
	rendered["shipping_address_collection"] = nil
	if len(s.Rules.ShippingCountries) > 0 {
		rendered["shipping_address_collection"] = object{"allowed_countries": s.Rules.ShippingCountries}
	}
}

func (s session) renderTotals(expand expansion) object {
	totals := object{"amount_discount": s.AmountDiscount, "amount_shipping": 0, "amount_tax": s.AmountTax}
	if !expand.wants("total_details.breakdown") {
		return totals
	}
	discounts, taxes := []any{}, []any{}
	if s.Discount != nil {
		discounts = append(discounts, object{"amount": s.AmountDiscount, "discount": s.Discount.render(s.ID)})
	}
	if s.TaxRate > 0 {
		taxes = append(taxes, object{
			"amount": s.AmountTax, "rate": s.renderTaxRate(), "taxability_reason": "standard_rated",
			"taxable_amount": s.AmountSubtotal - s.AmountDiscount,
		})
	}
	totals["breakdown"] = object{"discounts": discounts, "taxes": taxes}
	return totals
}

func (s session) renderTaxRate() object {
	return object{
		"id": "txr_sandbox", "object": "tax_rate", "active": true, "created": s.Created, "display_name": "Sales Tax", "inclusive": false,
		"livemode": false, "metadata": object{}, "percentage": s.TaxRate.number(), "tax_type": "sales_tax",
	}
}

// renderTaxMode says that Stripe computes the tax, when there is any.
func (s session) renderTaxMode() object {
	if s.TaxRate == 0 {
		return object{"enabled": false, "status": nil}
	}
	return object{"enabled": true, "status": "complete"}
}

// renderDiscounts names what is applied, as the session itself does; total_details.breakdown has it whole.
func (s session) renderDiscounts() []any {
	if s.Discount == nil {
		return []any{}
	}
	if promotion := s.Discount.promotionID(); promotion != nil {
		return []any{object{"coupon": nil, "promotion_code": promotion}}
	}
	return []any{object{"coupon": s.Discount.Coupon.ID, "promotion_code": nil}}
}

func (s session) renderCustomer() any {
	if s.Customer == nil {
		if s.CustomerEmail == "" {
			return nil
		}
		return object{"email": s.CustomerEmail, "name": nil, "phone": nil, "address": nil, "tax_exempt": "none", "tax_ids": nil}
	}
	return object{
		"email": orNull(s.Customer.Email), "name": orNull(s.Customer.Name), "phone": orNull(s.Customer.Phone),
		"address": s.Customer.Address.render(), "tax_exempt": "none", "tax_ids": []any{},
	}
}

// renderShipping puts the shipping address where the version has it: one of the two places, never both.
func (s session) renderShipping(rendered object, version string) {
	var details any
	if s.Shipping != nil {
		details = object{"name": s.Shipping.Name, "address": s.Shipping.Address.render()}
	}
	if version < collectedFrom {
		rendered["shipping_details"] = details
		return
	}
	rendered["collected_information"] = object{"shipping_details": details}
}

func (s session) renderIntentField(expand expansion) any {
	switch {
	case s.Payment == nil:
		return nil
	case expand.wants("payment_intent"):
		return s.renderIntent(expand.wants("payment_intent.latest_charge"))
	default:
		return s.Payment.IntentID
	}
}

func (s session) renderLines(address string, lines []lineItem, more bool) object {
	shares := s.shares()
	data := make([]any, 0, len(lines))
	for _, line := range lines {
		data = append(data, line.render(s, shares[line.ID]))
	}
	return object{"object": "list", "url": address, "has_more": more, "data": data}
}

func (l lineItem) amount() int64 { return l.UnitAmount * l.Quantity }

func (l lineItem) render(of session, has share) object {
	return object{
		"id": l.ID, "object": "item", "description": l.Name, "currency": of.Currency, "quantity": l.Quantity,
		"amount_subtotal": l.amount(), "amount_discount": has.discount, "amount_tax": has.tax, "amount_total": l.amount() - has.discount + has.tax,
		"price": object{
			"id": l.PriceID, "object": "price", "active": false, "billing_scheme": "per_unit", "created": of.Created,
			"currency": of.Currency, "livemode": false, "metadata": object{}, "product": l.ProductID, "recurring": nil,
			"type": "one_time", "unit_amount": l.UnitAmount,
		},
	}
}

func (a address) render() object {
	return object{
		"line1": orNull(a.Line1), "line2": orNull(a.Line2), "city": orNull(a.City), "state": orNull(a.State),
		"postal_code": orNull(a.PostalCode), "country": orNull(a.Country),
	}
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func orEmpty(pairs map[string]string) map[string]string {
	if pairs == nil {
		return map[string]string{}
	}
	return pairs
}
