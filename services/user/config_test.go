package user_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/config"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/user"
)

func environ(more ...string) []string {
	return append([]string{
		"SERVICE_SECRETS=" + serviceSecret, "SECRET_KEY=" + secretKey, "DATABASE_URL=postgres://user_service:x@127.0.0.1/shop",
	}, more...)
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	cfg, err := config.Load[user.Config](environ("SITE_ORIGIN=https://shop.example/", "SECRET_KEY_FALLBACKS="+strings.Repeat("a", 32)+", "+strings.Repeat("b", 40)))
	require.NoError(t, err)
	require.Equal(t, config.Origin("https://shop.example"), cfg.SiteOrigin)
	require.Equal(t, user.Sender("shop@localhost"), cfg.MailFrom)
	require.Equal(t, "127.0.0.1:1025", cfg.MailTransport.String())
	require.Len(t, cfg.SecretKeyFallbacks, 2)
}

func TestSettingsThatAreRefusedByName(t *testing.T) {
	t.Parallel()
	for _, setting := range []string{
		"SECRET_KEY=short", "SECRET_KEY_FALLBACKS=short", "SITE_ORIGIN=hunter2.example", "SITE_ORIGIN=http://hunter2.example/path", "SITE_ORIGIN=ftp://hunter2.example",
		"MAIL_TRANSPORT=ses://virginia", "MAIL_TRANSPORT=ses://us-east-1:80", "MAIL_TRANSPORT=ses://hunter2@us-east-1", "MAIL_TRANSPORT=127.0.0.1:25", "MAIL_TRANSPORT=smtp://host:99999", "MAIL_TRANSPORT=smtp://u:hunter2@host:x",
		"MAIL_FROM=nobody", "MAIL_FROM=a@b.co\nBcc: c@d.co", "MAIL_RETRY_AFTER=soon",
	} {
		name, value, _ := strings.Cut(setting, "=")
		_, err := config.Load[user.Config](environ(setting))
		require.ErrorContains(t, err, name, setting)
		require.NotContains(t, err.Error(), value, setting)
	}
	cfg, err := config.Load[user.Config](environ("MAIL_TRANSPORT=ses://eu-central-1"))
	require.NoError(t, err)
	require.Equal(t, "ses eu-central-1", cfg.MailTransport.String())
}

func TestSettingsDoNotPrintSecrets(t *testing.T) {
	t.Parallel()
	cfg, err := config.Load[user.Config](environ("MAIL_TRANSPORT=smtp://mailer:hunter2@host:25", "SECRET_KEY_FALLBACKS="+strings.Repeat("f", 40)))
	require.NoError(t, err)
	printed := fmt.Sprintf("%v %+v %#v", cfg.MailTransport, cfg.SecretKey, cfg.SecretKeyFallbacks)
	for _, secret := range []string{"hunter2", secretKey, strings.Repeat("f", 40)} {
		require.NotContains(t, printed, secret)
	}
}

func TestHelpNamesEverySetting(t *testing.T) {
	t.Parallel()
	var out, problems bytes.Buffer
	require.Zero(t, process.Run(t.Context(), user.Program(), []string{"--help"}, nil, &out, &problems))
	for _, name := range []string{
		"DATABASE_URL", "ADMIN_DATABASE_URL", "GRPC_ADDR", "SERVICE_SECRETS", "SECRET_KEY", "SECRET_KEY_FALLBACKS", "SITE_ORIGIN", "MAIL_TRANSPORT", "MAIL_FROM", "migrate",
	} {
		require.Contains(t, out.String(), name)
	}
}
