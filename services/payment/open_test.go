package payment_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

const (
	openPath    = "/v1/checkout/sessions"
	badRequest  = `{"error":{"type":"invalid_request_error","message":"Invalid email address: buyer@example.com","param":"customer_email"}}`
	serverError = `{"error":{"type":"api_error","message":"sorry, buyer@example.com"}}`
)

func TestOpenSessionAsksStripeForExactlyTheContract(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	opened, err := s.client.OpenSession(t.Context(), aCheckout("ref-1"))
	require.NoError(t, err)
	require.Equal(t, "cs_test_1", opened.GetSessionId())
	require.Equal(t, s.stripe.URL+"/pay/cs_test_1", opened.GetUrl())
	require.Equal(t, int64(1893456000), opened.GetExpiresAt().GetSeconds())

	asked := s.stripe.Requests()
	require.Len(t, asked, 1)
	require.Equal(t, "session/ref-1/1", asked[0].IdempotencyKey)
	require.Equal(t, "2023-10-16", asked[0].Version)
	sent := map[string]string{}
	for name, values := range asked[0].Form {
		require.Len(t, values, 1, name)
		sent[name] = values[0]
	}
	require.Equal(t, map[string]string{
		"mode":                                "payment",
		"line_items[0][price_data][currency]": "usd",
		"line_items[0][price_data][product_data][name]":        "Paper clips",
		"line_items[0][price_data][product_data][description]": "blue - small",
		"line_items[0][price_data][product_data][images][0]":   "https://shop.example/clip.jpg",
		"line_items[0][price_data][unit_amount]":               "350",
		"line_items[0][quantity]":                              "2",
		"line_items[1][price_data][currency]":                  "usd",
		"line_items[1][price_data][product_data][name]":        "Shipping",
		"line_items[1][price_data][product_data][description]": "by mail",
		"line_items[1][price_data][unit_amount]":               "499",
		"line_items[1][quantity]":                              "1",
		"success_url":                                          "https://shop.example/checkout/success?session_id={CHECKOUT_SESSION_ID}",
		"cancel_url":                                           "https://shop.example/checkout/confirm",
		"allow_promotion_codes":                                "true",
		"billing_address_collection":                           "required",
		"shipping_address_collection[allowed_countries][0]":    "US",
		"shipping_address_collection[allowed_countries][1]":    "CA",
		"phone_number_collection[enabled]":                     "true",
		"customer_email":                                       "buyer@example.com",
		"client_reference_id":                                  "ref-1",
		"metadata[reference]":                                  "ref-1",
		"metadata[shop]":                                       "startupwebapp",
		"payment_intent_data[metadata][reference]":             "ref-1",
		"payment_intent_data[metadata][shop]":                  "startupwebapp",
	}, sent)
}

func TestOpenSessionLetsStripeAskForTheAddress(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	checkout := aCheckout("ref-1")
	checkout.CustomerEmail, checkout.Lines[0].Description, checkout.Lines[0].ImageUrl = "", "", ""
	_, err := s.client.OpenSession(t.Context(), checkout)
	require.NoError(t, err)
	form := s.stripe.Requests()[0].Form
	require.NotContains(t, form, "customer_email")
	require.NotContains(t, form, "line_items[0][price_data][product_data][description]")
	require.NotContains(t, form, "line_items[0][price_data][product_data][images][0]")
}

func TestOpenSessionTwentyAtOnceOnTwoInstancesIsOneSession(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	other, _ := s.start()
	release := s.stripe.Hold()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var calls sync.WaitGroup
	ids, failures := make([]string, 20), make([]error, 20)
	for n := range ids {
		client := []paymentv1.PaymentServiceClient{s.client, other}[n%2]
		calls.Go(func() {
			opened, err := client.OpenSession(ctx, aCheckout("ref-1"))
			ids[n], failures[n] = opened.GetSessionId(), err
		})
	}
	require.Eventually(t, func() bool { return len(s.stripe.Requests()) >= 20 }, 20*time.Second, 10*time.Millisecond)
	release()
	calls.Wait()
	for n := range ids {
		require.NoError(t, failures[n])
		require.Equal(t, "cs_test_1", ids[n])
	}
	require.Equal(t, []string{"cs_test_1"}, s.stripe.SessionIDs())
	require.Equal(t, 1, s.number("SELECT count(*) FROM payment_session"))
	require.Equal(t, 1, s.number("SELECT attempt FROM payment_session"))
}

