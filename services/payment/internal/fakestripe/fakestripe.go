// Package fakestripe is the part of Stripe's API that the payment service's tests need, as strict as Stripe about
// parameters and with its rules about idempotency keys: an answer is kept under its key, other parameters under the same
// key are refused, and a key in use answers 409. Customers, webhooks and pages do not live here: tests say what happens
// with Change, Pay and the like.
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
	"strings"
	"sync"
	"testing"
)

// Request is one call that arrived.
type Request struct {
	Method, Path, IdempotencyKey, Version string
	Query, Form                           url.Values
}

type object = map[string]any

type saved struct {
	status int
	body   []byte
	form   string
}

// Stripe is one account. Safe for concurrent use.
type Stripe struct {
	URL string

	mu       sync.Mutex
	sessions table
	coupons  table
	refunds  table
	disputes table
	events   table
	charges  map[string]object // by payment intent
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
	save, after  bool
}

// New starts an account, ended with the test.
func New(t testing.TB) *Stripe {
	t.Helper()
	fake := &Stripe{
		sessions: newTable(), coupons: newTable(), refunds: newTable(), disputes: newTable(), events: newTable(),
		charges: map[string]object{}, answers: map[string]saved{}, inUse: map[string]bool{},
	}
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
	s.failures = append(s.failures, failure{method: method, path: path, status: status, body: body, save: save})
}

// FailAfter is Fail with save for a call that is carried out all the same.
func (s *Stripe) FailAfter(method, path string, status int, body string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures = append(s.failures, failure{method: method, path: path, status: status, body: body, save: true, after: true})
}

// CutAnswers makes the next n calls that make something take effect without an answer.
func (s *Stripe) CutAnswers(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = n
}

// Hold makes calls that make something wait until the returned function is called.
func (s *Stripe) Hold() (release func()) {
	gate := make(chan struct{})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hold = gate
	return sync.OnceFunc(func() { close(gate) })
}

// ForgetKeys forgets all idempotency keys, as Stripe does after a day.
func (s *Stripe) ForgetKeys() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = map[string]saved{}
}

// Requests are the calls so far. The listing of events is left out: it comes whenever its loop likes.
func (s *Stripe) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.requests), func(r Request) bool { return r.Path == "/v1/events" })
}

// Asked are the calls of a method and path, the listing of events among them.
func (s *Stripe) Asked(method, path string) []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.requests), func(r Request) bool { return r.Method != method || r.Path != path })
}

func (s *Stripe) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	request := Request{r.Method, r.URL.Path, r.Header.Get("Idempotency-Key"), r.Header.Get("Stripe-Version"), r.URL.Query(), form}
	failing := s.note(request)
	if failing != nil && !failing.after {
		if failing.save {
			s.save(request.IdempotencyKey, saved{failing.status, []byte(failing.body), form.Encode()})
		}
		write(w, failing.status, []byte(failing.body))
		return
	}
	if r.Header.Get("Authorization") == "" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if r.Method == http.MethodPost {
		s.once(w, r, request, failing)
		return
	}
	status, body := s.answer(request)
	write(w, status, body)
}

func (s *Stripe) note(request Request) *failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, request)
	for n, each := range s.failures {
		if each.method == request.Method && strings.HasPrefix(request.Path, each.path) {
			s.failures = slices.Delete(s.failures, n, n+1)
			return &each
		}
	}
	return nil
}

// answer is what a call does and gets, without anything about its idempotency key.
func (s *Stripe) answer(request Request) (int, []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	status, answer := s.carryOut(request)
	return status, encode(answer) // while nobody changes what is in it
}

func (s *Stripe) carryOut(request Request) (int, object) {
	path := strings.Split(strings.TrimPrefix(request.Path, "/v1/"), "/")
	switch pattern := request.Method + " " + shapeOf(path); pattern {
	case "POST checkout/sessions":
		return s.openSession(request.Form)
	case "POST checkout/sessions/*/expire":
		return s.expireSession(path[2])
	case "GET checkout/sessions":
		return s.listSessions(request.Query)
	case "GET checkout/sessions/*":
		return s.readSession(path[2], request.Query)
	case "POST coupons":
		return s.makeCoupon(request.Form)
	case "GET coupons/*":
		return s.coupons.read(path[1])
	case "POST refunds":
		return s.makeRefund(request.Form)
	case "GET refunds":
		return s.listRefunds(request.Query)
	case "GET refunds/*":
		return s.refunds.read(path[1])
	case "GET disputes/*":
		return s.disputes.read(path[1])
	case "GET events":
		return s.listEvents(request.Query)
	case "GET events/*":
		return s.events.read(path[1])
	default:
		return refusal(http.StatusNotFound, "invalid_request_error", "", "path")
	}
}

func shapeOf(path []string) string {
	shape := slices.Clone(path)
	place := 1
	if path[0] == "checkout" {
		place = 2
	}
	if len(shape) > place {
		shape[place] = "*"
	}
	return strings.Join(shape, "/")
}

// once does a call unless its key says that it was done, or is being done.
func (s *Stripe) once(w http.ResponseWriter, r *http.Request, request Request, failing *failure) {
	key, form := request.IdempotencyKey, request.Form.Encode()
	kept, use := s.take(key)
	switch {
	case !use:
		reply(w, http.StatusConflict, "idempotency_error", "idempotency_key_in_use")
		return
	case kept != nil && kept.form != form:
		reply(w, http.StatusBadRequest, "idempotency_error", "")
		return
	case kept != nil:
		s.send(w, *kept)
		return
	}
	defer s.giveBack(key)
	s.wait(r)
	status, body := s.answer(request)
	made := saved{status, body, form}
	if failing != nil {
		made.status, made.body = failing.status, []byte(failing.body)
	}
	if status != http.StatusBadRequest || failing != nil { // parameters that are refused do not use the key up
		s.save(key, made)
	}
	s.send(w, made)
}

func (s *Stripe) send(w http.ResponseWriter, answer saved) {
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

func reply(w http.ResponseWriter, status int, kind, code string) {
	status, answer := refusal(status, kind, code, "line_items[0]")
	write(w, status, encode(answer))
}

func refusal(status int, kind, code, parameter string) (int, object) {
	return status, object{"error": object{
		"type": kind, "code": code, "message": "quotes buyer@example.com from the request", "param": parameter,
	}}
}

func refuseParameter(name string) (int, object) {
	return refusal(http.StatusBadRequest, "invalid_request_error", "parameter_unknown", name)
}

func encode(answer object) []byte {
	body, err := json.Marshal(answer)
	if err != nil {
		panic(fmt.Sprintf("fakestripe: %v", err))
	}
	return body
}

func write(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// Change edits a session, as a customer or Stripe would; one that is not there is made.
func (s *Stripe) Change(id string, fields map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	session := s.sessions.rows[id]
	if session == nil {
		session = object{"id": id, "object": "checkout.session"}
		s.sessions.put(session)
	}
	maps.Copy(session, fields)
}

// SessionIDs are the sessions of the account, sorted.
func (s *Stripe) SessionIDs() []string { return s.ids(&s.sessions) }

// CouponIDs are the coupons of the account, sorted.
func (s *Stripe) CouponIDs() []string { return s.ids(&s.coupons) }

// RefundIDs are the refunds of the account, sorted.
func (s *Stripe) RefundIDs() []string { return s.ids(&s.refunds) }

func (s *Stripe) ids(of *table) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(of.rows))
}
