package stripesandbox

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// createParameters names the parameters that POST /v1/checkout/sessions takes here: those of payment.md section 4, what our
// payment service adds, and a few that change nothing.
func createParameters() []string {
	return []string{
		"mode", "ui_mode", "success_url", "cancel_url", "customer_email", "client_reference_id", "expires_at", "locale",
		"submit_type", "customer_creation", "allow_promotion_codes", "billing_address_collection", "metadata[*]",
		"phone_number_collection[enabled]", "shipping_address_collection[allowed_countries][]", "payment_method_types[]",
		"payment_intent_data[metadata][*]", "payment_intent_data[description]", "payment_intent_data[receipt_email]",
		"line_items[][quantity]", "line_items[][price_data][currency]", "line_items[][price_data][unit_amount]",
		"line_items[][price_data][product_data][name]", "line_items[][price_data][product_data][description]",
		"line_items[][price_data][product_data][images][]", "line_items[][price_data][product_data][metadata][*]",
		"discounts[][coupon]", "expand[]",
	}
}

const (
	shortestLife = 30 * time.Minute
	longestLife  = 24 * time.Hour
)

// currencies names those with two decimals in which the smallest charge of 50 holds.
func currencies() []string { return []string{"usd", "cad", "eur", "aud", "nzd", "chf", "sgd"} }

// newSession checks the parameters as Stripe does and makes the session, which is not stored yet.
func (s *Sandbox) newSession(c *call) (session, *apiError) {
	made := session{
		Status: statusOpen, PaymentStatus: paymentUnpaid, Created: c.now.Unix(), TaxRate: s.state.currentSettings().TaxRate,
	}
	steps := []func(*session, parameters) *apiError{
		func(*session, parameters) *apiError { return c.given.checkNames(createParameters()) },
		readMode, readAddresses, readLines, readCustomer, readMetadata, readIntentData, readRules,
		func(made *session, given parameters) *apiError { return readExpiry(made, given, c.now) },
		checkSubtotal,
		func(made *session, _ parameters) *apiError { return s.applyDiscount(made, c) },
		func(made *session, _ parameters) *apiError { *made = made.priced(); return nil },
		checkTotal,
	}
	for _, step := range steps {
		if err := step(&made, c.given); err != nil {
			return session{}, err
		}
	}
	made.ID = newIdentifier("cs_test_a1", 56)
	return made, nil
}

func readMode(_ *session, given parameters) *apiError {
	if _, err := given.required("mode"); err != nil {
		return err
	}
	if _, err := given.oneOf("mode", "", "payment"); err != nil {
		return err
	}
	_, err := given.oneOf("ui_mode", "hosted", "hosted")
	return err
}

func readAddresses(made *session, given parameters) (err *apiError) {
	if made.SuccessURL, err = given.webAddress("success_url", true); err != nil {
		return err
	}
	made.CancelURL, err = given.webAddress("cancel_url", false)
	return err
}

func readLines(made *session, given parameters) *apiError {
	indexes := given.indexes("line_items")
	if len(indexes) == 0 {
		return missingParameter("line_items")
	}
	if len(indexes) > 100 {
		return invalidRequest("", "line_items", "A session has at most 100 line items.")
	}
	for _, index := range indexes {
		if err := readLine(made, given, "line_items["+index+"]"); err != nil {
			return err
		}
	}
	return nil
}

func readLine(made *session, given parameters, name string) *apiError {
	price := name + "[price_data]"
	currency, err := readCurrency(given, price+"[currency]")
	if err != nil {
		return err
	}
	if made.Currency != "" && made.Currency != currency {
		return invalidRequest("", price+"[currency]", "All line items must have one currency; found %s and %s.", made.Currency, currency)
	}
	made.Currency = currency
	line := lineItem{ID: newIdentifier("li_1", 23), PriceID: newIdentifier("price_1", 23), ProductID: newIdentifier("prod_", 14)}
	if err := line.readProduct(given, price+"[product_data]"); err != nil {
		return err
	}
	if line.UnitAmount, err = given.integer(price+"[unit_amount]", 0, largestCharge); err != nil {
		return err
	}
	if line.Quantity, err = given.integer(name+"[quantity]", 1, 999_999); err != nil {
		return err
	}
	made.Lines = append(made.Lines, line)
	made.AmountSubtotal += line.amount()
	return nil
}

