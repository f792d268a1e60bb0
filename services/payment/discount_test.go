package payment_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/payment/internal/fakestripe"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

const couponPath = "/v1/coupons"

// discounted is aCheckout with something taken off, for half an hour and a minute.
func discounted(reference string, discount int64) *paymentv1.OpenSessionRequest {
	checkout := aCheckout(reference)
	checkout.DiscountMinor, checkout.DiscountName, checkout.LifetimeSeconds = discount, "SAVE", 1860
	checkout.ExpectedTotalMinor -= discount
	return checkout
}

func oneRequest(t *testing.T, requests []fakestripe.Request) fakestripe.Request {
	t.Helper()
	require.Len(t, requests, 1)
	return requests[0]
}

func flat(t *testing.T, request fakestripe.Request) map[string]string {
	t.Helper()
	sent := map[string]string{}
	for name, values := range request.Form {
		require.Len(t, values, 1, name)
		sent[name] = values[0]
	}
	return sent
}

func TestADiscountIsAOneOffCoupon(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	opened, err := s.client.OpenSession(t.Context(), discounted("ref-1", 200))
	require.NoError(t, err)
	made := oneRequest(t, s.stripe.Asked(http.MethodPost, couponPath))
	require.Equal(t, "coupon/ref-1/1", made.IdempotencyKey)
	coupon := flat(t, made)
	require.NotEmpty(t, coupon["redeem_by"])
	delete(coupon, "redeem_by")
	require.Equal(t, map[string]string{
		"id": "ref-1-1", "amount_off": "200", "currency": "usd", "duration": "once", "max_redemptions": "1", "name": "SAVE",
		"metadata[shop]": "startupwebapp", "metadata[reference]": "ref-1",
	}, coupon)
	form := flat(t, oneRequest(t, s.stripe.Asked(http.MethodPost, openPath)))
	require.Equal(t, "ref-1-1", form["discounts[0][coupon]"])
	require.NotContains(t, form, "allow_promotion_codes", "Stripe takes one or the other")
	require.Equal(t, "350", form["line_items[0][price_data][unit_amount]"], "lines keep their prices")
	require.Equal(t, int64(999), s.stripe.Session(opened.GetSessionId())["amount_total"])

	read, err := s.client.GetSession(t.Context(), &paymentv1.GetSessionRequest{SessionId: opened.GetSessionId()})
	require.NoError(t, err)
	session := read.GetSession()
	require.Equal(t, []int64{1199, 200, 999}, []int64{session.GetSubtotalMinor(), session.GetDiscountMinor(), session.GetTotalMinor()})
	require.Len(t, session.GetDiscounts(), 1)
	want := &paymentv1.SessionDiscount{CouponId: "ref-1-1", Name: "SAVE", AmountMinor: 200}
	require.True(t, proto.Equal(want, session.GetDiscounts()[0]), "%v", session.GetDiscounts())
	require.WithinDuration(t, time.Now(), session.GetCreatedAt().AsTime(), time.Minute)
}

func TestADiscountMayTakeTheWholePrice(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	opened, err := s.client.OpenSession(t.Context(), discounted("ref-1", 1199))
	require.NoError(t, err)
	require.Equal(t, int64(0), s.stripe.Session(opened.GetSessionId())["amount_total"])
	require.Equal(t, 0, s.number("SELECT expected_total_minor FROM payment_session"))
}

func TestALongNameOfADiscountIsCut(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for reference, name := range map[string]string{"ref-long": strings.Repeat("ä", 60), "ref-none": ""} {
		checkout := discounted(reference, 1)
		checkout.DiscountName = name
		_, err := s.client.OpenSession(t.Context(), checkout)
		require.NoError(t, err)
	}
	names := []string{}
	for _, made := range s.stripe.Asked(http.MethodPost, couponPath) {
		names = append(names, made.Form.Get("name"))
	}
	require.ElementsMatch(t, []string{strings.Repeat("ä", 40), "Discount"}, names)
}

