// Package fakestripe is the part of Stripe's API that the payment service's tests need, with Stripe's rules about
// idempotency keys: an answer is kept under its key, other parameters under the same key are refused, and a key in use
// answers 409. Customers paying, webhooks and pages do not live here.
package fakestripe

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Request is one call that arrived.
type Request struct {
	Method, Path, IdempotencyKey, Version string
	Form                                  url.Values
}

type saved struct {
	status int
	body   []byte
	form   string
}

// Stripe is one account. Safe for concurrent use.
type Stripe struct {
	URL string

	mu       sync.Mutex
	sessions map[string]map[string]any
	answers  map[string]saved
	inUse    map[string]bool
	requests []Request
	failures []failure
	hold     chan struct{}
	cut      int
}

type failure struct {
	method, path string
	status       int
	body         string
	save         bool
}

// New starts an account, ended with the test.
func New(t testing.TB) *Stripe {
	t.Helper()
	fake := &Stripe{sessions: map[string]map[string]any{}, answers: map[string]saved{}, inUse: map[string]bool{}}
	server := httptest.NewServer(http.HandlerFunc(fake.serve))
	t.Cleanup(server.Close)
	fake.URL = server.URL
	return fake
}

// Fail makes the next call of that method and path prefix answer with status and body. With save the answer is kept
// under the call's idempotency key, as Stripe keeps its failures.
func (s *Stripe) Fail(method, path string, status int, body string, save bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures = append(s.failures, failure{method, path, status, body, save})
}

// CutAnswers makes the next n calls that open a session take effect without an answer.
func (s *Stripe) CutAnswers(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = n
}

// Hold makes calls that open sessions wait until the returned function is called.
func (s *Stripe) Hold() (release func()) {
	gate := make(chan struct{})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hold = gate
	return sync.OnceFunc(func() { close(gate) })
}

// Change edits a session, as a customer or Stripe would.
func (s *Stripe) Change(id string, fields map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions[id] == nil {
		s.sessions[id] = map[string]any{"id": id, "object": "checkout.session"}
	}
	maps.Copy(s.sessions[id], fields)
}

// SessionIDs are the sessions of the account, sorted.
func (s *Stripe) SessionIDs() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.sessions))
}

// Requests are the calls so far.
func (s *Stripe) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

func (s *Stripe) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	key := r.Header.Get("Idempotency-Key")
	failing, fails := s.note(Request{r.Method, r.URL.Path, key, r.Header.Get("Stripe-Version"), form})
	if fails {
		if failing.save {
			s.save(key, saved{failing.status, []byte(failing.body), form.Encode()})
		}
		write(w, failing.status, []byte(failing.body))
		return
	}
	id := strings.TrimPrefix(r.URL.Path, "/v1/checkout/sessions/")
	switch {
	case r.Method == http.MethodPost && r.URL.Path == "/v1/checkout/sessions":
		s.open(w, r, key, form)
	case r.Method == http.MethodPost && strings.HasSuffix(id, "/expire"):
		s.expire(w, strings.TrimSuffix(id, "/expire"))
	case r.Method == http.MethodGet:
		s.read(w, id)
	default:
		refuse(w, http.StatusNotFound, "invalid_request_error", "")
	}
}

func (s *Stripe) note(request Request) (failure, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, request)
	for n, each := range s.failures {
		if each.method == request.Method && strings.HasPrefix(request.Path, each.path) {
			s.failures = slices.Delete(s.failures, n, n+1)
			return each, true
		}
	}
	return failure{}, false
}

func (s *Stripe) open(w http.ResponseWriter, r *http.Request, key string, form url.Values) {
	kept, use := s.take(key)
	switch {
	case !use:
		refuse(w, http.StatusConflict, "idempotency_error", "idempotency_key_in_use")
		return
	case kept != nil && kept.form != form.Encode():
		refuse(w, http.StatusBadRequest, "idempotency_error", "")
		return
	case kept != nil:
		s.answer(w, *kept)
		return
	}
	defer s.giveBack(key)
	s.wait(r)
	answer := saved{http.StatusOK, s.add(form), form.Encode()}
	s.save(key, answer)
	s.answer(w, answer)
}

func (s *Stripe) answer(w http.ResponseWriter, answer saved) {
	if s.cuts() {
		panic(http.ErrAbortHandler) // closes the connection without an answer
	}
	write(w, answer.status, answer.body)
}

func (s *Stripe) take(key string) (*saved, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if kept, ok := s.answers[key]; ok {
		return &kept, true
	}
	if s.inUse[key] {
		return nil, false
	}
	s.inUse[key] = true
	return nil, true
}

func (s *Stripe) giveBack(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.inUse, key)
}

func (s *Stripe) save(key string, answer saved) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[key] = answer
}

func (s *Stripe) wait(r *http.Request) {
	s.mu.Lock()
	gate := s.hold
	s.mu.Unlock()
	if gate == nil {
		return
	}
	select {
	case <-gate:
	case <-r.Context().Done():
	}
}

func (s *Stripe) cuts() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cut == 0 {
		return false
	}
	s.cut--
	return true
}

func (s *Stripe) add(form url.Values) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := fmt.Sprintf("cs_test_%d", len(s.sessions)+1)
	total := totalOf(form)
	s.sessions[id] = map[string]any{
		"id": id, "object": "checkout.session", "url": s.URL + "/pay/" + id, "status": "open", "payment_status": "unpaid",
		"amount_subtotal": total, "amount_total": total, "currency": form.Get("line_items[0][price_data][currency]"),
		"client_reference_id": form.Get("client_reference_id"), "expires_at": 1893456000, "payment_intent": nil,
		"metadata": map[string]any{"shop": form.Get("metadata[shop]"), "reference": form.Get("metadata[reference]")},
	}
	body, _ := json.Marshal(s.sessions[id])
	return body
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

func (s *Stripe) read(w http.ResponseWriter, id string) {
	s.mu.Lock()
	body, _ := json.Marshal(s.sessions[id])
	known := s.sessions[id] != nil
	s.mu.Unlock()
	if !known {
		refuse(w, http.StatusNotFound, "invalid_request_error", "resource_missing")
		return
	}
	write(w, http.StatusOK, body)
}

func (s *Stripe) expire(w http.ResponseWriter, id string) {
	s.mu.Lock()
	session := s.sessions[id]
	isOpen := session != nil && session["status"] == "open"
	if isOpen {
		session["status"] = "expired"
	}
	s.mu.Unlock()
	if session != nil && !isOpen {
		refuse(w, http.StatusBadRequest, "invalid_request_error", "")
		return
	}
	s.read(w, id)
}

func refuse(w http.ResponseWriter, status int, kind, code string) {
	body, _ := json.Marshal(map[string]any{"error": map[string]any{
		"type": kind, "code": code, "message": "quotes buyer@example.com from the request", "param": "line_items[0]",
	}})
	write(w, status, body)
}

func write(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
