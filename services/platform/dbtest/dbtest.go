// Package dbtest gives each test a PostgreSQL database of its own, with a service's schema in it.
//
// The migrations run once per cluster and migration set, into a template database named after their content; each test
// gets a copy, which takes a tenth of a second. Tests that need no schema of a service do not need this package.
package dbtest

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
	"github.com/bartgottschalk/startupwebapp/services/platform/migration"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const (
	setupLimit = 2 * time.Minute // many packages may wait for one template on a small machine
	poolSize   = 4
	lowercase  = "abcdefghijklmnopqrstuvwxyz0123456789"
)

// New is a database for this test alone, opened as the service's role, with set applied. It is closed and dropped when the
// test ends. Without ADMIN_DATABASE_URL the test fails. Safe for parallel tests, in any number of processes.
func New(t testing.TB, set migration.Set) *postgres.Database {
	t.Helper()
	url := URL(t, set)
	ctx, cancel := context.WithTimeout(t.Context(), setupLimit)
	defer cancel()
	db, err := postgres.Open(ctx, postgres.Config{URL: url, MaxConns: poolSize}, telemetry.Silent())
	if err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	t.Cleanup(db.Close) // before the drop: cleanups run last in, first out
	return db
}

// URL is New for tests that open the database themselves: only the service role's URL. What they opened is cut off when
// the test ends.
func URL(t testing.TB, set migration.Set) string {
	t.Helper()
	adminURL := os.Getenv("ADMIN_DATABASE_URL")
	if adminURL == "" {
		t.Fatal("dbtest: set ADMIN_DATABASE_URL to an administrator's PostgreSQL URL, or run the tests with scripts/test")
	}
	ctx, cancel := context.WithTimeout(t.Context(), setupLimit)
	defer cancel()
	name := fmt.Sprintf("test_%s_%s", set.Schema, identifier.NewFrom(lowercase, 12))
	url, err := clone(ctx, adminURL, name, set)
	if err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	t.Cleanup(func() {
		if err := drop(adminURL, name); err != nil {
			t.Errorf("dbtest: %v", err)
		}
	})
	return url
}

func clone(ctx context.Context, adminURL, name string, set migration.Set) (string, error) {
	template, err := templateName(set)
	if err != nil {
		return "", err
	}
	conn, err := pgx.Connect(ctx, adminURL)
	if err != nil {
		return "", fmt.Errorf("connect as administrator: %w", err)
	}
	defer closeConn(ctx, conn)
	if err := ensureTemplate(ctx, conn, adminURL, template, set); err != nil {
		return "", fmt.Errorf("make template %s: %w", template, err)
	}
	database, role := quote(name), quote(roleOf(set))
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+database+" TEMPLATE "+quote(template)); err != nil {
		return "", fmt.Errorf("copy %s: %w", template, err)
	}
	// Settings of a role in a database are not copied with the template.
	if _, err := conn.Exec(ctx, "ALTER ROLE "+role+" IN DATABASE "+database+" SET search_path = "+quote(set.Schema)); err != nil {
		return "", fmt.Errorf("set search_path: %w", err)
	}
	return serviceURL(adminURL, name, set)
}

func drop(adminURL, name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), setupLimit)
	defer cancel()
	conn, err := pgx.Connect(ctx, adminURL)
	if err != nil {
		return fmt.Errorf("connect as administrator: %w", err)
	}
	defer closeConn(ctx, conn)
	if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("drop %s: %w", name, err)
	}
	return nil
}

func quote(name string) string {
	return pgx.Identifier{name}.Sanitize()
}

func closeConn(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	_ = conn.Close(ctx) // nothing is lost with it
}
