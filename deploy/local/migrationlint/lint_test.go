package migrationlint_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/local/migrationlint"
)

const (
	patient   = "SET LOCAL lock_timeout = '3s';\n"
	beside    = "-- +goose NO TRANSACTION\n-- +goose Up\nSET lock_timeout = '10min';\n"
	allowance = "-- migrationlint:allow %s because nobody has rows there\n"
)

// lint gives "line rule" of each finding in a file of that text.
func lint(t testing.TB, text string, last *migrationlint.Release) []string {
	t.Helper()
	files := fstest.MapFS{"00002_change.sql": {Data: []byte(text)}}
	findings, err := migrationlint.Folder(files, "migrations", last)
	require.NoError(t, err)
	told := []string{}
	for _, finding := range findings {
		require.NotContains(t, finding.String(), "\n")
		told = append(told, fmt.Sprintf("%d %s", finding.Line, finding.Rule))
	}
	return told
}

type statementCase struct{ sql, rule string }

// refused are statements on tables that the file does not make, with the one rule that refuses each.
func refused() []statementCase {
	return []statementCase{
		{"DROP TABLE goods", "drop"},
		{"DROP TABLE IF EXISTS goods CASCADE", "drop"},
		{"ALTER TABLE goods DROP COLUMN name", "drop"},
		{"ALTER TABLE goods DROP CONSTRAINT goods_check", "drop"},
		{"ALTER TABLE goods ALTER COLUMN name DROP DEFAULT", "drop"},
		{"DROP INDEX goods_name", "drop"},
		{"DROP TYPE color", "drop"},
		{"DROP SCHEMA orders", "drop"},
		{"DROP VIEW seen", "drop"},
		{"DROP FUNCTION f(bigint)", "drop"},
		{"DROP TRIGGER told ON goods", "drop"},
		{"ALTER TABLE goods RENAME TO things", "rename"},
		{"ALTER TABLE goods RENAME COLUMN name TO title", "rename"},
		{"ALTER TABLE goods RENAME CONSTRAINT a TO b", "rename"},
		{"ALTER INDEX goods_name RENAME TO b", "rename"},
		{"ALTER TABLE goods SET SCHEMA elsewhere", "rename"},
		{"ALTER TYPE color RENAME VALUE 'red' TO 'rot'", "rename"},
		{"ALTER TABLE goods ALTER COLUMN name TYPE varchar(20)", "type-change"},
		{"ALTER TYPE address ADD ATTRIBUTE city text", "type-change"},
		{"ALTER TABLE goods ALTER COLUMN name SET NOT NULL", "not-null"},
		{"ALTER TABLE goods ADD COLUMN size integer NOT NULL", "not-null"},
		{"ALTER TABLE goods ADD COLUMN size integer NOT NULL DEFAULT NULL", "not-null"},
		{"ALTER TABLE goods ADD COLUMN code uuid DEFAULT gen_random_uuid()", "table-rewrite"},
		{"ALTER TABLE goods ADD COLUMN seen timestamptz NOT NULL DEFAULT (now() + random() * interval '1 s')", "table-rewrite"},
		{"ALTER TABLE goods ADD COLUMN seen timestamptz DEFAULT clock_timestamp()", "table-rewrite"},
		{"ALTER TABLE goods ADD COLUMN number bigserial", "table-rewrite"},
		{"ALTER TABLE goods ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY", "table-rewrite"},
		{"ALTER TABLE goods ADD COLUMN twice bigint GENERATED ALWAYS AS (id * 2) STORED", "table-rewrite"},
		{"ALTER TABLE goods SET UNLOGGED", "table-rewrite"},
		{"ALTER TABLE goods ADD CONSTRAINT c CHECK (size > 0)", "validates-constraint"},
		{"ALTER TABLE goods ADD COLUMN size integer CHECK (size > 0)", "validates-constraint"},
		{"ALTER TABLE goods ADD CONSTRAINT c FOREIGN KEY (maker) REFERENCES makers (id)", "validates-constraint"},
		{"ALTER TABLE goods ADD COLUMN maker bigint REFERENCES makers (id)", "validates-constraint"},
		{"ALTER TABLE goods ADD CONSTRAINT c CHECK (size > 0) NOT VALID, VALIDATE CONSTRAINT c", "slow-while-locked"},
		{"ALTER TABLE goods ADD UNIQUE (name)", "unique-constraint"},
		{"ALTER TABLE goods ADD PRIMARY KEY (name)", "unique-constraint"},
		{"ALTER TABLE goods ADD COLUMN code text UNIQUE", "unique-constraint"},
		{"ALTER TABLE goods ADD CONSTRAINT c PRIMARY KEY USING INDEX goods_name", "not-null"},
		{"ALTER TABLE goods ADD EXCLUDE USING gist (span WITH &&)", "unique-constraint"},
		{"CREATE INDEX goods_name ON goods (name)", "index-locks"},
		{"CREATE UNIQUE INDEX goods_name ON goods (name)", "index-locks"},
		{"CREATE INDEX IF NOT EXISTS i ON ONLY goods (name)", "index-locks"},
		{"REINDEX TABLE goods", "heavy-lock"},
		{"CLUSTER goods USING goods_name", "heavy-lock"},
		{"VACUUM FULL goods", "heavy-lock"},
		{"VACUUM (ANALYZE, FULL) goods", "heavy-lock"},
		{"LOCK TABLE goods", "heavy-lock"},
		{"TRUNCATE goods", "heavy-lock"},
		{"REFRESH MATERIALIZED VIEW sums", "heavy-lock"},
		{"UPDATE goods SET size = 1", "whole-table"},
		{"UPDATE goods SET size = 1 WHERE true", "whole-table"},
		{"UPDATE goods SET size = 1 WHERE 1 = 1", "whole-table"},
		{"DELETE FROM goods WHERE NOT false", "whole-table"},
		{"UPDATE goods SET size = o.size FROM others o", "whole-table"},
		{"DELETE FROM goods", "whole-table"},
		{"WITH gone AS (DELETE FROM goods RETURNING *) SELECT count(*) FROM gone", "whole-table"},
		{"DO $$ BEGIN DROP TABLE goods; END $$", "cannot-judge"},
		{"EXECUTE prepared", "cannot-judge"},
		{"CALL change()", "cannot-judge"},
		{"SELECT change_goods()", "cannot-judge"},
		{"SELECT orders.now()", "cannot-judge"},
		{"SELECT set_config('lock_timeout', '0', false)", "cannot-judge"},
		{"INSERT INTO goods SELECT change_goods()", "cannot-judge"},
		{"COMMIT", "cannot-judge"},
		{"SET search_path = elsewhere", "cannot-judge"},
		{"SET session_replication_role = replica", "cannot-judge"},
		{"COPY goods FROM PROGRAM 'true'", "cannot-judge"},
		{"CREATE TABLE part PARTITION OF goods DEFAULT", "cannot-judge"},
		{"ALTER TABLE goods ATTACH PARTITION part DEFAULT", "cannot-judge"},
		{"ALTER TABLE goods DISABLE TRIGGER ALL", "cannot-judge"},
		{"ALTER SEQUENCE goods_id_seq RESTART WITH 1", "cannot-judge"},
		{"ALTER SEQUENCE goods_id_seq AS smallint", "cannot-judge"},
		{"SELECT setval('goods_id_seq', 1)", "cannot-judge"},
		{"SELECT setval('goods_id_seq'::regclass, 1, false)", "cannot-judge"},
		{"SELECT setval(pg_get_serial_sequence('goods', 'id'), 1)", "cannot-judge"},
		{"SELECT setval(pg_get_serial_sequence('goods', 'id'), (SELECT max(id) FROM others))", "cannot-judge"},
		{"SELECT setval(pg_get_serial_sequence('goods', 'id'), (SELECT max(size) FROM goods))", "cannot-judge"},
		{"SELECT setval(pg_get_serial_sequence('goods', 'id'), (SELECT max(id) FROM goods WHERE id < 9))", "cannot-judge"},
		{"SET LOCAL statement_timeout = 0", "lock-timeout"},
		{"SET LOCAL statement_timeout = '0.1ms'", "lock-timeout"},
		{"SET statement_timeout = 'never'", "lock-timeout"},
		{`SELECT "pg_catalog.now"()`, "cannot-judge"},
		{"REVOKE SELECT ON goods FROM reader", "cannot-judge"},
		{"VACUUM goods", "cannot-judge"},
		{"MERGE INTO goods USING others o ON o.id = goods.id WHEN MATCHED THEN DELETE", "cannot-judge"},
		{"SELECT * FROM goods FOR UPDATE", "cannot-judge"},
	}
}

