package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/local/stack"
)

func TestFlags(t *testing.T) {
	t.Parallel()
	var options stack.Options
	_, ok := readFlags([]string{"--fresh", "--instances", "2"}, &options)
	require.True(t, ok)
	require.True(t, options.Fresh)
	require.Equal(t, 2, options.Instances)
}

func TestWhatIsNotAStart(t *testing.T) {
	t.Parallel()
	for argument, want := range map[string]int{"--help": 0, "--unknown": 2, "--instances=two": 2, "fresh": 2} {
		status, ok := readFlags([]string{argument}, new(stack.Options))
		require.False(t, ok, argument)
		require.Equal(t, want, status, argument)
	}
}

// This test binary has none of the programs beside it.
func TestProgramsThatAreNotBuilt(t *testing.T) {
	t.Parallel()
	require.Equal(t, 1, run(nil))
}
