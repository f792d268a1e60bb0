package idempotency

import (
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strconv"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
	"github.com/bartgottschalk/startupwebapp/gateway/web"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

const (
	reasonKeyInvalid = "idempotency-key-invalid"
	reasonKeyInUse   = "idempotency-key-in-use"
	reasonKeyReused  = "idempotency-key-reused"

	success = "success"

	// largestAnswer is what the order service keeps; the answers of guarded paths are some hundred bytes.
	largestAnswer = 16 << 10
)

// lasting are the guarded paths, and the codes of refusals that are about the form itself: the same form is refused tomorrow,
// too. Any other may pass without the customer's doing, when goods come back or a code counts again, and is not kept. The lookup
// words a limit like a wrong address (contract payment.md P-21), so that none of its refusals lasts.
//
// The paths of the cart are not guarded. Most set a value and may be repeated as they are; cart-add-product-sku gives a guest
// the cookie of the cart, which a kept answer would lack.
func lasting(path string) (codes []string, guarded bool) {
	switch path {
	case "/order/create-checkout-session":
		return []string{"agree-to-terms-of-sale-required", "agree-to-terms-of-sale-must-be-checked", "anonymous-email-address-required"}, true
	case "/order/anonymous-email-address-payment-lookup":
		return nil, true
	}
	return nil, false
}

func isGuarded(path string) bool {
	_, guarded := lasting(path)
	return guarded
}

// recording takes an answer until its key is settled. Headers go to the real answer at once.
type recording struct {
	header       http.Header
	status       int
	body         []byte
	worthKeeping bool
}

// Header is that of the real answer.
func (a *recording) Header() http.Header { return a.header }

// WriteHeader remembers the first status.
func (a *recording) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

// Write remembers the body.
func (a *recording) Write(body []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.body = append(a.body, body...)
	return len(body), nil
}

// isFinal: an answer that would be the same tomorrow. Failures of ours, limits, forms that nobody can read and refusals by
// state (5xx, 400, 401, 403, 409) end before anything is done, or what was done is found again by the order service. What is
// kept has been counted by a limit per address before, so that nobody fills the store.
func (a *recording) isFinal(path string) bool {
	if max(a.status, http.StatusOK) != http.StatusOK || len(a.body) > largestAnswer {
		return false
	}
	said := a.said()
	codes, _ := lasting(path)
	return said.Checkout == success || said.Lookup == success || slices.Contains(codes, said.Errors.Error)
}

// outcome is what the old pages read of an answer first.
type outcome struct {
	Checkout string `json:"create_checkout_session"`
	Lookup   string `json:"anonymous_email_address_payment_lookup"`
	Errors   struct {
		Error string `json:"error"`
	} `json:"errors"`
}

// said is empty for what is none of these answers.
func (a *recording) said() outcome {
	var read outcome
	if json.Unmarshal(a.body, &read) != nil {
		return outcome{}
	}
	return read
}

// kept is what the order service remembers: no cookies, they are the first visit's alone.
func (a *recording) kept() *orderv1.KeptAnswer {
	return &orderv1.KeptAnswer{Status: int32(max(a.status, http.StatusOK)), ContentType: a.header.Get("Content-Type"), Body: a.body} //nolint:gosec // a status has three digits
}

func (a *recording) writeTo(w http.ResponseWriter) {
	w.WriteHeader(max(a.status, http.StatusOK))
	_, _ = w.Write(a.body) // the client may have left
}

func replay(w http.ResponseWriter, r *http.Request, answer *orderv1.KeptAnswer) {
	w.Header().Set("Idempotent-Replayed", "true")
	write(w, r, int(answer.GetStatus()), answer.GetContentType(), answer.GetBody())
}

// fail says what is wrong with a key, or that the shop cannot tell now.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	switch reason := fault.ReasonOf(err); reason {
	case reasonKeyInvalid:
		refuse(w, r, http.StatusBadRequest, reason)
	case reasonKeyReused:
		refuse(w, r, http.StatusUnprocessableEntity, reason)
	case reasonKeyInUse:
		seconds := math.Ceil(max(fault.Of(err).RetryAfter.Seconds(), 1))
		w.Header().Set("Retry-After", strconv.Itoa(int(seconds)))
		refuse(w, r, http.StatusConflict, reason)
	default:
		visitor.From(r.Context()).WriteHeaders(w.Header())
		web.Fail(w, err)
	}
}

// refuse is for programs rather than for the old pages, which send no keys: a status with its code.
func refuse(w http.ResponseWriter, r *http.Request, status int, code string) {
	write(w, r, status, "application/json", []byte(`{"error":"`+code+`","order-api-version":"0.0.1"}`))
}

func write(w http.ResponseWriter, r *http.Request, status int, contentType string, body []byte) {
	header := w.Header()
	visitor.From(r.Context()).WriteHeaders(header)
	header.Set("Content-Type", contentType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may have left
}
