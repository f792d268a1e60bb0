package dbtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/platform/migration"
)

// templateFormat is part of every template's name: raise it when a template's content changes for another reason than
// the set's files, such as a new version of River.
const templateFormat = "1 river v0.51.1"

// roleOf is a role for tests alone: the password of a real service's role in the same cluster stays as it is.
func roleOf(set migration.Set) string {
	return "test_" + set.Schema
}

const rolePassword = "test-role-password"

func serviceURL(adminURL, database string, set migration.Set) (string, error) {
	parsed, err := url.Parse(adminURL)
	if err != nil || parsed.Host == "" {
		return "", errors.New("ADMIN_DATABASE_URL: expected postgres://admin:password@host:port/database")
	}
	parsed.User = url.UserPassword(roleOf(set), rolePassword)
	parsed.Path = "/" + database
	return parsed.String(), nil
}

func templateName(set migration.Set) (string, error) {
	sum := sha256.New()
	_, _ = fmt.Fprintf(sum, "%s\n%s\n%t\n", templateFormat, set.Schema, set.Jobs)
	err := fs.WalkDir(set.Files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(set.Files, path)
		_, _ = fmt.Fprintf(sum, "%s %d\n%s\n", path, len(content), content)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read migrations: %w", err)
	}
	return "template_" + set.Schema + "_" + hex.EncodeToString(sum.Sum(nil))[:12], nil
}

// ensureTemplate makes the template database unless the cluster has it, and lets one process at a time build. A template
// counts as made only when it is marked as one, the last step: what a killed process left half done is dropped.
func ensureTemplate(ctx context.Context, conn *pgx.Conn, adminURL, name string, set migration.Set) error {
	made, err := isTemplate(ctx, conn, name)
	if err != nil || made {
		return err
	}
	lock := "startupwebapp " + name
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(hashtextextended($1, 0))", lock); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	if made, err = isTemplate(ctx, conn, name); err == nil && !made {
		err = build(ctx, conn, adminURL, name, set)
	}
	_, unlockErr := conn.Exec(ctx, "SELECT pg_advisory_unlock(hashtextextended($1, 0))", lock)
	return errors.Join(err, unlockErr)
}

func isTemplate(ctx context.Context, conn *pgx.Conn, name string) (bool, error) {
	var made bool
	err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1 AND datistemplate)", name).Scan(&made)
	if err != nil {
		return false, fmt.Errorf("look for template: %w", err)
	}
	return made, nil
}

func build(ctx context.Context, conn *pgx.Conn, adminURL, name string, set migration.Set) error {
	if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("drop what was half done: %w", err)
	}
	service, err := serviceURL(adminURL, name, set)
	if err != nil {
		return err
	}
	if err := migration.Up(ctx, adminURL, service, set); err != nil {
		return err
	}
	// A template can be copied only while nobody is connected to it.
	if _, err := conn.Exec(ctx, "ALTER DATABASE "+quote(name)+" WITH ALLOW_CONNECTIONS false IS_TEMPLATE true"); err != nil {
		return fmt.Errorf("mark as template: %w", err)
	}
	return nil
}
