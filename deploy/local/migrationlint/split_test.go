package migrationlint_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSeveralStatementsAtOnce(t *testing.T) {
	t.Parallel()
	const (
		first  = "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON goods (name);"
		second = "CREATE INDEX CONCURRENTLY IF NOT EXISTS j ON goods (size);"
		begin  = "-- +goose StatementBegin\n"
		end    = "-- +goose StatementEnd\n"
	)
	for text, expected := range map[string][]string{
		beside + first + "\n" + second + "\n":                                          {},
		beside + begin + first + "\n" + end + begin + second + "\n" + end:              {},
		beside + first + " -- one\n/* two */ " + second + "\n":                         {},
		beside + first + " " + second + "\n":                                           {"4 several-at-once"},
		beside + first + " /* one */\n" + second + "\n":                                {"4 several-at-once"},
		beside + begin + first + "\n" + second + "\n" + end:                            {"5 several-at-once"},
		beside + "SELECT 1;\n" + begin + first + "\n" + second + "\n" + end:            {"6 several-at-once"},
		"-- +goose Up\nSELECT 1; SELECT 2;\n" + begin + "SELECT 3;\nSELECT 4;\n" + end: {},
	} {
		require.Equal(t, expected, lint(t, text, nil), text)
	}
}

func TestFileIsCutAsGooseCutsIt(t *testing.T) {
	t.Parallel()
	const (
		begin = "-- +goose StatementBegin\n"
		end   = "-- +goose StatementEnd\n"
		body  = "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$\n  SELECT 1;\n$$;\n"
	)
	for text, expected := range map[string][]string{
		begin + body + end: {},
		"CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ SELECT 1; $$;\n": {},
		"SELECT 'a;b';\r\nSELECT 2;\r\n":                                      {},
		"SELECT 1; -- one;\n":                                                 {},
		"SELECT 1;\n" + body:                                                  {"3 annotation"},
		"SELECT 'a;\nb';\n":                                                   {"2 annotation"},
		"/* SELECT 1;\nSELECT 2; */ SELECT 3;\n":                              {"2 annotation"},
		"SELECT 1\n":                                                          {"1 annotation"},
		"SELECT 1 /* no end */\n;\n":                                          {},
		begin + "SELECT 1;\n":                                                 {"1 annotation"},
		"SELECT 1;\n" + end:                                                   {"1 annotation"},
		" -- +goose StatementBegin\nSELECT 1;\n" + end:                        {"1 annotation"},
		begin + "CREATE SCHEMA a\n" + end + "CREATE TABLE b (id bigint);\n": {"1 annotation"},
		"SELECT 1;\n-- +goose Down\nSELECT 1\n":                             {"1 annotation"},
	} {
		require.Equal(t, expected, lint(t, "-- +goose Up\n"+text, nil), text)
	}
}
