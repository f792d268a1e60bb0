package idempotency_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	_ "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/idempotency"
	"github.com/bartgottschalk/startupwebapp/gateway/routes"
	"github.com/bartgottschalk/startupwebapp/gateway/shopper"
	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
	"github.com/bartgottschalk/startupwebapp/gateway/web"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const (
	secret   = "a-secret-key-of-tests"
	token    = "abcdefghijklmnopqrstuvwxyzABCDEF"
	page     = "http://localhost:8080"
	formType = "application/x-www-form-urlencoded"

	session     = "abcdefghij0123456789abcdefghij01"
	deadSession = "zzzzzzzzzz0123456789abcdefghij01"

	pay    = "/order/create-checkout-session"
	lookUp = "/order/anonymous-email-address-payment-lookup"

	success = `{"create_checkout_session":"success","session_id":"cs_1","order-api-version":"0.0.1"}`
)

func clock() time.Time { return time.Unix(1700000000, 0) }

func cartCookie(id string) string {
	return "an_ct=" + signing.NewCookieSigner(signing.Key{Secret: secret}, "an_ct", "anonymouscartcookieisthis", clock).Sign(id)
}

// entry is what the stand-in for the order service knows of a key.
type entry struct {
	fingerprint string
	claim       string
	answer      *orderv1.KeptAnswer
}

// shop is the front door, the guard, and stand-ins for what is behind them.
type shop struct {
	t    *testing.T
	door http.Handler
	logs *strings.Builder

	mu     sync.Mutex
	known  map[string]entry
	fails  map[string]error // by call
	asked  []string
	done   int // requests that reached the handlers
	answer func(w http.ResponseWriter, r *http.Request)
}

func open(t *testing.T) *shop {
	t.Helper()
	text, err := os.ReadFile("../routes.yaml")
	require.NoError(t, err)
	table, err := routes.Read(text)
	require.NoError(t, err)
	s := &shop{t: t, logs: &strings.Builder{}, known: map[string]entry{}, fails: map[string]error{}}
	guard := idempotency.New(idempotency.Peers{Store: store{s}, Finder: shopper.NewFinder(sessions{shop: s}), Logger: slog.New(slog.NewTextHandler(s.logs, nil))}, http.HandlerFunc(s.handle))
	visitors := visitor.NewPolicy(visitor.Settings{Key: signing.Key{Secret: secret}}, clock)
	s.door = web.New(web.Settings{AllowedHosts: []string{"localhost"}, AllowedOrigins: []string{page}, Deadline: 5 * time.Second},
		table, visitors, web.Rooms{Health: http.NotFoundHandler(), API: guard}, telemetry.Silent())
	return s
}

// handle stands for the handlers: like them it sends cookies and fails by web.Fail.
func (s *shop) handle(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.done++
	answer := s.answer
	s.mu.Unlock()
	if answer != nil {
		answer(w, r)
		return
	}
	say(success)(w, r)
}

func say(body string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		guest := visitor.From(r.Context())
		guest.SendCSRF()
		guest.WriteHeaders(w.Header())
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(body))
	}
}

func failing(err error) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { web.Fail(w, err) }
}

type store struct{ *shop }

func (s store) hear(call string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, call)
	return s.fails[call]
}

func name(key *orderv1.RequestKey) string {
	return key.GetOwner() + " " + key.GetOperation() + " " + key.GetKey()
}