func TestStatementIsRefusedUnlessAllowed(t *testing.T) {
	t.Parallel()
	for _, each := range refused() {
		text := "-- +goose Up\n" + patient + each.sql + ";\n"
		require.Equal(t, []string{"3 " + each.rule}, lint(t, text, nil), each.sql)
		allowed := "-- +goose Up\n" + patient + fmt.Sprintf(allowance, each.rule) + each.sql + ";\n"
		require.Empty(t, lint(t, allowed, nil), each.sql)
		require.Empty(t, lint(t, "-- +goose Up\nSELECT 1;\n-- +goose Down\n"+each.sql+";\n", nil), "the Down part is nobody's way forward")
	}
}

func TestStatementIsTaken(t *testing.T) {
	t.Parallel()
	for _, sql := range []string{
		"ALTER TABLE goods ADD COLUMN size integer",
		"ALTER TABLE goods ADD COLUMN size integer NOT NULL DEFAULT 0",
		"ALTER TABLE goods ADD COLUMN size integer DEFAULT 0 NULL",
		"ALTER TABLE goods ADD COLUMN seen timestamptz NOT NULL DEFAULT now()",
		"ALTER TABLE goods ADD COLUMN seen timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP",
		"ALTER TABLE goods ADD COLUMN marks text[] NOT NULL DEFAULT '{}'::text[]",
		"ALTER TABLE goods ADD COLUMN name text NOT NULL DEFAULT lower('A')",
		"ALTER TABLE goods ALTER COLUMN size SET DEFAULT 1",
		"ALTER TABLE goods ALTER COLUMN size DROP NOT NULL",
		"ALTER TABLE goods ADD CONSTRAINT c CHECK (size > 0) NOT VALID",
		"ALTER TABLE goods ADD CONSTRAINT c FOREIGN KEY (maker) REFERENCES makers (id) NOT VALID",
		"ALTER TABLE goods VALIDATE CONSTRAINT c",
		"ALTER TABLE goods ADD CONSTRAINT c UNIQUE USING INDEX goods_name",
		"ALTER TABLE goods SET (fillfactor = 70)",
		"ALTER TYPE color ADD VALUE 'blue'",
		"CREATE TRIGGER told AFTER INSERT ON goods FOR EACH ROW EXECUTE FUNCTION tell()",
		"CREATE OR REPLACE VIEW seen AS SELECT 1 AS one",
		"CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ DELETE FROM goods $$",
		"INSERT INTO goods (name) VALUES ('kite'), (replace('a', 'b', 'c'))",
		"UPDATE goods SET size = 1 WHERE size IS NULL",
		"DELETE FROM goods WHERE size = 1",
		"SELECT setval(pg_get_serial_sequence('goods', 'id'), (SELECT max(id) FROM goods))",
		"SET statement_timeout = '1h'",
		"SET LOCAL statement_timeout = '20min'",
		"RESET statement_timeout",
		"CREATE SEQUENCE numbers; SELECT setval('numbers', 9)",
		"CREATE TABLE parts (id bigserial); SELECT setval(pg_get_serial_sequence('parts', 'id'), 9)",
		"ALTER SEQUENCE goods_id_seq OWNED BY goods.id",
		"CREATE SEQUENCE numbers; ALTER SEQUENCE numbers RESTART WITH 9",
		"ANALYZE goods",
		"COMMENT ON TABLE goods IS 'DROP TABLE goods; -- migrationlint:allow nothing'",
		"CREATE TABLE parts (goods_id bigint NOT NULL REFERENCES goods (id), name text UNIQUE CHECK (name <> ''))",
	} {
		require.Empty(t, lint(t, "-- +goose Up\n"+patient+sql+";\n", nil), sql)
	}
}

