package command_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/command"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/fakecloud"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/shop"
)

func TestDeployBringsAVersionAndRecordsIt(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	said := p.must(command.Done, "deploy", "user", "-version", "v1")
	p.runs("user", "v1")
	_, _, desired, _ := p.Running("main-user")
	require.Equal(t, 2, desired, "raised to the minimum")
	require.Contains(t, said, "ran [migrate]", "the migration's log is shown")
	require.Equal(t, 1, strings.Count(said, "has started a deployment"), "events are told once")

	said = p.must(command.Done, "deploy", "user", "-version", digest("user", "v1"))
	require.Contains(t, said, "nothing to do")
	require.Len(t, p.Tasks(), 1)
	_, _, _, updates := p.Running("main-user")
	require.Equal(t, 1, updates)
}

func TestDeployNeverLowersTheNumberOfTasks(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.must(command.Done, "deploy", "user", "-version", "v1")
	p.Scale("main-user", 4)
	p.must(command.Done, "deploy", "user", "-version", "v2")
	_, _, desired, _ := p.Running("main-user")
	require.Equal(t, 4, desired)
}

func TestScalingDuringARolloutConfusesNobody(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.must(command.Done, "deploy", "user", "-version", "v1")
	looks := 0
	p.After = func(call fakecloud.Call) {
		if call.Operation != "DescribeServices" {
			return
		}
		if looks++; looks <= 6 {
			p.Scale("main-user", 2+looks%3)
		}
	}
	p.must(command.Done, "deploy", "user", "-version", "v2")
	p.runs("user", "v2")
	require.Greater(t, looks, 6)
}

func TestDeployAllGoesFromServersToClients(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	said := p.must(command.Done, "deploy", "all", "-version", "v1")
	last := -1
	for _, name := range shop.Names() {
		p.runs(name, "v1")
		at := strings.Index(said, name+"  ")
		require.Greater(t, at, last, name)
		last = at
	}
	p.script("order", "v2", fakecloud.MigrationOne, fakecloud.Comes)
	said = p.must(command.MigrationFailed, "deploy", "all", "-version", "v2")
	require.Contains(t, said, "done before: user, payment; not begun: clientevent, gateway")
	p.runs("payment", "v2")
	p.runs("order", "v1")
	p.runs("gateway", "v1")

	said = p.must(command.Done, "rollback", "all")
	require.Less(t, strings.Index(said, "payment  "), strings.Index(said, "user  "), "clients before servers")
	p.runs("payment", "v1")
	p.runs("user", "v1")
	p.runs("gateway", "v1")
}

func TestOutcomes(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		migration fakecloud.Migration
		start     fakecloud.Start
		service   string
		code      int
		says      string
	}{
		"migration exits with 1":      {fakecloud.MigrationOne, fakecloud.Comes, "order", command.MigrationFailed, "exit code 1"},
		"migration cannot be pulled":  {fakecloud.MigrationPull, fakecloud.Comes, "order", command.MigrationFailed, "CannotPullContainerError"},
		"migration is not started":    {fakecloud.MigrationDeny, fakecloud.Comes, "order", command.MigrationFailed, "Capacity is unavailable"},
		"migration hangs":             {fakecloud.MigrationHang, fakecloud.Comes, "order", command.MigrationFailed, "did not end within 20m0s and was stopped"},
		"circuit breaker rolls back":  {fakecloud.Migrates, fakecloud.Crashes, "order", command.RolledBack, "circuit breaker"},
		"rollout is stuck":            {fakecloud.Migrates, fakecloud.Hangs, "order", command.RolledBack, "not running after 20m0s"},
		"targets are unhealthy":       {fakecloud.Migrates, fakecloud.Unhealthy, "gateway", command.RolledBack, "0 of 2 targets healthy"},
		"the shop answers no longer":  {fakecloud.Migrates, fakecloud.Broken, "gateway", command.RolledBack, "smoke check"},
		"a server breaks the gateway": {fakecloud.Migrates, fakecloud.Broken, "order", command.RolledBack, "smoke check"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			p.must(command.Done, "deploy", "gateway", one.service, "-version", "v1")
			p.script(one.service, "v2", one.migration, one.start)
			said := p.must(one.code, "deploy", one.service, "-version", "v2")
			require.Contains(t, said, one.says)
			p.runs(one.service, "v1")
			record := p.record(one.service)
			require.Equal(t, "v2", record.Failed.Version)
			require.Equal(t, "v1", record.Good.Version)
			if one.code == command.MigrationFailed {
				_, _, _, updates := p.Running("main-" + one.service)
				require.Equal(t, 1, updates, "nothing was rolled out")
			}
			stopped := slices.ContainsFunc(p.Tasks(), func(task fakecloud.Task) bool { return task.Stopped })
			require.Equal(t, one.migration == fakecloud.MigrationHang, stopped, "what hangs is stopped, and nothing else")
			p.must(command.Done, "deploy", one.service, "-version", "v3")
			p.runs(one.service, "v3")
			require.Nil(t, p.record(one.service).Failed)
		})
	}
}