func TestOpenSessionAgainDoesNotAskStripe(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	first, err := s.client.OpenSession(t.Context(), aCheckout("ref-1"))
	require.NoError(t, err)
	other, _ := s.start()
	second, err := other.OpenSession(t.Context(), aCheckout("ref-1"))
	require.NoError(t, err)
	require.Equal(t, first.String(), second.String())
	require.Len(t, s.stripe.Requests(), 1)
}

func TestOpenSessionAfterACrashFindsTheCrashedCallsSession(t *testing.T) {
	t.Parallel()
	crashes := map[string]func(s *shop) paymentv1.PaymentServiceClient{
		"while Stripe works": func(s *shop) paymentv1.PaymentServiceClient {
			dying, stop := s.start()
			release := s.stripe.Hold()
			defer release()
			ctx, cancel := context.WithCancel(s.t.Context())
			gone := make(chan error, 1)
			go func() { _, err := dying.OpenSession(ctx, aCheckout("ref-1")); gone <- err }()
			require.Eventually(s.t, func() bool { return len(s.stripe.Requests()) == 1 }, 10*time.Second, time.Millisecond)
			cancel()
			require.Error(s.t, <-gone)
			stop()
			require.Eventually(s.t, func() bool { return len(s.stripe.SessionIDs()) == 1 }, 10*time.Second, time.Millisecond)
			return s.client
		},
		"after Stripe answered": func(s *shop) paymentv1.PaymentServiceClient {
			s.stripe.CutAnswers(1)
			return s.client
		},
		"before Stripe was asked": func(s *shop) paymentv1.PaymentServiceClient {
			s.stripe.Fail(http.MethodPost, openPath, http.StatusTooManyRequests, `{"error":{"type":"invalid_request_error","code":"rate_limit"}}`, false)
			_, err := s.client.OpenSession(s.t.Context(), aCheckout("ref-1"))
			require.True(s.t, fault.HasReason(err, "stripe-unavailable"), "%v", err)
			require.Equal(s.t, "opening", s.text("SELECT status FROM payment_session"))
			return s.client
		},
	}
	for name, crash := range crashes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			client := crash(s)
			opened, err := client.OpenSession(t.Context(), aCheckout("ref-1"))
			require.NoError(t, err)
			require.Equal(t, "cs_test_1", opened.GetSessionId())
			require.Equal(t, []string{"cs_test_1"}, s.stripe.SessionIDs())
			for _, asked := range s.stripe.Requests() {
				require.Equal(t, "session/ref-1/1", asked.IdempotencyKey)
			}
		})
	}
}

func TestOpenSessionFindsTheSessionOfAnUnansweredCall(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.stripe.CutAnswers(2) // both tries of the first call
	_, err := s.client.OpenSession(t.Context(), aCheckout("ref-1"))
	require.True(t, fault.HasReason(err, "stripe-unavailable"), "%v", err)
	opened, err := s.client.OpenSession(t.Context(), aCheckout("ref-1"))
	require.NoError(t, err)
	require.Equal(t, "cs_test_1", opened.GetSessionId())
	require.Len(t, s.stripe.SessionIDs(), 1)
}

