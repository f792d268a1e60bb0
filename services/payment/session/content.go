package session

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"regexp"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

const (
	mostLines     = 100        // Stripe's limit in payment mode
	largestAmount = 99_999_999 // Stripe's limit of one amount, minor units
	// Stripe takes ends from 30 minutes to 24 hours after its own clock; both leave a minute for the way and the clocks.
	shortestLifetime = 31 * 60
	longestLifetime  = 24*60*60 - 60
	largestTotal     = 1_000_000_000_000 // far above it, so that sums below cannot overflow
)

var (
	errInvalid = fault.New(fault.Invalid, "invalid-request", "")

	referenceForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,200}$`) // what Stripe takes as client_reference_id
	currencyForm  = regexp.MustCompile(`^[a-z]{3}$`)
)

// content is what a session is asked for: the same reference stands for the same content for ever.
type content struct {
	reference     string
	currency      string
	subtotalMinor int64
	expectedMinor int64
	digest        [sha256.Size]byte
}

// contentOf refuses what Stripe would refuse or silently read otherwise, and requests that contradict themselves.
func contentOf(request *paymentv1.OpenSessionRequest) (content, error) {
	if !referenceForm.MatchString(request.GetReference()) {
		return content{}, errInvalid.With("field", "reference")
	}
	if !currencyForm.MatchString(request.GetCurrency()) {
		return content{}, errInvalid.With("field", "currency")
	}
	sum, err := sumOf(request.GetLines())
	if err != nil {
		return content{}, err
	}
	if request.GetDiscountMinor() < 0 || request.GetDiscountMinor() > sum {
		return content{}, errInvalid.With("field", "discount_minor")
	}
	expected := sum - request.GetDiscountMinor()
	if expected != request.GetExpectedTotalMinor() {
		return content{}, errInvalid.With("field", "expected_total_minor")
	}
	if !isLifetime(request.GetLifetimeSeconds()) {
		return content{}, errInvalid.With("field", "lifetime_seconds")
	}
	digest, err := digestOf(request)
	if err != nil {
		return content{}, err
	}
	return content{
		reference: request.GetReference(), currency: request.GetCurrency(),
		subtotalMinor: sum, expectedMinor: expected, digest: digest,
	}, nil
}

func isLifetime(seconds int32) bool {
	return seconds == 0 || seconds >= shortestLifetime && seconds <= longestLifetime
}

// sumOf: amounts and quantities that Stripe refuses are refused here with its reason (contract payment.md P-23).
func sumOf(lines []*paymentv1.SessionLine) (int64, error) {
	if len(lines) == 0 {
		return 0, errInvalid.With("field", "lines")
	}
	if len(lines) > mostLines {
		return 0, errRefused
	}
	sum := int64(0)
	for _, line := range lines {
		if line.GetUnitAmountMinor() < 0 || line.GetUnitAmountMinor() > largestAmount || line.GetQuantity() < 1 || line.GetName() == "" {
			return 0, errRefused
		}
		sum += line.GetUnitAmountMinor() * int64(line.GetQuantity())
		if sum > largestTotal {
			return 0, errRefused
		}
	}
	return sum, nil
}

// digestOf is over a form of our own: the binary form of a message may change with the protobuf library.
func digestOf(request *paymentv1.OpenSessionRequest) ([sha256.Size]byte, error) {
	lines := make([][]any, len(request.GetLines()))
	for i, line := range request.GetLines() {
		lines[i] = []any{line.GetName(), line.GetDescription(), line.GetImageUrl(), line.GetUnitAmountMinor(), line.GetQuantity()}
	}
	told := []any{
		request.GetCurrency(), lines, request.GetCustomerEmail(), request.GetSuccessUrl(), request.GetCancelUrl(), request.GetExpectedTotalMinor(),
	}
	if request.GetDiscountMinor() > 0 || request.GetLifetimeSeconds() > 0 { // without, it is the digest that older programs wrote
		told = append(told, request.GetDiscountMinor(), request.GetDiscountName(), request.GetLifetimeSeconds())
	}
	written, err := json.Marshal(told)
	if err != nil {
		return [sha256.Size]byte{}, fmt.Errorf("digest of a session: %w", err)
	}
	return sha256.Sum256(written), nil
}
