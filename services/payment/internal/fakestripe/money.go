package fakestripe

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"time"
)

func (s *Stripe) makeCoupon(form url.Values) (int, object) {
	name := unknownParameter(form, "id", "amount_off", "currency", "duration", "max_redemptions", "name", "redeem_by", `metadata\[[a-z_]+\]`)
	if name != "" {
		return refuseParameter(name)
	}
	id := form.Get("id")
	switch {
	case !regexp.MustCompile(`^[A-Za-z0-9_-]+$`).MatchString(id):
		return refuseParameter("id")
	case minor(form.Get("amount_off")) < 1:
		return refuseParameter("amount_off")
	case len([]rune(form.Get("name"))) > 40:
		return refuseParameter("name")
	case form.Get("duration") != "once" || minor(form.Get("redeem_by")) <= time.Now().Unix():
		return refuseParameter("redeem_by")
	case s.coupons.rows[id] != nil:
		return refusal(http.StatusBadRequest, "invalid_request_error", "resource_already_exists", "id")
	}
	s.coupons.put(object{
		"id": id, "object": "coupon", "amount_off": minor(form.Get("amount_off")), "currency": form.Get("currency"), "percent_off": nil,
		"duration": "once", "max_redemptions": minor(form.Get("max_redemptions")), "name": form.Get("name"),
		"redeem_by": minor(form.Get("redeem_by")), "metadata": metadataIn(form, "metadata"), "valid": true,
	})
	return http.StatusOK, s.coupons.rows[id]
}

// makeRefund refuses as Stripe does what was not charged or is not left; that answer is kept under the key.
func (s *Stripe) makeRefund(form url.Values) (int, object) {
	if name := unknownParameter(form, "payment_intent", "amount", `metadata\[[a-z_]+\]`); name != "" {
		return refuseParameter(name)
	}
	charge := s.charges[form.Get("payment_intent")]
	if charge == nil {
		return refusal(http.StatusNotFound, "invalid_request_error", "resource_missing", "payment_intent")
	}
	amount, left := minor(form.Get("amount")), number(charge["amount"])-number(charge["amount_refunded"])
	switch {
	case amount < 1:
		return refuseParameter("amount")
	case left == 0:
		return refusal(http.StatusPaymentRequired, "invalid_request_error", "charge_already_refunded", "")
	case amount > left:
		return refusal(http.StatusPaymentRequired, "invalid_request_error", "", "amount")
	}
	charge["amount_refunded"] = number(charge["amount_refunded"]) + amount
	refund := object{
		"id": fmt.Sprintf("re_%d", len(s.refunds.rows)+1), "object": "refund", "payment_intent": form.Get("payment_intent"), "charge": charge["id"],
		"amount": amount, "currency": charge["currency"], "status": "succeeded", "created": time.Now().Unix(), "metadata": metadataIn(form, "metadata"),
	}
	s.refunds.put(refund)
	return http.StatusOK, maps.Clone(refund)
}

func (s *Stripe) listRefunds(query url.Values) (int, object) {
	if name := unknownParameter(query, "payment_intent", "limit", "starting_after"); name != "" {
		return refuseParameter(name)
	}
	return s.refunds.list(query, func(refund object) bool { return refund["payment_intent"] == query.Get("payment_intent") })
}

// AddRefund is a refund that was made at Stripe's dashboard.
func (s *Stripe) AddRefund(paymentIntent string, amount int64, fields map[string]any) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, refund := s.makeRefund(url.Values{"payment_intent": {paymentIntent}, "amount": {fmt.Sprint(amount)}})
	id, _ = refund["id"].(string)
	maps.Copy(s.refunds.rows[id], fields)
	return id
}

// ChangeRefund edits a refund, as a bank would.
func (s *Stripe) ChangeRefund(id string, fields map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.Copy(s.refunds.rows[id], fields)
}

// AddDispute is a customer's bank taking money back.
func (s *Stripe) AddDispute(id, paymentIntent string, amount int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disputes.put(object{
		"id": id, "object": "dispute", "payment_intent": paymentIntent, "amount": amount, "currency": "usd", "reason": "fraudulent",
		"status": "needs_response", "created": time.Now().Unix(), "evidence": object{"customer_email_address": "buyer@example.com"},
	})
	if charge := s.charges[paymentIntent]; charge != nil {
		charge["disputed"] = true
	}
}

// AddEvent is an event that no webhook brought.
func (s *Stripe) AddEvent(event map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events.put(event)
}

func (s *Stripe) listEvents(query url.Values) (int, object) {
	name := unknownParameter(query, `created\[gte\]`, `types\[\d+\]`, "delivery_success", "limit", "starting_after")
	if name != "" || query.Get("delivery_success") != "false" {
		return refuseParameter(name)
	}
	types := []string{}
	for name := range query {
		if regexp.MustCompile(`^types\[`).MatchString(name) {
			types = append(types, query.Get(name))
		}
	}
	if len(types) > 20 {
		return refuseParameter("types")
	}
	return s.events.list(query, func(event object) bool {
		kind, _ := event["type"].(string)
		return isCreatedWithin(query, event) && slices.Contains(types, kind)
	})
}
