package user_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// djangoHash is of goodPassword, made with Python's hashlib: pbkdf2_hmac("sha256", ..., 260000).
const djangoHash = "pbkdf2_sha256$260000$NaClNaClNaClNaClNaCl22$f3IJaC2harN0FT73ILIbVY7s08XfHy9PkBhfHcIMvFg="

func TestLogInAndOut(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)

	in, err := s.sessions.LogIn(t.Context(), &userv1.LogInRequest{
		Username: filled.GetUsername(), Password: goodPassword, Remember: true, ClientAddress: anyAddress(),
	})
	require.NoError(t, err)
	require.Equal(t, made.GetAccount().GetAccountId(), in.GetAccount().GetAccountId())
	require.Equal(t, made.GetAccount().GetMemberCode(), in.GetAccount().GetMemberCode())
	require.Regexp(t, `^[a-z0-9]{32}$`, in.GetSession().GetToken())
	require.True(t, in.GetSession().GetPersistent())
	require.WithinDuration(t, time.Now().Add(14*24*time.Hour), in.GetSession().GetExpiresAt().AsTime(), time.Minute)

	resolved, err := s.resolve(in.GetSession().GetToken())
	require.NoError(t, err)
	require.Equal(t, filled.GetEmail(), resolved.GetAccount().GetEmail())
	require.WithinDuration(t, in.GetSession().GetExpiresAt().AsTime(), resolved.GetExpiresAt().AsTime(), time.Second)

	for range 2 {
		_, err = s.sessions.LogOut(t.Context(), &userv1.LogOutRequest{Token: in.GetSession().GetToken()})
		require.NoError(t, err)
	}
	_, err = s.resolve(in.GetSession().GetToken())
	require.Equal(t, fault.Unauthenticated, fault.KindOf(err))
	require.Equal(t, "session-unknown", fault.ReasonOf(err))
	_, err = s.resolve(made.GetSession().GetToken())
	require.NoError(t, err, "another browser of the same person stays logged in")
}

func TestWrongCredentialsAreAllAlike(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	closed, _ := s.register(nil)
	s.exec("UPDATE accounts SET is_active = false WHERE username = $1", closed.GetUsername())
	broken, _ := s.register(nil)
	s.exec("UPDATE accounts SET password_hash = '!unusable' WHERE username = $1", broken.GetUsername())

	cases := map[string][2]string{
		"wrong password": {filled.GetUsername(), goodPassword + "x"}, "empty password": {filled.GetUsername(), ""},
		"unknown name": {"nobodyhere", goodPassword}, "other case": {strings.ToUpper(filled.GetUsername()), goodPassword},
		"empty": {"", ""}, "nul": {filled.GetUsername() + "\x00", goodPassword}, "closed": {closed.GetUsername(), goodPassword},
		"no hash": {broken.GetUsername(), goodPassword}, "long": {strings.Repeat("x", 1_000_000), strings.Repeat("x", 1_000_000)},
	}
	before := s.count("SELECT count(*) FROM sessions")
	for name, c := range cases {
		_, err := s.sessions.LogIn(t.Context(), &userv1.LogInRequest{
			Username: c[0], Password: c[1], ClientAddress: anyAddress(), ReplacedSessionToken: made.GetSession().GetToken(),
		})
		require.Equal(t, fault.Unauthenticated, fault.KindOf(err), name)
		require.Equal(t, "credentials-invalid", fault.ReasonOf(err), name)
	}
	require.Equal(t, before, s.count("SELECT count(*) FROM sessions"))
	_, err := s.resolve(made.GetSession().GetToken())
	require.NoError(t, err, "a failed login leaves the session alone")
}

func TestLoginEndsTheSessionItReplaces(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	in, err := s.sessions.LogIn(t.Context(), &userv1.LogInRequest{
		Username: filled.GetUsername(), Password: goodPassword, ClientAddress: anyAddress(), ReplacedSessionToken: made.GetSession().GetToken(),
	})
	require.NoError(t, err)
	require.NotEqual(t, made.GetSession().GetToken(), in.GetSession().GetToken())
	_, err = s.resolve(made.GetSession().GetToken())
	require.Equal(t, "session-unknown", fault.ReasonOf(err))
}

