package stripesandbox

import (
	"net/http"
	"strings"
)

// standInSession makes up a session by the id rules of contract/README.md, last section, for replays of recorded
// scenarios whose sessions were never created here.
func standInSession(id string) (any, *apiError) {
	if !strings.HasPrefix(id, "cs_") || strings.HasPrefix(id, "cs_missing") {
		return nil, noSuch("checkout session", "session", id)
	}
	if strings.HasPrefix(id, "cs_apierr") {
		return nil, &apiError{Status: http.StatusInternalServerError, Type: "api_error", Message: "The id asks for this failure."}
	}
	has := func(mark string) bool { return strings.Contains(id, mark) }
	email := standInEmail(id)
	rendered := object{
		"id": id, "object": "checkout.session", "mode": "payment", "livemode": false, "metadata": object{},
		"status": statusComplete, "payment_status": paymentPaid, "url": nil, "currency": "usd",
		"customer_email": email, "customer_details": standInCustomer(has, email),
		"payment_intent": "pi_" + intentPart(id),
		"collected_information": object{"shipping_details": object{
			"name": "Ship Name", "address": address{Line1: "2 Ship St", City: "Chicago", State: "IL", PostalCode: "60601", Country: "US"}.render(),
		}},
	}
	if has("unpaid") {
		rendered["payment_status"] = paymentUnpaid
	}
	if has("noship") {
		rendered["collected_information"] = nil
	}
	if has("nocoll") {
		delete(rendered, "collected_information")
	}
	if has("nocustemail") {
		rendered["customer_email"] = nil
	}
	if has("nopi") {
		rendered["payment_intent"] = nil
	}
	return rendered, nil
}

func standInCustomer(has func(string) bool, email string) any {
	if has("nodetails") {
		return nil
	}
	details := object{
		"email": email, "name": "Buyer Name", "phone": nil,
		"address": address{Line1: "1 Main St", City: "Chicago", State: "IL", PostalCode: "60601", Country: "US"}.render(),
	}
	if has("noaddr") {
		details["address"] = nil
	}
	if has("nullname") {
		details["name"] = nil
	}
	return details
}

// standInEmail is local@domain of an id with __local-at-domain__ inside.
func standInEmail(id string) string {
	for part := range strings.SplitSeq(id, "__") {
		if local, domain, found := strings.Cut(part, "-at-"); found && local != "" && domain != "" {
			return local + "@" + domain
		}
	}
	return "buyer@example.com"
}

func intentPart(id string) string {
	before, _, _ := strings.Cut(id, "__")
	return before
}