func TestAMissingImageChangesNothing(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	said := p.must(command.ImageMissing, "deploy", "user", "-version", "nowhere")
	require.Contains(t, said, "v3, v2, v1", "the tags that there are, newest first")
	require.Empty(t, p.Tasks())
	p.must(command.ImageMissing, "plan", "user", "-version", "sha256:"+strings.Repeat("0", 64))
	require.Contains(t, p.must(command.Done, "status"), "NOT what is recorded as good")
}

func TestTheWayBackFailsToo(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.must(command.Done, "deploy", "gateway", "-version", "v1")
	p.script("gateway", "v2", fakecloud.Migrates, fakecloud.Hangs)
	p.script("gateway", "v1", fakecloud.Migrates, fakecloud.Hangs) // what was good cannot start any more
	said := p.must(command.RollbackFailed, "deploy", "gateway", "-version", "v2")
	require.Contains(t, said, "SOMEBODY HAS TO LOOK")
	require.Contains(t, said, "shop-main-gateway:1", "says what ECS is told to run")
	require.Equal(t, "failed", p.record("gateway").Pending.Step)

	p.must(command.Done, "deploy", "gateway", "-version", "v3")
	p.runs("gateway", "v3")
}

func TestTheFirstDeployHasNoWayBack(t *testing.T) {
	t.Parallel()
	for _, start := range []fakecloud.Start{fakecloud.Crashes, fakecloud.Hangs} {
		p := newPlace(t)
		p.script("user", "v1", fakecloud.Migrates, start)
		said := p.must(command.RollbackFailed, "deploy", "user", "-version", "v1")
		require.Contains(t, said, "no revision was ever recorded as good")
		require.Contains(t, said, "left on shop-main-user:1")
		// The same again, once whatever was wrong is mended: a failed deployment of the same definition is begun anew.
		p.script("user", "v1", fakecloud.Migrates, fakecloud.Comes)
		p.Advance(time.Hour)
		p.must(command.Done, "deploy", "user", "-version", "v2")
		p.runs("user", "v2")
	}
}

func TestANewerTemplateIsRolledOutWithoutMigration(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.must(command.Done, "deploy", "user", "-version", "v1")
	require.Contains(t, p.must(command.Done, "plan", "user", "-version", "v1"), "nothing changes")
	p.Template("shop-main-user-template", "registry.example/shop/user")
	said := p.must(command.Done, "plan", "user")
	require.Contains(t, said, "template shop-main-user-template:1 -> shop-main-user-template:2")
	require.NotContains(t, said, "migrations run")
	p.must(command.Done, "deploy", "user", "-version", "v1")
	require.Len(t, p.Tasks(), 1)
	require.Equal(t, 2, p.Revisions("shop-main-user"))
	require.Contains(t, p.must(command.Done, "plan", "user", "-version", "v2"), "image v1 -> v2; migrations run")
}

func TestRollbackWalksBackAndNeverForward(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	for _, tag := range []string{"v1", "v2", "v3"} {
		p.must(command.Done, "deploy", "user", "-version", tag)
	}
	p.must(command.Done, "rollback", "user")
	p.runs("user", "v2")
	p.must(command.Done, "rollback", "user")
	p.runs("user", "v1")
	require.Contains(t, p.must(command.Failed, "rollback", "user"), "nothing is recorded to go back to")
	p.runs("user", "v1")
	require.Equal(t, 3, p.Revisions("shop-main-user"))
	require.Len(t, p.Tasks(), 3, "no migration runs on the way back")
}

func TestARollbackThatFails(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.must(command.Done, "deploy", "gateway", "-version", "v1")
	p.must(command.Done, "deploy", "gateway", "-version", "v2")
	p.script("gateway", "v1", fakecloud.Migrates, fakecloud.Broken)
	require.Contains(t, p.must(command.RollbackFailed, "rollback", "gateway"), "SOMEBODY HAS TO LOOK")
}

func TestLagConfusesNobody(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.Lag = 20 * time.Second
	p.must(command.Done, "deploy", "all", "-version", "v1")
	p.script("user", "v2", fakecloud.Migrates, fakecloud.Crashes)
	p.must(command.RolledBack, "deploy", "user", "-version", "v2")
	p.runs("user", "v1")
}

func TestThrottlingThroughout(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.Fault = func(call fakecloud.Call) fakecloud.Fault {
		if call.Number%3 != 0 {
			return fakecloud.Throttle
		}
		return fakecloud.None
	}
	p.must(command.Done, "deploy", "all", "-version", "v1")
	for _, name := range shop.Names() {
		p.runs(name, "v1")
	}
}
