package migration_test

import (
	"context"
	"net/url"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/platform/migration"
)

// hold keeps goods from everybody who wants to change the table, as a long report does, until the returned function is called.
func hold(t *testing.T, service string) (letGo func()) {
	t.Helper()
	holder := connect(t, service)
	execute(t, holder, "BEGIN")
	execute(t, holder, "SELECT count(*) FROM goods")
	return func() { execute(t, holder, "ROLLBACK") }
}

// with adds a setting to the URL of a database.
func with(t *testing.T, target, setting, value string) string {
	t.Helper()
	parsed, err := url.Parse(target)
	require.NoError(t, err)
	query := parsed.Query()
	query.Set(setting, value)
	parsed.RawQuery = query.Encode()
	return parsed.String()
}

func isWaiting(t *testing.T, conn *pgx.Conn) bool {
	t.Helper()
	var waiting bool
	err := conn.QueryRow(context.Background(), "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = to_regclass('goods'))").Scan(&waiting)
	require.NoError(t, err)
	return waiting
}

func TestWaitingMigrationLetsTheShopGoOn(t *testing.T) {
	t.Parallel()
	ctx, p := limited(t), newPlace(t)
	service := p.role("s")
	require.NoError(t, migration.Up(ctx, p.admin, service, set("orders", first)))
	letGo := hold(t, service)
	shop := connect(t, service)

	done := make(chan error, 1)
	hasty, patient := with(t, service, "lock_timeout", "300"), set("orders", second).WithPatience(100, 50*time.Millisecond)
	go func() { done <- migration.Up(ctx, p.admin, hasty, patient) }()
	require.Eventually(t, func() bool { return isWaiting(t, shop) }, 20*time.Second, time.Millisecond)
	began := time.Now()
	execute(t, shop, "SELECT * FROM goods") // queues behind the migration until that gives up
	require.Less(t, time.Since(began), 5*time.Second)

	letGo()
	require.NoError(t, <-done, "a later try gets through")
	execute(t, shop, "SELECT price FROM goods")
}

func TestTableThatStaysInUseEndsTheMigrationClearly(t *testing.T) {
	t.Parallel()
	ctx, p := limited(t), newPlace(t)
	service := p.role("s")
	require.NoError(t, migration.Up(ctx, p.admin, service, set("orders", first)))
	letGo := hold(t, service)

	impatient := set("orders", second).WithPatience(3, 10*time.Millisecond)
	err := migration.Up(ctx, p.admin, with(t, service, "lock_timeout", "100"), impatient)
	require.ErrorContains(t, err, "stayed in use through 3 tries")
	var refusal *pgconn.PgError
	require.ErrorAs(t, err, &refusal)
	require.Equal(t, "55P03", refusal.Code)

	letGo()
	require.NoError(t, migration.Up(ctx, p.admin, service, set("orders", second)), "it can be run again")
}

func TestMigrationsHaveLimitsOfTheirOwn(t *testing.T) {
	t.Parallel()
	ctx, p := limited(t), newPlace(t)
	service := p.role("s")
	files := fstest.MapFS{"00001_limits.sql": {Data: []byte("-- +goose Up\nCREATE TABLE limits AS SELECT name, setting::bigint AS value FROM pg_settings\nWHERE name IN ('lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout');\n")}}
	require.NoError(t, migration.Up(ctx, p.admin, with(t, service, "statement_timeout", "1234567"), set("orders", files)))
	conn, found := connect(t, service), map[string]int64{}
	rows, err := conn.Query(ctx, "SELECT name, value FROM limits")
	require.NoError(t, err)
	var name string
	var value int64
	_, err = pgx.ForEachRow(rows, []any{&name, &value}, func() error { found[name] = value; return nil })
	require.NoError(t, err)
	require.Equal(t, map[string]int64{"lock_timeout": 3000, "statement_timeout": 1234567, "idle_in_transaction_session_timeout": 60000}, found)
}

// indexed is an index that cannot be built while goods has twins.
var indexed = fstest.MapFS{
	"00001_goods.sql": first["00001_goods.sql"],
	"00002_name.sql": {Data: []byte("-- +goose NO TRANSACTION\n-- +goose Up\nSET lock_timeout = '10s';\n" +
		"CREATE INDEX CONCURRENTLY IF NOT EXISTS goods_by_name ON goods (name);\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS goods_name ON goods (name);\n")},
}

func isWhole(t *testing.T, conn *pgx.Conn, index string) bool {
	t.Helper()
	var whole bool
	require.NoError(t, conn.QueryRow(context.Background(), "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1)", index).Scan(&whole))
	return whole
}

func TestBuildOfAnIndexThatBrokeOffIsMended(t *testing.T) {
	t.Parallel()
	ctx, p := limited(t), newPlace(t)
	service := p.role("s")
	require.NoError(t, migration.Up(ctx, p.admin, service, set("orders", first)))
	conn := connect(t, service)
	execute(t, conn, "INSERT INTO goods VALUES (2, 'kite')")
	require.ErrorContains(t, migration.Up(ctx, p.admin, service, set("orders", indexed)), "goods_name")
	require.True(t, isWhole(t, conn, "goods_by_name"), "what was done before stays")
	require.False(t, isWhole(t, conn, "goods_name"), "PostgreSQL leaves a broken index")

	execute(t, conn, "DELETE FROM goods WHERE id = 2")
	require.NoError(t, migration.Up(ctx, p.admin, service, set("orders", indexed)))
	require.True(t, isWhole(t, conn, "goods_name"), "without the mending, IF NOT EXISTS would have kept the broken one")
	_, err := conn.Exec(ctx, "INSERT INTO goods VALUES (2, 'kite')")
	require.ErrorContains(t, err, "23505")
}

func TestIndexThatSomebodyBuildsIsWaitedFor(t *testing.T) {
	t.Parallel()
	ctx, p := limited(t), newPlace(t)
	service := p.role("s")
	require.NoError(t, migration.Up(ctx, p.admin, service, set("orders", first)))
	writer := connect(t, service)
	execute(t, writer, "BEGIN")
	execute(t, writer, "INSERT INTO goods VALUES (2, 'boat')") // a build waits for it
	built := make(chan error, 1)
	builder := connect(t, service)
	go func() {
		_, err := builder.Exec(ctx, "CREATE INDEX CONCURRENTLY by_hand ON goods (name)")
		built <- err
	}()
	look := connect(t, service)
	require.Eventually(t, func() bool {
		var begun bool
		require.NoError(t, look.QueryRow(ctx, "SELECT to_regclass('by_hand') IS NOT NULL").Scan(&begun))
		return begun
	}, 20*time.Second, time.Millisecond)

	migrated := make(chan error, 1)
	go func() {
		migrated <- migration.Up(ctx, p.admin, service, set("orders", first).WithPatience(50, 10*time.Millisecond))
	}()
	require.Eventually(t, func() bool { return isWaiting(t, look) }, 20*time.Second, time.Millisecond)
	execute(t, writer, "COMMIT")
	require.NoError(t, <-built)
	require.NoError(t, <-migrated)
	require.True(t, isWhole(t, look, "by_hand"), "it was not taken for a broken one")
}
