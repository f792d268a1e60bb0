package stripesandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

const (
	largestBody    = 1 << 20
	mostParameters = 2000
)

var versionForm = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}(\.[a-z]+)?$`)

// call is one request to the API, read and not yet answered.
type call struct {
	request *http.Request
	id      string // Request-Id
	given   parameters
	version string
	key     string // Idempotency-Key
	now     time.Time
}

// operation answers a call. It runs inside an update of the state, alone, and does nothing that takes time.
type operation func(*call) (any, *apiError)

// answer is what goes back.
type answer struct {
	status   int
	body     []byte // JSON without blanks, which are put in on the way out, as Stripe's answers have them
	kept     bool   // under the Idempotency-Key
	replayed bool
	cut      bool // no answer at all: the connection is closed
}

func (s *Sandbox) apiHandler() http.Handler {
	mux := http.NewServeMux()
	for pattern, serve := range map[string]operation{
		"POST /v1/checkout/sessions":                s.createSession,
		"GET /v1/checkout/sessions":                 s.listSessions,
		"GET /v1/checkout/sessions/{id}":            s.retrieveSession,
		"POST /v1/checkout/sessions/{id}/expire":    s.expireSession,
		"GET /v1/checkout/sessions/{id}/line_items": s.listLineItems,
		"GET /v1/payment_intents/{id}":              s.retrieveIntent,
		"GET /v1/charges/{id}":                      s.retrieveCharge,
		"POST /v1/coupons":                          s.createCoupon,
		"GET /v1/coupons/{id}":                      s.retrieveCoupon,
		"DELETE /v1/coupons/{id}":                   s.deleteCoupon,
		"POST /v1/refunds":                          s.createRefund,
		"GET /v1/refunds":                           s.listRefunds,
		"GET /v1/refunds/{id}":                      s.retrieveRefund,
		"GET /v1/disputes":                          s.listDisputes,
		"GET /v1/disputes/{id}":                     s.retrieveDispute,
		"GET /v1/events":                            s.listEvents,
		"GET /v1/events/{id}":                       s.retrieveEvent,
		"/v1/":                                      unknownAddress,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, serve) }) //nolint:contextcheck // the call carries its request
	}
	return mux
}

func unknownAddress(c *call) (any, *apiError) {
	return nil, &apiError{
		Status: http.StatusNotFound, Type: "invalid_request_error", unstarted: true,
		Message: "The sandbox does not serve " + c.request.Method + " " + c.request.URL.Path + ".",
	}
}

func (s *Sandbox) serve(w http.ResponseWriter, r *http.Request, op operation) {
	c := &call{request: r, id: newIdentifier("req_", 14), now: s.now(), key: r.Header.Get("Idempotency-Key")}
	given := s.respond(w, c, op)
	s.logRequest(c, given)
	if given.cut {
		closeConnection(w)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Request-Id", c.id)
	header.Set("Stripe-Version", c.version)
	if c.key != "" {
		header.Set("Idempotency-Key", c.key)
	}
	if given.replayed {
		header.Set("Idempotent-Replayed", "true")
	}
	var indented bytes.Buffer
	_ = json.Indent(&indented, given.body, "", "  ") // of JSON that was encoded here
	w.WriteHeader(given.status)
	_, _ = w.Write(indented.Bytes())
}

// respond runs the gates in order: readable, spoiled by /sandbox/fail, authorized, idempotent, and then the operation.
func (s *Sandbox) respond(w http.ResponseWriter, c *call, op operation) answer {
	if err := c.read(w); err != nil {
		return refusal(err)
	}
	spoiled, err := s.takeFault(c.request)
	if err != nil {
		return refusal(s.stateFailed(err))
	}
	if !spoiled.wait(c.request.Context()) {
		return answer{status: http.StatusServiceUnavailable, cut: true}
	}
	if spoiled.isBefore() {
		return spoiled.answer()
	}
	if err := s.authorize(c.request); err != nil {
		return refusal(err)
	}
	given := s.once(c, op)
	if spoiled.isAfter() {
		return spoiled.answer()
	}
	return given
}

func (c *call) read(w http.ResponseWriter) *apiError {
	c.version = apiVersion
	query, err := url.ParseQuery(c.request.URL.RawQuery)
	if err != nil {
		return invalidRequest("", "", "The query cannot be read.")
	}
	c.given = parameters{values: query}
	if asked := c.request.Header.Get("Stripe-Version"); asked != "" {
		if !versionForm.MatchString(asked) {
			return invalidRequest("", "", "Invalid Stripe API version: %q.", asked)
		}
		c.version = asked
	}
	if len(c.key) > 255 {
		return &apiError{Status: http.StatusBadRequest, Type: "idempotency_error", Message: "An idempotency key has at most 255 characters.", unstarted: true}
	}
	if c.request.Method == http.MethodPost {
		return c.readBody(w)
	}
	return c.checkSize()
}

func (c *call) readBody(w http.ResponseWriter) *apiError {
	if kind := c.request.Header.Get("Content-Type"); kind != "" && !strings.HasPrefix(kind, "application/x-www-form-urlencoded") {
		return invalidRequest("", "", "The API takes form-encoded bodies, not %q.", kind)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, c.request.Body, largestBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return &apiError{Status: http.StatusRequestEntityTooLarge, Type: "invalid_request_error", Message: "The body is too large.", unstarted: true}
	}
	if err != nil {
		return invalidRequest("", "", "The body cannot be read.")
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return invalidRequest("", "", "The body is not form-encoded.")
	}
	for name, values := range form {
		c.given.values[name] = values
	}
	return c.checkSize()
}

func (c *call) checkSize() *apiError {
	if len(c.given.values) > mostParameters {
		return invalidRequest("", "", "A call has at most %d parameters.", mostParameters)
	}
	return nil
}

func (c *call) expansion() expansion { return c.given.list("expand") }

// authorize accepts the secret key as a bearer token, or as the user name of basic authentication as curl -u sends it.
func (s *Sandbox) authorize(r *http.Request) *apiError {
	presented, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if user, _, isBasic := r.BasicAuth(); isBasic && !isBearer {
		presented = user
	}
	if presented == s.options.SecretKey {
		return nil
	}
	message := "No API key was given: send Authorization: Bearer sk_test_..."
	if presented != "" {
		message = "The API key is not the one that the sandbox was started with."
	}
	return &apiError{Status: http.StatusUnauthorized, Type: "invalid_request_error", Message: message, unstarted: true}
}

// run answers the call by its operation. Time is brought up to date first, so that no call sees an overdue session.
func (s *Sandbox) run(c *call, op operation) answer {
	s.advance(c.now)
	result, err := op(c)
	if err != nil {
		return refusal(err)
	}
	body, encodeErr := json.Marshal(result)
	if encodeErr != nil {
		return refusal(internalError())
	}
	return answer{status: http.StatusOK, body: body, kept: true}
}

func refusal(err *apiError) answer {
	return answer{status: err.Status, body: err.body(), kept: !err.unstarted}
}

// stateFailed logs that the state could not be kept, and is what the caller is told.
func (s *Sandbox) stateFailed(err error) *apiError {
	s.options.Logger.Error("stripe sandbox cannot keep its state", "error", err)
	return internalError()
}

// closeConnection ends the exchange without an answer, as a broken line does.
func closeConnection(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	_ = connection.Close()
}
