// Package migration brings a service's schema up to date.
package migration

import (
	"context"
	"errors"
	"io/fs"

	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

var errNotBuilt = errors.New("not built yet")

// Set is the migrations of one service.
type Set struct {
	Schema string
	Files  fs.FS
	Jobs   bool
}

// AdminConfig names the administrator's connection.
type AdminConfig struct {
	URL string `env:"ADMIN_DATABASE_URL" help:"an administrator's connection, which makes roles and schemas (migrate only)" expects:"postgres://admin:password@host:port/database"`
}

// Up migrates.
func Up(ctx context.Context, adminURL, serviceURL string, set Set) error { return errNotBuilt }

// Check tells whether the schema is new enough.
func Check(ctx context.Context, db *postgres.Database, set Set) error { return errNotBuilt }
