package user_test

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

func (s *shop) tryFrom(address, username, password string) error {
	_, err := s.sessions.LogIn(s.t.Context(), &userv1.LogInRequest{Username: username, Password: password, ClientAddress: address})
	return err
}

// fail logs in wrongly from somewhere, n times, and wants each try to be heard.
func (s *shop) fail(username string, n int) {
	s.t.Helper()
	for i := range n {
		require.Equal(s.t, "credentials-invalid", fault.ReasonOf(s.tryFrom(anyAddress(), username, "wrong")), "try %d", i+1)
	}
}

func (s *shop) failuresOf(username string) int {
	s.t.Helper()
	sum := sha256.Sum256([]byte(username))
	return s.count("SELECT coalesce(max(failures), 0) FROM login_failures WHERE subject = $1", sum[:])
}

// waitOf is how long a refused try has to wait.
func waitOf(t *testing.T, err error) time.Duration {
	t.Helper()
	require.Equal(t, fault.RateLimited, fault.KindOf(err), "%v", err)
	require.Equal(t, "rate-limited", fault.ReasonOf(err))
	return fault.Of(err).RetryAfter
}

func TestTheDelayGrowsAfterTenFailures(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.clock.freeze()
	filled, _ := s.register(nil)
	for name, username := range map[string]string{"known": filled.GetUsername(), "unknown": "nobodyhere", "longer than names are": strings.Repeat("x", 1000), "hostile": "a\x00b"} {
		s.fail(username, 10)
		for i, want := range []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300} {
			wait := waitOf(t, s.tryFrom(anyAddress(), username, goodPassword))
			require.InDelta(t, want, wait.Seconds(), 0.001, "%s, after %d failures", name, 10+i)
			require.Equal(t, 10+i, s.failuresOf(username), "waiting is no failure")
			s.clock.move(wait - time.Millisecond)
			waitOf(t, s.tryFrom(anyAddress(), username, goodPassword))
			s.clock.move(time.Millisecond)
			s.fail(username, 1)
		}
	}
}

func TestWhoWaitedIsHeardFromAnywhere(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.clock.freeze()
	filled, _ := s.register(nil)
	s.fail(filled.GetUsername(), 10)
	for range 3 {
		require.InDelta(t, 1, waitOf(t, s.tryFrom(anyAddress(), filled.GetUsername(), goodPassword)).Seconds(), 0.001, "asking does not prolong")
	}
	s.clock.move(time.Second)
	require.NoError(t, s.tryFrom(anyAddress(), filled.GetUsername(), goodPassword))
}

func TestTheRightPasswordEndsTheRow(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.clock.freeze()
	filled, _ := s.register(nil)
	for range 2 {
		s.fail(filled.GetUsername(), 9)
		_, err := s.logIn(filled.GetUsername(), goodPassword)
		require.NoError(t, err)
		require.Zero(t, s.failuresOf(filled.GetUsername()))
	}
	s.fail(filled.GetUsername(), 10)
	s.fail(strings.ToUpper(filled.GetUsername()), 1) // another name
	waitOf(t, s.tryFrom(anyAddress(), filled.GetUsername(), goodPassword))
}

func TestOldFailuresAreForgotten(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.clock.freeze()
	s.fail("nobodyhere", 10)
	s.clock.move(24*time.Hour + time.Second)
	s.fail("nobodyhere", 10)
	require.Equal(t, 10, s.failuresOf("nobodyhere"))
}

func TestTheOwnerIsNotShutOutByAFlood(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.clock.freeze()
	home := "198.51.100.7"
	filled, _ := s.register(func(r *userv1.CreateAccountRequest) { r.ClientAddress = home })
	name := filled.GetUsername()
	office := anyAddress()
	require.NoError(t, s.tryFrom(office, name, goodPassword))
	s.fail(name, 10)
	flood, over := make(chan struct{}), sync.WaitGroup{}
	for range 4 {
		over.Go(func() {
			for {
				select {
				case <-flood:
					return
				default:
					_ = s.tryFrom(anyAddress(), name, "wrong")
				}
			}
		})
	}
	defer over.Wait()
	defer close(flood)
	require.NoError(t, s.tryFrom(home, name, goodPassword), "from where the account was made")
	require.NoError(t, s.tryFrom("::ffff:"+office, name, goodPassword), "from where it was entered")
}

