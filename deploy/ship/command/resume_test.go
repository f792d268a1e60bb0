package command_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/command"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/fakecloud"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/release"
)

// faultAt injects a fault at one call of one operator.
func faultAt(operator string, number int, fault fakecloud.Fault) func(fakecloud.Call) fakecloud.Fault {
	return func(call fakecloud.Call) fakecloud.Fault {
		if call.Operator == operator && call.Number == number {
			return fault
		}
		return fakecloud.None
	}
}

// lengthOf counts the calls of a deploy of v2 that nothing disturbs.
func lengthOf(t *testing.T, start fakecloud.Start, services ...string) int {
	t.Helper()
	p := deployedOnce(t, start)
	p.ship("bob", append([]string{"deploy", "-version", "v2", "user"}, services...)...)
	return len(p.Calls("bob"))
}

// deployedOnce is a shop of two services that run v1; v2 of user starts as told.
func deployedOnce(t *testing.T, start fakecloud.Start) *place {
	t.Helper()
	p := newPlace(t)
	p.must(command.Done, "deploy", "user", "gateway", "-version", "v1")
	p.script("user", "v2", fakecloud.Migrates, start)
	return p
}

func TestACallThatFailsOnceIsRepeated(t *testing.T) {
	t.Parallel()
	base := deployedOnce(t, fakecloud.Comes)
	for number, calls := 1, lengthOf(t, fakecloud.Comes); number <= calls; number += stride {
		for _, fault := range []fakecloud.Fault{fakecloud.ErrorBefore, fakecloud.ErrorAfter} {
			p := base.another()
			p.Fault = faultAt("bob", number, fault)
			code, said := p.ship("bob", "deploy", "user", "-version", "v2")
			require.Equal(t, command.Done, code, "call %d, fault %d: %s", number, fault, said)
			p.onlyUserOnce()
		}
	}
}

// onceOnly asserts that v2 came to both services, and that nothing was done twice for it.
func (p *place) onceOnly(number int) {
	p.t.Helper()
	p.runs("user", "v2")
	p.runs("gateway", "v2")
	require.Len(p.t, p.Tasks(), 2, "call %d: one migration for each version", number)
	for _, name := range []string{"user", "gateway"} {
		_, _, _, updates := p.Running("main-" + name)
		require.Equal(p.t, 2, updates, "call %d: %s", number, name)
		require.Equal(p.t, "v1", p.record(name).Previous.Version, "call %d: %s", number, name)
	}
}

// To be killed before a call is to be killed after the one before it.
func TestAKilledDeployIsResumedByTheSameCommand(t *testing.T) {
	t.Parallel()
	base := deployedOnce(t, fakecloud.Comes)
	for number := range lengthOf(t, fakecloud.Comes, "gateway") + 1 {
		p := base.another()
		p.Fault = faultAt("bob", number, fakecloud.KillAfter)
		if number == 0 {
			p.Fault = faultAt("bob", 1, fakecloud.KillBefore)
		}
		_, _ = p.ship("bob", "deploy", "user", "gateway", "-version", "v2")
		p.saysWhatItRuns(number)
		code, said := p.ship("carol", "deploy", "user", "gateway", "-version", "v2")
		if code == command.Locked {
			require.Contains(t, said, "bob is at it", "call %d", number)
			p.Advance(release.LockLife + time.Minute)
			code, said = p.ship("dan", "deploy", "user", "gateway", "-version", "v2")
		}
		require.Equal(t, command.Done, code, "call %d: %s", number, said)
		p.onceOnly(number)
		require.Equal(t, 2, p.Revisions("shop-main-user"), "call %d: registered once for each version", number)
		require.Equal(t, 2, p.Revisions("shop-main-user-migration"), "call %d: registered once for each version", number)
	}
}

// saysWhatItRuns asserts that a service runs what is recorded: as good, or as half-way.
func (p *place) saysWhatItRuns(number int) {
	p.t.Helper()
	for _, name := range []string{"user", "gateway"} {
		_, definition, _, _ := p.Running("main-" + name)
		record := p.record(name)
		known := []string{record.Good.TaskDefinition}
		if record.Pending != nil {
			known = append(known, record.Pending.Revision.TaskDefinition)
		}
		require.Contains(p.t, known, definition, "call %d: %s", number, name)
	}
}

func TestAKilledWayBackIsResumed(t *testing.T) {
	t.Parallel()
	for _, start := range []fakecloud.Start{fakecloud.Crashes, fakecloud.Broken} {
		base := deployedOnce(t, start)
		for number, calls := 1, lengthOf(t, start); number <= calls; number += stride + number/30 {
			p := base.another()
			p.Fault = faultAt("bob", number, fakecloud.KillAfter)
			_, _ = p.ship("bob", "deploy", "user", "-version", "v2")
			p.saysWhatItRuns(number)
			p.Advance(release.LockLife + time.Minute)
			code, said := p.ship("carol", "deploy", "user", "-version", "v2")
			require.Equal(t, command.RolledBack, code, "call %d: %s", number, said)
			p.runs("user", "v1")
			require.Nil(t, p.record("user").Pending)
		}
	}
}

