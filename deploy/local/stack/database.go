package stack

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/platform/localpostgres"
)

// defaultDatabase is the only database whose roles carry no suffix; roles belong to a whole cluster, so shops that share
// one must not share roles.
const defaultDatabase = "startupwebapp"

// openDatabase finds the administrator's URL: the given one, or that of a private cluster, which stop then ends.
func openDatabase(ctx context.Context, options Options) (adminURL string, stop func() error, err error) {
	if options.AdminURL == "" {
		cluster, err := localpostgres.Start(ctx, options.DataDir+"/postgres", options.Out)
		if err != nil {
			return "", nil, fmt.Errorf("PostgreSQL: %w", err)
		}
		return cluster.AdminURL(), cluster.Stop, nil
	}
	if err := reach(ctx, options.AdminURL); err != nil {
		return "", nil, fmt.Errorf("ADMIN_DATABASE_URL: %w", err)
	}
	return options.AdminURL, func() error { return nil }, nil
}

func reach(ctx context.Context, adminURL string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	config, err := pgx.ParseConfig(adminURL)
	if err != nil {
		return errors.New("expected postgres://admin:password@host:port/database") // the parser's own error repeats the URL
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		said, _, _ := strings.Cut(err.Error(), "\n") // pgx lists every address it tried
		return errors.New("no PostgreSQL answers there: " + said)
	}
	return conn.Close(ctx)
}

// DropDatabase removes the shop's database with everything in it, and the roles that only it had.
func DropDatabase(ctx context.Context, adminURL, database string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, adminURL)
	if err != nil {
		return fmt.Errorf("reach PostgreSQL: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{database}.Sanitize()+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("drop the database %s: %w", database, err)
	}
	if database == defaultDatabase {
		return nil
	}
	for _, service := range services() {
		if _, err := conn.Exec(ctx, "DROP ROLE IF EXISTS "+pgx.Identifier{roleOf(service, database)}.Sanitize()); err != nil {
			return fmt.Errorf("drop the role of %s: %w", service, err)
		}
	}
	return nil
}

// roleOf is the database role of a service.
func roleOf(service, database string) string {
	if database == defaultDatabase {
		return service + "_service"
	}
	return service + "_service_" + database
}

// serviceURL is what a service connects with: its own role, in the shop's database.
func serviceURL(adminURL, database, service, password string) (string, error) {
	parsed, err := url.Parse(adminURL)
	if err != nil {
		return "", fmt.Errorf("ADMIN_DATABASE_URL: expected a postgres:// URL")
	}
	parsed.User = url.UserPassword(roleOf(service, database), password)
	parsed.Path = "/" + database
	return parsed.String(), nil
}