func TestTableOfTheSameFileIsFree(t *testing.T) {
	t.Parallel()
	const free = `-- +goose Up
CREATE TABLE parts (id bigint PRIMARY KEY, name text);
CREATE UNIQUE INDEX parts_name ON parts (name);
ALTER TABLE parts ADD COLUMN size integer NOT NULL, ADD CHECK (size > 0), ALTER COLUMN name TYPE varchar(20);
ALTER TABLE parts RENAME TO pieces;
INSERT INTO pieces VALUES (1, 'a', 1);
UPDATE pieces SET size = 2;
TRUNCATE pieces;
DROP TABLE pieces;
`
	require.Empty(t, lint(t, free, nil))
	require.Equal(t, []string{"10 lock-timeout", "10 index-locks"}, lint(t, free+"CREATE INDEX i ON parts (name);\n", nil), "renamed, then dropped")
	require.Equal(t, []string{"3 lock-timeout", "3 index-locks"}, lint(t, "-- +goose Up\nCREATE TABLE IF NOT EXISTS parts (id bigint);\nCREATE INDEX i ON parts (id);\n", nil), "it may be an old one")
	require.Equal(t, []string{"4 drop"}, lint(t, "-- +goose Up\nCREATE TABLE \"a.goods\" (id bigint);\n"+patient+"DROP TABLE a.goods;\n", nil), "another name")
	require.Equal(t, []string{"3 cannot-judge"}, lint(t, "-- +goose Up\nCREATE SEQUENCE \"Numbers\";\nSELECT setval('Numbers', 9);\n", nil), "which is numbers")
	const partitioned = "-- +goose Up\nCREATE TABLE parts (id bigint) PARTITION BY RANGE (id);\n"
	require.Equal(t, []string{"3 lock-timeout", "3 cannot-judge"}, lint(t, partitioned+"ALTER TABLE parts ATTACH PARTITION goods DEFAULT;\n", nil))
	require.Equal(t, []string{"3 lock-timeout", "3 cannot-judge"}, lint(t, partitioned+"ALTER TABLE parts INHERIT goods;\n", nil))
	require.Equal(t, []string{"4 index-locks"}, lint(t, "-- +goose Up\nCREATE TABLE a.parts (id bigint);\n"+patient+"CREATE INDEX i ON b.parts (id);\n", nil))
}

