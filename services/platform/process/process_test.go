package process_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

type shop struct {
	Key  string `env:"SECRET_KEY,required" help:"signs cookies"`
	Name string `env:"SHOP_NAME" envDefault:"shop" help:"what it is called"`
}

// ran is what a run left behind.
type ran struct {
	code        int
	out, errors string
}

func run(ctx context.Context, p process.Program[shop], environ []string, args ...string) ran {
	var out, errs bytes.Buffer
	code := process.Run(ctx, p, args, environ, &out, &errs)
	return ran{code, out.String(), errs.String()}
}

func program(serve func(ctx context.Context, cfg shop, tel telemetry.Telemetry) error) process.Program[shop] {
	return process.Program[shop]{Name: "order", Serve: serve}
}

var environ = []string{"SECRET_KEY=hunter2"}

func TestServeGetsItsSettingsAndEndsWithZero(t *testing.T) {
	t.Parallel()
	got := run(context.Background(), program(func(ctx context.Context, cfg shop, tel telemetry.Telemetry) error {
		require.Equal(t, shop{Key: "hunter2", Name: "shop"}, cfg)
		tel.Logger.InfoContext(ctx, "serving")
		return nil
	}), environ)
	require.Zero(t, got.code)
	var line map[string]any
	require.NoError(t, json.Unmarshal([]byte(got.errors), &line))
	require.Equal(t, "serving", line["msg"])
	require.Equal(t, "order", line["service"])
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	failing := func(context.Context, shop, telemetry.Telemetry) error { return errors.New("port in use") }
	got := run(context.Background(), program(failing), environ)
	require.Equal(t, 1, got.code)
	require.Contains(t, got.errors, "port in use")
	require.Equal(t, 1, strings.Count(got.errors, "\n"), "one line")

	got = run(context.Background(), program(failing), nil)
	require.Equal(t, 2, got.code)
	require.Contains(t, got.errors, "SECRET_KEY is required")

	got = run(context.Background(), program(failing), environ, "sevre")
	require.Equal(t, 2, got.code)
	require.Contains(t, got.errors, "sevre")

	got = run(context.Background(), program(failing), environ, "migrate")
	require.Equal(t, 2, got.code, "there is nothing to migrate")

	got = run(context.Background(), program(failing), append(environ, "OTEL_EXPORTER_OTLP_ENDPOINT=collector", "LOG_LEVEL=INFO"))
	require.Equal(t, 2, got.code)
	require.Contains(t, got.errors, "OTEL_EXPORTER_OTLP_ENDPOINT")
}

func TestBeingToldToStopIsNoFailureOfServeButOfATask(t *testing.T) {
	t.Parallel()
	stopped := func(ctx context.Context, _ shop, _ telemetry.Telemetry) error { return ctx.Err() }
	p := program(stopped)
	p.Migrate = stopped
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	require.Zero(t, run(ctx, p, environ).code)
	require.Equal(t, 1, run(ctx, p, environ, "migrate").code, "half a migration is not done")
}

func TestSubcommandsRun(t *testing.T) {
	t.Parallel()
	var migrated bool
	var loaded []string
	p := program(func(context.Context, shop, telemetry.Telemetry) error { return errors.New("must not serve") })
	p.Migrate = func(context.Context, shop, telemetry.Telemetry) error { migrated = true; return nil }
	p.Tasks = map[string]process.Task[shop]{"load-demo": {Help: "load the demo catalogue", Run: func(ctx context.Context, _ shop, _ telemetry.Telemetry, args []string) error {
		loaded = args
		_, err := fmt.Fprintln(process.Output(ctx), "loaded")
		return err
	}}}
	require.Zero(t, run(context.Background(), p, environ, "migrate").code)
	require.True(t, migrated)
	load := run(context.Background(), p, environ, "load-demo", "a", "b")
	require.Zero(t, load.code)
	require.Equal(t, []string{"a", "b"}, loaded)
	require.Equal(t, "loaded\n", load.out)

	help := run(context.Background(), p, nil, "--help")
	require.Zero(t, help.code)
	for _, expected := range []string{"usage: order", "migrate", "load the demo catalogue", "SECRET_KEY", "(required)", "AWS_SECRET_ID", "OTEL_EXPORTER_OTLP_ENDPOINT", "LOG_LEVEL"} {
		require.Contains(t, help.out, expected)
	}
	require.Empty(t, help.errors)
	require.NotContains(t, run(context.Background(), program(nil), nil, "--help").out, "migrate")
}

