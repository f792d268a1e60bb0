package stack

import (
	"context"
	"fmt"
	"net/url"
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
		return "", nil, fmt.Errorf("ADMIN_DATABASE_URL: no PostgreSQL answers there: %w", err)
	}
	return options.AdminURL, func() error { return nil }, nil
}

func reach(ctx context.Context, adminURL string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, adminURL)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// DropDatabase removes the shop's database with everything in it.
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
	return nil
}

// serviceURL is what a service connects with: its own role, in the shop's database.
func serviceURL(adminURL, database, service, password string) (string, error) {
	parsed, err := url.Parse(adminURL)
	if err != nil {
		return "", fmt.Errorf("ADMIN_DATABASE_URL: expected a postgres:// URL")
	}
	role := service + "_service"
	if database != defaultDatabase {
		role += "_" + database
	}
	parsed.User = url.UserPassword(role, password)
	parsed.Path = "/" + database
	return parsed.String(), nil
}
