package stripesandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// apiError is a refusal in Stripe's form. Types and codes are Stripe's, the messages are ours.
type apiError struct {
	Status  int    `json:"-"`
	Type    string `json:"type"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message"`
	Param   string `json:"param,omitempty"`

	// unstarted marks refusals from before the call began, which an Idempotency-Key does not keep (reliability.md C1).
	unstarted bool
}

func (e *apiError) Error() string { return e.Message }

func invalidRequest(code, param, format string, values ...any) *apiError {
	return &apiError{
		Status: http.StatusBadRequest, Type: "invalid_request_error", Code: code, Param: param,
		Message: fmt.Sprintf(format, values...), unstarted: true,
	}
}

func missingParameter(param string) *apiError {
	return invalidRequest("parameter_missing", param, "The parameter %s is required.", param)
}

func noSuch(kind, param, id string) *apiError {
	return &apiError{
		Status: http.StatusNotFound, Type: "invalid_request_error", Code: "resource_missing", Param: param,
		Message: fmt.Sprintf("There is no %s %q.", kind, id),
	}
}

func internalError() *apiError {
	return &apiError{Status: http.StatusInternalServerError, Type: "api_error", Message: "The sandbox failed to keep its state; see its log."}
}

// errorOfStatus is what an injected failure looks like.
func errorOfStatus(status int) *apiError {
	failed := &apiError{Status: status, Type: "api_error", Message: fmt.Sprintf("Failure %d on request of /sandbox/fail.", status)}
	switch {
	case status == http.StatusPaymentRequired:
		failed.Type, failed.Code = "card_error", "card_declined"
	case status == http.StatusTooManyRequests:
		failed.Type, failed.Code = "invalid_request_error", "rate_limit"
	case status >= 400 && status < 500:
		failed.Type = "invalid_request_error"
	}
	return failed
}

func (e *apiError) body() []byte {
	encoded, err := json.Marshal(map[string]*apiError{"error": e})
	if err != nil {
		return []byte(`{"error":{"type":"api_error","message":"unencodable error"}}`)
	}
	return encoded
}
