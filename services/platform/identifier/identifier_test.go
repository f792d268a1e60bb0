package identifier_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

func TestLengthAndAlphabet(t *testing.T) {
	t.Parallel()
	for _, length := range []int{1, 10, 20, 1000} {
		require.Regexp(t, "^[A-Za-z0-9]+$", identifier.New(length))
		require.Len(t, identifier.New(length), length)
	}
	require.Equal(t, "aaaa", identifier.NewFrom("a", 4))
	require.Empty(t, identifier.New(0))
	require.Empty(t, identifier.New(-1))
	require.Panics(t, func() { identifier.NewFrom("", 1) })
}

func TestNoTwoAlike(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 10_000 {
		one := identifier.New(10)
		require.False(t, seen[one])
		seen[one] = true
	}
}

// With a remainder of 256 taken as it comes, the first characters would come up a quarter more often than the last.
func TestEveryCharacterIsEquallyLikely(t *testing.T) {
	t.Parallel()
	const perCharacter = 10_000
	text := identifier.New(perCharacter * len(identifier.Alphanumeric))
	for _, character := range identifier.Alphanumeric {
		// Six standard deviations: fails by chance once in millions of runs.
		require.InDelta(t, perCharacter, strings.Count(text, string(character)), 600, string(character))
	}
}