func readCurrency(given parameters, name string) (string, *apiError) {
	text, err := given.required(name)
	if err != nil {
		return "", err
	}
	currency := strings.ToLower(text)
	if !slices.Contains(currencies(), currency) {
		return "", invalidRequest("", name, "Invalid currency: %s. The sandbox knows %s.", text, strings.Join(currencies(), ", "))
	}
	return currency, nil
}

func (l *lineItem) readProduct(given parameters, name string) (err *apiError) {
	if l.Name, err = given.required(name + "[name]"); err != nil {
		return err
	}
	l.Description = given.text(name + "[description]")
	l.Images = given.list(name + "[images]")
	if len(l.Images) > 8 {
		return invalidRequest("", name+"[images]", "A product has at most 8 images.")
	}
	for _, image := range l.Images {
		if !isWebAddress(image) || len(image) > 2048 {
			return invalidRequest("url_invalid", name+"[images]", "An image is not an http or https address of at most 2048 characters.")
		}
	}
	return nil
}

func readCustomer(made *session, given parameters) (err *apiError) {
	if made.ClientReferenceID, err = given.limited("client_reference_id", 200); err != nil {
		return err
	}
	made.CustomerEmail = given.text("customer_email")
	if made.CustomerEmail != "" && !isMailAddress(made.CustomerEmail) {
		return invalidRequest("email_invalid", "customer_email", "Invalid email address: %s", made.CustomerEmail)
	}
	return nil
}

func readMetadata(made *session, given parameters) (err *apiError) {
	made.Metadata, err = given.metadata("metadata")
	return err
}

func readIntentData(made *session, given parameters) (err *apiError) {
	if made.ExpectedIntent.Description, err = given.limited("payment_intent_data[description]", 1000); err != nil {
		return err
	}
	made.ExpectedIntent.ReceiptEmail = given.text("payment_intent_data[receipt_email]")
	made.ExpectedIntent.Metadata, err = given.metadata("payment_intent_data[metadata]")
	return err
}

func readRules(made *session, given parameters) (err *apiError) {
	rules := &made.Rules
	if rules.AllowPromotionCodes, err = given.boolean("allow_promotion_codes"); err != nil {
		return err
	}
	if rules.CollectPhone, err = given.boolean("phone_number_collection[enabled]"); err != nil {
		return err
	}
	if rules.BillingAddressCollection, err = given.oneOf("billing_address_collection", "", "auto", "required"); err != nil {
		return err
	}
	if rules.SubmitType, err = given.oneOf("submit_type", "", "auto", "book", "donate", "pay"); err != nil {
		return err
	}
	rules.Locale = given.text("locale")
	rules.ShippingCountries = given.list("shipping_address_collection[allowed_countries]")
	for place, country := range rules.ShippingCountries {
		if !countryCode.MatchString(country) {
			name := fmt.Sprintf("shipping_address_collection[allowed_countries][%d]", place)
			return invalidRequest("", name, "%s must be a country code of two capital letters.", name)
		}
	}
	return nil
}

// readExpiry is exact at the near end, as Stripe is: what is asked to last 30 minutes by another clock may be refused. At
// the far end it allows a minute of difference between the clocks, so that "24 hours from now" passes.
func readExpiry(made *session, given parameters, now time.Time) *apiError {
	made.ExpiresAt = now.Add(longestLife).Unix()
	if given.text("expires_at") == "" {
		return nil
	}
	earliest, latest := now.Add(shortestLife).Unix(), now.Add(longestLife+time.Minute).Unix()
	expiresAt, err := given.integer("expires_at", 0, 1<<62)
	if err != nil {
		return err
	}
	if expiresAt < earliest || expiresAt > latest {
		return invalidRequest("", "expires_at", "expires_at must lie between 30 minutes and 24 hours from now.")
	}
	made.ExpiresAt = expiresAt
	return nil
}
