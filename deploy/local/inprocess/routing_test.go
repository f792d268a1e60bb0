package inprocess

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	_ "github.com/bartgottschalk/startupwebapp/gateway" // links the messages that the routes name
	"github.com/bartgottschalk/startupwebapp/gateway/routes"
)

// allRoutes are the paths of the edge's own file, so that a new one is covered by every test here.
func allRoutes(t testing.TB) []*routes.Route {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "gateway", "routes.yaml"))
	require.NoError(t, err)
	table, err := routes.Read(text)
	require.NoError(t, err)
	require.Greater(t, len(table.All()), 30)
	return table.All()
}

// target is a path that the route answers.
func target(route *routes.Route) string {
	before, _, hasVariable := strings.Cut(route.Path, "{")
	switch {
	case hasVariable:
		return before + "Abc123"
	case route.IsIndex:
		return route.Path + "/"
	}
	return route.Path
}

// TestFixedPathsAreNotTakenForOrders: /order/{order_identifier} matches most paths beside it.
func TestFixedPathsAreNotTakenForOrders(t *testing.T) {
	c := newCustomer(t)
	for _, route := range allRoutes(t) {
		if route.Method != http.MethodGet {
			continue
		}
		page := c.send(http.MethodGet, target(route), nil)
		isOrder := strings.Contains(string(page.body), `"order_detail"`)
		require.Equal(t, strings.HasSuffix(route.Path, "{order_identifier}"), isOrder, "%s answers %s", route.Path, page.body)
	}
}
