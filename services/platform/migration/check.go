package migration

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

// ReasonOutdated is the reason of the fault with which Check refuses a schema.
const ReasonOutdated = "schema-outdated"

// Check gives a FailedPrecondition fault (ReasonOutdated) when the schema is older than Files or, with Jobs, than River
// needs. A newer schema is fine: deploys migrate first, while the old version still serves. It changes nothing.
func Check(ctx context.Context, db *postgres.Database, set Set) error {
	wanted, err := newest(set.Files)
	if err != nil {
		return err
	}
	found, err := applied(ctx, db, set.Schema)
	if err != nil {
		return fmt.Errorf("check schema %s: %w", set.Schema, err)
	}
	if found < wanted {
		return outdated(set.Schema, fmt.Sprintf("is at version %d, this program needs %d", found, wanted))
	}
	return checkJobs(ctx, db, set)
}

func newest(files fs.FS) (int64, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return 0, fmt.Errorf("read migrations: %w", err)
	}
	var version int64
	for _, name := range names {
		number, err := goose.NumericComponent(path.Base(name))
		if err != nil {
			return 0, fmt.Errorf("read migration %s: %w", name, err)
		}
		version = max(version, number)
	}
	return version, nil
}

func applied(ctx context.Context, db *postgres.Database, schema string) (int64, error) {
	table := pgx.Identifier{schema, goose.DefaultTablename}.Sanitize()
	var version int64
	err := db.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM "+table+" WHERE is_applied").Scan(&version)
	if hasState(err, undefinedTable) {
		return 0, nil
	}
	return version, err
}

func checkJobs(ctx context.Context, db *postgres.Database, set Set) error {
	if !set.Jobs {
		return nil
	}
	migrator, err := jobMigrator(db.Pool(), set.Schema)
	if err != nil {
		return err
	}
	result, err := migrator.Validate(ctx, nil)
	if err != nil {
		return fmt.Errorf("check jobs of schema %s: %w", set.Schema, err)
	}
	if !result.OK {
		return outdated(set.Schema, "lacks tables for jobs")
	}
	return nil
}

func outdated(schema, how string) error {
	return fault.New(fault.FailedPrecondition, ReasonOutdated,
		fmt.Sprintf("schema %s %s: run `%s migrate`", schema, how, filepath.Base(os.Args[0])))
}
