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
	types := c.given.list("types")
	if single := c.given.text("type"); single != "" {
		types = append(types, single)
	}
	var matching []event
	for _, stored := range s.state.events.NewestFirst() {
		if within(stored.At.Unix()) && (len(types) == 0 || slices.Contains(types, stored.Type)) &&
			(c.given.text("delivery_success") == "" || stored.isDelivered() == delivered) {
			matching = append(matching, stored)
		}
	}
	return listPage(c, "/v1/events", matching,
		func(found event) string { return found.ID },
		func(found event) any { return found.render(c.version) })
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
