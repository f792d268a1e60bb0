package stripesandbox

// unrefunded is what can still be given back, in minor units.
func (s session) unrefunded() int64 { return s.amountReceived() - s.Payment.Refunded }

// amountRefunded is 0 of a free order, too.
func (s session) amountRefunded() int64 {
	if s.Payment == nil {
		return 0
	}
	return s.Payment.Refunded
}

// isWithheld tells whether a dispute keeps the money: while it is open, and for good when it is lost.
func (p payment) isWithheld() bool { return p.DisputeStatus != "" && p.DisputeStatus != disputeWon }

func (s session) withRefunded(amount int64) session {
	changed := *s.Payment
	changed.Refunded = amount
	s.Payment = &changed
	return s
}

func (s session) withDispute(status string) session {
	changed := *s.Payment
	changed.DisputeStatus = status
	s.Payment = &changed
	return s
}

func (s session) amountReceived() int64 {
	if s.Payment.Status != intentSucceeded {
		return 0
	}
	return s.amountTotal()
}

func (s *Sandbox) retrieveIntent(c *call) (any, *apiError) {
	if err := c.given.checkNames([]string{"expand[]", "client_secret"}); err != nil {
		return nil, err
	}
	id := c.request.PathValue("id")
	found, known := s.state.sessionOfIntent(id)
	if !known {
		return nil, noSuch("payment intent", "intent", id)
	}
	return found.renderIntent(c.expansion().wants("latest_charge")), nil
}

func (s *Sandbox) retrieveCharge(c *call) (any, *apiError) {
	if err := c.given.checkNames([]string{"expand[]"}); err != nil {
		return nil, err
	}
	id := c.request.PathValue("id")
	found, known := s.state.sessionOfCharge(id)
	if !known {
		return nil, noSuch("charge", "charge", id)
	}
	rendered := found.renderCharge()
	if c.expansion().wants("payment_intent") {
		rendered["payment_intent"] = found.renderIntent(false)
	}
	return rendered, nil
}

// expandPayment fills in what a refund or a dispute only names, where the call asks for it.
func (s session) expandPayment(rendered object, expand expansion) {
	if expand.wants("charge") {
		rendered["charge"] = s.renderCharge()
	}
	if expand.wants("payment_intent") {
		rendered["payment_intent"] = s.renderIntent(expand.wants("payment_intent.latest_charge"))
	}
}

func (s session) renderIntent(withCharge bool) object {
	intent := object{
		"id": s.Payment.IntentID, "object": "payment_intent", "livemode": false, "created": s.Payment.Created,
		"amount": s.amountTotal(), "amount_received": s.amountReceived(), "currency": s.Currency, "status": s.Payment.Status,
		"capture_method": "automatic", "confirmation_method": "automatic", "customer": nil,
		"client_secret": s.Payment.IntentID + "_secret_sandbox", "description": orNull(s.ExpectedIntent.Description),
		"receipt_email": orNull(s.ExpectedIntent.ReceiptEmail), "metadata": orEmpty(s.ExpectedIntent.Metadata),
		"payment_method": s.Payment.MethodID, "payment_method_types": []string{"card"},
		"latest_charge": s.Payment.ChargeID, "shipping": s.renderParcel(),
	}
	if withCharge {
		intent["latest_charge"] = s.renderCharge()
	}
	return intent
}

func (s session) renderParcel() any {
	if s.Shipping == nil {
		return nil
	}
	return object{"name": s.Shipping.Name, "phone": orNull(s.Customer.Phone), "address": s.Shipping.Address.render()}
}

// renderCharge shows the charge as it stands; its metadata are those of the intent, which Stripe copies at payment.
func (s session) renderCharge() object {
	paid := s.Payment.Status == intentSucceeded
	status := map[string]string{intentSucceeded: "succeeded", intentProcessing: "pending", intentFailed: "failed"}[s.Payment.Status]
	return object{
		"id": s.Payment.ChargeID, "object": "charge", "livemode": false, "created": s.Payment.Created, "paid": paid, "captured": paid,
		"status": status, "amount": s.amountTotal(), "amount_captured": s.amountReceived(), "amount_refunded": s.Payment.Refunded,
		"refunded": paid && s.unrefunded() == 0, "disputed": s.Payment.DisputeStatus != "", "customer": nil, "invoice": nil,
		"currency": s.Currency, "payment_intent": s.Payment.IntentID, "metadata": orEmpty(s.ExpectedIntent.Metadata),
		"description": orNull(s.ExpectedIntent.Description), "receipt_email": orNull(s.ExpectedIntent.ReceiptEmail),
		"payment_method": s.Payment.MethodID, "shipping": s.renderParcel(),
		"billing_details": object{
			"email": orNull(s.Customer.Email), "name": orNull(s.Customer.Name), "phone": orNull(s.Customer.Phone),
			"address": s.Customer.Address.render(),
		},
		"payment_method_details": object{"type": "card", "card": object{"brand": s.Payment.Brand, "last4": s.Payment.Last4}},
	}
}
