package stripeapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	stripe "github.com/stripe/stripe-go/v76"
)

// Outcome says what a failed call means for the caller.
type Outcome int

// The outcomes of a failed call.
const (
	Away      Outcome = iota // no usable answer: network, time, rate limit, our key refused; nothing is known
	Broken                   // Stripe failed (5xx); under an idempotency key it may keep giving this answer
	Busy                     // another call with the same idempotency key is under way (409)
	KeyReused                // the idempotency key was used with other parameters
	Missing                  // there is no such thing (404)
	Refused                  // Stripe refuses the request as it is (other 4xx)
)

// Failure is the error of every call of Client. Its text has what support needs and nothing that Stripe quotes
// from the request: no addresses, no names.
type Failure struct {
	Outcome   Outcome
	Status    int // of the HTTP answer, 0 when there was none
	Type      string
	Code      string
	Param     string
	RequestID string

	cause error
}

// Error is for logs.
func (f *Failure) Error() string {
	if f.Status == 0 {
		return fmt.Sprintf("stripe gave no answer to use: %v", f.cause)
	}
	return fmt.Sprintf("stripe answered %d type %q code %q param %q request %q", f.Status, f.Type, f.Code, f.Param, f.RequestID)
}

// Unwrap is the network's or the context's error, nil when Stripe answered.
func (f *Failure) Unwrap() error { return f.cause }

// OutcomeOf is the outcome of an error of Client; of any other error Away.
func OutcomeOf(err error) Outcome {
	var failure *Failure
	if errors.As(err, &failure) {
		return failure.Outcome
	}
	return Away
}

// errUnreadable stands for the library's decoding errors, which quote the answer with the customer's data in it.
var errUnreadable = errors.New("the answer is not readable")

func failureOf(err error, status int) *Failure {
	failure := &Failure{Status: status, cause: neutral(err)}
	var told *stripe.Error
	if errors.As(err, &told) {
		failure.Type, failure.Code, failure.Param, failure.RequestID = string(told.Type), string(told.Code), told.Param, told.RequestID
		failure.cause = nil
	}
	failure.Outcome = outcomeOf(status, failure.Type)
	return failure
}

// outcomeOf: a refused key (401, 403) says nothing about the session asked for, so it must not look like Missing or Refused.
func outcomeOf(status int, kind string) Outcome {
	switch {
	case kind == string(stripe.ErrorTypeIdempotency) && status != http.StatusConflict:
		return KeyReused
	case status == http.StatusConflict:
		return Busy
	case status == http.StatusNotFound:
		return Missing
	case status >= http.StatusInternalServerError:
		return Broken
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout:
		return Away
	case status >= http.StatusBadRequest:
		return Refused
	default:
		return Away
	}
}

// neutral drops the address from network errors: it has the session's id in it.
func neutral(err error) error {
	var request *url.Error
	switch {
	case errors.As(err, &request):
		return request.Err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	default:
		return errUnreadable
	}
}