func TestOpenSessionRefusesOtherContentUnderTheSameReference(t *testing.T) {
	t.Parallel()
	changes := map[string]func(*paymentv1.OpenSessionRequest){
		"quantity": func(r *paymentv1.OpenSessionRequest) { r.Lines[0].Quantity, r.ExpectedTotalMinor = 3, 1549 },
		"name":     func(r *paymentv1.OpenSessionRequest) { r.Lines[0].Name = "Staples" },
		"email":    func(r *paymentv1.OpenSessionRequest) { r.CustomerEmail = "" },
		"currency": func(r *paymentv1.OpenSessionRequest) { r.Currency = "cad" },
		"address":  func(r *paymentv1.OpenSessionRequest) { r.SuccessUrl += "x" },
	}
	s := newShop(t)
	_, err := s.client.OpenSession(t.Context(), aCheckout("opened"))
	require.NoError(t, err)
	s.stripe.Fail(http.MethodPost, openPath, http.StatusTooManyRequests, serverError, false)
	_, err = s.client.OpenSession(t.Context(), aCheckout("opening"))
	require.Error(t, err)
	asked := len(s.stripe.Requests())
	for name, change := range changes {
		for _, reference := range []string{"opened", "opening"} {
			checkout := aCheckout(reference)
			change(checkout)
			_, err := s.client.OpenSession(t.Context(), checkout)
			require.True(t, fault.HasReason(err, "reference-reused"), "%s %s: %v", name, reference, err)
			require.Equal(t, fault.Conflict, fault.KindOf(err))
		}
	}
	require.Len(t, s.stripe.Requests(), asked)
}

func TestOpenSessionRefusedByStripeCanBeCorrected(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.stripe.Fail(http.MethodPost, openPath, http.StatusBadRequest, badRequest, true)
	_, err := s.client.OpenSession(t.Context(), aCheckout("ref-1"))
	require.True(t, fault.HasReason(err, "stripe-refused"), "%v", err)
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	require.NotContains(t, fault.Of(err).Detail, "Invalid email")

	corrected := aCheckout("ref-1")
	corrected.CustomerEmail = "other@example.com"
	opened, err := s.client.OpenSession(t.Context(), corrected)
	require.NoError(t, err)
	require.Equal(t, "cs_test_1", opened.GetSessionId())
	require.Equal(t, "session/ref-1/2", s.stripe.Requests()[1].IdempotencyKey)
	require.NotContains(t, s.logs.String(), "buyer@example.com")
}

func TestOpenSessionIsNotStuckOnASavedFailure(t *testing.T) {
	t.Parallel()
	failures := map[string]struct {
		status int
		body   string
		asked  int // calls until the session is there
	}{
		"Stripe's own error":     {http.StatusInternalServerError, serverError, 2},
		"a page of a proxy":      {http.StatusBadGateway, "<html>buyer@example.com</html>", 2},
		"parameters of a deploy": {http.StatusBadRequest, `{"error":{"type":"idempotency_error","message":"Keys for idempotent requests"}}`, 2},
	}
	for name, failure := range failures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			s.stripe.Fail(http.MethodPost, openPath, failure.status, failure.body, true)
			opened, err := s.client.OpenSession(t.Context(), aCheckout("ref-1"))
			if err != nil {
				require.True(t, fault.HasReason(err, "stripe-unavailable"), "%v", err)
				opened, err = s.client.OpenSession(t.Context(), aCheckout("ref-1"))
			}
			require.NoError(t, err)
			require.Equal(t, "cs_test_1", opened.GetSessionId())
			require.Len(t, s.stripe.Requests(), failure.asked)
			require.Equal(t, 2, s.number("SELECT attempt FROM payment_session"))
			require.NotContains(t, s.logs.String(), "buyer@example.com")
		})
	}
}

func TestOpenSessionKeepsItsKeyWhenNothingIsKnown(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			s.stripe.Fail(http.MethodPost, openPath, status, badRequest, false)
			_, err := s.client.OpenSession(t.Context(), aCheckout("ref-1"))
			require.True(t, fault.HasReason(err, "stripe-unavailable"), "%v", err)
			require.Equal(t, fault.Unavailable, fault.KindOf(err))
			require.Equal(t, 1, s.number("SELECT attempt FROM payment_session"))
		})
	}
}