func TestADiscountedSessionAfterFaultsIsOneSession(t *testing.T) {
	t.Parallel()
	away := `{"error":{"type":"invalid_request_error","code":"rate_limit"}}`
	faults := map[string]func(*fakestripe.Stripe){
		"the coupon's answer is lost":          func(f *fakestripe.Stripe) { f.CutAnswers(1) },
		"the coupon's answer is lost twice":    func(f *fakestripe.Stripe) { f.CutAnswers(2) },
		"all answers of a call are lost":       func(f *fakestripe.Stripe) { f.CutAnswers(3) },
		"too many calls for the coupon":        func(f *fakestripe.Stripe) { f.Fail(http.MethodPost, couponPath, 429, away, false) },
		"too many calls for the session":       func(f *fakestripe.Stripe) { f.Fail(http.MethodPost, openPath, 429, away, false) },
		"Stripe fails at the coupon":           func(f *fakestripe.Stripe) { f.Fail(http.MethodPost, couponPath, 500, serverError, true) },
		"Stripe fails after making the coupon": func(f *fakestripe.Stripe) { f.FailAfter(http.MethodPost, couponPath, 500, serverError) },
		"Stripe fails at the session":          func(f *fakestripe.Stripe) { f.Fail(http.MethodPost, openPath, 500, serverError, true) },
		"another call with the coupon's key":   func(f *fakestripe.Stripe) { f.Fail(http.MethodPost, couponPath, 409, serverError, false) },
		"parameters of a deploy for the coupon": func(f *fakestripe.Stripe) {
			f.Fail(http.MethodPost, couponPath, 400, `{"error":{"type":"idempotency_error"}}`, true)
		},
	}
	for name, happen := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			happen(s.stripe)
			var opened *paymentv1.OpenSessionResponse
			for range 3 {
				var err error
				if opened, err = s.client.OpenSession(t.Context(), discounted("ref-1", 200)); err == nil {
					break
				}
				require.True(t, fault.HasReason(err, "stripe-unavailable"), "%v", err)
			}
			require.Equal(t, []string{opened.GetSessionId()}, s.stripe.SessionIDs())
			require.Equal(t, int64(999), s.stripe.Session(opened.GetSessionId())["amount_total"])
		})
	}
}

func TestACouponThatIsThereIsNotBelievedUnseen(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.stripe.CutAnswers(1)
	_, err := s.client.OpenSession(t.Context(), discounted("ref-1", 200)) // repeated by itself, found under its key
	require.NoError(t, err)

	s = newShop(t)
	s.stripe.CutAnswers(2)
	_, err = s.client.OpenSession(t.Context(), discounted("ref-1", 200))
	require.True(t, fault.HasReason(err, "stripe-unavailable"), "%v", err)
	s.stripe.ForgetKeys() // now Stripe says resource_already_exists
	_, err = s.client.OpenSession(t.Context(), discounted("ref-1", 200))
	require.NoError(t, err)
	require.Equal(t, []string{"ref-1-1"}, s.stripe.CouponIDs())

	other := newShop(t)
	other.stripe.Fail(http.MethodPost, couponPath, http.StatusOK, `{"id":"ref-1-1","amount_off":20000,"currency":"usd"}`, false)
	_, err = other.client.OpenSession(t.Context(), discounted("ref-1", 200))
	require.True(t, fault.HasReason(err, "stripe-refused"), "%v", err)
	require.Empty(t, other.stripe.Asked(http.MethodPost, openPath), "it is not even tried")
}

func TestDiscountsThatMakeNoSenseAreRefusedBeforeAskingStripe(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for name, change := range map[string]func(*paymentv1.OpenSessionRequest){
		"negative":           func(r *paymentv1.OpenSessionRequest) { r.DiscountMinor, r.ExpectedTotalMinor = -1, 1200 },
		"more than the sum":  func(r *paymentv1.OpenSessionRequest) { r.DiscountMinor, r.ExpectedTotalMinor = 1200, -1 },
		"not in the total":   func(r *paymentv1.OpenSessionRequest) { r.ExpectedTotalMinor = 1199 },
		"too short a life":   func(r *paymentv1.OpenSessionRequest) { r.LifetimeSeconds = 1859 },
		"too long a life":    func(r *paymentv1.OpenSessionRequest) { r.LifetimeSeconds = 24 * 60 * 60 },
		"a life before time": func(r *paymentv1.OpenSessionRequest) { r.LifetimeSeconds = -1 },
	} {
		checkout := discounted("ref-1", 200)
		change(checkout)
		_, err := s.client.OpenSession(t.Context(), checkout)
		require.True(t, fault.HasReason(err, "invalid-request"), "%s: %v", name, err)
	}
	require.Empty(t, s.stripe.Requests())
}

func TestTheSameReferenceWithAnotherDiscountOrLifeIsRefused(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	_, err := s.client.OpenSession(t.Context(), discounted("ref-1", 200))
	require.NoError(t, err)
	for name, change := range map[string]func(*paymentv1.OpenSessionRequest){
		"discount": func(r *paymentv1.OpenSessionRequest) { r.DiscountMinor, r.ExpectedTotalMinor = 100, 1099 },
		"name":     func(r *paymentv1.OpenSessionRequest) { r.DiscountName = "OTHER" },
		"life":     func(r *paymentv1.OpenSessionRequest) { r.LifetimeSeconds = 3600 },
		"none":     func(r *paymentv1.OpenSessionRequest) { r.DiscountMinor, r.ExpectedTotalMinor = 0, 1199 },
	} {
		checkout := discounted("ref-1", 200)
		change(checkout)
		_, err := s.client.OpenSession(t.Context(), checkout)
		require.True(t, fault.HasReason(err, "reference-reused"), "%s: %v", name, err)
	}
}

