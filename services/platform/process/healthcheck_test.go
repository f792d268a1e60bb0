package process_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/process"
)

func asking(ask func(ctx context.Context, address string) error) process.Program[shop] {
	p := program(nil)
	p.Healthcheck = &process.Healthcheck{Variable: "LISTEN", Ask: ask}
	return p
}

func TestHealthcheckAsksItsOwnProcessAndReadsNothingElse(t *testing.T) {
	t.Parallel()
	for listen, wanted := range map[string]string{
		"0.0.0.0:9090":        "127.0.0.1:9090",
		"[::]:9090":           "[::1]:9090",
		"[::ffff:0.0.0.0]:80": "127.0.0.1:80",
		":9090":               "127.0.0.1:9090",
		"10.0.0.7:9090":       "10.0.0.7:9090",
		"localhost:9090":      "localhost:9090",
	} {
		var asked []string
		p := asking(func(ctx context.Context, address string) error {
			deadline, bounded := ctx.Deadline()
			require.True(t, bounded)
			require.LessOrEqual(t, time.Until(deadline), 3*time.Second)
			asked = append(asked, address)
			return nil
		})
		// A secret that cannot be read and settings that are wrong would end any other command.
		got := run(context.Background(), p, []string{"LISTEN=" + listen, "AWS_SECRET_ID=nowhere", "OTEL_EXPORTER_OTLP_ENDPOINT=wrong"}, "healthcheck")
		require.Zero(t, got.code, "%s: %s", listen, got.errors)
		require.Equal(t, []string{wanted}, asked)
		require.Empty(t, got.out+got.errors)
	}
}

func TestHealthcheckSaysWhyNotInOneLine(t *testing.T) {
	t.Parallel()
	sick := asking(func(context.Context, string) error { return errors.New("it answers 503") })
	got := run(context.Background(), sick, []string{"LISTEN=:1"}, "healthcheck")
	require.Equal(t, ran{code: 1, errors: "order: healthcheck: it answers 503\n"}, got)

	never := asking(func(context.Context, string) error { panic("must not be asked") })
	for listen, why := range map[string]string{
		"": "LISTEN: it is not set", "127.0.0.1:0": "LISTEN: port 0", ":0": "LISTEN: port 0", "127.0.0.1:": "LISTEN: port 0", "9090": "LISTEN: expected host:port",
	} {
		got := run(context.Background(), never, []string{"LISTEN=" + listen}, "healthcheck")
		require.Equal(t, 1, got.code, listen)
		require.Contains(t, got.errors, "order: healthcheck: "+why)
	}
	require.Equal(t, 2, run(context.Background(), never, environ, "healthcheck", "now").code)
}

func TestHealthcheckIsThereOnlyWhereThereIsSomethingToAsk(t *testing.T) {
	t.Parallel()
	require.Contains(t, run(context.Background(), asking(nil), nil, "--help").out, "healthcheck")
	require.NotContains(t, run(context.Background(), program(nil), nil, "--help").out, "healthcheck")
	require.Equal(t, 2, run(context.Background(), program(nil), environ, "healthcheck").code)
}
