package payment_test

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	paymentv1 "github.com/bartgottschalk/startupwebapp/proto/payment/v1"
	"github.com/bartgottschalk/startupwebapp/services/payment"
	"github.com/bartgottschalk/startupwebapp/services/payment/inbox"
	"github.com/bartgottschalk/startupwebapp/services/payment/internal/fakestripe"
	"github.com/bartgottschalk/startupwebapp/services/payment/migrations"
	"github.com/bartgottschalk/startupwebapp/services/payment/stripeapi"
	"github.com/bartgottschalk/startupwebapp/services/platform/config"
	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/rpc"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const webhookSecret = "whsec_test"

// shop is one payment service (or several on the same books) in front of one Stripe account.
type shop struct {
	t      *testing.T
	stripe *fakestripe.Stripe
	cfg    payment.Config
	client paymentv1.PaymentServiceClient
	db     *postgres.Database // for the tests' own questions
	logs   *lockedBuffer
}

func newShop(t *testing.T) *shop {
	t.Helper()
	stripe := fakestripe.New(t)
	url := dbtest.URL(t, migrations.Set())
	s := &shop{t: t, stripe: stripe, logs: &lockedBuffer{}}
	s.cfg.ServerConfig = rpc.ServerConfig{Addr: "127.0.0.1:0", Secrets: config.Secrets{"a-secret-of-the-tests"}, DrainTimeout: 5 * time.Second}
	s.cfg.Config = postgres.Config{URL: url, MaxConns: 4}
	s.cfg.Stripe = stripeapi.Config{SecretKey: "sk_test_1", URL: stripe.URL}
	s.cfg.Webhook = inbox.Config{Secrets: inbox.Secrets{webhookSecret, "whsec_older"}, Interval: time.Hour, RetentionDays: 90}
	s.client, _ = s.start()
	db, err := postgres.Open(t.Context(), postgres.Config{URL: url, MaxConns: 2}, telemetry.Silent())
	require.NoError(t, err)
	t.Cleanup(db.Close)
	s.db = db
	return s
}

// start runs an instance on the shop's books; stop ends it and waits.
func (s *shop) start() (client paymentv1.PaymentServiceClient, stop func()) {
	s.t.Helper()
	tel := telemetry.Silent()
	tel.Logger = slog.New(slog.NewJSONHandler(s.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	service, err := payment.New(s.t.Context(), s.cfg, tel)
	require.NoError(s.t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- service.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		require.NoError(s.t, <-ended)
	}
	s.t.Cleanup(stop)
	conn, err := rpc.Dial(service.Addr(), s.cfg.Secrets, telemetry.Silent())
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = conn.Close() })
	client = paymentv1.NewPaymentServiceClient(conn)
	require.Eventually(s.t, func() bool {
		_, err := client.ListUnhandledEvents(s.t.Context(), &paymentv1.ListUnhandledEventsRequest{})
		return err == nil
	}, 10*time.Second, 10*time.Millisecond, "service does not answer")
	return client, stop
}

// number asks the books for one number.
func (s *shop) number(sql string, args ...any) int {
	s.t.Helper()
	var n int
	require.NoError(s.t, s.db.QueryRow(s.t.Context(), sql, args...).Scan(&n))
	return n
}

// text asks the books for one text.
func (s *shop) text(sql string, args ...any) string {
	s.t.Helper()
	var found string
	require.NoError(s.t, s.db.QueryRow(s.t.Context(), sql, args...).Scan(&found))
	return found
}

func aCheckout(reference string) *paymentv1.OpenSessionRequest {
	return &paymentv1.OpenSessionRequest{
		Reference: reference, Currency: "usd",
		Lines: []*paymentv1.SessionLine{
			{Name: "Paper clips", Description: "blue - small", ImageUrl: "https://shop.example/clip.jpg", UnitAmountMinor: 350, Quantity: 2},
			{Name: "Shipping", Description: "by mail", UnitAmountMinor: 499, Quantity: 1},
		},
		CustomerEmail: "buyer@example.com", ExpectedTotalMinor: 1199,
		SuccessUrl: "https://shop.example/checkout/success?session_id={CHECKOUT_SESSION_ID}", CancelUrl: "https://shop.example/checkout/confirm",
	}
}

// lockedBuffer collects logs of several goroutines.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(line)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
