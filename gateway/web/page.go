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

var sentences = map[int]string{
	http.StatusBadRequest:          "This request cannot be understood.",
	http.StatusUnauthorized:        "Please log in first.",
	http.StatusForbidden:           "This request was refused. Please reload the page and try again.",
	http.StatusNotFound:            "There is nothing at this address.",
	http.StatusMethodNotAllowed:    "This address does not serve that method.",
	http.StatusConflict:            "This is not possible at the moment.",
	http.StatusServiceUnavailable:  "The shop is busy. Please try again in a moment.",
	http.StatusInternalServerError: "Something went wrong on our side.",
}

var statusOf = map[fault.Kind]int{
	fault.Invalid:            http.StatusBadRequest,
	fault.NotFound:           http.StatusNotFound,
	fault.Conflict:           http.StatusConflict,
	fault.FailedPrecondition: http.StatusConflict,
	fault.Unauthenticated:    http.StatusUnauthorized,
	fault.PermissionDenied:   http.StatusForbidden,
	fault.RateLimited:        http.StatusForbidden, // contract encodings.md 8: not 429
	fault.Unavailable:        http.StatusServiceUnavailable,
	fault.DeadlineExceeded:   http.StatusServiceUnavailable,
	fault.Canceled:           statusGone,
	fault.Internal:           http.StatusInternalServerError,
}

// Fail answers for a handler that could not: a small page with the status of the fault's kind. Causes and details stay
// where they were logged.
func Fail(w http.ResponseWriter, err error) {
	failure := fault.Of(err)
	status, known := statusOf[failure.Kind]
	if !known {
		status = http.StatusInternalServerError
	}
	if after := failure.RetryAfter; after > 0 || status == http.StatusServiceUnavailable {
		seconds := math.Ceil(max(after, retrySoon).Seconds())
		w.Header()["Retry-After"] = []string{strconv.Itoa(int(seconds))}
	}
	writePage(w, status)
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
	header["Allow"] = allowGet
	if route.Method == http.MethodPost {
		header["Allow"] = allowPost
	}
	if !route.HasRaw {
		writePage(a, http.StatusMethodNotAllowed)
		return
	}
	header["Content-Type"] = jsonType
	a.WriteHeader(http.StatusMethodNotAllowed)
	_, _ = a.Write([]byte(`{"error":"method-not-allowed"}`))
}

func writePage(w http.ResponseWriter, status int) {
	title := strconv.Itoa(status) + " " + http.StatusText(status)
	page := "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>" + title + "</title></head>" +
		"<body><h1>" + title + "</h1><p>" + sentences[status] + "</p></body></html>\n"
	header := w.Header()
	header["Content-Type"] = htmlType
	header["Content-Length"] = []string{strconv.Itoa(len(page))}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(page)) // the client may have left
}

// serves: a path is read by GET and HEAD or posted to, nothing else.
func serves(route *routes.Route, method string) bool {
	return method == route.Method || method == http.MethodHead && route.Method == http.MethodGet
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
