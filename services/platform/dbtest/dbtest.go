// Package dbtest gives each test a database of its own.
package dbtest

import (
	"testing"

	"github.com/bartgottschalk/startupwebapp/services/platform/migration"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

// New is a database for this test.
func New(t testing.TB, set migration.Set) *postgres.Database {
	t.Helper()
	t.Fatal("not built yet")
	return nil
}

// URL is the service role's connection to a database for this test.
func URL(t testing.TB, set migration.Set) string {
	t.Helper()
	t.Fatal("not built yet")
	return ""
}