func TestOnlyHashesOfTokensAreStored(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, made := s.register(nil)
	token := made.GetSession().GetToken()
	require.Zero(t, s.count("SELECT count(*) FROM sessions s WHERE s::text LIKE '%' || $1 || '%' OR encode(token_hash, 'escape') = $1", token))
	require.Equal(t, 1, s.count("SELECT count(*) FROM sessions WHERE token_hash = sha256($1::text::bytea)", token))
}

func TestASessionEndsWithPasswordAccountAndTime(t *testing.T) {
	t.Parallel()
	s := open(t)
	ends := map[string]func(account int64){
		"password changed": func(id int64) {
			s.exec("UPDATE accounts SET password_generation = password_generation + 1 WHERE id = $1", id)
		},
		"account closed":  func(id int64) { s.exec("UPDATE accounts SET is_active = false WHERE id = $1", id) },
		"account deleted": func(id int64) { s.exec("DELETE FROM accounts WHERE id = $1", id) },
		"expired":         func(int64) { s.clock.move(14*24*time.Hour + time.Second) },
	}
	for _, name := range []string{"password changed", "account closed", "account deleted", "expired"} {
		_, made := s.register(nil)
		_, err := s.resolve(made.GetSession().GetToken())
		require.NoError(t, err, name)
		ends[name](made.GetAccount().GetAccountId())
		_, err = s.resolve(made.GetSession().GetToken())
		require.Equal(t, "session-unknown", fault.ReasonOf(err), name)
	}
}

func TestSessionsAreNotProlonged(t *testing.T) {
	t.Parallel()
	s := open(t)
	_, made := s.register(nil)
	s.clock.move(13 * 24 * time.Hour)
	resolved, err := s.resolve(made.GetSession().GetToken())
	require.NoError(t, err)
	require.WithinDuration(t, made.GetSession().GetExpiresAt().AsTime(), resolved.GetExpiresAt().AsTime(), time.Second)
}

func TestHostileTokens(t *testing.T) {
	t.Parallel()
	s := open(t)
	for _, token := range []string{"", "x", strings.Repeat("A", 32), strings.Repeat("a", 33), strings.Repeat("a", 31) + "\x00", strings.Repeat("é", 16), strings.Repeat("a", 1_000_000), strings.Repeat("a", 32)} {
		_, err := s.resolve(token)
		require.Equal(t, "session-unknown", fault.ReasonOf(err))
		_, err = s.sessions.LogOut(t.Context(), &userv1.LogOutRequest{Token: token})
		require.NoError(t, err)
	}
}

func TestHashOfTheOldShopIsReplacedAtLogin(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	s.exec("UPDATE accounts SET password_hash = $1 WHERE username = $2", djangoHash, filled.GetUsername())

	_, err := s.logIn(filled.GetUsername(), "not it")
	require.Equal(t, "credentials-invalid", fault.ReasonOf(err))
	require.Equal(t, djangoHash, s.text("SELECT password_hash FROM accounts"))
	_, err = s.logIn(filled.GetUsername(), goodPassword)
	require.NoError(t, err)
	require.Contains(t, s.text("SELECT password_hash FROM accounts"), "$argon2id$v=19$m=19456,t=2,p=1$")
	_, err = s.logIn(filled.GetUsername(), goodPassword)
	require.NoError(t, err)
	_, err = s.resolve(made.GetSession().GetToken())
	require.NoError(t, err, "the password is the same, so other sessions stay")
}

func TestLoginsAreLimitedPerAddress(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, _ := s.register(nil)
	try := func(address, password string) error {
		_, err := s.sessions.LogIn(t.Context(), &userv1.LogInRequest{Username: filled.GetUsername(), Password: password, ClientAddress: address})
		return err
	}
	for i := range 10 {
		password := goodPassword
		if i%2 == 0 {
			password = "wrong"
		}
		require.NotEqual(t, fault.RateLimited, fault.KindOf(try("192.0.2.7", password)), "try %d", i+1)
	}
	err := try("::ffff:192.0.2.7", goodPassword)
	require.Equal(t, fault.RateLimited, fault.KindOf(err), "the same address in other clothes")
	require.Positive(t, fault.Of(err).RetryAfter)
	require.NoError(t, try("192.0.2.8", goodPassword))
	s.clock.move(fault.Of(err).RetryAfter + time.Second)
	require.NoError(t, try("192.0.2.7", goodPassword))
}

