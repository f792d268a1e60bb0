package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/config"
)

type server struct {
	Addr    string         `env:"GRPC_ADDR" envDefault:"127.0.0.1:0" help:"where it listens" expects:"host:port"`
	Secrets config.Secrets `env:"SERVICE_SECRETS,required" help:"between services"`
	Drain   time.Duration  `env:"DRAIN_TIMEOUT" envDefault:"20s" help:"time to finish"`
}

type settings struct {
	server
	Mail struct {
		From string `env:"FROM" envDefault:"shop@localhost" help:"sender"`
	} `envPrefix:"MAIL_"`
	Hosts  config.List `env:"ALLOWED_HOSTS" envDefault:"localhost, 127.0.0.1" help:"Host headers that are answered"`
	Hops   int         `env:"TRUSTED_PROXY_HOPS" envDefault:"0" help:"proxies in front"`
	Secure *bool       `env:"COOKIE_SECURE" help:"Secure flag of cookies"`
	Level  slog.Level  `env:"LOG_LEVEL" envDefault:"INFO" help:"least severe line" expects:"DEBUG, INFO, WARN or ERROR"`
	Again  string      `env:"GRPC_ADDR" envDefault:"127.0.0.1:0" help:"second reader"`
}

const secret = "SERVICE_SECRETS=0123456789abcdef"

func TestLoadTakesDefaultsAndValues(t *testing.T) {
	t.Parallel()
	read, err := config.Load[settings]([]string{
		"SERVICE_SECRETS=overridden-by-the-later-one", secret + ", another-secret-of-20", "DRAIN_TIMEOUT=1m30s",
		"TRUSTED_PROXY_HOPS=", "MAIL_FROM=a@b.example", "COOKIE_SECURE=false", "LOG_LEVEL=debug", "UNRELATED=1",
	})
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:0", read.Addr)
	require.Equal(t, "127.0.0.1:0", read.Again)
	require.Equal(t, []string{"0123456789abcdef", "another-secret-of-20"}, []string(read.Secrets))
	require.Equal(t, 90*time.Second, read.Drain)
	require.Equal(t, "a@b.example", read.Mail.From)
	require.Equal(t, config.List{"localhost", "127.0.0.1"}, read.Hosts)
	require.Zero(t, read.Hops)
	require.NotNil(t, read.Secure)
	require.False(t, *read.Secure)
	require.Equal(t, slog.LevelDebug, read.Level)
}

func TestLoadNamesEveryProblemAndNoValue(t *testing.T) {
	t.Parallel()
	_, err := config.Load[settings]([]string{
		"SERVICE_SECRETS=", "DRAIN_TIMEOUT=hunter2", "TRUSTED_PROXY_HOPS=hunter2", "COOKIE_SECURE=hunter2", "LOG_LEVEL=hunter2",
	})
	require.EqualError(t, err, strings.Join([]string{
		"SERVICE_SECRETS is required: one or two comma-separated secrets of at least 16 characters each",
		"DRAIN_TIMEOUT is not valid: expected a duration like 20s or 5m",
		"TRUSTED_PROXY_HOPS is not valid: expected a whole number",
		"COOKIE_SECURE is not valid: expected true or false",
		"LOG_LEVEL is not valid: expected DEBUG, INFO, WARN or ERROR",
	}, "\n"))
}

func TestUnsetPointerStaysNil(t *testing.T) {
	t.Parallel()
	read, err := config.Load[settings]([]string{secret, "COOKIE_SECURE="})
	require.NoError(t, err)
	require.Nil(t, read.Secure)
}

func TestSecretsRefusesWhatCannotBeASecret(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"short", "0123456789abcde", "0123456789abcdef,", "0123456789abcdef,short",
		"0123456789abcdef,0123456789abcdef,0123456789abcdef", "0123456789 abcdef", "0123456789abcdef\n0123456789abcdef",
	} {
		var read config.Secrets
		require.Error(t, read.UnmarshalText([]byte(text)), "%q", text)
		require.Nil(t, []string(read))
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	held := struct{ Secrets config.Secrets }{config.Secrets{"0123456789abcdef"}}
	encoded, err := json.Marshal(held)
	require.NoError(t, err)
	printed := fmt.Sprintf("%v %+v %#v %s %s", held, held, held, held.Secrets, encoded)
	require.NotContains(t, printed, "0123456789abcdef")
}

func TestHelpListsEveryVariableOnceAligned(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	config.Help[settings](&out)
	lines := strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
	require.Len(t, lines, 8)
	require.Contains(t, lines[0], "GRPC_ADDR")
	require.Contains(t, lines[0], "where it listens (host:port)")
	require.Contains(t, lines[1], "(required)")
	require.Contains(t, lines[3], "MAIL_FROM")
	require.Equal(t, strings.Index(lines[0], "where it listens"), strings.Index(lines[3], "sender"))
	require.Equal(t, strings.Index(lines[0], "127.0.0.1:0"), strings.Index(lines[1], "(required)"))
}
