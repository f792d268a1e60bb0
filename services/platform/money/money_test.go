package money_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/money"
)

func TestFormatAndParse(t *testing.T) {
	t.Parallel()
	for minor, text := range map[int64]string{
		0: "0.00", 5: "0.05", 94: "0.94", -94: "-0.94", 1250: "12.50", -1250: "-12.50", 100: "1.00",
		math.MaxInt64: "92233720368547758.07", math.MinInt64: "-92233720368547758.08",
	} {
		require.Equal(t, text, money.Format(minor))
		parsed, err := money.Parse(text)
		require.NoError(t, err)
		require.Equal(t, minor, parsed)
	}
}

func TestParseShortForms(t *testing.T) {
	t.Parallel()
	for text, minor := range map[string]int64{"12": 1200, "12.5": 1250, "012.50": 1250, "-0": 0, "-0.5": -50} {
		parsed, err := money.Parse(text)
		require.NoError(t, err, text)
		require.Equal(t, minor, parsed, text)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "-", ".", ".5", "5.", "12.345", "1.2.3", "1,2", "+1", "--1", " 1", "1 ", "1e3", "0x1", "NaN", "é", "１",
		"1.-5", "1.é", "92233720368547758.08", "-92233720368547758.09", "184467440737095516.15", "99999999999999999999999",
	} {
		parsed, err := money.Parse(text)
		require.ErrorIs(t, err, money.ErrFormat, text)
		require.Zero(t, parsed)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("12.5")
	f.Add("-0.00")
	f.Fuzz(func(t *testing.T, text string) {
		minor, err := money.Parse(text)
		if err != nil {
			return
		}
		if again, err := money.Parse(money.Format(minor)); err != nil || again != minor {
			t.Fatalf("%q is %d, but comes back as %d, %v", text, minor, again, err)
		}
	})
}
