package fakestripe

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// usualEnd is the end of a session for which none was asked.
const usualEnd = 1893456000

func sessionForms() []string {
	line := `line_items\[\d+\]`
	return []string{
		"mode", "success_url", "cancel_url", "allow_promotion_codes", "billing_address_collection", "customer_email", "client_reference_id", "expires_at",
		`shipping_address_collection\[allowed_countries\]\[\d+\]`, `phone_number_collection\[enabled\]`, `metadata\[[a-z_]+\]`,
		`payment_intent_data\[metadata\]\[[a-z_]+\]`, `discounts\[0\]\[coupon\]`, line + `\[quantity\]`, line + `\[price_data\]\[(currency|unit_amount)\]`,
		line + `\[price_data\]\[product_data\]\[(name|description|images\]\[0)\]`,
	}
}

func (s *Stripe) openSession(form url.Values) (int, object) {
	if name := unknownParameter(form, sessionForms()...); name != "" {
		return refuseParameter(name)
	}
	if form.Has("discounts[0][coupon]") && form.Has("allow_promotion_codes") {
		return refuseParameter("allow_promotion_codes")
	}
	end := int64(usualEnd)
	if form.Has("expires_at") {
		end = minor(form.Get("expires_at"))
		if now := time.Now().Unix(); end < now+30*60 || end > now+24*60*60 {
			return refuseParameter("expires_at")
		}
	}
	subtotal, discount := totalOf(form), int64(0)
	if id := form.Get("discounts[0][coupon]"); id != "" {
		coupon := s.coupons.rows[id]
		if coupon == nil || coupon["currency"] != form.Get("line_items[0][price_data][currency]") || number(coupon["redeem_by"]) < time.Now().Unix() {
			return refusal(http.StatusBadRequest, "invalid_request_error", "resource_missing", "discounts[0][coupon]")
		}
		discount = min(number(coupon["amount_off"]), subtotal)
	}
	if total := subtotal - discount; total > 0 && total < 50 {
		return refusal(http.StatusBadRequest, "invalid_request_error", "amount_too_small", "")
	}
	session := s.newSession(form, subtotal, discount, end)
	s.sessions.put(session)
	return http.StatusOK, plain(session)
}

func (s *Stripe) newSession(form url.Values, subtotal, discount, end int64) object {
	id := fmt.Sprintf("cs_test_%d", len(s.sessions.rows)+1)
	details := object{"amount_discount": discount, "amount_tax": 0, "amount_shipping": 0}
	if coupon := s.coupons.rows[form.Get("discounts[0][coupon]")]; coupon != nil {
		details["breakdown"] = object{"discounts": []any{object{"amount": discount, "discount": object{"id": "di_1", "object": "discount", "coupon": coupon}}}}
	}
	return object{
		"id": id, "object": "checkout.session", "url": s.URL + "/pay/" + id, "status": "open", "payment_status": "unpaid",
		"amount_subtotal": subtotal, "amount_total": subtotal - discount, "total_details": details,
		"currency": form.Get("line_items[0][price_data][currency]"), "client_reference_id": form.Get("client_reference_id"),
		"created": time.Now().Unix(), "expires_at": end, "payment_intent": nil, "metadata": metadataIn(form, "metadata"),
		"payment_metadata": metadataIn(form, "payment_intent_data[metadata]"), // not Stripe's: kept for the payment
	}
}

func totalOf(form url.Values) int64 {
	total := int64(0)
	for n := 0; form.Has(fmt.Sprintf("line_items[%d][quantity]", n)); n++ {
		amount, _ := strconv.ParseInt(form.Get(fmt.Sprintf("line_items[%d][price_data][unit_amount]", n)), 10, 64)
		quantity, _ := strconv.ParseInt(form.Get(fmt.Sprintf("line_items[%d][quantity]", n)), 10, 64)
		total += amount * quantity
	}
	return total
}

func (s *Stripe) expireSession(id string) (int, object) {
	status, session := s.sessions.read(id)
	if status != http.StatusOK {
		return status, session
	}
	if session["status"] != "open" {
		return refusal(http.StatusBadRequest, "invalid_request_error", "", "")
	}
	session["status"] = "expired"
	return http.StatusOK, plain(session)
}

func (s *Stripe) readSession(id string, query url.Values) (int, object) {
	if name := unknownParameter(query, `expand\[0\]`); name != "" {
		return refuseParameter(name)
	}
	status, session := s.sessions.read(id)
	if status != http.StatusOK || query.Get("expand[0]") == "total_details.breakdown" {
		return status, session
	}
	return status, plain(session)
}

// plain is a session with nothing expanded.
func plain(session object) object {
	answer := maps.Clone(session)
	if details, ok := session["total_details"].(object); ok {
		details = maps.Clone(details)
		delete(details, "breakdown")
		answer["total_details"] = details
	}
	return answer
}

func (s *Stripe) listSessions(query url.Values) (int, object) {
	name := unknownParameter(query, `created\[(gte|lt)\]`, "status", "payment_intent", "limit", "starting_after", `expand\[0\]`)
	if name != "" {
		return refuseParameter(name)
	}
	status, page := s.sessions.list(query, func(session object) bool {
		return isCreatedWithin(query, session) &&
			(!query.Has("status") || session["status"] == query.Get("status")) &&
			(!query.Has("payment_intent") || session["payment_intent"] == query.Get("payment_intent"))
	})
	rows, _ := page["data"].([]object)
	rows = slices.Clone(rows)
	for n, session := range rows {
		rows[n] = plain(session)
		intent, _ := session["payment_intent"].(string)
		if query.Get("expand[0]") == "data.payment_intent.latest_charge" && intent != "" {
			rows[n]["payment_intent"] = object{"id": intent, "object": "payment_intent", "latest_charge": s.charges[intent]}
		}
	}
	if status == http.StatusOK {
		page["data"] = rows
	}
	return status, page
}

// Pay completes a session: its whole total is charged with payment intent pi_<number of the session>, which is returned.
func (s *Stripe) Pay(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	session := s.sessions.rows[id]
	intent := "pi_" + id[len("cs_"):]
	session["status"], session["payment_status"], session["payment_intent"] = "complete", "paid", intent
	s.charges[intent] = object{
		"id": "ch_" + id[len("cs_"):], "object": "charge", "payment_intent": intent, "amount": session["amount_total"], "amount_refunded": int64(0),
		"currency": session["currency"], "disputed": false, "metadata": session["payment_metadata"], "billing_details": object{"email": "buyer@example.com"},
	}
	return intent
}

// Charge is the charge of a payment intent as it is now.
func (s *Stripe) Charge(paymentIntent string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.charges[paymentIntent])
}

// Session is a session as it is now.
func (s *Stripe) Session(id string) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.sessions.rows[id])
}
