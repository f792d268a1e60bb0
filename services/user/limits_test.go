package user_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// alongside starts a second process of the service on the same database. Its clock is its own.
func (s *shop) alongside() *shop {
	s.t.Helper()
	second := &shop{t: s.t, url: s.url, db: s.db, sink: s.sink, clock: &clock{}, logs: &logs{}}
	second.start()
	s.t.Cleanup(func() { second.stop() })
	return second
}

func (s *shop) allow(bucket, key string) error {
	_, err := s.limits.Allow(s.t.Context(), &userv1.AllowRequest{Bucket: bucket, Key: key})
	return err
}

func TestUnknownBucketsAndHostileKeys(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, bucket := range []string{"", "login", "Payment-Lookup", "payment-lookup ", "\x00", strings.Repeat("x", 100_000)} {
		err := s.allow(bucket, "192.0.2.1")
		require.Equal(t, fault.Invalid, fault.KindOf(err), "%.20q", bucket)
		require.Equal(t, "bucket-unknown", fault.ReasonOf(err))
	}
	for _, key := range []string{strings.Repeat("x", 201), "192.0.2.1\x00", strings.Repeat("é", 101)} {
		err := s.allow("payment-lookup", key)
		require.Equal(t, fault.Invalid, fault.KindOf(err), "%.20q", key)
		require.Equal(t, "key-invalid", fault.ReasonOf(err))
	}
	require.Zero(t, s.count("SELECT count(*) FROM rate_limits"))
	require.NoError(t, s.allow("payment-lookup", strings.Repeat("x", 200)))
	require.NoError(t, s.allow("payment-lookup", ""))
	require.Equal(t, 2, s.count("SELECT uses FROM rate_limits"), "what is no address is counted together")
}

func TestDiscountCodesCannotBeGuessed(t *testing.T) {
	t.Parallel()
	s := open(t)
	for range 60 {
		require.NoError(t, s.allow("discount-code", "192.0.2.1"))
	}
	err := s.allow("discount-code", "192.0.2.1")
	require.Equal(t, fault.RateLimited, fault.KindOf(err))
	require.Positive(t, fault.Of(err).RetryAfter)
	require.NoError(t, s.allow("discount-code", "192.0.2.2"))
	require.NoError(t, s.allow("payment-lookup", "192.0.2.1"), "each bucket has counters of its own")
}

func TestAnIPv6NetworkIsOneClient(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, address := range []string{"2001:db8::1", "2001:db8:0:0:ffff::2", "2001:DB8::3", "2001:db8:0:1::1", "::ffff:192.0.2.1", "192.0.2.1"} {
		require.NoError(t, s.allow("payment-lookup", address))
	}
	require.Equal(t, 3, s.count("SELECT uses FROM rate_limits WHERE subject = '2001:db8::/64'"))
	require.Equal(t, 1, s.count("SELECT uses FROM rate_limits WHERE subject = '2001:db8:0:1::/64'"))
	require.Equal(t, 2, s.count("SELECT uses FROM rate_limits WHERE subject = '192.0.2.1'"))

	filled, _ := s.register(nil)
	try := func(address string) error {
		_, err := s.sessions.LogIn(t.Context(), &userv1.LogInRequest{Username: filled.GetUsername(), Password: goodPassword, ClientAddress: address})
		return err
	}
	for i := range 10 {
		require.NoError(t, try("2001:db8:7::"+string("123456789a"[i])))
	}
	require.Equal(t, fault.RateLimited, fault.KindOf(try("2001:db8:7::ffff")))
	require.NoError(t, try("2001:db8:7:1::1"))
}

func TestTwoProcessesCountTogether(t *testing.T) {
	t.Parallel()
	first := open(t)
	second := first.alongside()
	first.clock.freeze() // the window must not end meanwhile
	second.clock.freeze()
	var through atomic.Int32
	var all sync.WaitGroup
	for i := range 90 {
		all.Go(func() {
			err := []*shop{first, second}[i%2].allow("payment-lookup", "192.0.2.1")
			if err == nil {
				through.Add(1)
			} else if fault.KindOf(err) != fault.RateLimited {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Equal(t, int32(60), through.Load())
}

func TestReasonsOfPreferencesAreLimited(t *testing.T) {
	t.Parallel()
	s := open(t)
	id, _ := s.subscriber(nil)
	spam := &userv1.UnsubscribeReasons{Spam: true}
	require.Equal(t, 20, tries(t, func(int) error { return s.prefer(id, false, true, spam) }))
	require.Equal(t, 20, s.count("SELECT count(*) FROM unsubscribe_reasons"))
	for range 25 {
		require.NoError(t, s.prefer(id, true, false, spam), "wishes without reasons are not counted")
		require.NoError(t, s.prefer(id, false, true, nil))
	}
}

func TestChangesOfAddressAreLimitedPerClient(t *testing.T) {
	t.Parallel()
	s := open(t)
	var accounts [4]int64
	for i := range accounts {
		_, made := s.register(nil)
		accounts[i] = made.GetAccount().GetAccountId()
	}
	from := func(client string, account int64) error {
		_, err := s.accounts.UpdateInformation(t.Context(), &userv1.UpdateInformationRequest{
			AccountId: account, FirstName: "Ada", LastName: "Byron", Email: newAddress(), ClientAddress: client,
		})
		return err
	}
	for i := range 60 {
		require.NoError(t, from("192.0.2.77", accounts[i%3]))
	}
	mails := s.count("SELECT count(*) FROM mails")
	for _, account := range accounts {
		requireReason(t, fault.RateLimited, "rate-limited", from("192.0.2.77", account))
	}
	require.Equal(t, mails, s.count("SELECT count(*) FROM mails"))
	for range 20 {
		require.NoError(t, from("192.0.2.78", accounts[3]), "what the client was refused is not counted for the account")
	}
	requireReason(t, fault.RateLimited, "rate-limited", from("192.0.2.78", accounts[3]))
	require.Equal(t, 20, s.count("SELECT uses FROM rate_limits WHERE rule = 'change-email-from-one-client' AND subject = '192.0.2.78'"))
	s.clock.move(time.Hour)
	require.NoError(t, from("192.0.2.77", accounts[0]))
}
