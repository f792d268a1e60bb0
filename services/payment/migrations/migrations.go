// Package migrations holds the SQL that builds the payment service's schema, in the order of its numbers.
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
const Schema = "payments"

// Set is all that the service's database needs.
func Set() migration.Set { return migration.Set{Schema: Schema, Files: FS} }
