package command_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/command"
	"github.com/bartgottschalk/startupwebapp/deploy/ship/fakecloud"
)

func TestMigrateRunsAheadOfADeploy(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.must(command.Done, "deploy", "order", "-version", "v1")
	said := p.must(command.Done, "migrate", "order", "-version", "v2")
	require.Contains(t, said, "ran [migrate]")
	p.runs("order", "v1")
	require.Nil(t, p.record("order").Pending)
	require.Len(t, p.Tasks(), 2)

	p.must(command.Done, "deploy", "order", "-version", "v2")
	p.runs("order", "v2")
	require.Contains(t, p.must(command.Done, "migrate", "order", "-version", "v2"), "nothing to do")
}

func TestMigrateThatFailsLeavesTheReleaseAlone(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.must(command.Done, "deploy", "order", "-version", "v1")
	p.script("order", "v2", fakecloud.MigrationOne, fakecloud.Comes)
	p.must(command.MigrationFailed, "migrate", "order", "-version", "v2")
	p.runs("order", "v1")
	require.Nil(t, p.record("order").Pending)
}

func TestMigrateKnowsWhoHasASchema(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.must(command.Done, "migrate", "all", "-version", "v1")
	require.Len(t, p.Tasks(), 4)
	p.must(command.Usage, "migrate", "gateway", "-version", "v1")
	p.must(command.Usage, "migrate", "all", "site", "-version", "v1")
	p.must(command.Usage, "migrate", "order")
	p.must(command.ImageMissing, "migrate", "order", "-version", "no-such-version")
}
