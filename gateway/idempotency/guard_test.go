package idempotency_test

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/gateway/routes"
	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

const terms = "agree_to_terms_of_sale=true&newsletter=false"

func TestARepeatedRequestIsDoneOnce(t *testing.T) {
	t.Parallel()
	for _, path := range []string{pay, lookUp} {
		s := open(t)
		first := s.post(path, "key-1", terms)
		require.Equal(t, http.StatusOK, first.Code)
		require.JSONEq(t, success, first.Body.String())
		require.NotEmpty(t, first.Header()["Set-Cookie"])
		again := s.post(path, "key-1", terms)
		requireReplay(t, first, again)
		require.Empty(t, again.Header()["Set-Cookie"], "cookies are the first visit's alone")
		require.Equal(t, "Idempotent-Replayed, Retry-After", again.Header().Get("Access-Control-Expose-Headers"))
		require.Equal(t, page, again.Header().Get("Access-Control-Allow-Origin"))
		s.requireDone(1)
		s.post(path, "key-2", terms)
		s.requireDone(2)
	}
}

// Old pages send no key: for them nothing is different and nobody is asked.
func TestWithoutAKeyNothingIsDifferent(t *testing.T) {
	t.Parallel()
	s := open(t)
	for range 2 {
		got := s.send(s.request(pay, terms, "Cookie", "sessionid="+session))
		require.JSONEq(t, success, got.Body.String())
		require.Empty(t, got.Header().Get("Access-Control-Expose-Headers"))
	}
	s.requireDone(2)
	require.Empty(t, s.asked)
}

func TestOtherPathsTakeNoNoticeOfAKey(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, path := range []string{"/order/cart-add-product-sku", "/order/cart-delete-cart", "/user/login", "/order/stripe-webhook"} {
		for range 2 {
			require.Equal(t, http.StatusOK, s.post(path, "", "a=b").Code)
		}
	}
	s.requireDone(8)
	require.Empty(t, s.asked)
}

// What is guarded is posted to, and leads to a handler: a path that was renamed would lose its guard silently.
func TestGuardedPathsExist(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../routes.yaml")
	require.NoError(t, err)
	table, err := routes.Read(text)
	require.NoError(t, err)
	for _, path := range []string{pay, lookUp} {
		require.NotNil(t, table.Find(path))
		require.Equal(t, http.MethodPost, table.Find(path).Method)
	}
}

func TestAKeyIsForOneContent(t *testing.T) {
	t.Parallel()
	s := open(t)
	first := s.post(pay, "k", terms)
	for _, other := range []string{"", terms + "&newsletter=true", terms + "&unknown=", "agree_to_terms_of_sale=true", "agree_to_terms_of_sale=true&newslette=rfalse"} {
		requireRefusal(t, s.post(pay, "k", other), http.StatusUnprocessableEntity, "idempotency-key-reused")
	}
	requireReplay(t, first, s.post(pay, "k", terms))
	require.Equal(t, http.StatusOK, s.post(lookUp, "k", "").Code, "another path is another operation")
	s.requireDone(2)
}

// The same form is the same request however it was packed: other order, other escapes, a fresh token, another boundary.
func TestTheSameFormInAnotherWrapping(t *testing.T) {
	t.Parallel()
	s := open(t)
	first := s.post(pay, "k", terms)
	requireReplay(t, first, s.post(pay, "k", "newsletter=%66alse&agree_to_terms_of_sale=true"))
	requireReplay(t, first, s.post(pay, "k", terms+"&csrfmiddlewaretoken="+token, "X-Csrftoken", "-"))
	for range 2 {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		require.NoError(t, form.WriteField("agree_to_terms_of_sale", "true"))
		require.NoError(t, form.WriteField("newsletter", "false"))
		require.NoError(t, form.Close())
		requireReplay(t, first, s.post(pay, "k", body.String(), "Content-Type", form.FormDataContentType()))
	}
	s.requireDone(1)
}

