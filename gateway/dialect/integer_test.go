package dialect_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/gateway/dialect"
)

func TestIntegerReadsWhatTheOldServerRead(t *testing.T) {
	t.Parallel()
	valid := map[string]int64{
		"0": 0, "7": 7, " 2 ": 2, "+5": 5, "-3": -3, "1_0": 10, "٣": 3, "𝟗": 9, "007": 7,
		"99999999999999999999": math.MaxInt64,
	}
	for text, want := range valid {
		got, ok := dialect.Integer(text)
		require.True(t, ok, "%q", text)
		require.Equal(t, want, got, "%q", text)
	}
	for _, text := range []string{"", " ", "x", "2.5", "1__0", "_1", "1_", "+", "-", "--1", "1 0", "²", "0x10"} {
		_, ok := dialect.Integer(text)
		require.False(t, ok, "%q", text)
	}
}