func TestWhoChoseAPasswordByMailGetsIn(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, _ := s.register(nil)
	name, hotel := filled.GetUsername(), anyAddress()
	code := s.resetCode(filled)
	s.clock.freeze()
	s.fail(name, 10)
	chosen, err := s.credentials.SetNewPassword(t.Context(), &userv1.SetNewPasswordRequest{
		Username: name, Code: code, NewPassword: goodPassword + "2", ConfirmNewPassword: goodPassword + "2", ClientAddress: hotel,
	})
	require.NoError(t, err)
	require.Empty(t, chosen.GetViolations())
	require.Zero(t, s.failuresOf(name))
	s.fail(name, 10)
	waitOf(t, s.tryFrom(anyAddress(), name, goodPassword+"2"))
	require.NoError(t, s.tryFrom(hotel, name, goodPassword+"2"))
}

func TestAKnownNetworkIsHeldToItsOwnLimit(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.clock.freeze()
	home := "2001:db8:5::1"
	filled, _ := s.register(func(r *userv1.CreateAccountRequest) { r.ClientAddress = home })
	name := filled.GetUsername()
	s.fail(name, 10)
	for range 10 {
		require.Equal(t, "credentials-invalid", fault.ReasonOf(s.tryFrom("2001:db8:5::2", name, "wrong")))
	}
	require.Equal(t, 10, s.failuresOf(name), "those of the owner's network are counted by its address")
	require.Greater(t, waitOf(t, s.tryFrom(home, name, goodPassword)), time.Second)
	require.Equal(t, fault.RateLimited, fault.KindOf(s.tryFrom("2001:db8:5:1::1", name, goodPassword)), "the neighbours")

	_, err := s.accounts.CreateAccount(t.Context(), otherForm("192.0.2.77"))
	require.NoError(t, err)
	waitOf(t, s.tryFrom("192.0.2.77", name, goodPassword)) // a network is known for an account, not for all
}

func otherForm(address string) *userv1.CreateAccountRequest {
	filled := form()
	filled.ClientAddress = address
	return filled
}

func TestNetworksAreForgottenAndFew(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.clock.freeze()
	filled, _ := s.register(func(r *userv1.CreateAccountRequest) { r.ClientAddress = "198.51.100.1" })
	name := filled.GetUsername()
	for i := range 20 {
		s.clock.move(time.Second)
		require.NoError(t, s.tryFrom(fmt.Sprintf("203.0.113.%d", i+1), name, goodPassword))
	}
	require.Equal(t, 20, s.count("SELECT count(*) FROM known_networks"))
	s.fail(name, 10)
	waitOf(t, s.tryFrom("198.51.100.1", name, goodPassword)) // the oldest is dropped
	require.NoError(t, s.tryFrom("203.0.113.1", name, goodPassword))
	require.Equal(t, 20, s.count("SELECT count(*) FROM known_networks"))

	s.clock.move(90*24*time.Hour + time.Second)
	s.fail(name, 10)
	waitOf(t, s.tryFrom("203.0.113.1", name, goodPassword)) // nothing is known any more
	s.stop()
	s.start()
	require.Eventually(t, func() bool { return s.count("SELECT count(*) FROM known_networks") == 0 }, patience, tick)
	require.Equal(t, 10, s.failuresOf(name), "fresh ones stay")
	s.clock.move(25 * time.Hour)
	s.stop()
	s.start()
	require.Eventually(t, func() bool { return s.count("SELECT count(*) FROM login_failures") == 0 }, patience, tick)
}

func TestAnUnknownAddressIsNobodysNetwork(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.clock.freeze()
	filled, _ := s.register(func(r *userv1.CreateAccountRequest) { r.ClientAddress = "" })
	require.NoError(t, s.tryFrom("not an address", filled.GetUsername(), goodPassword))
	require.Zero(t, s.count("SELECT count(*) FROM known_networks"))
	s.fail(filled.GetUsername(), 10)
	waitOf(t, s.tryFrom("", filled.GetUsername(), goodPassword))
}

