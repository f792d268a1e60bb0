package stripesandbox

func (s *Sandbox) createRefund(c *call) (any, *apiError) {
	known := []string{"payment_intent", "charge", "amount", "reason", "metadata[*]", "expand[]"}
	if err := c.given.checkNames(known); err != nil {
		return nil, err
	}
	asked, err := readRefund(c.given)
	if err != nil {
		return nil, err
	}
	of, err := s.refundedSession(c.given)
	if err != nil {
		return nil, err
	}
	if err := refundRefusal(of, asked.Amount); err != nil {
		return nil, err
	}
	return s.renderRefund(c, s.makeRefund(of, asked, c.now)), nil
}

func readRefund(given parameters) (asked refund, err *apiError) {
	if given.text("amount") != "" {
		if asked.Amount, err = given.integer("amount", 1, largestCharge); err != nil {
			return asked, err
		}
	}
	if asked.Reason, err = given.oneOf("reason", "", refundReasons()...); err != nil {
		return asked, err
	}
	asked.Metadata, err = given.metadata("metadata")
	return asked, err
}

// refundedSession is the one whose payment the parameters name, by the intent or by the charge.
func (s *Sandbox) refundedSession(given parameters) (session, *apiError) {
	intent, charge := given.text("payment_intent"), given.text("charge")
	if intent == "" && charge == "" {
		return session{}, invalidRequest("parameter_missing", "payment_intent", "One of the parameters payment_intent and charge is required.")
	}
	if intent != "" && charge != "" {
		return session{}, onlyOneOf("payment_intent", "charge")
	}
	if intent != "" {
		return s.paidSession("payment_intent", intent)
	}
	return s.paidSession("charge", charge)
}

// paidSession is the session of a payment intent or of a charge; param says which of the two id is.
func (s *Sandbox) paidSession(param, id string) (session, *apiError) {
	find := s.state.sessionOfIntent
	if param == "charge" {
		find = s.state.sessionOfCharge
	}
	found, known := find(id)
	if !known {
		return session{}, noSuch(param, param, id)
	}
	return found, nil
}

func (s *Sandbox) renderRefund(c *call, found refund) object {
	rendered := found.render()
	if of, known := s.state.sessions.Get(found.SessionID); known {
		of.expandPayment(rendered, c.expansion())
	}
	return rendered
}

func (s *Sandbox) retrieveRefund(c *call) (any, *apiError) {
	if err := c.given.checkNames([]string{"expand[]"}); err != nil {
		return nil, err
	}
	id := c.request.PathValue("id")
	found, known := s.state.refunds.Get(id)
	if !known {
		return nil, noSuch("refund", "id", id)
	}
	return s.renderRefund(c, found), nil
}

func (s *Sandbox) listRefunds(c *call) (any, *apiError) {
	chosen, err := s.readPaymentFilter(c)
	if err != nil {
		return nil, err
	}
	return listPage(c, "/v1/refunds", func(yield func(refund) bool) {
		for _, stored := range s.state.refunds.NewestFirst() {
			if chosen(stored.SessionID, stored.Created) && !yield(stored) {
				return
			}
		}
	}, func(found refund) string { return found.ID },
		func(found refund) any { return s.renderRefund(c, found) })
}

// readPaymentFilter reads the parameters of the lists of refunds and disputes: it tells which of them are chosen.
func (s *Sandbox) readPaymentFilter(c *call) (func(sessionID string, created int64) bool, *apiError) {
	if err := c.given.checkNames(listParameters("payment_intent", "charge")); err != nil {
		return nil, err
	}
	within, err := c.given.createdRange()
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, name := range []string{"payment_intent", "charge"} {
		id := c.given.text(name)
		if id == "" {
			continue
		}
		of, err := s.paidSession(name, id)
		if err != nil {
			return nil, err
		}
		wanted[of.ID] = true
	}
	return func(sessionID string, created int64) bool {
		return within(created) && (len(wanted) == 0 || len(wanted) == 1 && wanted[sessionID])
	}, nil
}
