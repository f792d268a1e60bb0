package web

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/bartgottschalk/startupwebapp/gateway/routes"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// statusGone is for the log alone: the client left before the answer.
const statusGone = 499

// retrySoon is when to come back when whoever failed did not say.
const retrySoon = time.Second

// tooOften is said where reloading the page would not help.
const tooOften = "This was tried too often. Please wait a while before you try again."

func sentence(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "This request cannot be understood."
	case http.StatusUnauthorized:
		return "Please log in first."
	case http.StatusForbidden:
		return "This request was refused. Please reload the page and try again."
	case http.StatusNotFound:
		return "There is nothing at this address."
	case http.StatusMethodNotAllowed:
		return "This address does not serve that method."
	case http.StatusConflict:
		return "This is not possible at the moment."
	case http.StatusServiceUnavailable:
		return "The shop is busy. Please try again in a moment."
	}
	return "Something went wrong on our side."
}

func statusOf(kind fault.Kind) int {
	switch kind {
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict, fault.FailedPrecondition:
		return http.StatusConflict
	case fault.Unauthenticated:
		return http.StatusUnauthorized
	case fault.PermissionDenied, fault.RateLimited: // contract encodings.md 8: not 429
		return http.StatusForbidden
	case fault.Unavailable, fault.DeadlineExceeded:
		return http.StatusServiceUnavailable
	case fault.Canceled:
		return statusGone
	case fault.Internal:
	}
	return http.StatusInternalServerError
}

// Fail answers for a handler that could not: a small page with the status of the fault's kind. Causes and details stay
// where they were logged.
func Fail(w http.ResponseWriter, err error) {
	failure := fault.Of(err)
	status := statusOf(failure.Kind)
	if after := failure.RetryAfter; after > 0 || status == http.StatusServiceUnavailable {
		seconds := math.Ceil(max(after, retrySoon).Seconds())
		w.Header()["Retry-After"] = []string{strconv.Itoa(int(seconds))}
		expose(w.Header(), "Retry-After")
	}
	if failure.Kind == fault.RateLimited {
		writePageSaying(w, status, tooOften)
		return
	}
	writePage(w, status)
}

// expose lets pages of the allowed origins read a header: without it a page cannot tell a limit from a stale CSRF token,
// since both are 403 (contract user.md 1.6).
func expose(header http.Header, name string) {
	const exposed = "Access-Control-Expose-Headers"
	_, allowed := header["Access-Control-Allow-Origin"]
	if _, said := header[exposed]; allowed && !said {
		header[exposed] = []string{name}
	}
}

// refuse answers without having asked anybody.
func refuse(a *answer, r *http.Request, status int) {
	drain(r)
	writePage(a, status)
}

// refuseMethod is 405; the webhook's is JSON, as Stripe's senders were always answered (contract payment.md).
func refuseMethod(a *answer, r *http.Request, route *routes.Route) {
	drain(r)
	header := a.Header()
	switch {
	case route.AlsoPosted:
		header["Allow"] = allowBoth
	case route.Method == http.MethodPost:
		header["Allow"] = allowPost
	default:
		header["Allow"] = allowGet
	}
	if !route.HasRaw {
		writePage(a, http.StatusMethodNotAllowed)
		return
	}
	header["Content-Type"] = jsonType
	a.WriteHeader(http.StatusMethodNotAllowed)
	_, _ = a.Write([]byte(`{"error":"method-not-allowed"}`))
}

func writePage(w http.ResponseWriter, status int) { writePageSaying(w, status, sentence(status)) }

func writePageSaying(w http.ResponseWriter, status int, saying string) {
	title := strconv.Itoa(status) + " " + http.StatusText(status)
	page := "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + title + "</title></head>" +
		"<body><h1>" + title + "</h1><p>" + saying + "</p></body></html>\n"
	header := w.Header()
	header["Content-Type"] = htmlType
	header["Content-Length"] = []string{strconv.Itoa(len(page))}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(page)) // the client may have left
}

// serves: a path is read by GET and HEAD or posted to, seldom both, and nothing else.
func serves(route *routes.Route, method string) bool {
	switch method {
	case route.Method:
		return true
	case http.MethodHead:
		return route.Method == http.MethodGet
	case http.MethodPost:
		return route.AlsoPosted
	}
	return false
}

// knownMethod keeps invented methods out of the logs.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions, http.MethodTrace, http.MethodConnect:
		return method
	}
	return "other"
}