func TestAnotherVersionAfterAKill(t *testing.T) {
	t.Parallel()
	base := deployedOnce(t, fakecloud.Comes)
	for number, calls := 1, lengthOf(t, fakecloud.Comes); number <= calls; number += 3 {
		p := base.another()
		p.script("user", "v2", fakecloud.MigrationHang, fakecloud.Comes)
		if number%2 == 0 {
			p.script("user", "v2", fakecloud.Migrates, fakecloud.Hangs)
		}
		p.Fault = faultAt("bob", number, fakecloud.KillAfter)
		_, _ = p.ship("bob", "deploy", "user", "-version", "v2")
		p.Advance(release.LockLife + time.Minute)
		code, said := p.ship("carol", "deploy", "user", "-version", "v3")
		require.Equal(t, command.Done, code, "call %d: %s", number, said)
		p.runs("user", "v3")
	}
}

func TestARollbackAfterAKilledDeployGoesToTheGoodOne(t *testing.T) {
	t.Parallel()
	p := deployedOnce(t, fakecloud.Hangs)
	p.After = func(call fakecloud.Call) {
		if call.Operator == "bob" && call.Operation == "UpdateService" {
			p.Fault = faultAt("bob", call.Number+10, fakecloud.KillAfter)
		}
	}
	_, _ = p.ship("bob", "deploy", "user", "-version", "v2")
	require.Equal(t, "follow", p.record("user").Pending.Step)
	require.Contains(t, p.must(command.Done, "status"), "deploy of v2 by bob unfinished at step follow")
	p.Advance(release.LockLife + time.Minute)
	p.must(command.Done, "rollback", "user")
	p.runs("user", "v1")
}

func TestAgainStartsTheTasksAnew(t *testing.T) {
	t.Parallel()
	base := deployedOnce(t, fakecloud.Comes)
	base.Lag = 15 * time.Second
	undisturbed := base.another()
	undisturbed.ship("bob", "deploy", "user", "-version", "v1", "-again")
	for number := 0; number <= len(undisturbed.Calls("bob")); number += stride {
		p := base.another()
		p.Fault = faultAt("bob", number, fakecloud.KillAfter)
		_, _ = p.ship("bob", "deploy", "user", "-version", "v1", "-again")
		p.Advance(release.LockLife + time.Minute)
		code, said := p.ship("carol", "deploy", "user", "-version", "v1", "-again")
		require.Equal(t, command.Done, code, "call %d: %s", number, said)
		p.runs("user", "v1")
		_, _, _, updates := p.Running("main-user")
		require.GreaterOrEqual(t, updates, 2, "call %d", number)
		require.LessOrEqual(t, updates, 3, "call %d", number) // killed after the end, it was asked for twice
		require.Len(t, p.Tasks(), 1)
	}
}

func TestAMigrationAheadIsNoReasonToStay(t *testing.T) {
	t.Parallel()
	p := deployedOnce(t, fakecloud.Comes)
	p.must(command.Done, "deploy", "user", "-version", "v2")
	p.After = func(call fakecloud.Call) {
		if call.Operation == "RunTask" {
			p.Fault = faultAt("bob", call.Number+3, fakecloud.KillAfter)
		}
	}
	_, _ = p.ship("bob", "migrate", "user", "-version", "v3")
	require.Equal(t, "migrate", p.record("user").Pending.Action)
	p.Advance(release.LockLife + time.Minute)
	p.must(command.Done, "rollback", "user")
	p.runs("user", "v1")
}

func TestAMigrationThatECSForgotIsRunAgain(t *testing.T) {
	t.Parallel()
	p := deployedOnce(t, fakecloud.Comes)
	p.After = func(call fakecloud.Call) {
		if call.Operation == "RunTask" {
			p.Fault = faultAt("bob", call.Number+3, fakecloud.KillAfter)
		}
	}
	_, _ = p.ship("bob", "deploy", "user", "-version", "v2")
	require.Equal(t, "migrate", p.record("user").Pending.Step)
	p.After = nil
	p.Advance(3 * time.Hour)
	p.must(command.Done, "deploy", "user", "-version", "v2")
	p.runs("user", "v2")
	require.Len(t, p.Tasks(), 3)
}

