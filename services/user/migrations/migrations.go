// Package migrations holds the tables of the user service as goose's SQL files, in the order of their numbers.
// How they are applied is the business of platform/migration.
package migrations

import (
	"embed"

	"github.com/bartgottschalk/startupwebapp/services/platform/migration"
)

//go:embed *.sql
var files embed.FS

// Schema is the schema that the service owns.
const Schema = "users"

// Set is what platform/migration applies: our tables and River's beside them.
func Set() migration.Set {
	return migration.Set{Schema: Schema, Files: files, Jobs: true}
}
