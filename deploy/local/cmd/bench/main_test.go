package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatWouldMeasureNothingIsRefused(t *testing.T) {
	t.Parallel()
	for line, says := range map[string]string{
		"-duration 0s": "-duration 0s", "-duration -1s": "-duration -1s", "-connections 0": "-connections 0", "-only login more": `"more"`,
		"purchase -duration 0s": "-duration 0s", "purchase -customers -1": "-customers -1", "purchase more": `"more"`,
	} {
		require.ErrorContains(t, run(t.Context(), strings.Fields(line)), says, line)
	}
}
