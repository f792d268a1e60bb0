package gateway

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/config"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

func environ(more ...string) []string {
	return append([]string{
		"SECRET_KEY=a-secret-of-tests-for-cookies-and-more", "STRIPE_PUBLISHABLE_KEY=pk_test_1", "SERVICE_SECRETS=a-secret-of-tests",
		"USER_ADDR=127.0.0.1:1", "ORDER_ADDR=127.0.0.1:2", "PAYMENT_ADDR=127.0.0.1:3", "CLIENTEVENT_ADDR=127.0.0.1:4",
	}, more...)
}

func TestDefaultsFitALaptop(t *testing.T) {
	t.Parallel()
	cfg, err := config.Load[Config](environ())
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:8000", cfg.Addr)
	require.Equal(t, []string{"http://localhost:8080"}, cfg.allowedOrigins())
	require.Equal(t, config.List{"localhost", "127.0.0.1", "[::1]"}, cfg.AllowedHosts)
	require.False(t, cfg.cookieSecure())
	require.False(t, cfg.behindProxy())
}

func TestProduction(t *testing.T) {
	t.Parallel()
	cfg, err := config.Load[Config](environ(
		"SITE_ORIGIN=https://shop.example/", "ALLOWED_ORIGINS=https://www.shop.example, https://shop.example,https://api.shop.example",
		"ALLOWED_HOSTS=api.shop.example", "COOKIE_DOMAIN=.shop.example", "HTTPS_REDIRECT=true", "TRUSTED_PROXY_HOPS=1", "SECRET_KEY_FALLBACKS=a-former-secret-of-tests-for-cookies,an-older-secret-of-tests-for-cookies",
	))
	require.NoError(t, err)
	require.Equal(t, config.Origin("https://shop.example"), cfg.SiteOrigin)
	require.Equal(t, []string{"https://www.shop.example", "https://shop.example", "https://api.shop.example"}, cfg.allowedOrigins())
	require.True(t, cfg.cookieSecure(), "the pages are https")
	require.True(t, cfg.behindProxy())

	cfg, err = config.Load[Config](environ("SITE_ORIGIN=https://shop.example", "COOKIE_SECURE=false"))
	require.NoError(t, err)
	require.False(t, cfg.cookieSecure())
}

func TestWrongSettingsAreNamed(t *testing.T) {
	t.Parallel()
	for variable, value := range map[string]string{
		"SITE_ORIGIN": "pages.example", "ALLOWED_ORIGINS": "https://pages.example/path", "COOKIE_DOMAIN": "shop example; Secure", "COOKIE_SECURE": "perhaps",
		"TRUSTED_PROXY_HOPS": "-1", "HTTPS_REDIRECT": "perhaps", "REQUEST_DEADLINE": "soon", "SERVICE_SECRETS": "short",
	} {
		_, err := config.Load[Config](environ(variable + "=" + value))
		require.ErrorContains(t, err, variable)
		require.NotContains(t, err.Error(), value)
	}
	_, err := config.Load[Config](nil)
	for _, required := range []string{"SECRET_KEY", "STRIPE_PUBLISHABLE_KEY", "SERVICE_SECRETS", "USER_ADDR", "ORDER_ADDR", "PAYMENT_ADDR", "CLIENTEVENT_ADDR"} {
		require.ErrorContains(t, err, required)
	}
	var help bytes.Buffer
	config.Help[Config](&help)
	require.Contains(t, help.String(), "STRIPE_PUBLISHABLE_KEY")
}

// A claim of an idempotency key ends after 30 s: no request may take so long that another one does it again.
func TestADeadlineHasLimits(t *testing.T) {
	t.Parallel()
	for deadline, isFine := range map[string]bool{"1s": true, "10s": true, "25s": true, "25001ms": false, "30s": false, "1h": false, "0s": false, "-1s": false} {
		cfg, err := config.Load[Config](environ("API_ADDR=127.0.0.1:0", "REQUEST_DEADLINE="+deadline))
		require.NoError(t, err)
		edge, err := New(t.Context(), cfg, telemetry.Silent())
		if isFine {
			require.NoError(t, err, deadline)
			require.NoError(t, errors.Join(edge.listener.Close(), edge.peers.close()))
			continue
		}
		require.ErrorContains(t, err, "REQUEST_DEADLINE is not valid: expected a duration of at most 25s, like 10s", deadline)
	}
}
