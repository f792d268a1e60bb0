package replay_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/local/replay"
)

const list = `# for people
seed.json / a cart / step 2
    the newer rule takes more off:
    order.md 5.6

seed.json / a cart / step 3
    it is rounded
`

func step(number int, outcome string) replay.Step {
	return replay.Step{File: "seed.json", Scenario: "a cart", Step: number, Label: "GET /x", Outcome: outcome, Diffs: []string{"a is b", "c is d"}}
}

func judge(t *testing.T, steps ...replay.Step) (string, bool) {
	t.Helper()
	expected, err := replay.ReadExpected(strings.NewReader(list))
	require.NoError(t, err)
	var out strings.Builder
	good := replay.Judge(replay.Report{Steps: steps}, expected, &out)
	return out.String(), good
}

func TestAllIsAsTheListSays(t *testing.T) {
	t.Parallel()
	out, good := judge(t, step(1, "passed"), step(2, "failed"), step(3, "failed"), step(4, "skipped"))
	require.True(t, good)
	require.Equal(t, `differs seed.json / a cart / step 2 GET /x: the newer rule takes more off: order.md 5.6
differs seed.json / a cart / step 3 GET /x: it is rounded
1 as recorded, 2 differ as the list says, 0 wrong
`, out)
}

func TestWhatIsNotAsTheListSays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		steps []replay.Step
		says  string
	}{
		"another failure":      {[]replay.Step{step(1, "passed"), step(2, "failed"), step(3, "failed"), step(4, "failed")}, "FAIL seed.json / a cart / step 4 GET /x: a is b\n     c is d"},
		"no failure any more":  {[]replay.Step{step(1, "passed"), step(2, "passed"), step(3, "failed")}, "step 2 GET /x: passed, and is still on the list"},
		"not looked at":        {[]replay.Step{step(1, "passed"), step(2, "skipped"), step(3, "failed")}, "step 2 GET /x: skipped, and is still on the list"},
		"not recorded":         {[]replay.Step{step(1, "passed"), step(2, "failed")}, "FAIL seed.json / a cart / step 3: on the list of those that differ, but not recorded"},
		"nothing was replayed": {[]replay.Step{step(2, "failed"), step(3, "failed")}, "0 as recorded"},
	} {
		out, good := judge(t, c.steps...)
		require.False(t, good, name)
		require.Contains(t, out, c.says, name)
	}
}

func TestListsThatSayNothing(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"a / b / step 1\n": "without a reason: a / b / step 1",
		"    why\n":        "a reason without a step",
		"a / b / step 1\n  x\na / b / step 1\n  y": "named twice",
	} {
		_, err := replay.ReadExpected(strings.NewReader(text))
		require.ErrorContains(t, err, says)
	}
}

func TestReports(t *testing.T) {
	t.Parallel()
	report, err := replay.ReadReport(strings.NewReader(`{"base": "x", "steps": [{"file": "f", "scenario": "s", "step": 1, "label": "l", "outcome": "failed", "diffs": ["d"], "reason": null}]}`))
	require.NoError(t, err)
	require.Equal(t, []replay.Step{{File: "f", Scenario: "s", Step: 1, Label: "l", Outcome: "failed", Diffs: []string{"d"}}}, report.Steps)
	for _, text := range []string{"", "{}", `{"steps": []}`, "[]"} {
		_, err := replay.ReadReport(strings.NewReader(text))
		require.Error(t, err, text)
	}
}

func TestOurListsCanBeRead(t *testing.T) {
	t.Parallel()
	file, err := os.Open("seed.txt")
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	expected, err := replay.ReadExpected(file)
	require.NoError(t, err)
	require.NotEmpty(t, expected)
}
