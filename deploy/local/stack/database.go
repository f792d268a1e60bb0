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

// openDatabase finds the administrator's URL: the given one, or that of a private cluster.
func (s *Stack) openDatabase(ctx context.Context) error {
	adminURL := s.options.AdminURL
	if adminURL == "" {
		cluster, err := localpostgres.Start(ctx, s.options.DataDir+"/postgres", s.options.Out)
		if err != nil {
			return fmt.Errorf("PostgreSQL: %w", err)
		}
		s.onStop(func(context.Context) error { return cluster.Stop() })
		s.run(ctx, func(ctx context.Context) error { return s.watchDatabase(ctx, cluster) })
		adminURL = cluster.AdminURL()
	} else if err := reach(ctx, adminURL); err != nil {
		return fmt.Errorf("ADMIN_DATABASE_URL: %w", err)
	}
	s.adminURL = adminURL
	if !s.options.Fresh {
		return nil
	}
	return DropDatabase(ctx, adminURL, s.options.Database)
}

// watchDatabase reports a private cluster that ends by itself. Its next start would be on another port, which no
// running program knows, so the shop has to start anew.
func (s *Stack) watchDatabase(ctx context.Context, cluster *localpostgres.Cluster) error {
	select {
	case <-ctx.Done():
	case <-cluster.Ended():
		s.failed <- errors.New("PostgreSQL ended by itself; start the shop again")
	}
	return nil
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
