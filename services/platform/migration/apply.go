package migration

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// apply works as the service's role. One lock covers goose and River, since River has none of its own.
func apply(ctx context.Context, service *pgx.ConnConfig, set Set) error {
	service = service.Copy()
	conn, err := connect(ctx, service)
	if err != nil {
		return err
	}
	defer closeConn(ctx, conn)
	if err := ensureOwnSchema(ctx, conn, set.Schema); err != nil {
		return err
	}
	service.RuntimeParams["search_path"] = pgx.Identifier{set.Schema}.Sanitize()
	limitWaits(service.RuntimeParams)
	return locked(ctx, conn, "startupwebapp migrate "+set.Schema, func() error {
		return patiently(ctx, set.patienceOrDefault(), func() error {
			if err := dropBrokenIndexes(ctx, conn, set.Schema); err != nil {
				return err
			}
			if err := applyFiles(ctx, service, set); err != nil {
				return err
			}
			return applyJobs(ctx, service, set)
		})
	})
}

// ensureOwnSchema matters where no administrator was given: a role that owns its database can do without one.
func ensureOwnSchema(ctx context.Context, conn *pgx.Conn, schema string) error {
	owner, err := ownerOf(ctx, conn, schema)
	if err != nil || owner != "" {
		return err
	}
	err = execute(ctx, conn, "CREATE SCHEMA IF NOT EXISTS %I", schema)
	if hasState(err, insufficientPrivilege) {
		return fmt.Errorf("schema %s is missing and its role may not make it, set ADMIN_DATABASE_URL: %w", schema, err)
	}
	if err != nil {
		return err
	}
	config := conn.Config()
	return ensureSearchPath(ctx, conn, config, schema)
}

func applyFiles(ctx context.Context, service *pgx.ConnConfig, set Set) error {
	database := stdlib.OpenDB(*service)
	defer closeDatabase(database)
	provider, err := goose.NewProvider(goose.DialectPostgres, database, set.Files,
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("apply migrations: %w", err)
	}
	return nil
}

func closeDatabase(database *sql.DB) {
	_ = database.Close() // all work is done, nothing is lost with it
}

func applyJobs(ctx context.Context, service *pgx.ConnConfig, set Set) error {
	if !set.Jobs {
		return nil
	}
	pool, err := smallPool(ctx, service)
	if err != nil {
		return err
	}
	defer pool.Close()
	migrator, err := jobMigrator(pool, set.Schema)
	if err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("apply job migrations: %w", err)
	}
	return nil
}

func jobMigrator(pool *pgxpool.Pool, schema string) (*rivermigrate.Migrator[pgx.Tx], error) {
	silent := slog.New(slog.NewTextHandler(io.Discard, nil))
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: schema, Logger: silent})
	if err != nil {
		return nil, fmt.Errorf("prepare job migrations: %w", err)
	}
	return migrator, nil
}

func smallPool(ctx context.Context, service *pgx.ConnConfig) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(service.ConnString())
	if err != nil {
		return nil, fmt.Errorf("read connection: %w", err)
	}
	config.ConnConfig = service.Copy()
	config.MaxConns = 2
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect for job migrations: %w", err)
	}
	return pool, nil
}
