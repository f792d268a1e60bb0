package payment_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/payment/internal/fakestripe"
)

// TestStripesOwnMockAcceptsAllOurRequests: what fakestripe takes is our own opinion of Stripe's API. stripe-mock checks
// requests against Stripe's published description of it, of the newest version: nothing that we send is outdated either.
func TestStripesOwnMockAcceptsAllOurRequests(t *testing.T) {
	t.Parallel()
	mock := startStripeMock(t)
	requests := requestsOfAllKinds(t)
	kinds := map[string]bool{}
	for _, each := range requests {
		status, answer := mock.replay(t, each)
		require.Equal(t, http.StatusOK, status, "%s %s %v %v: %s", each.Method, each.Path, each.Query, each.Form, answer)
		kinds[each.Method+" "+withoutIDs(each.Path)] = true
	}
	require.Equal(t, map[string]bool{
		"POST /v1/coupons": true, "GET /v1/coupons/*": true, "POST /v1/checkout/sessions": true, "GET /v1/checkout/sessions": true,
		"GET /v1/checkout/sessions/*": true, "POST /v1/checkout/sessions/*/expire": true, "POST /v1/refunds": true, "GET /v1/refunds": true,
		"GET /v1/refunds/*": true, "GET /v1/disputes/*": true, "GET /v1/events": true, "GET /v1/events/*": true,
	}, kinds, "the service asks for all of this")
	for name, spoilt := range map[string]fakestripe.Request{
		"a parameter that Stripe does not have": {Method: http.MethodPost, Path: refundPath, Form: url.Values{"paymentintent": {"pi_1"}}},
		"a value that Stripe does not have":     {Method: http.MethodPost, Path: openPath, Form: url.Values{"mode": {"gift"}}},
		"a filter that Stripe does not have":    {Method: http.MethodGet, Path: "/v1/events", Query: url.Values{"delivered": {"false"}}},
		"an amount that is none":                {Method: http.MethodPost, Path: refundPath, Form: url.Values{"payment_intent": {"pi_1"}, "amount": {"much"}}},
	} {
		status, _ := mock.replay(t, spoilt)
		require.Equal(t, http.StatusBadRequest, status, "the mock must be able to refuse: %s", name)
	}
}

func withoutIDs(path string) string {
	parts := strings.Split(path, "/")
	for n, part := range parts {
		if strings.ContainsAny(part, "_-") {
			parts[n] = "*"
		}
	}
	return strings.Join(parts, "/")
}

// requestsOfAllKinds has the service do everything once, and answers what it asked of Stripe.
func requestsOfAllKinds(t *testing.T) []fakestripe.Request {
	t.Helper()
	s := newShop(t)
	s.cfg.Webhook.Interval = time.Second
	client, _ := s.start()
	opened, err := client.OpenSession(t.Context(), discounted("ref-1", 200))
	require.NoError(t, err)
	s.stripe.CutAnswers(100)
	_, err = client.OpenSession(t.Context(), discounted("ref-2", 200))
	require.Error(t, err)
	s.stripe.CutAnswers(0)
	s.stripe.ForgetKeys() // so that the coupon is there already, and read
	ended, err := client.OpenSession(t.Context(), discounted("ref-2", 200))
	require.NoError(t, err)
	bare := aCheckout("ref-3")
	bare.CustomerEmail, bare.Lines[0].Description, bare.Lines[0].ImageUrl = "", "", ""
	_, err = client.OpenSession(t.Context(), bare)
	require.NoError(t, err)
	_, err = client.ExpireSession(t.Context(), &paymentv1.ExpireSessionRequest{SessionId: ended.GetSessionId()})
	require.NoError(t, err)
	payment := s.stripe.Pay(opened.GetSessionId())
	for range 2 { // the second reads the refund again
		_, err = client.CreateRefund(t.Context(), aRefund("order/A/1", payment, 100))
		require.NoError(t, err)
	}
	_, err = client.GetSession(t.Context(), &paymentv1.GetSessionRequest{SessionId: opened.GetSessionId()})
	require.NoError(t, err)
	_, err = client.ListRefunds(t.Context(), &paymentv1.ListRefundsRequest{PaymentIntentId: payment})
	require.NoError(t, err)
	s.stripe.AddDispute("du_1", payment, 100)
	_, err = client.GetDispute(t.Context(), &paymentv1.GetDisputeRequest{DisputeId: "du_1"})
	require.NoError(t, err)
	page := aPeriod(time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	for _, page.PageToken = range []string{"", opened.GetSessionId()} {
		_, err = client.ListPayments(t.Context(), page)
		require.NoError(t, err)
	}
	s.heldByEarlier("evt_1", "charge.refunded", aftermath("charge.refunded", payment, ""), "0")
	require.Eventually(t, func() bool { return len(s.stripe.Asked(http.MethodGet, "/v1/events/evt_1")) > 0 }, 20*time.Second, 10*time.Millisecond)
	require.Eventually(t, func() bool { return len(s.stripe.Asked(http.MethodGet, "/v1/events")) > 0 }, 20*time.Second, 10*time.Millisecond)
	return append(s.stripe.Requests(), s.stripe.Asked(http.MethodGet, "/v1/events")[0])
}

// stripeMock is Stripe's own program of that name, under way on a socket of its own.
type stripeMock struct{ client *http.Client }

func startStripeMock(t *testing.T) stripeMock {
	t.Helper()
	program := installStripeMock(t)
	directory, err := os.MkdirTemp("", "mock") // sockets have short names
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(directory) })
	socket := filepath.Join(directory, "s")
	running := exec.CommandContext(t.Context(), program, "-http-unix", socket)
	var said bytes.Buffer
	running.Stdout, running.Stderr = &said, &said
	running.WaitDelay = 5 * time.Second
	require.NoError(t, running.Start())
	t.Cleanup(func() { _ = running.Process.Kill(); _ = running.Wait() })
	mock := stripeMock{client: &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}}}
	require.Eventually(t, func() bool {
		response, err := mock.client.Get("http://stripe/")
		if err == nil {
			_ = response.Body.Close()
		}
		return err == nil
	}, 60*time.Second, 50*time.Millisecond, "stripe-mock does not answer")
	return mock
}

// installStripeMock is bounded, because a proxy that is away may also be one that never answers.
func installStripeMock(t *testing.T) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	install := exec.CommandContext(ctx, filepath.Join(root, "scripts", "tools"), "stripe-mock")
	install.WaitDelay = time.Second
	if said, err := install.CombinedOutput(); err != nil {
		t.Fatalf("stripe-mock is not installed and cannot be fetched from the Go module proxy (`scripts/tools stripe-mock`): %v: %s", err, said)
	}
	return filepath.Join(root, ".local", "tools", "stripe-mock")
}

func (m stripeMock) replay(t *testing.T, request fakestripe.Request) (int, string) {
	t.Helper()
	address := "http://stripe" + request.Path
	if len(request.Query) > 0 {
		address += "?" + request.Query.Encode()
	}
	again, err := http.NewRequestWithContext(t.Context(), request.Method, address, strings.NewReader(request.Form.Encode()))
	require.NoError(t, err)
	again.Header.Set("Authorization", "Bearer sk_test_1")
	again.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	again.Header.Set("Stripe-Version", request.Version)
	again.Header.Set("Idempotency-Key", request.IdempotencyKey)
	response, err := m.client.Do(again)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(answer)
}
