package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// readAxe is the judge of accessibility, which scripts/test installs by npm.
var readAxe = sync.OnceValues(func() (string, error) {
	source, err := os.ReadFile(filepath.Join(root, ".local", "npm", "axe", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		return "", fmt.Errorf("axe-core is missing: run scripts/npm-tool axe deploy/local/browser: %w", err)
	}
	return string(source), nil
})

type violation struct {
	ID, Impact, Help string
	Nodes            []struct {
		Target         []any
		FailureSummary string
	}
}

// axeRun gives what axe-core holds against the page, in the words that matter.
const axeRun = `axe.run(document, {resultTypes: ["violations"], runOnly: {type: "tag",
	values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}}).then((found) => found.violations)`

// axe fails the test for everything that axe-core holds against the page as it is now, in the colours that the customer prefers.
func (c *customer) axe() {
	c.t.Helper()
	source, err := readAxe()
	require.NoError(c.t, err)
	c.settled()
	evaluate[chromedp.Void](c, "if (!globalThis.axe) {"+source+"\n}; undefined")
	for _, broken := range evaluate[[]violation](c, axeRun) {
		for _, node := range broken.Nodes {
			c.t.Errorf("axe on %s (%s): %s (%s), %s\n  at %v\n  %s", c.location(), c.device.name, broken.ID, broken.Impact, broken.Help,
				node.Target, strings.ReplaceAll(node.FailureSummary, "\n", "\n  "))
		}
	}
}