func TestLockTimeout(t *testing.T) {
	t.Parallel()
	const touching = "ALTER TABLE goods ADD COLUMN size integer;\n"
	for text, expected := range map[string][]string{
		touching: {"2 lock-timeout"},
		"SET LOCAL lock_timeout = 0;\n" + touching:                  {"3 lock-timeout"},
		"SET LOCAL lock_timeout = '0.1ms';\n" + touching:            {"3 lock-timeout"},
		"SET LOCAL lock_timeout = '6s';\n" + touching:               {"3 lock-timeout"},
		"SET LOCAL lock_timeout = '1h';\n" + touching:               {"3 lock-timeout"},
		"SET LOCAL lock_timeout = 'soon';\n" + touching:             {"2 lock-timeout", "3 lock-timeout"},
		"SET lock_timeout = '3s';\n" + touching:                     {"2 lock-timeout", "3 lock-timeout"},
		patient + "RESET lock_timeout;\n" + touching:                {"4 lock-timeout"},
		patient + "SET LOCAL lock_timeout TO DEFAULT;\n" + touching: {"4 lock-timeout"},
		touching + patient: {"2 lock-timeout"},
		"SET LOCAL lock_timeout = 5000;\n" + touching:                         {},
		"SET LOCAL lock_timeout = '500ms';\n" + touching:                      {},
		touching + "DROP TABLE goods;\n":                                      {"2 lock-timeout", "3 drop"},
		"CREATE TABLE mine (id bigint);\n":                                    {},
		"CREATE TABLE mine (id bigint REFERENCES goods);\n":                   {"2 lock-timeout"},
		"CREATE TABLE mine (id bigint, up bigint REFERENCES mine);\n":         {},
		"CREATE TABLE mine (id bigint, FOREIGN KEY (id) REFERENCES goods);\n": {"2 lock-timeout"},
		"INSERT INTO goods VALUES (1);\n":                                     {"2 lock-timeout"},
		fmt.Sprintf(allowance, "lock-timeout") + touching:                     {},
	} {
		require.Equal(t, expected, lint(t, "-- +goose Up\n"+text, nil), text)
	}
}

