package session_test

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/signing"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/migrations"
	"github.com/bartgottschalk/startupwebapp/services/user/password"
	"github.com/bartgottschalk/startupwebapp/services/user/session"
)

const insertAccount = `INSERT INTO accounts (username, password_hash, first_name, last_name, email, unsubscribe_string, unsubscribe_token, member_code, joined_at)
	VALUES ('gracehopper', '', 'Grace', 'Hopper', 'grace@mail.example', 's', 't', 'm', now()) RETURNING id`

func begin(t *testing.T) (*session.Service, *postgres.Database, session.Owner, string) {
	t.Helper()
	db := dbtest.New(t, migrations.Set())
	sessions := session.New(db, password.NewHasher(), limit.New(db, telemetry.Silent(), time.Now), signing.Key{Secret: "a secret"}, time.Now)
	owner := session.Owner{PasswordGeneration: 1}
	require.NoError(t, db.QueryRow(t.Context(), insertAccount).Scan(&owner.AccountID))
	var token string
	require.NoError(t, db.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		begun, err := sessions.Begin(ctx, tx, owner)
		token = begun.GetToken()
		return err
	}))
	return sessions, db, owner, token
}

func TestResolvingIsOneQuery(t *testing.T) {
	t.Parallel()
	sessions, _, owner, token := begin(t)
	ctx, queries := postgres.Count(t.Context())
	resolved, err := sessions.ResolveSession(ctx, &userv1.ResolveSessionRequest{Token: token})
	require.NoError(t, err)
	require.Equal(t, owner.AccountID, resolved.GetAccount().GetAccountId())
	require.Equal(t, 1, queries.N())

	ctx, queries = postgres.Count(t.Context())
	_, err = sessions.ResolveSession(ctx, &userv1.ResolveSessionRequest{Token: "no token at all"})
	require.Error(t, err)
	require.Zero(t, queries.N())
}

func TestNoSessionBeginsUnderAPasswordOfYesterday(t *testing.T) {
	t.Parallel()
	sessions, db, owner, _ := begin(t)
	_, err := db.Exec(t.Context(), "UPDATE accounts SET password_generation = 2")
	require.NoError(t, err)
	err = db.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		_, err := sessions.Begin(ctx, tx, owner)
		return err
	})
	require.ErrorIs(t, err, session.ErrAccountChanged)
}

// slowHash keeps a place of the queue for a while, all of them for seconds.
const slowHash = "pbkdf2_sha256$2000000$NaClNaClNaClNaClNaCl22$f3IJaC2harN0FT73ILIbVY7s08XfHy9PkBhfHcIMvFg="

// crowd fills the queue of a hasher until the test ends.
func crowd(t *testing.T, hasher *password.Hasher) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	t.Cleanup(func() { cancel(); all.Wait() })
	gone, leave := context.WithCancel(ctx)
	leave()
	full := func() bool {
		_, err := hasher.Verify(gone, "pbkdf2_sha256$1$a$YQ==", "")
		return fault.KindOf(err) == fault.RateLimited
	}
	require.Eventually(t, func() bool {
		for range 10 {
			all.Go(func() { _, _ = hasher.Verify(ctx, slowHash, "") })
		}
		return full()
	}, 20*time.Second, 20*time.Millisecond)
}

func TestATryThatTheQueueTurnsAwayIsTakenBackWithItsWait(t *testing.T) {
	t.Parallel()
	db, now := dbtest.New(t, migrations.Set()), time.Now()
	clock := func() time.Time { return now }
	hasher := password.NewHasher()
	sessions := session.New(db, hasher, limit.New(db, telemetry.Silent(), clock), signing.Key{Secret: "a secret"}, clock)
	tries := 0
	try := func(name string) error {
		tries++
		_, err := sessions.LogIn(t.Context(), &userv1.LogInRequest{Username: name, ClientAddress: "10.0.0." + strconv.Itoa(tries)})
		return err
	}
	for range 9 {
		require.Equal(t, fault.Unauthenticated, fault.KindOf(try("grace")))
	}
	crowd(t, hasher)
	for _, name := range []string{"grace", "new", "grace", "grace"} {
		err := try(name)
		require.Equal(t, fault.RateLimited, fault.KindOf(err))
		require.Greater(t, fault.Of(err).RetryAfter, time.Second, "it is the queue's answer")
	}
	var names, failures int
	var blocked bool
	require.NoError(t, db.QueryRow(t.Context(), "SELECT count(*), max(failures), bool_or(blocked_until > $1) FROM login_failures", now).Scan(&names, &failures, &blocked))
	require.Equal(t, 1, names)
	require.Equal(t, 9, failures)
	require.False(t, blocked)
}

func TestNetworksSurviveANewSecretKey(t *testing.T) {
	t.Parallel()
	db, now := dbtest.New(t, migrations.Set()), time.Now()
	clock := func() time.Time { return now }
	hasher := password.NewHasher()
	hash, err := hasher.Hash(t.Context(), "a password")
	require.NoError(t, err)
	_, err = db.Exec(t.Context(), strings.Replace(insertAccount, "''", "'"+hash+"'", 1))
	require.NoError(t, err)
	try := func(key signing.Key, address, plain string) error {
		sessions := session.New(db, hasher, limit.New(db, telemetry.Silent(), clock), key, clock)
		_, err := sessions.LogIn(t.Context(), &userv1.LogInRequest{Username: "gracehopper", Password: plain, ClientAddress: address})
		return err
	}
	former, present := signing.Key{Secret: "a secret"}, signing.Key{Secret: "another", Fallbacks: []string{"a secret"}}
	require.NoError(t, try(former, "192.0.2.1", "a password"))
	for i := range 10 {
		require.Equal(t, fault.Unauthenticated, fault.KindOf(try(former, "10.0.0."+strconv.Itoa(i), "wrong")))
	}
	require.Equal(t, fault.RateLimited, fault.KindOf(try(signing.Key{Secret: "another"}, "192.0.2.1", "a password")))
	require.NoError(t, try(present, "192.0.2.1", "a password"))
}