func TestNetworksAreStoredUnderAKey(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.clock.freeze()
	s.register(func(r *userv1.CreateAccountRequest) { r.ClientAddress = "198.51.100.1" })
	sum := sha256.Sum256([]byte("198.51.100.1"))
	require.Zero(t, s.count("SELECT count(*) FROM known_networks WHERE network_hash = $1", sum[:]))
	require.Equal(t, 1, s.count("SELECT count(*) FROM known_networks"))
}

// guessAtOnce makes one guess from each of many addresses, spread over processes, and tells how many were heard, and how many answers came too late to be read.
func guessAtOnce(t *testing.T, username func(i int) string, guesses int, processes ...*shop) (heard, lost int) {
	t.Helper()
	var answered, late atomic.Int32
	var all sync.WaitGroup
	for i := range guesses {
		all.Go(func() {
			err := processes[i%len(processes)].tryFrom(fmt.Sprintf("10.9.%d.%d", i/250, i%250+1), username(i), "wrong")
			switch fault.KindOf(err) {
			case fault.Unauthenticated:
				answered.Add(1)
			case fault.DeadlineExceeded:
				late.Add(1)
			case fault.RateLimited:
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	return int(answered.Load()), int(late.Load())
}

func TestGuessesAtOnceAreCountedExactly(t *testing.T) {
	t.Parallel()
	first := open(t)
	second := first.alongside()
	first.clock.freeze()
	second.clock.freeze()
	filled, _ := first.register(nil)
	for _, name := range []string{filled.GetUsername(), "nobodyhere"} {
		heard, lost := guessAtOnce(t, func(int) string { return name }, 50, first, second)
		require.LessOrEqual(t, heard, 10, name)
		if lost == 0 { // a caller who is gone is taken back, which makes room for another
			require.Equal(t, 10, heard, name)
			require.Equal(t, 10, first.failuresOf(name), name)
		}
	}
}

// A try may be counted after one that began later, or by a process whose clock is ahead: that is not too early.
func TestNobodyWaitsBeforeTheTenthFailure(t *testing.T) {
	t.Parallel()
	ahead := open(t)
	behind := ahead.alongside()
	ahead.clock.move(5 * time.Second)
	filled, _ := ahead.register(nil)
	for range 9 {
		_, err := ahead.logIn(filled.GetUsername(), "Wrong&Horse1")
		require.Equal(t, "credentials-invalid", fault.ReasonOf(err))
	}
	_, err := behind.logIn(filled.GetUsername(), goodPassword)
	require.NoError(t, err)
}

func TestWhoWasTurnedAwayByTheQueueHasNotFailed(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.clock.freeze()
	guesses := 150
	heard, lost := guessAtOnce(t, func(i int) string { return fmt.Sprintf("nobody%d", i) }, guesses, s)
	require.Less(t, heard+lost, guesses, "the queue is short")
	require.Eventually(t, func() bool {
		failed := s.count("SELECT coalesce(sum(failures), 0) FROM login_failures")
		return heard <= failed && failed <= heard+lost
	}, patience, tick)
}

func TestWithoutTheCounterOfFailuresNobodyIsLockedOut(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.clock.freeze()
	filled, _ := s.register(nil)
	s.exec("ALTER TABLE login_failures RENAME TO login_failures_gone")
	require.Equal(t, "credentials-invalid", fault.ReasonOf(s.tryFrom(anyAddress(), filled.GetUsername(), "wrong")))
	_, err := s.logIn(filled.GetUsername(), goodPassword)
	require.NoError(t, err)
	require.Contains(t, s.logs.String(), "[RATE_LIMIT_FAILURE]")
}

func TestTwoProcessesDelayTogether(t *testing.T) {
	t.Parallel()
	first := open(t)
	second := first.alongside()
	first.clock.freeze()
	second.clock.freeze()
	filled, _ := first.register(nil)
	first.fail(filled.GetUsername(), 5)
	second.fail(filled.GetUsername(), 5)
	waitOf(t, first.tryFrom(anyAddress(), filled.GetUsername(), goodPassword))
	first.clock.move(time.Minute)
	second.clock.move(time.Minute)
	second.fail(filled.GetUsername(), 1)
	waitOf(t, first.tryFrom(anyAddress(), filled.GetUsername(), goodPassword))
	first.stop() // a restart forgets nothing
	first.start()
	waitOf(t, first.tryFrom(anyAddress(), filled.GetUsername(), goodPassword))
}