func (s store) BeginRequest(ctx context.Context, request *orderv1.BeginRequestRequest, _ ...grpc.CallOption) (*orderv1.BeginRequestResponse, error) {
	require.Len(s.t, request.GetKey().GetOwner(), 64, "a digest and nothing readable")
	require.Len(s.t, request.GetFingerprint(), 32)
	s.requireDeadline(ctx)
	if err := s.hear("begin"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.known[name(request.GetKey())]
	switch {
	case !ok:
		s.known[name(request.GetKey())] = entry{fingerprint: string(request.GetFingerprint()), claim: "claim"}
		return &orderv1.BeginRequestResponse{Claim: "claim"}, nil
	case found.fingerprint != string(request.GetFingerprint()):
		return nil, fault.New(fault.Conflict, "idempotency-key-reused", "")
	case found.answer == nil:
		return nil, fault.New(fault.Conflict, "idempotency-key-in-use", "").After(1500 * time.Millisecond)
	}
	return &orderv1.BeginRequestResponse{Answer: found.answer}, nil
}

func (s store) FinishRequest(ctx context.Context, request *orderv1.FinishRequestRequest, _ ...grpc.CallOption) (*orderv1.FinishRequestResponse, error) {
	s.requireDeadline(ctx)
	if err := s.hear("finish"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.known[name(request.GetKey())]
	require.Equal(s.t, found.claim, request.GetClaim())
	found.answer = request.GetAnswer()
	s.known[name(request.GetKey())] = found
	return &orderv1.FinishRequestResponse{}, nil
}

func (s store) AbandonRequest(ctx context.Context, request *orderv1.AbandonRequestRequest, _ ...grpc.CallOption) (*orderv1.AbandonRequestResponse, error) {
	s.requireDeadline(ctx)
	if err := s.hear("abandon"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	require.Equal(s.t, s.known[name(request.GetKey())].claim, request.GetClaim())
	delete(s.known, name(request.GetKey()))
	return &orderv1.AbandonRequestResponse{}, nil
}

// requireDeadline: the store may hang, and a key is settled also for a client that is gone.
func (s store) requireDeadline(ctx context.Context) {
	until, ok := ctx.Deadline()
	require.True(s.t, ok)
	require.LessOrEqual(s.t, time.Until(until), 3*time.Second)
	require.NoError(s.t, ctx.Err())
}

type sessions struct {
	userv1.SessionServiceClient
	shop *shop
}

func (s sessions) ResolveSession(_ context.Context, request *userv1.ResolveSessionRequest, _ ...grpc.CallOption) (*userv1.ResolveSessionResponse, error) {
	if err := (store{s.shop}).hear("session"); err != nil {
		return nil, err
	}
	if request.GetToken() != session {
		return nil, fault.New(fault.Unauthenticated, "session-unknown", "")
	}
	return &userv1.ResolveSessionResponse{Account: &userv1.Account{AccountId: 7}}, nil
}

// request is one POST of a page; headers are name, value, ... A header that is set to "-" is left out.
func (s *shop) request(path, body string, headers ...string) *http.Request {
	request := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	request.Host = "localhost:8000"
	for name, value := range map[string]string{"Origin": page, "Cookie": "csrftoken=" + token, "X-Csrftoken": token, "Content-Type": formType} {
		request.Header.Set(name, value)
	}
	for i := 0; i < len(headers); i += 2 {
		switch {
		case headers[i+1] == "-":
			request.Header.Del(headers[i])
		case headers[i] == "Cookie":
			request.Header.Set("Cookie", "csrftoken="+token+"; "+headers[i+1])
		default:
			request.Header.Set(headers[i], headers[i+1])
		}
	}
	return request
}

func (s *shop) send(request *http.Request) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	s.door.ServeHTTP(recorder, request)
	return recorder
}

// post sends a form under a key.
func (s *shop) post(path, key, body string, headers ...string) *httptest.ResponseRecorder {
	return s.send(s.request(path, body, append([]string{"Idempotency-Key", key}, headers...)...))
}

func (s *shop) requireDone(times int) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	require.Equal(s.t, times, s.done)
}

func requireReplay(t *testing.T, first, again *httptest.ResponseRecorder) {
	t.Helper()
	require.Equal(t, "true", again.Header().Get("Idempotent-Replayed"))
	require.Empty(t, first.Header().Get("Idempotent-Replayed"))
	require.Equal(t, first.Code, again.Code)
	require.Equal(t, first.Header().Get("Content-Type"), again.Header().Get("Content-Type"))
	require.Equal(t, first.Body.Bytes(), again.Body.Bytes())
	require.Contains(t, again.Header().Values("Cache-Control"), "private, no-store")
}

func requireRefusal(t *testing.T, got *httptest.ResponseRecorder, status int, code string) {
	t.Helper()
	require.Equal(t, status, got.Code)
	require.Equal(t, "application/json", got.Header().Get("Content-Type"))
	require.JSONEq(t, `{"error":"`+code+`","order-api-version":"0.0.1"}`, got.Body.String())
	require.Equal(t, page, got.Header().Get("Access-Control-Allow-Origin"))
	require.Contains(t, got.Header().Get("Access-Control-Expose-Headers"), "Retry-After")
	require.Empty(t, got.Header().Get("Idempotent-Replayed"))
}
