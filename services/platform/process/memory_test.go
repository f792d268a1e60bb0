package process

import (
	"context"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

// These tests change settings of the whole test process and so do not run beside others.

func TestMemorySettingsOfTheOperatorWin(t *testing.T) {
	percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(1<<40)
	t.Cleanup(func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) })
	memorySettings{GCPercent: "100", MemoryLimit: "1TiB"}.apply()
	require.Equal(t, 100, debug.SetGCPercent(100))
	require.Equal(t, int64(1<<40), debug.SetMemoryLimit(-1))
	memorySettings{}.apply()
	require.Equal(t, gcPercent, debug.SetGCPercent(100))
	require.Equal(t, int64(memoryLimit), debug.SetMemoryLimit(-1))
}

func TestKeeperEndsWithTheWork(t *testing.T) {
	require.ErrorIs(t, withIdleMemoryReturned(t.Context(), func() error { return context.Canceled }), context.Canceled)
}
