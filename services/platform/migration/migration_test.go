package migration_test

import (
	"context"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
	"github.com/bartgottschalk/startupwebapp/services/platform/migration"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const lowercase = "abcdefghijklmnopqrstuvwxyz"

var first = fstest.MapFS{
	"00001_goods.sql": {Data: []byte("-- +goose Up\nCREATE TABLE goods (id integer PRIMARY KEY, name text NOT NULL);\nINSERT INTO goods VALUES (1, 'kite');\n-- +goose Down\nDROP TABLE goods;\n")},
}

var second = fstest.MapFS{
	"00001_goods.sql": first["00001_goods.sql"],
	"00002_price.sql": {Data: []byte("-- +goose Up\nALTER TABLE goods ADD COLUMN price integer NOT NULL DEFAULT 0;\n-- +goose Down\nALTER TABLE goods DROP COLUMN price;\n")},
}

// place is a database name and role names that no other test uses; all are dropped at the end.
type place struct {
	t        *testing.T
	admin    string
	database string
	roles    []string
}

func newPlace(t *testing.T) *place {
	t.Helper()
	admin := os.Getenv("ADMIN_DATABASE_URL")
	require.NotEmpty(t, admin, "set ADMIN_DATABASE_URL")
	p := &place{t: t, admin: admin, database: "migrationtest_" + identifier.NewFrom(lowercase, 10)}
	t.Cleanup(p.drop)
	return p
}

func (p *place) drop() {
	conn := connect(p.t, p.admin)
	execute(p.t, conn, "DROP DATABASE IF EXISTS "+p.database+" WITH (FORCE)")
	for _, role := range p.roles {
		execute(p.t, conn, "DROP ROLE IF EXISTS "+role)
	}
}

func (p *place) role(password string) string {
	role := "migrationtest_" + identifier.NewFrom(lowercase, 10)
	p.roles = append(p.roles, role)
	return p.url(role, password)
}

func (p *place) url(role, password string) string {
	parsed, err := url.Parse(p.admin)
	require.NoError(p.t, err)
	parsed.User, parsed.Path = url.UserPassword(role, password), "/"+p.database
	return parsed.String()
}

func connect(t *testing.T, target string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), target)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func execute(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	_, err := conn.Exec(context.Background(), sql)
	require.NoError(t, err)
}

func limited(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func set(schema string, files fs.FS) migration.Set {
	return migration.Set{Schema: schema, Files: files}
}

func TestUpMakesEverythingAndMayBeRepeated(t *testing.T) {
	t.Parallel()
	ctx, p := limited(t), newPlace(t)
	service := p.role("a password with 'quotes' and \"more\"")
	withJobs := migration.Set{Schema: "orders", Files: first, Jobs: true}
	for range 2 {
		require.NoError(t, migration.Up(ctx, p.admin, service, withJobs))
	}
	conn := connect(t, service)
	var name, schema, jobsOwner, me string
	require.NoError(t, conn.QueryRow(ctx, "SELECT name, current_schema() FROM goods").Scan(&name, &schema))
	require.Equal(t, []string{"kite", "orders"}, []string{name, schema})
	require.NoError(t, conn.QueryRow(ctx, "SELECT tableowner, current_user FROM pg_tables WHERE schemaname = 'orders' AND tablename = 'river_job'").Scan(&jobsOwner, &me))
	require.Equal(t, me, jobsOwner)
}

func TestUpByManyAtOnce(t *testing.T) {
	t.Parallel()
	ctx, p := limited(t), newPlace(t)
	services := []string{p.role("one"), p.role("two")}
	var wait sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wait.Go(func() {
			which := i % 2
			target := migration.Set{Schema: fmt.Sprintf("schema%d", which), Files: second, Jobs: true}
			errs[i] = migration.Up(ctx, p.admin, services[which], target)
		})
	}
	wait.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	for _, service := range services {
		var rows, versions int
		conn := connect(t, service)
		require.NoError(t, conn.QueryRow(ctx, "SELECT count(*), (SELECT count(*) FROM goose_db_version WHERE version_id > 0) FROM goods").Scan(&rows, &versions))
		require.Equal(t, []int{1, 2}, []int{rows, versions})
	}
}

func TestRightsEndAtTheOwnSchema(t *testing.T) {
	t.Parallel()
	ctx, p := limited(t), newPlace(t)
	orders, users := p.role("o"), p.role("u")
	require.NoError(t, migration.Up(ctx, p.admin, orders, set("orders", first)))
	require.NoError(t, migration.Up(ctx, p.admin, users, set("users", first)))
	conn := connect(t, users)
	refused := map[string]string{
		"read":             "SELECT * FROM orders.goods",
		"write":            "INSERT INTO orders.goods VALUES (2, 'x')",
		"make in another":  "CREATE TABLE orders.mine (id integer)",
		"make in public":   "CREATE TABLE public.mine (id integer)",
		"drop another":     "DROP SCHEMA orders CASCADE",
		"make a schema":    "CREATE SCHEMA mine",
		"make a role":      "CREATE ROLE migrationtest_mine",
		"become the other": "SET ROLE " + p.roles[0],
	}
	for what, statement := range refused {
		_, err := conn.Exec(ctx, statement)
		require.ErrorContains(t, err, "42501", what)
	}
	var usable bool
	require.NoError(t, conn.QueryRow(ctx, "SELECT has_schema_privilege('public', 'USAGE') FROM goods").Scan(&usable))
	require.False(t, usable, "public is closed")
}

