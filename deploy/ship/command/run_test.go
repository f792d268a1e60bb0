package command_test

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/command"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/fakecloud"
)

func TestRunIsATaskOfTheGoodImage(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	require.Contains(t, p.must(command.Failed, "run", "user", "--", "create-superuser"), "never deployed")
	p.must(command.Done, "deploy", "user", "-version", "v1")
	said := p.must(command.Done, "run", "user", "--", "create-superuser", "--username", "ada", "--email", "ada@example.com")
	require.Contains(t, said, "ran [create-superuser --username ada")
	tasks := p.Tasks()
	require.Equal(t, p.record("user").Good.TaskDefinition, tasks[len(tasks)-1].Definition)
	require.Equal(t, map[string]string{"OPERATOR": "ada"}, tasks[len(tasks)-1].Environment, "who did it is noted by what does it")

	said = p.must(command.TaskFailed, "run", "user", "--", "fail")
	require.Contains(t, said, "exit code 3")
	require.Contains(t, p.must(command.TaskFailed, "run", "user", "-timeout", "5m", "--", "hang"), "was stopped")
	require.Equal(t, 1, p.Revisions("shop-main-user"), "an override, never a definition")
}

func TestRunRefusesSecrets(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.must(command.Done, "deploy", "user", "-version", "v1")
	for _, hostile := range [][]string{
		{"--password", "hunter2"}, {"--password=hunter2"}, {"-p", "hunter2"}, {"SUPERUSER_PASSWORD=hunter2"}, {"--api-key=hunter2"},
		{"--token", "hunter2"}, {"sk_live_hunter2"}, {"postgres://a:hunter2@host/db"}, {"--Passphrase=hunter2"}, {"--client-secret", "hunter2"},
	} {
		said := p.must(command.Usage, append([]string{"run", "user", "--", "create-superuser"}, hostile...)...)
		require.NotContains(t, said, "hunter2")
		require.Contains(t, said, "ship secrets set user SUPERUSER_PASSWORD")
	}
	require.Len(t, p.Tasks(), 1)
	p.must(command.Done, "run", "user", "--", "publish-terms", "--note", "new address")
}

func TestASignalStopsTheTask(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.must(command.Done, "deploy", "user", "-version", "v1")
	ctx, stop := context.WithCancel(context.Background())
	p.After = func(call fakecloud.Call) {
		if call.Operation == "RunTask" {
			stop()
		}
	}
	code, said := p.shipUntil(ctx, "ada", "run", "user", "--", "hang")
	require.Equal(t, command.Interrupted, code, said)
	require.True(t, p.Tasks()[1].Stopped)
}

func TestUsage(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for _, args := range [][]string{
		{"nothing"}, {"deploy"}, {"deploy", "user"}, {"deploy", "nobody", "-version", "v1"}, {"deploy", "-what", "user"}, {"run", "user"},
		{"run", "user", "--"}, {"run", "nobody", "--", "x"}, {"status", "x"}, {"unlock"}, {"unlock", "../x"}, {"smoke", "x"}, {"rollback"},
	} {
		p.must(command.Usage, args...)
	}
	require.Contains(t, p.must(command.Done, "help"), "ship [-project NAME]")
}

func TestJSONIsOneObjectPerLine(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	said := p.must(command.Done, "-json", "deploy", "user", "-version", "v1")
	lines := bytes.Split(bytes.TrimSpace([]byte(said)), []byte("\n"))
	require.Greater(t, len(lines), 5)
	var last map[string]any
	for _, line := range lines {
		last = nil
		require.NoError(t, json.Unmarshal(line, &last), "%s", line)
		require.NotEmpty(t, last["step"])
	}
	require.Equal(t, "result", last["step"])
	require.Zero(t, last["exit"])
}

func TestSmokeAsksThroughTheLoadBalancer(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	require.Contains(t, p.must(command.Done, "smoke"), "the shop answers")
	p.script("user", "v1", fakecloud.Migrates, fakecloud.Broken)
	p.must(command.Done, "deploy", "user", "-version", "v1", "-no-smoke")
	require.Contains(t, p.must(command.Failed, "smoke", "-no-site"), "https://example.com/healthz answered 503")
}
