package user_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/config"
	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/rpc"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
	"github.com/bartgottschalk/startupwebapp/services/user"
	"github.com/bartgottschalk/startupwebapp/services/user/migrations"
)

const (
	secretKey     = "a-secret-key-for-tests-0123456789abcdef"
	serviceSecret = "service-secret-for-tests"
	site          = "http://shop.example"
	goodPassword  = "Tr0ubadour&Lute"
	patience      = 20 * time.Second
	tick          = 20 * time.Millisecond
)

// clock is the service's; tests move it.
type clock struct {
	mu      sync.Mutex
	frozen  time.Time // zero: it runs
	forward time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.frozen.IsZero() {
		return c.frozen.Add(c.forward)
	}
	return time.Now().Add(c.forward)
}

// freeze lets no time pass but what tests move, for waits of seconds on slow machines.
func (c *clock) freeze() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frozen = time.Now()
}

func (c *clock) move(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forward += by
}

// logs takes the service's log lines.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logs) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// shop is a user service over a real listener, with its database and a mail server.
type shop struct {
	t         *testing.T
	url       string
	db        *postgres.Database // the service's role, for looking
	sink      *mailSink
	transport string // "": smtp to the sink
	clock     *clock
	logs      *logs
	level     slog.Level // of the logs; zero: INFO
	stop      func()

	accounts      userv1.AccountServiceClient
	credentials   userv1.CredentialServiceClient
	sessions      userv1.SessionServiceClient
	verifications userv1.VerificationServiceClient
	prospects     userv1.ProspectServiceClient
	subscriptions userv1.SubscriptionServiceClient
	terms         userv1.TermsServiceClient
	chat          userv1.ChatServiceClient
	mail          userv1.MailServiceClient
	limits        userv1.LimitServiceClient
}

func open(t *testing.T) *shop {
	t.Helper()
	s := &shop{t: t, url: dbtest.URL(t, migrations.Set()), sink: startMailSink(t), clock: &clock{}, logs: &logs{}}
	db, err := postgres.Open(t.Context(), postgres.Config{URL: s.url, MaxConns: 2}, telemetry.Silent())
	require.NoError(t, err)
	t.Cleanup(db.Close)
	s.db = db
	s.start()
	t.Cleanup(func() { s.stop() })
	return s
}

// environ are the variables of the service.
func (s *shop) environ() []string {
	return []string{
		"SERVICE_SECRETS=" + serviceSecret, "SECRET_KEY=" + secretKey, "SITE_ORIGIN=" + site, "DATABASE_URL=" + s.url,
		"MAIL_TRANSPORT=" + cmp.Or(s.transport, "smtp://"+s.sink.listener.Addr().String()),
		"MAIL_FROM=The Shop <shop@shop.example>", "MAIL_RETRY_AFTER=50ms", "OPERATOR_EMAIL=operator@shop.example",
	}
}

func (s *shop) config() user.Config {
	cfg, err := config.Load[user.Config](s.environ())
	require.NoError(s.t, err)
	return cfg
}

// start runs a service until stop; a second start is a restart.
func (s *shop) start() {
	s.t.Helper()
	tel := telemetry.Silent()
	tel.Logger = slog.New(slog.NewJSONHandler(s.logs, &slog.HandlerOptions{Level: s.level}))
	service, err := user.New(s.t.Context(), s.config(), tel, user.WithClock(s.clock.now))
	require.NoError(s.t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	done := make(chan error, 1)
	go func() { done <- service.Run(ctx) }()
	var once sync.Once
	conn, err := rpc.Dial(service.Addr(), config.Secrets{serviceSecret}, telemetry.Silent(), userv1.File_user_v1_session_proto.Services().Get(0))
	require.NoError(s.t, err)
	s.stop = func() {
		once.Do(func() {
			require.NoError(s.t, conn.Close())
			cancel()
			require.NoError(s.t, <-done)
		})
	}
	s.accounts, s.sessions = userv1.NewAccountServiceClient(conn), userv1.NewSessionServiceClient(conn)
	s.prospects, s.terms = userv1.NewProspectServiceClient(conn), userv1.NewTermsServiceClient(conn)
	s.mail, s.limits = userv1.NewMailServiceClient(conn), userv1.NewLimitServiceClient(conn)
	s.credentials, s.verifications = userv1.NewCredentialServiceClient(conn), userv1.NewVerificationServiceClient(conn)
	s.subscriptions, s.chat = userv1.NewSubscriptionServiceClient(conn), userv1.NewChatServiceClient(conn)
	require.Eventually(s.t, func() bool {
		_, err := s.terms.GetCurrentTerms(s.t.Context(), &userv1.GetCurrentTermsRequest{})
		return err == nil
	}, patience, tick)
}

// count is the single number that a query gives.
func (s *shop) count(query string, args ...any) int {
	s.t.Helper()
	var n int
	require.NoError(s.t, s.db.QueryRow(s.t.Context(), query, args...).Scan(&n))
	return n
}

func (s *shop) text(query string, args ...any) string {
	s.t.Helper()
	var text string
	require.NoError(s.t, s.db.QueryRow(s.t.Context(), query, args...).Scan(&text))
	return text
}

func (s *shop) exec(query string, args ...any) {
	s.t.Helper()
	_, err := s.db.Exec(s.t.Context(), query, args...)
	require.NoError(s.t, err)
}

// mailsTo waits until n mails have reached an address and no more are under way.
func (s *shop) mailsTo(address string, n int) []sunkMail {
	s.t.Helper()
	var found []sunkMail
	require.Eventually(s.t, func() bool {
		found = nil
		for _, sunk := range s.sink.mails() {
			if len(sunk.recipients) > 0 && sunk.recipients[0] == address {
				found = append(found, sunk)
			}
		}
		return len(found) >= n && s.count("SELECT count(*) FROM mails WHERE state = 'queued'") == 0
	}, patience, tick)
	require.Len(s.t, found, n)
	return found
}

// form is a valid one for a new person.
func form() *userv1.CreateAccountRequest {
	name := "member" + identifier.NewFrom("abcdefghijklmnopqrstuvwxyz", 8)
	return &userv1.CreateAccountRequest{
		FirstName: "Ada", LastName: "Byron", Username: name, Email: name + "@mail.example",
		Password: goodPassword, ConfirmPassword: goodPassword, ClientAddress: anyAddress(),
	}
}

// anyAddress keeps tests apart that do not test the limits.
func anyAddress() string {
	digits := identifier.NewFrom("123456789", 6)
	return fmt.Sprintf("10.%s.%s.%s", digits[:2], digits[2:4], digits[4:])
}

func (s *shop) register(change func(*userv1.CreateAccountRequest)) (*userv1.CreateAccountRequest, *userv1.CreateAccountResponse) {
	s.t.Helper()
	filled := form()
	if change != nil {
		change(filled)
	}
	made, err := s.accounts.CreateAccount(s.t.Context(), filled)
	require.NoError(s.t, err)
	require.Empty(s.t, made.GetViolations())
	return filled, made
}

func (s *shop) logIn(username, password string) (*userv1.LogInResponse, error) {
	return s.sessions.LogIn(s.t.Context(), &userv1.LogInRequest{Username: username, Password: password, ClientAddress: anyAddress()})
}

func (s *shop) resolve(token string) (*userv1.ResolveSessionResponse, error) {
	return s.sessions.ResolveSession(s.t.Context(), &userv1.ResolveSessionRequest{Token: token})
}

func verificationSigner() signing.TimestampSigner {
	return signing.NewTimestampSigner(signing.Key{Secret: secretKey}, "email_verification", time.Now)
}
