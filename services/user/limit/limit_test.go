package limit_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
	"github.com/bartgottschalk/startupwebapp/services/user/limit"
	"github.com/bartgottschalk/startupwebapp/services/user/migrations"
)

func TestAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8::1": "2001:db8::/64", "2001:db8:0:0:ffff::": "2001:db8::/64",
		"2001:db8:0:1::": "2001:db8:0:1::/64", "fe80::1%eth0": "fe80::/64", "": "unknown", "192.0.2.1:80": "unknown", "x\x00": "unknown",
		strings.Repeat("1", 100_000): "unknown",
	} {
		require.Equal(t, want, limit.Address(text))
	}
}

func TestWindowsAreFixedAndEachSubjectHasItsOwn(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, migrations.Set())
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	limiter := limit.New(db, telemetry.Silent(), func() time.Time { return now })
	rule := limit.Rule{Name: "test", Most: 2, Window: time.Hour}

	require.NoError(t, limiter.Allow(t.Context(), rule, "a"))
	require.NoError(t, limiter.Allow(t.Context(), rule, "a"))
	err := limiter.Allow(t.Context(), rule, "a")
	require.Equal(t, fault.RateLimited, fault.KindOf(err))
	wait := fault.Of(err).RetryAfter
	require.NoError(t, limiter.Allow(t.Context(), rule, "b"))
	require.NoError(t, limiter.Allow(t.Context(), limit.Rule{Name: "other", Most: 1, Window: time.Hour}, "a"))

	now = now.Add(wait - time.Second)
	require.Error(t, limiter.Allow(t.Context(), rule, "a"), "being refused does not move the window")
	now = now.Add(time.Second)
	ctx, queries := postgres.Count(t.Context())
	require.NoError(t, limiter.Allow(ctx, rule, "a"))
	require.Equal(t, 1, queries.N())
	require.Error(t, func() error {
		_ = limiter.Allow(t.Context(), rule, "a")
		return limiter.Allow(t.Context(), rule, "a")
	}())
}

func TestACallerWhoIsGoneIsNoFailureOfTheCounters(t *testing.T) {
	t.Parallel()
	var logs bytes.Buffer
	tel := telemetry.Silent()
	tel.Logger = slog.New(slog.NewTextHandler(&logs, nil))
	limiter := limit.New(dbtest.New(t, migrations.Set()), tel, time.Now)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, limiter.Allow(gone, limit.Login(), "a"), context.Canceled)
	require.Empty(t, logs.String(), "nobody is to be woken for it")
}

func use(name string, most int32, subject string) limit.Use {
	return limit.Use{Rule: limit.Rule{Name: name, Most: most, Window: time.Hour}, Subject: subject}
}

func TestSeveralRulesAreOneStatement(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	limiter := limit.New(dbtest.New(t, migrations.Set()), telemetry.Silent(), func() time.Time { return now })
	ctx, queries := postgres.Count(t.Context())
	require.NoError(t, limiter.AllowAll(ctx, use("address", 3, "a"), use("account", 2, "1"), use("account", 2, "1")))
	require.Equal(t, 1, queries.N())
	require.NoError(t, limiter.AllowAll(t.Context(), use("account", 2, "1")), "one try counts once, however often it is named")
	require.NoError(t, limiter.AllowAll(t.Context()))

	require.Equal(t, fault.RateLimited, fault.KindOf(limiter.AllowAll(t.Context(), use("address", 3, "a"), use("account", 2, "1"))))
	require.NoError(t, limiter.AllowAll(t.Context(), use("address", 3, "a"), use("account", 2, "2")))
	require.NoError(t, limiter.AllowAll(t.Context(), use("address", 3, "a")), "what another rule refused was not counted")
	require.Error(t, limiter.AllowAll(t.Context(), use("address", 3, "a")))
}

func TestTheLongestWaitIsSaid(t *testing.T) {
	t.Parallel()
	limiter := limit.New(dbtest.New(t, migrations.Set()), telemetry.Silent(), time.Now)
	short := limit.Use{Rule: limit.Rule{Name: "short", Most: 1, Window: time.Second}, Subject: "a"}
	long := limit.Use{Rule: limit.Rule{Name: "long", Most: 1, Window: 10_000 * time.Hour}, Subject: "a"}
	require.NoError(t, limiter.AllowAll(t.Context(), long))
	alone := fault.Of(limiter.AllowAll(t.Context(), long)).RetryAfter
	_ = limiter.AllowAll(t.Context(), short)
	require.InDelta(t, alone.Seconds(), fault.Of(limiter.AllowAll(t.Context(), short, long)).RetryAfter.Seconds(), 60)
}

func TestRulesInAnyOrderAtOnceNeitherBlockNorMiscount(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, migrations.Set())
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	limiter := limit.New(db, telemetry.Silent(), func() time.Time { return now })
	var all sync.WaitGroup
	var through atomic.Int32
	for i := range 200 {
		uses := []limit.Use{use("a", 1000, "x"), use("b", 50, "y"), use("c", 1000, "z")}
		all.Go(func() {
			for range i % 3 {
				uses = append(uses[1:], uses[0])
			}
			if err := limiter.AllowAll(t.Context(), uses...); err == nil {
				through.Add(1)
			}
		})
	}
	all.Wait()
	require.Equal(t, int32(50), through.Load())
}

func TestHostileSubjectsAreCountedToo(t *testing.T) {
	t.Parallel()
	limiter := limit.New(dbtest.New(t, migrations.Set()), telemetry.Silent(), time.Now)
	for _, subject := range []string{"", "\x00", "a\xff", strings.Repeat("x", 201), strings.Repeat("x", 1_000_000)} {
		rule := limit.Rule{Name: "test", Most: 1, Window: 1000 * time.Hour}
		require.NoError(t, limiter.Allow(t.Context(), rule, subject))
		require.Error(t, limiter.Allow(t.Context(), rule, subject), "%.20q", subject)
	}
}

func TestClocksThatDifferGiveNobodyMoreThanTheEndOfAWindowDoes(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, migrations.Set())
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	slow := limit.New(db, telemetry.Silent(), func() time.Time { return now })
	fast := limit.New(db, telemetry.Silent(), func() time.Time { return now.Add(2 * time.Second) })
	rule := limit.Rule{Name: "test", Most: 5, Window: time.Hour}
	require.NoError(t, slow.Allow(t.Context(), rule, "a"))
	end := func() time.Duration {
		for range 5 {
			if err := slow.Allow(t.Context(), rule, "a"); err != nil {
				return fault.Of(err).RetryAfter
			}
		}
		return 0
	}()
	require.Positive(t, end)
	now = now.Add(end - time.Second) // a second before the end for one, a second after it for the other
	through := 0
	for range 20 {
		for _, limiter := range []*limit.Limiter{slow, fast} {
			if err := limiter.Allow(t.Context(), rule, "a"); err == nil {
				through++
			} else {
				require.Equal(t, fault.RateLimited, fault.KindOf(err))
				require.Positive(t, fault.Of(err).RetryAfter)
			}
		}
	}
	require.Equal(t, 5, through, "the next window, once")
	require.NoError(t, limit.NewPurgeWorker(fast).Work(t.Context(), nil))
	require.Error(t, slow.Allow(t.Context(), rule, "a"), "a window stays until it is past for everybody")
	now = now.Add(5 * time.Second)
	require.Error(t, slow.Allow(t.Context(), rule, "a"), "it has been used up by the other")
}
