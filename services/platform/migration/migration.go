// Package migration brings a service's schema up to date: role, schema and rights as administrator, then tables as the
// role itself, so that everything belongs to the service and to no other.
//
// The SQL of each service lives in its own migrations folder. Queries and jobs do not live here.
package migration

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Set is the migrations of one service.
type Set struct {
	Schema string // of its own, made here
	Files  fs.FS  // goose's SQL files, NNNNN_name.sql, at the top
	Jobs   bool   // River's tables are made in the same schema

	patience patience // zero: as usual
}

// AdminConfig names the administrator's connection. Empty: the service's own role does everything, in a database and
// schema that it may use already.
type AdminConfig struct {
	URL string `env:"ADMIN_DATABASE_URL" help:"an administrator, who makes database, role and schema (migrate only)" expects:"postgres://admin:password@host:port/database"`
}

// Up makes what is missing of database, role (with the password in serviceURL), rights and schema as adminURL's
// administrator, who need not be a superuser; then, as the role, applies Files and River's migrations. Where the role
// exists but its password is refused, it gets the one of serviceURL. An empty adminURL leaves out the first half.
//
// It may be repeated, and run by several processes at once: they take turns under advisory locks. It may run while the shop
// does: a statement waits 3 s for a table and gives up, so that nobody queues behind it for longer, and what gave up is tried
// again for about a minute; then the error has PostgreSQL's code 55P03 (lock_not_available). Indexes that a CREATE INDEX
// CONCURRENTLY left broken when it was cut off are dropped first. A statement ends after 15 minutes; Up as a whole has no time
// limit besides ctx's.
func Up(ctx context.Context, adminURL, serviceURL string, set Set) error {
	service, err := parse("DATABASE_URL", serviceURL)
	if err != nil {
		return err
	}
	if adminURL != "" {
		if err := prepare(ctx, adminURL, service, set.Schema); err != nil {
			return fmt.Errorf("prepare schema %s: %w", set.Schema, err)
		}
	}
	if err := apply(ctx, service, set); err != nil {
		return fmt.Errorf("migrate schema %s: %w", set.Schema, err)
	}
	return nil
}

func parse(variable, url string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil || config.User == "" || config.Database == "" {
		// The parser's own error is left out: it repeats parts of the URL.
		return nil, errors.New(variable + ": expected postgres://role:password@host:port/database")
	}
	return config, nil
}

func connect(ctx context.Context, config *pgx.ConnConfig) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to database %s as %s: %w", config.Database, config.User, err)
	}
	return conn, nil
}

func hasState(err error, codes ...string) bool {
	var refusal *pgconn.PgError
	if !errors.As(err, &refusal) {
		return false
	}
	for _, code := range codes {
		if refusal.Code == code {
			return true
		}
	}
	return false
}