func TestFilesWithoutATransaction(t *testing.T) {
	t.Parallel()
	const index = "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON goods (name);\n"
	for text, expected := range map[string][]string{
		beside + index:                     {},
		"-- +goose Up\n" + patient + index: {"3 concurrently-in-transaction"},
		"-- +goose Up\n" + patient + fmt.Sprintf(allowance, "index-locks") + index:      {"4 concurrently-in-transaction", "3 override"},
		"-- +goose Up\n-- +goose NO TRANSACTION\nSET lock_timeout = '16min';\n" + index: {"4 lock-timeout"},
		"-- +goose NO TRANSACTION\n-- +goose Up\n" + patient + index:                    {"3 lock-timeout", "4 lock-timeout"},
		beside + "CREATE INDEX CONCURRENTLY i ON goods (name);\n":                       {"4 not-repeatable"},
		beside + "CREATE INDEX CONCURRENTLY ON goods (name);\n":                         {"4 not-repeatable"},
		beside + "DROP INDEX CONCURRENTLY i;\n":                                         {"4 drop"},
		beside + "ALTER TABLE goods ADD COLUMN IF NOT EXISTS size integer;\n":           {"4 lock-timeout"},
		beside + "ALTER TABLE goods ADD COLUMN size integer;\n":                         {"4 lock-timeout", "4 not-repeatable"},
		beside + "ALTER TABLE goods ADD CONSTRAINT c CHECK (id > 0) NOT VALID;\n":       {"4 lock-timeout", "4 not-repeatable"},
		beside + "INSERT INTO goods VALUES (1);\n":                                      {"4 not-repeatable"},
		beside + "INSERT INTO goods VALUES (1) ON CONFLICT DO NOTHING;\n":               {},
		beside + "CREATE TABLE parts (id bigint);\n":                                    {"4 not-repeatable"},
		beside + "ALTER TABLE goods VALIDATE CONSTRAINT c;\n":                           {},
	} {
		found := lint(t, text, nil)
		require.ElementsMatch(t, expected, found, text)
	}
}

func TestSlowWorkWhileATableIsLocked(t *testing.T) {
	t.Parallel()
	const lock = "-- +goose Up\n" + patient + "ALTER TABLE goods ADD COLUMN size integer;\n"
	require.Equal(t, []string{"4 slow-while-locked"}, lint(t, lock+"UPDATE others SET a = 1 WHERE b = 2;\n", nil))
	require.Equal(t, []string{"4 slow-while-locked"}, lint(t, lock+"DELETE FROM goods WHERE b = 2;\n", nil))
	require.Equal(t, []string{"4 slow-while-locked"}, lint(t, lock+"ALTER TABLE others VALIDATE CONSTRAINT c;\n", nil))
	for _, sql := range []string{
		"INSERT INTO goods SELECT * FROM others",
		"INSERT INTO goods VALUES ((SELECT max(id) FROM others))",
		"INSERT INTO fresh SELECT * FROM others",
		"WITH o AS (SELECT * FROM others) INSERT INTO goods SELECT * FROM o",
		"INSERT INTO goods WITH others AS (SELECT * FROM others) SELECT * FROM others",
		"INSERT INTO goods SELECT * FROM others, (WITH others AS (SELECT 1) SELECT * FROM others) o",
		"CREATE TABLE copied AS SELECT * FROM others",
		"CREATE TABLE copied AS TABLE others",
		"CREATE MATERIALIZED VIEW copied AS SELECT * FROM others",
		"SELECT * INTO copied FROM others",
	} {
		before := "-- +goose Up\n" + patient + "CREATE TABLE fresh (id bigint);\n"
		require.Equal(t, []string{"5 slow-while-locked"}, lint(t, lock+"CREATE TABLE fresh (id bigint);\n"+sql+";\n", nil), sql)
		require.Empty(t, lint(t, before+sql+";\nALTER TABLE goods ADD COLUMN size integer;\n", nil), sql)
	}
	for _, sql := range []string{
		"INSERT INTO goods VALUES (1)",
		"INSERT INTO goods SELECT * FROM fresh",
		"INSERT INTO goods SELECT generate_series(1, 3)",
		"WITH o AS (SELECT 1) INSERT INTO goods SELECT * FROM o",
		"WITH RECURSIVE o AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM o) INSERT INTO goods SELECT * FROM o",
		"CREATE TABLE copied AS SELECT * FROM fresh",
		"CREATE TABLE copied AS SELECT * FROM others WITH NO DATA",
		"SELECT 1 AS one INTO copied",
	} {
		require.Empty(t, lint(t, lock+"CREATE TABLE fresh (id bigint);\n"+sql+";\n", nil), sql)
	}
	require.Empty(t, lint(t, "-- +goose Up\n"+patient+"UPDATE goods SET a = 1 WHERE b = 2;\nALTER TABLE goods ADD COLUMN size integer;\n", nil))
}

