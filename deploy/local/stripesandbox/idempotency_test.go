package stripesandbox_test

import (
	"errors"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"
)

func withKey(key string) func(*stripe.CheckoutSessionParams) {
	return func(params *stripe.CheckoutSessionParams) { params.SetIdempotencyKey(key) }
}

func (w *world) fail(pairs ...string) {
	w.t.Helper()
	form := url.Values{}
	for place := 0; place < len(pairs); place += 2 {
		form.Set(pairs[place], pairs[place+1])
	}
	given := w.do(http.MethodPost, "/sandbox/fail", form)
	require.Equal(w.t, http.StatusOK, given.status, given.body)
}

func (w *world) sessionCount() int {
	w.t.Helper()
	count := 0
	for list := w.stripe.CheckoutSessions.List(&stripe.CheckoutSessionListParams{}); list.Next(); {
		count++
	}
	return count
}

func TestAKeyMakesOneSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.newSession(withKey("attempt-1"))
	again := w.newSession(withKey("attempt-1"))
	require.Equal(t, first.ID, again.ID)
	require.Equal(t, "true", again.LastResponse.Header.Get("Idempotent-Replayed"))
	require.NotEqual(t, first.LastResponse.RequestID, again.LastResponse.RequestID)
	w.restart()
	require.Equal(t, first.ID, w.newSession(withKey("attempt-1")).ID, "kept over a restart")

	other := order()
	other.SetIdempotencyKey("attempt-1")
	other.ClientReferenceID = stripe.String("another")
	_, err := w.stripe.CheckoutSessions.New(other)
	refused := stripeError(t, err)
	require.Equal(t, stripe.ErrorTypeIdempotency, refused.Type)
	require.Equal(t, http.StatusBadRequest, refused.HTTPStatusCode)
	require.Equal(t, 1, w.sessionCount())

	expire := &stripe.CheckoutSessionExpireParams{}
	expire.SetIdempotencyKey("expire-1")
	for range 2 { // the second is a replay, not the refusal of an expired session
		_, err := w.stripe.CheckoutSessions.Expire(first.ID, expire)
		require.NoError(t, err)
	}
	w.clock.forward(25 * time.Hour)
	require.NotEqual(t, first.ID, w.newSession(withKey("attempt-1")).ID, "forgotten after a day")
}

func TestARefusedFormDoesNotUseUpItsKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bad := order()
	bad.SetIdempotencyKey("attempt-1")
	bad.LineItems[0].Quantity = stripe.Int64(0)
	_, err := w.stripe.CheckoutSessions.New(bad)
	require.Equal(t, http.StatusBadRequest, stripeError(t, err).HTTPStatusCode)
	w.newSession(withKey("attempt-1"))
}

func TestAKeyInUseIsAConflict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var calls sync.WaitGroup
	var mutex sync.Mutex
	made := map[string]int{}
	conflicts := 0
	for range 20 {
		calls.Go(func() {
			params := order()
			params.SetIdempotencyKey("attempt-1")
			session, err := w.stripe.CheckoutSessions.New(params)
			mutex.Lock()
			defer mutex.Unlock()
			if err == nil {
				made[session.ID]++
				return
			}
			var refused *stripe.Error
			if errors.As(err, &refused) && refused.HTTPStatusCode == http.StatusConflict {
				conflicts++
				return
			}
			t.Errorf("unexpected: %v", err)
		})
	}
	calls.Wait()
	require.Len(t, made, 1)
	require.Equal(t, 1, w.sessionCount())
	t.Logf("%d conflicts", conflicts)
}

func TestCallsFailOnRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fail("path", "/v1/checkout/sessions", "status", "503", "times", "2")
	for range 2 {
		_, err := w.stripe.CheckoutSessions.New(order())
		require.Equal(t, http.StatusServiceUnavailable, stripeError(t, err).HTTPStatusCode)
	}
	made := w.newSession()
	require.Equal(t, 1, w.sessionCount())

	w.fail("path", "/v1/checkout/sessions/*/expire", "status", "429", "method", "post")
	require.NotNil(t, w.session(made.ID))
	_, err := w.stripe.CheckoutSessions.Expire(made.ID, nil)
	require.Equal(t, http.StatusTooManyRequests, stripeError(t, err).HTTPStatusCode)

	w.fail("path", "/v1", "status", "500", "times", "1000")
	require.Len(t, w.rows("/sandbox/fail"), 1)
	require.Equal(t, http.StatusOK, w.do(http.MethodDelete, "/sandbox/fail", nil).status)
	require.NotNil(t, w.session(made.ID))
	for _, bad := range []url.Values{
		{"path": {"/v1"}}, {"path": {"/pay"}, "status": {"500"}}, {"path": {"/v1"}, "status": {"200"}}, {"path": {"/v1"}, "status": {"x"}},
		{"path": {"/v1"}, "status": {"500"}, "times": {"0"}}, {"path": {"/v1[*"}, "status": {"500"}}, {"path": {"/v1"}, "delay": {"long"}},
	} {
		require.Equal(t, http.StatusBadRequest, w.do(http.MethodPost, "/sandbox/fail", bad).status, bad)
	}
}

func TestAnAnswerMayBeLostAfterTheCallWasCarriedOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for key, status := range map[string]string{"lost-500": "500", "lost-line": "0"} {
		before := w.sessionCount()
		w.fail("path", "/v1/checkout/sessions", "status", status, "after", "true")
		params := order()
		params.SetIdempotencyKey(key)
		_, err := w.stripe.CheckoutSessions.New(params)
		if status != "0" { // after a cut, net/http may by itself repeat a request that has a key
			require.Error(t, err)
		}
		made := w.newSession(withKey(key))
		require.NotEmpty(t, made.ID)
		require.Equal(t, before+1, w.sessionCount(), "the second call got the session of the first")
	}
	require.Contains(t, w.do(http.MethodGet, "/sandbox/requests", nil).body, `"status": 0`)
}

func TestACallMayTakeLonger(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fail("path", "/v1/checkout/sessions", "delay", "150ms")
	began := time.Now()
	w.newSession()
	require.GreaterOrEqual(t, time.Since(began), 150*time.Millisecond)
	require.Empty(t, w.rows("/sandbox/fail"))
}

func TestRequestsAreLogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.newSession(withKey("attempt-1"))
	logged := w.rows("/sandbox/requests")
	require.Len(t, logged, 1)
	require.Equal(t, "attempt-1", logged[0]["idempotency_key"])
	require.Equal(t, "2023-10-16", logged[0]["version"])
	require.EqualValues(t, 200, logged[0]["status"])
	require.Equal(t, []any{"checkout-1"}, logged[0]["form"].(map[string]any)["client_reference_id"])
	require.Equal(t, http.StatusOK, w.do(http.MethodDelete, "/sandbox/requests", nil).status)
	require.Empty(t, w.rows("/sandbox/requests"))
}