func TestTriesAreCountedExactlyWhenMadeAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	var through int
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 25 {
		all.Go(func() {
			_, err := s.accounts.CreateAccount(t.Context(), &userv1.CreateAccountRequest{ClientAddress: "192.0.2.1"})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				through++
			}
		})
	}
	all.Wait()
	require.Equal(t, 5, through)
}

func TestWithoutCountersNobodyIsLockedOut(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, _ := s.register(nil)
	s.exec("ALTER TABLE rate_limits RENAME TO rate_limits_gone")
	_, err := s.logIn(filled.GetUsername(), goodPassword)
	require.NoError(t, err)
	require.Contains(t, s.logs.String(), "[RATE_LIMIT_FAILURE]")
}

func TestPastSessionsAndCountersAreRemoved(t *testing.T) {
	t.Parallel()
	s := open(t)
	past, _ := s.register(nil)
	s.stop()
	s.clock.move(15 * 24 * time.Hour)
	s.start() // the hourly jobs also run at start
	_, err := s.logIn(past.GetUsername(), goodPassword)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		return s.count("SELECT count(*) FROM sessions") == 1 && s.count("SELECT count(*) FROM rate_limits WHERE rule = 'create-account'") == 0
	}, patience, tick)
}

func (s *shop) list(account int64, token string) []*userv1.SessionSummary {
	s.t.Helper()
	listed, err := s.sessions.ListSessions(s.t.Context(), &userv1.ListSessionsRequest{AccountId: account, CurrentToken: token})
	require.NoError(s.t, err)
	return listed.GetSessions()
}

func (s *shop) end(account int64, reference string) error {
	_, err := s.sessions.EndSession(s.t.Context(), &userv1.EndSessionRequest{AccountId: account, Reference: reference})
	return err
}

func TestOwnersSeeAndEndTheirSessions(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(func(r *userv1.CreateAccountRequest) { r.UserAgent = "First/1.0" })
	account, token := made.GetAccount().GetAccountId(), made.GetSession().GetToken()
	_, stranger := s.register(nil)
	in, err := s.sessions.LogIn(t.Context(), &userv1.LogInRequest{
		Username: filled.GetUsername(), Password: goodPassword, Remember: true, ClientAddress: anyAddress(),
		UserAgent: "Second\x00\n\u202e/" + strings.Repeat("é", 300),
	})
	require.NoError(t, err)

	listed := s.list(account, token)
	require.Len(t, listed, 2)
	require.Equal(t, "Second/"+strings.Repeat("é", 193), listed[0].GetUserAgent())
	require.Equal(t, []bool{true, false}, []bool{listed[0].GetPersistent(), listed[0].GetCurrent()})
	require.WithinDuration(t, in.GetSession().GetExpiresAt().AsTime(), listed[0].GetExpiresAt().AsTime(), time.Second)
	require.WithinDuration(t, time.Now(), listed[0].GetBeganAt().AsTime(), time.Minute)
	require.Equal(t, "First/1.0", listed[1].GetUserAgent())
	require.Equal(t, []bool{false, true}, []bool{listed[1].GetPersistent(), listed[1].GetCurrent()})

	for _, reference := range []string{"", "x", listed[0].GetReference() + "0", strings.Repeat("g", 36), "\x00", s.list(stranger.GetAccount().GetAccountId(), "")[0].GetReference()} {
		err := s.end(account, reference)
		require.Equal(t, fault.NotFound, fault.KindOf(err), "%q", reference)
		require.Equal(t, "session-not-found", fault.ReasonOf(err))
	}
	require.NoError(t, s.end(account, listed[0].GetReference()))
	require.Equal(t, "session-not-found", fault.ReasonOf(s.end(account, listed[0].GetReference())), "twice")
	_, err = s.resolve(in.GetSession().GetToken())
	require.Equal(t, "session-unknown", fault.ReasonOf(err))
	require.NoError(t, s.end(account, listed[1].GetReference()), "the one that asks")
	require.Empty(t, s.list(account, token))
	_, err = s.resolve(stranger.GetSession().GetToken())
	require.NoError(t, err)
}