func TestASessionEndsWhenItsAttemptSays(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.stripe.Fail(http.MethodPost, openPath, http.StatusTooManyRequests, serverError, false)
	_, err := s.client.OpenSession(t.Context(), discounted("ref-1", 200))
	require.Error(t, err)
	time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second))) // another second, so that another moment would show
	began := s.number("SELECT floor(extract(epoch FROM attempt_began_at))::bigint FROM payment_session")
	opened, err := s.client.OpenSession(t.Context(), discounted("ref-1", 200))
	require.NoError(t, err)
	require.Equal(t, int64(began)+1860, opened.GetExpiresAt().GetSeconds())
	require.Len(t, s.stripe.Asked(http.MethodPost, openPath), 2)
	for _, asked := range s.stripe.Asked(http.MethodPost, openPath) {
		require.Equal(t, "session/ref-1/1", asked.IdempotencyKey)
		require.Equal(t, s.stripe.Asked(http.MethodPost, openPath)[0].Form, asked.Form, "the same key, so the same parameters")
	}
	require.Len(t, s.stripe.SessionIDs(), 1)
}

func TestAnAttemptThatIsTooOldIsFollowedByAnother(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.stripe.Fail(http.MethodPost, couponPath, http.StatusTooManyRequests, serverError, false)
	_, err := s.client.OpenSession(t.Context(), discounted("ref-1", 200))
	require.Error(t, err)
	_, err = s.db.Exec(t.Context(), "UPDATE payment_session SET attempt_began_at = now() - interval '46 seconds'")
	require.NoError(t, err)
	other, _ := s.start()
	var calls sync.WaitGroup
	ids, failures := make([]string, 10), make([]error, 10)
	for n := range ids {
		client := []paymentv1.PaymentServiceClient{s.client, other}[n%2]
		calls.Go(func() {
			opened, err := client.OpenSession(t.Context(), discounted("ref-1", 200))
			ids[n], failures[n] = opened.GetSessionId(), err
		})
	}
	calls.Wait()
	for n := range ids {
		require.NoError(t, failures[n])
		require.Equal(t, ids[0], ids[n])
	}
	require.Equal(t, 2, s.number("SELECT attempt FROM payment_session"), "at once, and still one attempt")
	require.Equal(t, []string{"ref-1-2"}, s.stripe.CouponIDs())
	require.Len(t, s.stripe.SessionIDs(), 1)
	end := time.Unix(int64(s.number("SELECT extract(epoch FROM expires_at)::bigint FROM payment_session")), 0)
	require.WithinDuration(t, time.Now().Add(31*time.Minute), end, 30*time.Second)
}

func TestAnAttemptWithoutALifeDoesNotAge(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.stripe.CutAnswers(2)
	_, err := s.client.OpenSession(t.Context(), aCheckout("ref-1"))
	require.Error(t, err)
	_, err = s.db.Exec(t.Context(), "UPDATE payment_session SET attempt_began_at = now() - interval '1 hour'")
	require.NoError(t, err)
	_, err = s.client.OpenSession(t.Context(), aCheckout("ref-1"))
	require.NoError(t, err)
	require.Len(t, s.stripe.SessionIDs(), 1)
}

func TestADiscountedSessionWithOtherSumsIsDiscarded(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"nothing taken off":        `{"id":"cs_test_x","url":"https://pay","currency":"usd","amount_subtotal":1199,"amount_total":1199}`,
		"lines already discounted": `{"id":"cs_test_x","url":"https://pay","currency":"usd","amount_subtotal":999,"amount_total":999}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			s.stripe.Change("cs_test_x", map[string]any{"status": "open"})
			s.stripe.Fail(http.MethodPost, openPath, http.StatusOK, answer, false)
			_, err := s.client.OpenSession(t.Context(), discounted("ref-1", 200))
			require.True(t, fault.HasReason(err, "stripe-refused"), "%v", err)
			require.Equal(t, "expired", s.stripe.Session("cs_test_x")["status"])

			corrected, err := s.client.OpenSession(t.Context(), discounted("ref-1", 300))
			require.NoError(t, err)
			require.Equal(t, int64(899), s.stripe.Session(corrected.GetSessionId())["amount_total"], "with a coupon of its own")
		})
	}
}