// Who asks is an account, else a signed cart, else the browser; a forged cookie is nobody's.
func TestNobodyGetsTheAnswerOfSomebodyElse(t *testing.T) {
	t.Parallel()
	s := open(t)
	cart, other := cartCookie("abcdefghij0123456789"), cartCookie("zyxwvutsrq0123456789")
	forged := strings.Replace(cart, "abcdefghij", "abcdefghik", 1)
	const elsewhere = "ABCDEFabcdefghijklmnopqrstuvwxyz"
	browser := []string{"Cookie", "csrftoken=" + elsewhere, "X-Csrftoken", elsewhere} // the last cookie of a name counts
	for i, who := range [][]string{
		{"Cookie", "sessionid=" + session}, {"Cookie", cart}, {"Cookie", other}, {}, browser,
	} {
		first := s.post(pay, "k", terms, who...)
		s.requireDone(i + 1)
		requireReplay(t, first, s.post(pay, "k", terms, who...))
		s.requireDone(i + 1)
	}
	s.post(pay, "k", terms, "Cookie", "sessionid="+session+"; "+cart)
	s.post(pay, "k", terms, "Cookie", forged)
	s.post(pay, "k", terms, "Cookie", "sessionid=forged")
	s.requireDone(5) // the account's, and twice this browser's
	require.Len(t, s.known, 5)
}

// A session that has ended says so with a replayed answer, too.
func TestADeadSessionIsForgotten(t *testing.T) {
	t.Parallel()
	s := open(t)
	for range 2 {
		got := s.post(pay, "k", terms, "Cookie", "sessionid="+deadSession)
		require.Contains(t, strings.Join(got.Header()["Set-Cookie"], "\n"), `sessionid=""`)
	}
	s.requireDone(1)
}

func TestMalformedKeys(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, key := range []string{"", " ", "a b", "é", "\x7f", "a\tb", "\xff", strings.Repeat("k", 256)} {
		requireRefusal(t, s.post(pay, key, terms), http.StatusBadRequest, "idempotency-key-invalid")
	}
	twice := s.request(pay, terms)
	twice.Header["Idempotency-Key"] = []string{"a", "a"}
	requireRefusal(t, s.send(twice), http.StatusBadRequest, "idempotency-key-invalid")
	s.requireDone(0)
	require.Empty(t, s.asked)
	require.Equal(t, http.StatusOK, s.post(pay, `"`+strings.Repeat("~", 253)+`!`, terms).Code)
}

func TestWhileTheFirstIsUnderWay(t *testing.T) {
	t.Parallel()
	s := open(t)
	entered, leave := make(chan struct{}), make(chan struct{})
	s.answer = func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-leave
		say(success)(w, r)
	}
	firsts := make(chan *httptest.ResponseRecorder, 1)
	go func() { firsts <- s.post(pay, "k", terms) }()
	<-entered
	second := s.post(pay, "k", terms)
	requireRefusal(t, second, http.StatusConflict, "idempotency-key-in-use")
	require.Equal(t, "2", second.Header().Get("Retry-After"), "whole seconds, rounded up")
	requireRefusal(t, s.post(pay, "k", ""), http.StatusUnprocessableEntity, "idempotency-key-reused")
	close(leave)
	requireReplay(t, <-firsts, s.post(pay, "k", terms))
	s.requireDone(1)
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	codes := make([]int, 50)
	var all sync.WaitGroup
	for i := range codes {
		all.Go(func() { codes[i] = s.post(pay, "k", terms).Code })
	}
	all.Wait()
	s.requireDone(1)
	for _, code := range codes {
		require.Contains(t, []int{http.StatusOK, http.StatusConflict}, code)
	}
	require.Contains(t, codes, http.StatusOK)
}