func TestAdministratorWithoutSuperuser(t *testing.T) {
	t.Parallel()
	ctx, p := limited(t), newPlace(t)
	role := "migrationtest_" + identifier.NewFrom(lowercase, 10)
	execute(t, connect(t, p.admin), "CREATE ROLE "+role+" LOGIN CREATEROLE CREATEDB PASSWORD 'manager'")
	parsed, err := url.Parse(p.url(role, "manager"))
	require.NoError(t, err)
	parsed.Path = "/postgres"
	service := p.role("s")
	p.roles = append(p.roles, role)
	for range 2 {
		require.NoError(t, migration.Up(ctx, parsed.String(), service, set("orders", first)))
	}
	_, err = connect(t, service).Exec(ctx, "CREATE TABLE public.mine (id integer)")
	require.ErrorContains(t, err, "42501")
}

func TestRoleThatOwnsItsDatabaseNeedsNoAdministrator(t *testing.T) {
	t.Parallel()
	ctx, p := limited(t), newPlace(t)
	service := p.role("s")
	admin := connect(t, p.admin)
	execute(t, admin, "CREATE ROLE "+p.roles[0]+" LOGIN PASSWORD 's'")
	execute(t, admin, "CREATE DATABASE "+p.database)
	err := migration.Up(ctx, "", service, set("orders", first))
	require.ErrorContains(t, err, "ADMIN_DATABASE_URL", "a role without the right is told what is missing")

	execute(t, admin, "ALTER DATABASE "+p.database+" OWNER TO "+p.roles[0])
	require.NoError(t, migration.Up(ctx, "", service, set("orders", first)))
	var name string
	require.NoError(t, connect(t, service).QueryRow(ctx, "SELECT name FROM goods").Scan(&name))
}

func TestBrokenMigrationLeavesNothingHalfDone(t *testing.T) {
	t.Parallel()
	ctx, p := limited(t), newPlace(t)
	service := p.role("s")
	broken := fstest.MapFS{
		"00001_goods.sql": first["00001_goods.sql"],
		"00002_price.sql": {Data: []byte("-- +goose Up\nCREATE TABLE half (id integer);\nSELECT 1 / 0;\n")},
	}
	require.ErrorContains(t, migration.Up(ctx, p.admin, service, set("orders", broken)), "division by zero")
	require.NoError(t, migration.Up(ctx, p.admin, service, set("orders", second)))
	var half *string
	require.NoError(t, connect(t, service).QueryRow(ctx, "SELECT to_regclass('half')::text").Scan(&half))
	require.Nil(t, half)
}

func TestSchemaOfAnotherRoleIsRefused(t *testing.T) {
	t.Parallel()
	ctx, p := limited(t), newPlace(t)
	require.NoError(t, migration.Up(ctx, p.admin, p.role("a"), set("orders", first)))
	err := migration.Up(ctx, p.admin, p.role("b"), set("orders", first))
	require.ErrorContains(t, err, "belongs to role "+p.roles[0])
}

func TestMalformedURLsAreNotRepeated(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "postgres://role:hunter2@host:port-that-is-none/db"} {
		err := migration.Up(limited(t), "", bad, set("orders", first))
		require.ErrorContains(t, err, "DATABASE_URL: expected postgres://")
		require.NotContains(t, err.Error(), "hunter2")
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	ctx, p := limited(t), newPlace(t)
	service := p.role("s")
	require.NoError(t, migration.Up(ctx, p.admin, service, set("orders", first)))
	db, err := postgres.Open(ctx, postgres.Config{URL: service, MaxConns: 2}, telemetry.Silent())
	require.NoError(t, err)
	t.Cleanup(db.Close)

	require.NoError(t, migration.Check(ctx, db, set("orders", first)))
	for name, outdated := range map[string]migration.Set{
		"older files":  set("orders", second),
		"no schema":    set("elsewhere", first),
		"without jobs": {Schema: "orders", Files: first, Jobs: true},
	} {
		err := migration.Check(ctx, db, outdated)
		require.True(t, fault.HasReason(err, migration.ReasonOutdated), name)
		require.ErrorContains(t, err, " migrate`", name)
	}
	require.NoError(t, migration.Up(ctx, p.admin, service, migration.Set{Schema: "orders", Files: second, Jobs: true}))
	require.NoError(t, migration.Check(ctx, db, migration.Set{Schema: "orders", Files: second, Jobs: true}))
	require.NoError(t, migration.Check(ctx, db, set("orders", first)), "newer than needed is fine")
}