// TestAWSSecretFillsInVariables talks to a stand-in for Secrets Manager through the real client.
func TestAWSSecretFillsInVariables(t *testing.T) {
	stored := map[string]string{
		"good":    `{"SECRET_KEY":"from-the-secret","SHOP_NAME":"secret name","PORT":5432,"EMPTY":""}`,
		"lacking": `{"SHOP_NAME":"secret name"}`,
		"nested":  `{"SECRET_KEY":{"value":"hunter2"}}`,
		"text":    `hunter2`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			SecretID string `json:"SecretId"`
		}
		_ = json.NewDecoder(r.Body).Decode(&asked)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		secret, ok := stored[asked.SecretID]
		if !ok {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = w.Write([]byte(`{"__type":"ResourceNotFoundException","Message":"no such secret"}`))
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"Name": asked.SecretID, "SecretString": secret})
	}))
	defer server.Close()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_SECRETS_MANAGER": server.URL, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test",
		"AWS_SECRET_ACCESS_KEY": "test", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
	} {
		t.Setenv(name, value)
	}
	var got shop
	p := program(func(_ context.Context, cfg shop, _ telemetry.Telemetry) error { got = cfg; return nil })

	require.Zero(t, run(context.Background(), p, []string{"AWS_SECRET_ID=good", "SECRET_KEY=", "SHOP_NAME=explicit"}).code)
	require.Equal(t, shop{Key: "from-the-secret", Name: "explicit"}, got, "explicit wins, empty does not count")

	for id, expected := range map[string]string{
		"lacking": "SECRET_KEY is required", "nested": "SECRET_KEY is neither", "text": "not a JSON object", "absent": "AWS_SECRET_ID: read the secret",
	} {
		failed := run(context.Background(), p, []string{"AWS_SECRET_ID=" + id})
		require.NotZero(t, failed.code, id)
		require.Contains(t, failed.errors, expected)
		require.NotContains(t, failed.errors, "hunter2")
	}
}

func TestHelpOfOneTask(t *testing.T) {
	ran := 0
	p := process.Program[shop]{Name: "sell", Tasks: map[string]process.Task[shop]{
		"set": {Help: "WHAT: set it", Explains: true, Run: func(_ context.Context, _ shop, _ telemetry.Telemetry, args []string) error {
			require.Equal(t, []string{"--help"}, args, "nothing that could be done")
			return fmt.Errorf("set: %w", process.Usage{Text: "flags:\n  -yes\n"})
		}},
		"load": {Help: "load all", Run: func(context.Context, shop, telemetry.Telemetry, []string) error { ran++; return nil }},
	}}
	set := run(context.Background(), p, []string{"SECRET_KEY=k"}, "set", "5", "-yes", "--help")
	require.Zero(t, set.code)
	require.Equal(t, "sell set\n\n  WHAT: set it\n\nflags:\n  -yes\n", set.out)
	require.Empty(t, set.errors)
	require.Equal(t, "sell set\n\n  WHAT: set it\n", run(context.Background(), p, nil, "set", "-h").out, "without its settings")
	require.Equal(t, "sell load\n\n  load all\n", run(context.Background(), p, []string{"SECRET_KEY=k"}, "load", "--help").out)
	require.Zero(t, ran, "who asks for help does nothing")
	require.Contains(t, run(context.Background(), p, nil, "--help").out, "SECRET_KEY")
}

func TestAFailureNamesItsCommandOnce(t *testing.T) {
	p := process.Program[shop]{Name: "sell", Tasks: map[string]process.Task[shop]{
		"set": {Run: func(context.Context, shop, telemetry.Telemetry, []string) error { return errors.New("set: set: no") }},
	}}
	failed := run(context.Background(), p, []string{"SECRET_KEY=k"}, "set")
	require.Equal(t, 1, failed.code)
	require.Contains(t, failed.errors, `"msg":"set failed","service":"sell","error":"no"`)
}
