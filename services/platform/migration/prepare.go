package migration

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// SQLSTATE codes, PostgreSQL manual appendix A.
const (
	invalidPassword       = "28P01"
	invalidAuthorization  = "28000"
	undefinedTable        = "42P01"
	insufficientPrivilege = "42501"
	lockNotAvailable      = "55P03"
	deadlockDetected      = "40P01"
)

// prepare does what only an administrator may. Everything is asked first and done only where missing, so that a second
// run changes nothing that others could collide with.
func prepare(ctx context.Context, adminURL string, service *pgx.ConnConfig, schema string) error {
	admin, err := parse("ADMIN_DATABASE_URL", adminURL)
	if err != nil {
		return err
	}
	conn, err := connect(ctx, admin)
	if err != nil {
		return err
	}
	defer closeConn(ctx, conn)
	// Roles and databases are of the whole cluster: all services take turns here.
	return locked(ctx, conn, "startupwebapp prepare", func() error {
		if err := ensureRole(ctx, conn, service); err != nil {
			return err
		}
		if err := ensureDatabase(ctx, conn, service.Database); err != nil {
			return err
		}
		return ensureSchema(ctx, admin.Copy(), service, schema)
	})
}

func ensureRole(ctx context.Context, conn *pgx.Conn, service *pgx.ConnConfig) error {
	var exists bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", service.User).Scan(&exists); err != nil {
		return fmt.Errorf("look for role %s: %w", service.User, err)
	}
	if !exists {
		return execute(ctx, conn, "CREATE ROLE %I LOGIN PASSWORD %L", service.User, service.Password)
	}
	if passwordAccepted(ctx, service) {
		return nil
	}
	return execute(ctx, conn, "ALTER ROLE %I LOGIN PASSWORD %L", service.User, service.Password)
}

// passwordAccepted is true unless the server refuses the role itself: a database that is still missing is no such refusal.
func passwordAccepted(ctx context.Context, service *pgx.ConnConfig) bool {
	conn, err := pgx.ConnectConfig(ctx, service)
	if err != nil {
		return !hasState(err, invalidPassword, invalidAuthorization)
	}
	closeConn(ctx, conn)
	return true
}

func ensureDatabase(ctx context.Context, conn *pgx.Conn, database string) error {
	var exists bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", database).Scan(&exists); err != nil {
		return fmt.Errorf("look for database %s: %w", database, err)
	}
	if exists {
		return nil
	}
	// template0: template1 may hold things of others, and cannot be copied while somebody is connected to it.
	return execute(ctx, conn, "CREATE DATABASE %I TEMPLATE template0 ENCODING 'UTF8'", database)
}

// ensureSchema works inside the service's database.
func ensureSchema(ctx context.Context, admin, service *pgx.ConnConfig, schema string) error {
	admin.Database = service.Database
	conn, err := connect(ctx, admin)
	if err != nil {
		return err
	}
	defer closeConn(ctx, conn)
	if err := ensureOwnership(ctx, conn, service.User, schema); err != nil {
		return err
	}
	if err := closePublic(ctx, conn); err != nil {
		return err
	}
	if err := execute(ctx, conn, "GRANT CONNECT ON DATABASE %I TO %I", service.Database, service.User); err != nil {
		return err
	}
	return ensureSearchPath(ctx, conn, service, schema)
}

func ensureOwnership(ctx context.Context, conn *pgx.Conn, role, schema string) error {
	owner, err := ownerOf(ctx, conn, schema)
	if err != nil || owner == role {
		return err
	}
	if owner != "" {
		return fmt.Errorf("schema %s belongs to role %s, not to %s", schema, owner, role)
	}
	// An administrator who is no superuser (Amazon RDS) may give a schema only to a role that he is a member of.
	var member bool
	if err := conn.QueryRow(ctx, "SELECT pg_has_role(current_user, $1, 'MEMBER')", role).Scan(&member); err != nil {
		return fmt.Errorf("look for membership in %s: %w", role, err)
	}
	if !member {
		if err := execute(ctx, conn, "GRANT %I TO CURRENT_USER", role); err != nil {
			return err
		}
	}
	return execute(ctx, conn, "CREATE SCHEMA %I AUTHORIZATION %I", schema, role)
}

// ownerOf is "" for a schema that does not exist.
func ownerOf(ctx context.Context, conn *pgx.Conn, schema string) (string, error) {
	var owner string
	err := conn.QueryRow(ctx, "SELECT coalesce((SELECT pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = $1), '')", schema).Scan(&owner)
	if err != nil {
		return "", fmt.Errorf("look for schema %s: %w", schema, err)
	}
	return owner, nil
}

// closePublic takes from everybody what PostgreSQL grants by default on the schema public, so that a service's rights end
// at its own schema (design section 1).
func closePublic(ctx context.Context, conn *pgx.Conn) error {
	const open = `SELECT EXISTS (
		SELECT FROM pg_namespace, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) AS held
		WHERE nspname = 'public' AND held.grantee = 0)`
	var isOpen bool
	if err := conn.QueryRow(ctx, open).Scan(&isOpen); err != nil {
		return fmt.Errorf("look at schema public: %w", err)
	}
	if !isOpen {
		return nil
	}
	return execute(ctx, conn, "REVOKE ALL ON SCHEMA public FROM PUBLIC")
}

// ensureSearchPath lets the role's queries name their tables without the schema.
func ensureSearchPath(ctx context.Context, conn *pgx.Conn, service *pgx.ConnConfig, schema string) error {
	const isSet = `SELECT EXISTS (
		SELECT FROM pg_db_role_setting
		JOIN pg_database ON pg_database.oid = setdatabase JOIN pg_roles ON pg_roles.oid = setrole
		WHERE datname = $1 AND rolname = $2 AND format('search_path=%I', $3::text) = ANY (setconfig))`
	var done bool
	if err := conn.QueryRow(ctx, isSet, service.Database, service.User, schema).Scan(&done); err != nil {
		return fmt.Errorf("look at search_path of %s: %w", service.User, err)
	}
	if done {
		return nil
	}
	return execute(ctx, conn, "ALTER ROLE %I IN DATABASE %I SET search_path = %I", service.User, service.Database, schema)
}

// execute runs a statement whose names (%I) and literals (%L) the server itself quotes. Errors show the statement without
// its arguments, one of which may be a password.
func execute(ctx context.Context, conn *pgx.Conn, statement string, arguments ...string) error {
	quoted := statement
	if len(arguments) > 0 {
		if err := conn.QueryRow(ctx, "SELECT format($1, VARIADIC $2::text[])", statement, arguments).Scan(&quoted); err != nil {
			return fmt.Errorf("%s: %w", strings.TrimSpace(statement), err)
		}
	}
	if _, err := conn.Exec(ctx, quoted); err != nil {
		return fmt.Errorf("%s: %w", strings.TrimSpace(statement), err)
	}
	return nil
}