func TestOpenSessionDiscardsASessionThatWouldChargeSomethingElse(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"total":    `{"id":"cs_test_x","url":"https://pay","currency":"usd","amount_subtotal":1199,"amount_total":1200}`,
		"part tax": `{"id":"cs_test_x","url":"https://pay","currency":"usd","amount_subtotal":1199,"amount_total":1200,"total_details":{"amount_tax":99}}`,
		"less tax": `{"id":"cs_test_x","url":"https://pay","currency":"usd","amount_subtotal":1199,"amount_total":1100,"total_details":{"amount_tax":99}}`,
		"subtotal": `{"id":"cs_test_x","url":"https://pay","currency":"usd","amount_subtotal":1,"amount_total":1199}`,
		"currency": `{"id":"cs_test_x","url":"https://pay","currency":"cad","amount_subtotal":1199,"amount_total":1199}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			s.stripe.Change("cs_test_x", map[string]any{"status": "open"})
			s.stripe.Fail(http.MethodPost, openPath, http.StatusOK, answer, false)
			_, err := s.client.OpenSession(t.Context(), aCheckout("ref-1"))
			require.True(t, fault.HasReason(err, "stripe-refused"), "%v", err)
			last := s.stripe.Requests()[len(s.stripe.Requests())-1]
			require.Equal(t, openPath+"/cs_test_x/expire", last.Path)
			require.Contains(t, s.logs.String(), "ref-1")
			require.NotContains(t, s.logs.String(), "cs_test_x", "whoever has it can open the page")
			require.Equal(t, 0, s.number("SELECT count(*) FROM payment_session WHERE session_id IS NOT NULL"))
		})
	}
}

func TestOpenSessionTakesTaxThatStripeCounts(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"on top":    `{"id":"cs_test_x","url":"https://pay","currency":"usd","amount_subtotal":1199,"amount_total":1298,"total_details":{"amount_tax":99}}`,
		"inclusive": `{"id":"cs_test_x","url":"https://pay","currency":"usd","amount_subtotal":1199,"amount_total":1199,"total_details":{"amount_tax":99}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			s.stripe.Fail(http.MethodPost, openPath, http.StatusOK, answer, false)
			opened, err := s.client.OpenSession(t.Context(), aCheckout("ref-1"))
			require.NoError(t, err)
			require.Equal(t, "cs_test_x", opened.GetSessionId())
		})
	}
}

func TestOpenSessionRefusesNonsenseBeforeAskingStripe(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	line := func(amount int64, quantity int32) *paymentv1.SessionLine {
		return &paymentv1.SessionLine{Name: "x", UnitAmountMinor: amount, Quantity: quantity}
	}
	for name, change := range map[string]func(*paymentv1.OpenSessionRequest){
		"no reference":      func(r *paymentv1.OpenSessionRequest) { r.Reference = "" },
		"long reference":    func(r *paymentv1.OpenSessionRequest) { r.Reference = fmt.Sprintf("%0201d", 1) },
		"NUL in reference":  func(r *paymentv1.OpenSessionRequest) { r.Reference = "a\x00b" },
		"currency":          func(r *paymentv1.OpenSessionRequest) { r.Currency = "USD" },
		"no lines":          func(r *paymentv1.OpenSessionRequest) { r.Lines, r.ExpectedTotalMinor = nil, 0 },
		"too many lines":    func(r *paymentv1.OpenSessionRequest) { r.Lines = make([]*paymentv1.SessionLine, 101) },
		"other sum":         func(r *paymentv1.OpenSessionRequest) { r.ExpectedTotalMinor++ },
		"negative amount":   func(r *paymentv1.OpenSessionRequest) { r.Lines = []*paymentv1.SessionLine{line(-1199, 1)} },
		"negative quantity": func(r *paymentv1.OpenSessionRequest) { r.Lines = []*paymentv1.SessionLine{line(1199, -1)} },
		"overflowing sum": func(r *paymentv1.OpenSessionRequest) {
			r.Lines = []*paymentv1.SessionLine{line(99_999_999, 2147483647), line(99_999_999, 2147483647)}
		},
	} {
		checkout := aCheckout("ref-1")
		change(checkout)
		_, err := s.client.OpenSession(t.Context(), checkout)
		require.Equal(t, fault.Invalid, fault.KindOf(err), "%s: %v", name, err)
	}
	require.Empty(t, s.stripe.Requests())
	require.Equal(t, 0, s.number("SELECT count(*) FROM payment_session"))
}
