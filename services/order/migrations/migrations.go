// Package migrations holds the SQL that builds the order service's schema, in the order of its numbers.
// It holds reference rows, but no goods; see package demo.
package migrations

import (
	"embed"

	"github.com/bartgottschalk/startupwebapp/services/platform/migration"
)

// FS holds the migration files.
//
//go:embed *.sql
var FS embed.FS

// Schema is the PostgreSQL schema that belongs to this service alone.
const Schema = "orders"

// Set is all that the service's database needs, the tables of its job queue included.
func Set() migration.Set { return migration.Set{Schema: Schema, Files: FS, Jobs: true} }
