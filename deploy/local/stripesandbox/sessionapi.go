package stripesandbox

import (
	"net/http"
	"slices"
)

func (s *Sandbox) createSession(c *call) (any, *apiError) {
	made, err := s.newSession(c)
	if err != nil {
		return nil, err
	}
	s.state.putSession(made)
	return s.renderSession(c, made), nil
}

func (s *Sandbox) renderSession(c *call, found session) object {
	return found.render(s.options.PublicURL, c.version, c.expansion())
}

func (s *Sandbox) retrieveSession(c *call) (any, *apiError) {
	if err := c.given.checkNames([]string{"expand[]"}); err != nil {
		return nil, err
	}
	id := c.request.PathValue("id")
	found, known := s.state.sessions.Get(id)
	switch {
	case known:
		return s.renderSession(c, found), nil
	case s.options.StandIn:
		return standInSession(id)
	default:
		return nil, noSuch("checkout session", "session", id)
	}
}

func (s *Sandbox) expireSession(c *call) (any, *apiError) {
	if err := c.given.checkNames([]string{"expand[]"}); err != nil {
		return nil, err
	}
	id := c.request.PathValue("id")
	found, known := s.state.sessions.Get(id)
	if !known {
		return nil, noSuch("checkout session", "session", id)
	}
	if found.Status != statusOpen {
		return nil, &apiError{
			Status: http.StatusBadRequest, Type: "invalid_request_error",
			Message: "Only an open session can be expired; this one is " + found.Status + ".",
		}
	}
	found.Status = statusExpired
	s.state.putSession(found)
	s.recordEvent(event{Type: eventExpired, Session: found}, c.now)
	return s.renderSession(c, found), nil
}

func (s *Sandbox) listSessions(c *call) (any, *apiError) {
	chosen, err := readSessionFilter(c.given)
	if err != nil {
		return nil, err
	}
	return listPage(c, "/v1/checkout/sessions", func(yield func(session) bool) {
		for _, stored := range s.state.sessions.NewestFirst() {
			if chosen(stored) && !yield(stored) {
				return
			}
		}
	}, func(found session) string { return found.ID },
		func(found session) any { return s.renderSession(c, found) })
}

// readSessionFilter reads the parameters of the list of sessions: it tells which of them are chosen.
func readSessionFilter(given parameters) (func(session) bool, *apiError) {
	if err := given.checkNames(listParameters("status", "payment_intent", "customer_details[email]")); err != nil {
		return nil, err
	}
	within, err := given.createdRange()
	if err != nil {
		return nil, err
	}
	status, err := given.oneOf("status", "", statusOpen, statusComplete, statusExpired)
	if err != nil {
		return nil, err
	}
	intent, email := given.text("payment_intent"), given.text("customer_details[email]")
	return func(stored session) bool {
		return within(stored.Created) && (status == "" || stored.Status == status) &&
			(intent == "" || stored.Payment != nil && stored.Payment.IntentID == intent) &&
			(email == "" || stored.Customer != nil && stored.Customer.Email == email)
	}, nil
}

func (s *Sandbox) listLineItems(c *call) (any, *apiError) {
	if err := c.given.checkNames([]string{"limit", "starting_after", "ending_before", "expand[]"}); err != nil {
		return nil, err
	}
	id := c.request.PathValue("id")
	found, known := s.state.sessions.Get(id)
	if !known {
		return nil, noSuch("checkout session", "session", id)
	}
	shares := found.shares()
	return listPage(c, "/v1/checkout/sessions/"+id+"/line_items", slices.Values(found.Lines),
		func(line lineItem) string { return line.ID },
		func(line lineItem) any { return line.render(found, shares[line.ID]) })
}
