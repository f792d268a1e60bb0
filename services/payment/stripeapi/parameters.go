package stripeapi

import (
	stripe "github.com/stripe/stripe-go/v76"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
)

// Metadata of our sessions, payments, coupons and refunds. The marker tells them from those of another system on the same
// Stripe account, whose metadata is never believed (contract payment.md P-10).
const (
	metadataShop      = "shop"
	metadataReference = "reference"
	metadataRefundKey = "refund_key"
	marker            = "startupwebapp"
)

func metadataWith(reference string) map[string]string {
	return map[string]string{metadataShop: marker, metadataReference: reference}
}

// parametersOf is contract payment.md section 4 with the reference and the marker added, and a discount of ours in place of
// Stripe's promotion codes: Stripe takes one or the other.
func parametersOf(request *paymentv1.OpenSessionRequest, attempt Attempt) *stripe.CheckoutSessionParams {
	parameters := &stripe.CheckoutSessionParams{
		Mode:                     stripe.String(string(stripe.CheckoutSessionModePayment)),
		LineItems:                lineItemsOf(request),
		SuccessURL:               stripe.String(request.GetSuccessUrl()),
		CancelURL:                stripe.String(request.GetCancelUrl()),
		BillingAddressCollection: stripe.String(string(stripe.CheckoutSessionBillingAddressCollectionRequired)),
		ShippingAddressCollection: &stripe.CheckoutSessionShippingAddressCollectionParams{
			AllowedCountries: stripe.StringSlice([]string{"US", "CA"}),
		},
		PhoneNumberCollection: &stripe.CheckoutSessionPhoneNumberCollectionParams{Enabled: stripe.Bool(true)},
		ClientReferenceID:     stripe.String(request.GetReference()),
		Metadata:              metadataWith(request.GetReference()),
		// Stripe copies it to the charge, so that news of a charge tell whose it is.
		PaymentIntentData: &stripe.CheckoutSessionPaymentIntentDataParams{Metadata: metadataWith(request.GetReference())},
	}
	parameters.CustomerEmail = unlessEmpty(request.GetCustomerEmail())
	if request.GetLifetimeSeconds() > 0 {
		parameters.ExpiresAt = stripe.Int64(endOf(request, attempt).Unix())
	}
	if request.GetDiscountMinor() > 0 {
		parameters.Discounts = []*stripe.CheckoutSessionDiscountParams{{Coupon: stripe.String(attempt.couponID())}}
	} else {
		parameters.AllowPromotionCodes = stripe.Bool(true)
	}
	return parameters
}

func lineItemsOf(request *paymentv1.OpenSessionRequest) []*stripe.CheckoutSessionLineItemParams {
	items := make([]*stripe.CheckoutSessionLineItemParams, len(request.GetLines()))
	for i, line := range request.GetLines() {
		items[i] = lineItemOf(line, request.GetCurrency())
	}
	return items
}

func lineItemOf(line *paymentv1.SessionLine, currency string) *stripe.CheckoutSessionLineItemParams {
	product := &stripe.CheckoutSessionLineItemPriceDataProductDataParams{
		Name:        stripe.String(line.GetName()),
		Description: unlessEmpty(line.GetDescription()),
	}
	if line.GetImageUrl() != "" {
		product.Images = stripe.StringSlice([]string{line.GetImageUrl()})
	}
	return &stripe.CheckoutSessionLineItemParams{
		PriceData: &stripe.CheckoutSessionLineItemPriceDataParams{
			Currency:    stripe.String(currency),
			ProductData: product,
			UnitAmount:  stripe.Int64(line.GetUnitAmountMinor()),
		},
		Quantity: stripe.Int64(int64(line.GetQuantity())),
	}
}

// unlessEmpty leaves a parameter out: Stripe refuses empty texts.
func unlessEmpty(text string) *string {
	if text == "" {
		return nil
	}
	return stripe.String(text)
}