// What another try may change is not kept.
func TestPassingAnswersAreNotKept(t *testing.T) {
	t.Parallel()
	refused := func(code string) func(http.ResponseWriter, *http.Request) {
		return say(`{"create_checkout_session":"error","errors":{"error":"` + code + `","description":"Sorry."}}`)
	}
	for name, c := range map[string]struct {
		path   string
		answer func(http.ResponseWriter, *http.Request)
		status int
	}{
		"stripe away":       {pay, refused("stripe-error"), 200},
		"unexpected":        {pay, refused("unexpected-error"), 200},
		"sold out":          {pay, refused("sku-not-available"), 200},
		"code used up":      {pay, refused("discount-code-not-available"), 200},
		"shipping off":      {pay, refused("shipping-method-not-available"), 200},
		"empty cart":        {pay, refused("cart-is-empty"), 200},
		"no cart":           {pay, refused("cart-not-found"), 200},
		"shop closed":       {pay, refused("checkout-not-allowed"), 200},
		"closed, looked up": {lookUp, say(`{"checkout_allowed":false}`), 200},
		"a member":          {lookUp, say(`{"errors":{"error":"email-address-is-associated-with-member","description":"<a>"}}`), 200},
		"a code of later":   {pay, refused("something-new"), 200},
		"empty":             {pay, func(http.ResponseWriter, *http.Request) {}, 200},
		"no outcome":        {pay, say(`{"errors":null}`), 200},
		"a limit in words":  {lookUp, refused("anonymous-email-address-required"), 200},
		"a limit":           {pay, failing(fault.New(fault.RateLimited, "rate-limited", "")), 403},
		"a service is away": {pay, failing(fault.New(fault.Unavailable, "unavailable", "")), 503},
		"too slow":          {pay, failing(fault.New(fault.DeadlineExceeded, "deadline-exceeded", "")), 503},
		"a defect":          {pay, failing(fault.New(fault.Internal, "internal", "")), 500},
		"not now":           {pay, failing(fault.New(fault.FailedPrecondition, "not-now", "")), 409},
		"unreadable":        {pay, failing(fault.New(fault.Invalid, "unreadable", "")), 400},
		"a panic":           {pay, func(http.ResponseWriter, *http.Request) { panic("defect") }, 500},
		"too large":         {pay, say(sized(16<<10 + 1)), 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			s.answer = c.answer
			failed := s.post(c.path, "k", terms)
			require.Equal(t, c.status, failed.Code)
			require.Empty(t, s.known)
			s.answer = nil
			first := s.post(c.path, "k", terms)
			require.JSONEq(t, success, first.Body.String())
			requireReplay(t, first, s.post(c.path, "k", terms))
			s.requireDone(2)
			require.Equal(t, []string{"begin", "abandon", "begin", "finish", "begin"}, s.asked)
		})
	}
}

// sized is a success of so many bytes.
func sized(bytes int) string {
	const head, tail = `{"create_checkout_session":"success","x":"`, `"}`
	return head + strings.Repeat("x", bytes-len(head)-len(tail)) + tail
}

// What the form itself lacks is an answer.
func TestFinalAnswersAreKept(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		path   string
		answer func(http.ResponseWriter, *http.Request)
	}{
		"no terms":     {pay, say(`{"create_checkout_session":"error","errors":{"error":"agree-to-terms-of-sale-required"}}`)},
		"not agreed":   {pay, say(`{"create_checkout_session":"error","errors":{"error":"agree-to-terms-of-sale-must-be-checked"}}`)},
		"no address":   {pay, say(`{"create_checkout_session":"error","errors":{"error":"anonymous-email-address-required"}}`)},
		"just so much": {pay, say(sized(16 << 10))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			s.answer = c.answer
			first, again := s.post(c.path, "k", terms), s.post(c.path, "k", terms)
			s.requireDone(1)
			require.Equal(t, "true", again.Header().Get("Idempotent-Replayed"))
			require.Equal(t, first.Code, again.Code)
			require.Equal(t, first.Body.String(), again.Body.String())
		})
	}
}

// What the front door refuses never reaches the guard.
func TestRefusalsOfTheDoorAreNotKept(t *testing.T) {
	t.Parallel()
	s := open(t)
	require.Equal(t, http.StatusForbidden, s.post(pay, "k", terms, "X-Csrftoken", "-").Code)
	require.Equal(t, http.StatusForbidden, s.post(pay, "k", terms, "Origin", "https://evil.example").Code)
	require.Equal(t, http.StatusBadRequest, s.post(pay, "k", strings.Repeat("a=b&", 2000)).Code)
	put := s.request(pay, terms, "Idempotency-Key", "k")
	put.Method = http.MethodPut
	require.Equal(t, http.StatusMethodNotAllowed, s.send(put).Code)
	require.Empty(t, s.asked)
	require.JSONEq(t, success, s.post(pay, "k", terms).Body.String())
}