func TestAllSessionsButOneEnd(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	_, stranger := s.register(nil)
	account, token := made.GetAccount().GetAccountId(), made.GetSession().GetToken()
	for range 3 {
		_, err := s.logIn(filled.GetUsername(), goodPassword)
		require.NoError(t, err)
	}
	endOthers := func(kept string) int32 {
		ended, err := s.sessions.EndOtherSessions(t.Context(), &userv1.EndOtherSessionsRequest{AccountId: account, KeptToken: kept})
		require.NoError(t, err)
		return ended.GetEnded()
	}
	require.Equal(t, int32(3), endOthers(token))
	require.Zero(t, endOthers(token), "twice")
	require.Len(t, s.list(account, token), 1)
	_, err := s.resolve(token)
	require.NoError(t, err)
	require.Equal(t, int32(1), endOthers(stranger.GetSession().GetToken()), "one that is not the account's keeps nothing")
	_, err = s.resolve(stranger.GetSession().GetToken())
	require.NoError(t, err)
}

func TestOnlyGoodSessionsAreListed(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	account := made.GetAccount().GetAccountId()
	expired := s.list(account, "")[0].GetReference()
	s.clock.move(14*24*time.Hour + time.Second)
	require.Empty(t, s.list(account, ""))
	require.Equal(t, "session-not-found", fault.ReasonOf(s.end(account, expired)))
	_, err := s.logIn(filled.GetUsername(), goodPassword)
	require.NoError(t, err)
	require.Len(t, s.list(account, ""), 1)
	s.exec("UPDATE accounts SET password_generation = password_generation + 1")
	require.Empty(t, s.list(account, ""))
	require.Empty(t, s.list(account+1000, ""), "nobody's")
}

func TestAtMostAHundredSessionsAreKept(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, made := s.register(nil)
	_, stranger := s.register(nil)
	account := made.GetAccount().GetAccountId()
	s.exec(`INSERT INTO sessions (token_hash, account_id, password_generation, persistent, created_at, expires_at)
		SELECT sha256(n::text::bytea), $1, 1, false, now() - n * interval '1 minute', now() + interval '1 day' FROM generate_series(1, 98) n`, account)
	var all sync.WaitGroup
	tokens := make([]string, 6)
	for i := range tokens {
		all.Go(func() {
			in, err := s.logIn(filled.GetUsername(), goodPassword)
			if err != nil {
				t.Error(err)
				return
			}
			tokens[i] = in.GetSession().GetToken()
		})
	}
	all.Wait()
	require.Equal(t, 100, s.count("SELECT count(*) FROM sessions WHERE account_id = $1", account))
	require.Len(t, s.list(account, ""), 100)
	require.Zero(t, s.count("SELECT count(*) FROM sessions WHERE token_hash IN (SELECT sha256(n::text::bytea) FROM generate_series(94, 98) n)"), "the oldest are gone")
	require.Equal(t, 93, s.count("SELECT count(*) FROM sessions WHERE token_hash IN (SELECT sha256(n::text::bytea) FROM generate_series(1, 93) n)"))
	for _, token := range append(tokens, made.GetSession().GetToken(), stranger.GetSession().GetToken()) {
		_, err := s.resolve(token)
		require.NoError(t, err)
	}
}

func TestLoginEndsOnlyTheBrowsersFormerSession(t *testing.T) {
	t.Parallel()
	s := open(t)
	filled, mine := s.register(nil)
	_, former := s.register(nil)
	_, other := s.register(nil)
	_, err := s.sessions.LogIn(t.Context(), &userv1.LogInRequest{
		Username: filled.GetUsername(), Password: goodPassword, ClientAddress: anyAddress(), ReplacedSessionToken: former.GetSession().GetToken(),
	})
	require.NoError(t, err)
	_, err = s.resolve(former.GetSession().GetToken())
	require.Equal(t, "session-unknown", fault.ReasonOf(err), "of the person who used the browser before")
	for _, kept := range []string{mine.GetSession().GetToken(), other.GetSession().GetToken()} {
		_, err = s.resolve(kept)
		require.NoError(t, err)
	}
}