func TestASignalStopsAtASafePoint(t *testing.T) {
	t.Parallel()
	base := deployedOnce(t, fakecloud.Comes)
	for number, calls := 1, lengthOf(t, fakecloud.Comes); number <= calls; number += stride {
		p := base.another()
		ctx, stop := context.WithCancel(context.Background())
		p.After = func(call fakecloud.Call) {
			if call.Operator == "bob" && call.Number == number {
				stop()
			}
		}
		code, said := p.shipUntil(ctx, "bob", "deploy", "user", "-version", "v2")
		stop()
		p.After = nil
		p.saysWhatItRuns(number)
		if code != command.Done { // the last calls come too late to stop anything
			require.Equal(t, command.Interrupted, code, "call %d: %s", number, said)
		}
		for _, task := range p.Tasks() {
			require.True(t, task.Stopped || p.Ended(), "call %d: no migration goes on alone", number)
		}
		code, said = p.ship("carol", "deploy", "user", "-version", "v2")
		require.Equal(t, command.Done, code, "the lock was given back; call %d: %s", number, said)
		p.runs("user", "v2")
	}
}

func TestTwoOperatorsAtOnce(t *testing.T) {
	t.Parallel()
	base := deployedOnce(t, fakecloud.Comes)
	for number, calls := 1, lengthOf(t, fakecloud.Comes); number <= calls; number += stride {
		p := base.another()
		locked := 0
		p.After = func(call fakecloud.Call) {
			if call.Operator != "bob" || call.Number != number {
				return
			}
			code, said := p.ship("carol", "deploy", "user", "-version", "v3")
			require.Contains(t, []int{command.Done, command.Locked}, code, said)
			if code == command.Locked {
				locked++
				require.Contains(t, said, "bob is at it; the lock expires at 2026-", "call %d", number)
			}
		}
		code, said := p.ship("bob", "deploy", "user", "-version", "v2")
		require.Contains(t, []int{command.Done, command.Locked}, code, "call %d: %s", number, said)
		require.False(t, code == command.Locked && locked > 0, "somebody has to win")
		p.saysWhatItRuns(number)
		require.Nil(t, p.record("user").Pending)
	}
}

// A takeover while the first operator sleeps: from then on it changes nothing, wherever it was.
func TestWhoWasTakenOverChangesNothingMore(t *testing.T) {
	t.Parallel()
	base := deployedOnce(t, fakecloud.Comes)
	for number, calls := 1, lengthOf(t, fakecloud.Comes); number <= calls; number += stride {
		p := base.another()
		took := false
		var after []string
		p.After = func(call fakecloud.Call) {
			switch {
			case call.Operator == "bob" && call.Number == number:
				p.Advance(release.LockLife + time.Minute)
				code, said := p.ship("carol", "deploy", "user", "-version", "v3")
				require.Equal(t, command.Done, code, "call %d: %s", number, said)
				took = true
			case call.Operator == "bob" && took:
				after = append(after, call.Operation)
			}
		}
		code, said := p.ship("bob", "deploy", "user", "-version", "v2")
		p.saysWhatItRuns(number)
		if !took {
			continue
		}
		require.Nil(t, p.record("user").Pending, "call %d", number)
		if code == command.Done { // bob had not begun, or was through
			continue
		}
		require.Equal(t, command.Locked, code, "call %d: %s", number, said)
		p.runs("user", "v3")
		for _, operation := range []string{"UpdateService", "RunTask", "RegisterTaskDefinition"} {
			require.NotContains(t, after, operation, "call %d", number)
		}
	}
}

func TestReallyAtOnce(t *testing.T) {
	t.Parallel()
	p := deployedOnce(t, fakecloud.Comes)
	codes := make(chan int)
	for operator := range 6 {
		go func() {
			code, _ := p.ship(fmt.Sprintf("operator%d", operator), "deploy", "user", "-version", "v2")
			codes <- code
		}()
	}
	won := 0
	for range 6 {
		code := <-codes
		require.Contains(t, []int{command.Done, command.Locked}, code)
		if code == command.Done {
			won++
		}
	}
	require.Positive(t, won)
	p.runs("user", "v2")
	_, _, _, updates := p.Running("main-user")
	require.Equal(t, 2, updates, "the service was told once")
	require.Len(t, p.Tasks(), 2)
}

func TestUnlockEndsWhoeverHeldTheLock(t *testing.T) {
	t.Parallel()
	p := deployedOnce(t, fakecloud.Comes)
	opened := false
	p.After = func(call fakecloud.Call) {
		if call.Operator == "bob" && call.Operation == "RunTask" {
			code, said := p.ship("carol", "unlock", "user")
			require.Equal(t, command.Done, code)
			require.Contains(t, said, "held by bob")
			opened = true
		}
	}
	code, said := p.ship("bob", "deploy", "user", "-version", "v2")
	require.True(t, opened)
	require.Equal(t, command.Locked, code, said)
	require.Contains(t, said, "the lock was lost to carol")
	p.After = nil
	p.must(command.Done, "deploy", "user", "-version", "v2")
	p.onlyUserOnce()
	require.Contains(t, p.must(command.Done, "unlock", "user"), "it was not locked")
}

func (p *place) onlyUserOnce() {
	p.t.Helper()
	p.runs("user", "v2")
	require.Len(p.t, p.Tasks(), 2)
	require.NotContains(p.t, p.Parameter(prefix+"/user/release"), "pending")
}