// Without the store nobody knows whether the request was done before: it is not done.
func TestWhileTheStoreIsAway(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, failure := range []error{fault.New(fault.Unavailable, "unavailable", ""), fault.New(fault.DeadlineExceeded, "deadline-exceeded", "")} {
		s.fails["begin"] = failure
		got := s.post(pay, "k", terms)
		require.Equal(t, http.StatusServiceUnavailable, got.Code)
		require.Equal(t, "1", got.Header().Get("Retry-After"))
		s.requireDone(0)
	}
	require.Equal(t, http.StatusOK, s.send(s.request(pay, terms)).Code, "who sends no key does not need the store")
	delete(s.fails, "begin")
	s.fails["session"] = fault.New(fault.Unavailable, "unavailable", "")
	require.Equal(t, http.StatusServiceUnavailable, s.post(pay, "k", terms, "Cookie", "sessionid="+session).Code)
	s.requireDone(1)
}

func TestAnOwnerWithTooManyKeys(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.fails["begin"] = fault.New(fault.RateLimited, "idempotency-keys-used-up", "").After(90 * time.Second)
	got := s.post(pay, "k", terms)
	require.Equal(t, http.StatusForbidden, got.Code)
	require.Equal(t, "90", got.Header().Get("Retry-After"))
	s.requireDone(0)
}

// The store dies while the request is done: the customer gets the answer, and the key is still held, so that a repetition does
// not run at once.
func TestTheStoreDiesInBetween(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.fails["finish"] = fault.New(fault.Unavailable, "unavailable", "")
	require.JSONEq(t, success, s.post(pay, "a-private-key", terms).Body.String())
	requireRefusal(t, s.post(pay, "a-private-key", terms), http.StatusConflict, "idempotency-key-in-use")
	s.requireDone(1)
	require.Equal(t, []string{"begin", "finish", "begin"}, s.asked)
	require.Contains(t, s.logs.String(), "not kept")
	require.NotContains(t, s.logs.String(), "a-private-key")

	s.fails["abandon"] = fault.New(fault.Unavailable, "unavailable", "")
	s.answer = failing(fault.New(fault.Unavailable, "unavailable", ""))
	require.Equal(t, http.StatusServiceUnavailable, s.post(pay, "k2", terms).Code)
	require.Contains(t, s.logs.String(), "not given free")
}

// A client that hangs up leaves its answer behind: the key is settled with a context that is still alive (the stand-in for the
// store looks).
func TestAClientThatHangsUp(t *testing.T) {
	t.Parallel()
	s := open(t)
	ctx, hangUp := context.WithCancel(t.Context())
	s.answer = func(w http.ResponseWriter, r *http.Request) {
		hangUp()
		<-r.Context().Done()
		say(success)(w, r)
	}
	s.send(s.request(pay, terms, "Idempotency-Key", "k").WithContext(ctx))
	require.Equal(t, []string{"begin", "finish"}, s.asked)
	again := s.post(pay, "k", terms)
	require.Equal(t, "true", again.Header().Get("Idempotent-Replayed"))
	require.JSONEq(t, success, again.Body.String())
}

// The handlers find the visitor and the fields as without a guard.
func TestHandlersNoticeNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	cart, headers := "", 0
	s.answer = func(w http.ResponseWriter, r *http.Request) {
		cart, headers = visitor.From(r.Context()).AnonymousCartID(), len(r.Header)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusOK)
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte(`{"a":`))
		_, _ = w.Write([]byte(`1}`))
	}
	first := s.post(pay, "k", terms, "Cookie", cartCookie("abcdefghij0123456789"))
	require.Equal(t, http.StatusOK, first.Code)
	require.JSONEq(t, `{"a":1}`, first.Body.String())
	require.Equal(t, "abcdefghij0123456789", cart)
	require.Zero(t, headers)
	again := s.post(pay, "k", terms, "Cookie", cartCookie("abcdefghij0123456789"))
	require.Equal(t, first.Body.String(), again.Body.String())
	require.Equal(t, "application/json", again.Header().Get("Content-Type"))
}
