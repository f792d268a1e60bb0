package idempotency

import (
	"crypto/sha256"
	"net/http"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// What proto order.v1 allows.
const (
	longestOwner       = 100
	longestOperation   = 200
	longestKey         = 255
	longestClaim       = 100
	longestContentType = 255
	largestBody        = 16 << 10 // bytes
)

var (
	errKeyInvalid     = fault.New(fault.Invalid, "idempotency-key-invalid", "1 to 255 visible ASCII characters")
	errRequestInvalid = fault.New(fault.Invalid, "idempotency-request-invalid", "")
)

func checkBeginning(request *orderv1.BeginRequestRequest) error {
	if err := checkKey(request.GetKey()); err != nil {
		return err
	}
	if len(request.GetFingerprint()) != sha256.Size {
		return errRequestInvalid
	}
	return nil
}

func checkFinish(request *orderv1.FinishRequestRequest) error {
	if err := checkHold(request.GetKey(), request.GetClaim()); err != nil {
		return err
	}
	answer := request.GetAnswer()
	isStatus := answer.GetStatus() >= http.StatusOK && answer.GetStatus() <= 599
	isSmall := len(answer.GetBody()) <= largestBody && len(answer.GetContentType()) <= longestContentType
	if !isStatus || !isSmall || !isASCII(answer.GetContentType(), ' ') {
		return errRequestInvalid
	}
	return nil
}

func checkHold(key *orderv1.RequestKey, claim string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	if !isName(claim, longestClaim, '!') {
		return errRequestInvalid
	}
	return nil
}

func checkKey(key *orderv1.RequestKey) error {
	if !isName(key.GetKey(), longestKey, '!') {
		return errKeyInvalid
	}
	if !isName(key.GetOwner(), longestOwner, '!') || !isName(key.GetOperation(), longestOperation, ' ') {
		return errRequestInvalid
	}
	return nil
}

func isName(text string, longest int, least byte) bool {
	return text != "" && len(text) <= longest && isASCII(text, least)
}

// isASCII tells whether all of text is printable; least is ' ' or, for what must be visible, '!'.
func isASCII(text string, least byte) bool {
	for i := range len(text) {
		if text[i] < least || text[i] > '~' {
			return false
		}
	}
	return true
}
