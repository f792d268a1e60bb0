package dbtest_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
	"github.com/bartgottschalk/startupwebapp/services/platform/migration"
)

// goods is a set whose template no other run has made; it is dropped at the end.
func goods(t *testing.T) migration.Set {
	t.Helper()
	sql := "-- +goose Up\n-- " + identifier.New(10) + "\nCREATE TABLE goods (id integer PRIMARY KEY);\n"
	set := migration.Set{Schema: "dbtests", Jobs: true, Files: fstest.MapFS{"00001_goods.sql": {Data: []byte(sql)}}}
	template, err := dbtest.TemplateName(set)
	require.NoError(t, err)
	t.Cleanup(func() {
		admin := administrator(t)
		_, err := admin.Exec(context.Background(), "ALTER DATABASE "+template+" IS_TEMPLATE false")
		require.NoError(t, err)
		_, err = admin.Exec(context.Background(), "DROP DATABASE "+template)
		require.NoError(t, err)
	})
	return set
}

func TestEachCallHasItsOwnDatabase(t *testing.T) {
	t.Parallel()
	set := goods(t)
	for i := range 4 {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			db := dbtest.New(t, set)
			_, err := db.Exec(t.Context(), "INSERT INTO goods VALUES (1)")
			require.NoError(t, err)
			require.NoError(t, migration.Check(t.Context(), db, set))
		})
	}
}

func TestHalfMadeTemplateIsMadeAnew(t *testing.T) {
	t.Parallel()
	set := goods(t)
	template, err := dbtest.TemplateName(set)
	require.NoError(t, err)
	_, err = administrator(t).Exec(t.Context(), "CREATE DATABASE "+template)
	require.NoError(t, err)
	require.NoError(t, migration.Check(t.Context(), dbtest.New(t, set), set))
}

func TestRoleIsTheServicesNotTheAdministrator(t *testing.T) {
	t.Parallel()
	conn, err := pgx.Connect(t.Context(), dbtest.URL(t, goods(t)))
	require.NoError(t, err)
	var role, schema string
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT current_user, current_schema()").Scan(&role, &schema))
	require.Equal(t, []string{"test_dbtests", "dbtests"}, []string{role, schema})
	_, err = conn.Exec(t.Context(), "CREATE TABLE public.mine (id integer)")
	require.ErrorContains(t, err, "42501")
}

func TestDatabaseIsDroppedEvenWhileInUse(t *testing.T) {
	t.Parallel()
	var name string
	t.Run("inner", func(t *testing.T) {
		conn, err := pgx.Connect(context.Background(), dbtest.URL(t, goods(t)))
		require.NoError(t, err)
		require.NoError(t, conn.QueryRow(t.Context(), "SELECT current_database()").Scan(&name))
	})
	admin := administrator(t)
	var exists bool
	require.NoError(t, admin.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&exists))
	require.False(t, exists)
}

func TestMissingAdministratorFailsTheTest(t *testing.T) {
	set := migration.Set{Schema: "dbtests", Files: fstest.MapFS{}}
	t.Setenv("ADMIN_DATABASE_URL", "")
	watched := &failing{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		dbtest.URL(watched, set)
	}()
	<-done
	require.Contains(t, watched.said, "ADMIN_DATABASE_URL")
}

// failing notes what a test would have failed with.
type failing struct {
	testing.TB
	said string
}

func (f *failing) Fatal(args ...any) {
	f.said = fmt.Sprint(args...)
	runtime.Goexit()
}

func administrator(t *testing.T) *pgx.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, os.Getenv("ADMIN_DATABASE_URL"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}