func TestOverrides(t *testing.T) {
	t.Parallel()
	const head = "-- +goose Up\n" + patient
	for text, expected := range map[string][]string{
		"-- migrationlint:allow drop\nDROP TABLE goods;\n":                             {"3 override", "4 drop"},
		"-- migrationlint:allow drop because\nDROP TABLE goods;\n":                     {"3 override", "4 drop"},
		"-- migrationlint:allow drop because no use\nDROP TABLE goods;\n":              {"3 override", "4 drop"},
		"-- migrationlint:allow everything because I say so\nDROP TABLE goods;\n":      {"3 override", "4 drop"},
		"-- migrationlint:allow version because I say so\nDROP TABLE goods;\n":         {"3 override", "4 drop"},
		"-- migrationlint: allow drop because I say so\nDROP TABLE goods;\n":           {"3 override", "4 drop"},
		"-- migrationlint:allow rename because I say so\nDROP TABLE goods;\n":          {"3 override", "4 drop"},
		"-- migrationlint:allow drop because I say so\nSELECT 1;\n":                    {"3 override"},
		"SELECT 1;\n-- migrationlint:allow drop because I say so\n":                    {"4 override"},
		"-- migrationlint:allow drop because I say so\nDROP TABLE a;\nDROP TABLE b;\n": {"5 drop"},
		"DROP TABLE a; -- migrationlint:allow drop because I say so\n":                 {"3 drop", "3 override"},
		"DROP TABLE -- migrationlint:allow drop because I say so\n a;\n":               {},
		"SELECT '-- migrationlint:allow drop because I say so'; DROP TABLE a;\n":       {"3 drop"},
	} {
		require.ElementsMatch(t, expected, lint(t, head+text, nil), text)
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for text, expected := range map[string]string{
		"":                                                "1 annotation",
		"SELECT 1;\n":                                     "1 annotation",
		"SELECT 1;\n-- +goose Up\n":                       "1 annotation",
		"-- +goose Up\n-- +goose Up\n":                    "2 annotation",
		"-- +goose Up\n-- +goose ENVSUB ON\n":             "2 annotation",
		"-- +goose Up\n-- +goose Sideways\n":              "2 annotation",
		"-- +goose Up\nSELEKT 1;\n":                       "1 syntax",
		"-- +goose Up\nSELECT 'open;\n":                   "1 syntax",
		"-- +goose Up\nSELECT 1;\x00 DROP TABLE goods;\n": "1 syntax",
	} {
		require.Equal(t, []string{expected}, lint(t, text, nil), text)
	}
}

func TestReadmeTellsEveryRule(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for _, rule := range migrationlint.Rules() {
		require.Contains(t, string(readme), fmt.Sprintf("| `%s` |", rule))
	}
	require.Equal(t, len(migrationlint.Rules()), strings.Count(string(readme), "\n| `"), "and none besides")
}

func FuzzFolder(f *testing.F) {
	for _, each := range refused() {
		f.Add("-- +goose Up\n" + patient + each.sql + ";\n")
	}
	f.Add(beside + "CREATE INDEX CONCURRENTLY i ON goods (name);\n")
	f.Add("-- +goose Up\nALTER TABLE a ADD; ALTER TABLE; /* migrationlint: */")
	f.Fuzz(func(t *testing.T, text string) { lint(t, text, nil) })
}
