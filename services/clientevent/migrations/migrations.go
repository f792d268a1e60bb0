// Package migrations holds the SQL that builds the clientevent service's schema, in the order of its numbers.
// The monthly partitions are not made here but by package partition, as they depend on the date.
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
const Schema = "clientevents"

// Set is all that the service's database needs.
func Set() migration.Set { return migration.Set{Schema: Schema, Files: FS} }
