package stripesandbox

import (
	"time"
)

// loggedRequest is a call to the API as GET /sandbox/requests shows it. Keys of authorization are not kept.
type loggedRequest struct {
	ID             string              `json:"id"`
	Time           time.Time           `json:"time"`
	Method         string              `json:"method"`
	Path           string              `json:"path"`
	Form           map[string][]string `json:"form"` // query and body parameters
	IdempotencyKey string              `json:"idempotency_key,omitempty"`
	Version        string              `json:"version"`
	Status         int                 `json:"status"` // 0: the connection was cut
	Replayed       bool                `json:"replayed,omitempty"`
}

func (s *Sandbox) logRequest(c *call, given answer) {
	logged := loggedRequest{
		ID: c.id, Time: c.now, Method: c.request.Method, Path: c.request.URL.Path, Form: c.given.values,
		IdempotencyKey: c.key, Version: c.version, Status: given.status, Replayed: given.replayed,
	}
	if given.cut {
		logged.Status = 0
	}
	if err := s.state.journal.Note(func() { s.state.requests.Put(c.id, logged) }); err != nil {
		s.options.Logger.Warn("stripe sandbox cannot log a request", "error", err)
	}
}
