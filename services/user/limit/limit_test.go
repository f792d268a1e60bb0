package limit_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
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
