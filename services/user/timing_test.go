package user_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
)

const (
	// timings is how many answers of each kind are timed, up to measurements times: a difference that is there stays however
	// often one looks, one that a loaded machine makes does not.
	timings      = 25
	measurements = 3
	// tooSmallToSee is less than any network adds by chance, and less than a mail or a hash takes to make.
	tooSmallToSee = 300 * time.Microsecond
)

// pair is one request about somebody whom the shop knows and one about nobody, alike in all else.
type pair struct {
	known, unknown func()
}

// spread is what the times of answers of one kind look like.
type spread struct {
	median, quartiles time.Duration // the latter from the first to the third
}

func spreadOf(times []time.Duration) spread {
	sorted := slices.Sorted(slices.Values(times))
	return spread{median: sorted[len(sorted)/2], quartiles: sorted[3*len(sorted)/4] - sorted[len(sorted)/4]}
}

// alike: the medians differ by less than answers of one kind do among themselves, and by less than a tenth. Where the
// machine is so uneven that a tenth means nothing, by a third of that unevenness.
func alike(known, unknown spread) bool {
	difference, noise := (known.median - unknown.median).Abs(), max(known.quartiles, unknown.quartiles)
	return difference < noise && difference < max(known.median/10, noise/3, tooSmallToSee)
}

// timed lifts the limits and waits for what earlier requests left behind, so that each request finds the shop idle.
func (s *shop) timed(request func()) time.Duration {
	s.exec("DELETE FROM rate_limits")
	s.exec("DELETE FROM login_failures")
	s.errands()
	started := time.Now()
	request()
	return time.Since(started)
}

// requireAlike times both kinds of request in turn, which of them first left to chance.
func (s *shop) requireAlike(name string, requests pair) {
	s.t.Helper()
	s.timed(requests.known) // warms connections and caches
	s.timed(requests.unknown)
	var known, unknown []time.Duration
	for range measurements {
		for range timings {
			first, second := &known, &unknown
			requestFirst, requestSecond := requests.known, requests.unknown
			if rand.IntN(2) == 0 {
				first, second, requestFirst, requestSecond = second, first, requestSecond, requestFirst
			}
			*first = append(*first, s.timed(requestFirst))
			*second = append(*second, s.timed(requestSecond))
		}
		k, u := spreadOf(known), spreadOf(unknown)
		s.t.Logf("%s, %d each: known: median %v, quartiles %v apart; unknown: median %v, quartiles %v apart; difference of medians %v",
			name, len(known), k.median, k.quartiles, u.median, u.quartiles, (k.median - u.median).Abs())
		if alike(k, u) {
			return
		}
	}
	require.Fail(s.t, "time tells who has an account", name)
}

// Not parallel: other tests would be the noise.
func TestTimeDoesNotTellWhoHasAnAccount(t *testing.T) { //nolint:paralleltest // see above
	s := open(t)
	filled, _ := s.register(nil)
	withCode, _ := s.register(nil)
	s.resetCode(withCode)
	wrongCode := signing.NewTimestampSigner(signing.Key{Secret: secretKey}, "reset_email", time.Now).Sign("aaaaaaaaaaaaaaaaaaaa")
	ctx, address := t.Context(), anyAddress()

	reset := func(username, email string) func() {
		return func() {
			_, err := s.credentials.RequestPasswordReset(ctx, &userv1.RequestPasswordResetRequest{Username: username, Email: email, ClientAddress: address})
			require.NoError(t, err)
		}
	}
	remind := func(email string) func() {
		return func() {
			_, err := s.credentials.RemindUsername(ctx, &userv1.RemindUsernameRequest{Email: email, ClientAddress: address})
			require.NoError(t, err)
		}
	}
	choose := func(username string) func() {
		return func() {
			_, err := s.credentials.SetNewPassword(ctx, &userv1.SetNewPasswordRequest{
				Username: username, Code: wrongCode, NewPassword: nextPassword, ConfirmNewPassword: nextPassword, ClientAddress: address,
			})
			require.Error(t, err)
		}
	}
	nobody, nobodysAddress := "memberzzzzzzzz", "memberzzzzzzzz@mail.example"
	for name, requests := range map[string]pair{
		"login":          {s.wrongLogin(filled.GetUsername()), s.wrongLogin(nobody)},
		"reset-password": {reset(filled.GetUsername(), filled.GetEmail()), reset(nobody, nobodysAddress)},
		"reset-password with the address of somebody else": {reset(filled.GetUsername(), filled.GetEmail()), reset(filled.GetUsername(), nobodysAddress)},
		"forgot-username":  {remind(filled.GetEmail()), remind(nobodysAddress)},
		"set-new-password": {choose(withCode.GetUsername()), choose(nobody)},
	} {
		s.requireAlike(name, requests)
	}
}

// wrongLogin tries a name with a password that nobody has.
func (s *shop) wrongLogin(username string) func() {
	address := anyAddress()
	return func() {
		_, err := s.sessions.LogIn(s.t.Context(), &userv1.LogInRequest{Username: username, Password: "Wr0ng&Password", ClientAddress: address})
		require.Equal(s.t, "credentials-invalid", fault.ReasonOf(err))
	}
}

// At first all accounts have hashes of the old shop, which cost another time than ours. These here cost less, to keep the test
// short; really it is up to six times as much.
func TestTimeDoesNotTellWhoHadAnAccountInTheOldShop(t *testing.T) { //nolint:paralleltest // see above
	s := open(t)
	filled, _ := s.register(nil)
	s.register(nil)
	s.exec("UPDATE accounts SET password_hash = replace($1, '260000', '100000')", djangoHash)
	s.requireAlike("login", pair{s.wrongLogin(filled.GetUsername()), s.wrongLogin("memberzzzzzzzz")})
	s.requireAlike("login with a name that is too long", pair{s.wrongLogin(filled.GetUsername()), s.wrongLogin(strings.Repeat("z", 200))})
}

// What the tests above are for must be found by them: a login without a hash, a mail written before the answer.
func TestADifferenceInTimeIsSeen(t *testing.T) {
	t.Parallel()
	ms := func(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }
	require.False(t, alike(spread{ms(32), ms(2)}, spread{ms(2), ms(1)}), "no hash")
	require.False(t, alike(spread{ms(82), ms(60)}, spread{ms(5), ms(3)}), "no hash, on a loaded machine")
	require.False(t, alike(spread{ms(4.5), ms(0.8)}, spread{ms(2.5), ms(0.7)}), "a mail before the answer")
	require.False(t, alike(spread{ms(32), ms(1)}, spread{ms(29), ms(1)}), "steadily slower")
	require.False(t, alike(spread{ms(72), ms(20)}, spread{ms(32), ms(15)}), "a hash of another kind, on a loaded machine")
	require.True(t, alike(spread{ms(32), ms(2)}, spread{ms(31.5), ms(2)}))
	require.True(t, alike(spread{ms(2.4), ms(1.2)}, spread{ms(2.3), ms(0.7)}))
	require.Equal(t, spread{ms(3), ms(2)}, spreadOf([]time.Duration{ms(5), ms(1), ms(3), ms(2), ms(4)}))
}
