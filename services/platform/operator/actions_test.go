package operator_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/operator"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

func TestActionsAreListed(t *testing.T) {
	now := time.Date(2026, 6, 8, 12, 0, 0, 0, time.UTC)
	list := func(line string) (printed string, since time.Time, err error) {
		read := func(_ context.Context, from time.Time) ([]operator.Action, error) {
			since = from
			return []operator.Action{{now.Add(-time.Hour), "ada", "set-price", "1", "a\nb\tc"}, {now.Add(-2 * time.Hour), "bob", "stock", "2", ""}}, nil
		}
		var out bytes.Buffer
		run := func(ctx context.Context, _ struct{}, _ telemetry.Telemetry, args []string) error {
			err = operator.ListActions(ctx, args, now, read)
			return nil
		}
		program := process.Program[struct{}]{Name: "order", Tasks: map[string]process.Task[struct{}]{"operator-actions": {Run: run}}}
		require.Zero(t, process.Run(t.Context(), program, append([]string{"operator-actions"}, strings.Fields(line)...), nil, &out, io.Discard))
		return out.String(), since, err
	}
	printed, since, err := list("")
	require.NoError(t, err)
	require.Equal(t, now.AddDate(0, 0, -7), since)
	require.Equal(t, "2026-06-08T11:00:00Z\tada\tset-price\t1\ta b c\n2026-06-08T10:00:00Z\tbob\tstock\t2\t\n", printed)
	_, since, err = list("--days 1")
	require.NoError(t, err)
	require.Equal(t, now.AddDate(0, 0, -1), since)
	for _, line := range []string{"--days 0", "--days -1", "--days 36501", "--days x", "all", "--all"} {
		printed, _, err = list(line)
		require.Error(t, err, line)
		require.Empty(t, printed, line)
	}
}
