package stripesandbox

import "slices"

func (s *Sandbox) listEvents(c *call) (any, *apiError) {
	if err := c.given.checkNames(listParameters("type", "types[]", "delivery_success")); err != nil {
		return nil, err
	}
	within, err := c.given.createdRange()
	if err != nil {
		return nil, err
	}
	delivered, err := c.given.boolean("delivery_success")
	if err != nil {
		return nil, err
	}
	types, err := readEventTypes(c.given)
	if err != nil {
		return nil, err
	}
	return listPage(c, "/v1/events", func(yield func(event) bool) {
		for _, stored := range s.state.events.NewestFirst() {
			if within(stored.At.Unix()) && (len(types) == 0 || slices.Contains(types, stored.Type)) &&
				(c.given.text("delivery_success") == "" || stored.isDelivered() == delivered) && !yield(stored) {
				return
			}
		}
	}, func(found event) string { return found.ID },
		func(found event) any { return found.render(c.version) })
}

func readEventTypes(given parameters) ([]string, *apiError) {
	types, single := given.list("types"), given.text("type")
	switch {
	case len(types) > 20:
		return nil, invalidRequest("", "types", "At most 20 types can be asked for.")
	case len(types) > 0 && single != "":
		return nil, onlyOneOf("type", "types")
	case single != "":
		return []string{single}, nil
	}
	return types, nil
}

func (s *Sandbox) retrieveEvent(c *call) (any, *apiError) {
	if err := c.given.checkNames([]string{"expand[]"}); err != nil {
		return nil, err
	}
	id := c.request.PathValue("id")
	found, known := s.state.events.Get(id)
	if !known {
		return nil, noSuch("event", "id", id)
	}
	return found.render(c.version), nil
}
