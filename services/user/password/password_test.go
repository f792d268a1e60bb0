package password_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/user/password"
)

// djangoSecret is of "secret", made with Python's hashlib.
const djangoSecret = "pbkdf2_sha256$1000$abcdefghijklmnopqrstuv$1nE4fvOmiD+ZePp39y6TYTXfkn5HEwJDyz8e6UkQE1w="

func verify(t *testing.T, stored, plain string) password.Result {
	t.Helper()
	result, err := password.NewHasher().Verify(t.Context(), stored, plain)
	require.NoError(t, err)
	return result
}

func TestHashesAreOurOwnAndSalted(t *testing.T) {
	t.Parallel()
	hasher := password.NewHasher()
	first, err := hasher.Hash(t.Context(), "Pässword\x00!")
	require.NoError(t, err)
	second, err := hasher.Hash(t.Context(), "Pässword\x00!")
	require.NoError(t, err)
	require.NotEqual(t, first, second)
	require.True(t, strings.HasPrefix(first, "$argon2id$v=19$m=19456,t=2,p=1$"), first)
	require.Equal(t, password.Result{Matches: true}, verify(t, first, "Pässword\x00!"))
	require.Equal(t, password.Result{}, verify(t, first, "Pässword"))
}

func TestOtherParametersMatchAndAreOutdated(t *testing.T) {
	t.Parallel()
	// reference vector of the argon2 command line tool: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1
	stored := "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	require.Equal(t, password.Result{Matches: true, Outdated: true}, verify(t, stored, "password"))
}

func TestHashesOfTheOldShop(t *testing.T) {
	t.Parallel()
	require.Equal(t, password.Result{Matches: true, Outdated: true}, verify(t, djangoSecret, "secret"))
	require.False(t, verify(t, djangoSecret, "Secret").Matches)
}

func TestStoredHashesThatAreNoneNeverMatch(t *testing.T) {
	t.Parallel()
	started := time.Now()
	for _, stored := range []string{
		"", "!", "secret", "pbkdf2_sha256$", "pbkdf2_sha256$x$salt$", "pbkdf2_sha256$0$salt$" + strings.Repeat("A", 43) + "=", "pbkdf2_sha256$1$salt$",
		"pbkdf2_sha256$2000000000$salt$" + strings.Repeat("A", 43) + "=", "$argon2id$", "$argon2id$v=19$m=19456,t=2,p=1$$",
		"$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=64,t=4000000,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=19$m=64,t=1,p=0$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
		"$argon2id$v=16$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
	} {
		require.False(t, verify(t, stored, "").Matches, stored)
		require.False(t, verify(t, stored, "secret").Matches, stored)
	}
	require.Less(t, time.Since(started), 30*time.Second, "a row cannot make us work for minutes")
}

// alike wants both to cost a wrong password about the same. A busy machine
// slows single tries, never the fastest of many, so it goes on until the
// fastest of both are near each other.
func alike(t *testing.T, what string, first, second func() string) {
	t.Helper()
	hasher := password.NewHasher()
	one, other := time.Hour, time.Hour
	for range 20 {
		one, other = min(one, wrong(t, hasher, first())), min(other, wrong(t, hasher, second()))
		if one < 3*other && other < 3*one {
			return
		}
	}
	require.Fail(t, "does not cost the same", "%s: %s and %s", what, one, other)
}

// wrong is how long a wrong password takes.
func wrong(t *testing.T, hasher *password.Hasher, stored string) time.Duration {
	t.Helper()
	started := time.Now()
	result, err := hasher.Verify(t.Context(), stored, "wrong")
	took := time.Since(started)
	require.NoError(t, err)
	require.False(t, result.Matches)
	return took
}

func TestWhatIsNoHashCostsAsMuchAsAWrongPassword(t *testing.T) {
	t.Parallel()
	hash, err := password.NewHasher().Hash(t.Context(), "right")
	require.NoError(t, err)
	for _, none := range []string{"", "!unusable", "$argon2id$", "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "pbkdf2_sha256$2000000000$salt$AAAA"} {
		alike(t, none, func() string { return none }, func() string { return hash })
	}
}

func TestADecoyCostsWhatItSays(t *testing.T) {
	t.Parallel()
	hash, err := password.NewHasher().Hash(t.Context(), "right")
	require.NoError(t, err)
	old := func(iterations string) string { return strings.Replace(djangoSecret, "$1000$", "$"+iterations+"$", 1) }
	for cost, like := range map[string]string{
		"pbkdf2_sha256$400000": old("400000"), "pbkdf2_sha256$10000": old("10000"), // twice ours, and much less
		"pbkdf2_sha256$2000001": hash, "pbkdf2_sha256$99999999999999999999": hash, "pbkdf2_sha256$": hash,
		"$argon2id$v=19$m=19456,t=2,p=1": hash, "$argon2id$v=19$m=19456,t=2000000,p=1": hash, "": hash,
		"$argon2id$v=19$m=64,t=1,p=1": "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
	} {
		alike(t, cost, func() string { return password.Decoy(cost) }, func() string { return like })
	}
	first, second := password.Decoy("pbkdf2_sha256$1000"), password.Decoy("pbkdf2_sha256$1000")
	require.NotEqual(t, first, second)
}

func TestTooManyAtOnceAreSentAway(t *testing.T) {
	t.Parallel()
	hasher := password.NewHasher()
	const many = 200
	var done, refused int
	var mu sync.Mutex
	var all sync.WaitGroup
	for range many {
		all.Go(func() {
			_, err := hasher.Verify(t.Context(), "", "x")
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				done++
				return
			}
			if fault.KindOf(err) == fault.RateLimited && fault.Of(err).RetryAfter > 0 {
				refused++
			}
		})
	}
	all.Wait()
	require.Equal(t, many, done+refused)
	require.GreaterOrEqual(t, done, 34, "all that fit were served")
	require.Positive(t, refused)
	_, err := hasher.Hash(t.Context(), "x")
	require.NoError(t, err, "afterwards there is room again")
}

func TestWhoGivesUpWaitingFreesThePlace(t *testing.T) {
	t.Parallel()
	hasher := password.NewHasher()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { _, _ = hasher.Hash(gone, "x") })
	}
	all.Wait()
	for range 3 {
		_, err := hasher.Hash(t.Context(), "x")
		require.NoError(t, err)
	}
}

func TestGuessablePasswords(t *testing.T) {
	t.Parallel()
	about := []password.Attribute{
		{Name: "user name", Value: "grace_hopper"}, {Name: "first name", Value: "Grace"}, {Name: "last name", Value: "H"},
		{Name: "e-mail address", Value: "admiral@navy.example"},
	}
	cases := map[string]int{
		"Tr0ubadour&Lute": 0, "Grace_Hopper!": 1, "gracegrace": 0, "ECARG_REPPOH!": 1, "Admiral!": 1, "admiral@navy.example!A": 1,
		"P@ssw0rd": 1, "  P@SSW0RD ": 1, "Password!": 1, "Password!x9": 0, "H!H!H!H!H!": 0,
	}
	for plain, reasons := range cases {
		require.Len(t, password.Guessable(plain, about), reasons, plain)
	}
	both := password.Guessable("Password!", []password.Attribute{{Name: "user name", Value: "password2"}, {Name: "first name", Value: "Password"}})
	require.Len(t, both, 2, "the first attribute that resembles is enough, then the common list")
	require.Contains(t, both[0], "user name")
	require.Empty(t, password.Guessable("Tr0ubadour&Lute", []password.Attribute{{Value: ""}, {Value: "---"}}))
}
