package inprocess

import (
	"context"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// asAdministrator runs one query over all schemas and collects text pairs.
func (s *wholeShop) asAdministrator(t testing.TB, sql string) map[string]string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	s.reading.Lock()
	defer s.reading.Unlock()
	if s.books == nil {
		conn, err := pgx.Connect(ctx, s.adminURLOfShop())
		require.NoError(t, err)
		s.books = conn
		s.onStop(func() error { return conn.Close(context.Background()) })
	}
	rows, err := s.books.Query(ctx, sql)
	require.NoError(t, err)
	found := map[string]string{}
	var name, value string
	_, err = pgx.ForEachRow(rows, []any{&name, &value}, func() error { found[name] = value; return nil })
	require.NoError(t, err)
	return found
}

// count counts rows of a table, or of a part of it, or what is different in them.
func (s *wholeShop) count(t testing.TB, what, from string) int {
	t.Helper()
	found := s.asAdministrator(t, "SELECT 'count', count("+what+")::text FROM "+from)
	number, err := strconv.Atoi(found["count"])
	require.NoError(t, err)
	return number
}

// restless are tables that change by themselves or on purpose when a request is refused: River's and goose's own, the
// counters of the limits, and mails, which are sent behind the request that caused them. Client events are written
// behind the request too; hostile ones are counted by a test of their own.
const restless = `(table_name LIKE 'river%' OR table_name LIKE 'goose%' OR table_name IN ('rate_limits', 'mails', 'mail_failures', 'reconciliation'))`

// content is a fingerprint of every table: number and hash of its rows.
type content map[string]string

func (s *wholeShop) content(t testing.TB) content {
	t.Helper()
	if s.contentQuery == "" {
		s.contentQuery = s.buildContentQuery(t)
	}
	return s.asAdministrator(t, s.contentQuery)
}

func (s *wholeShop) buildContentQuery(t testing.TB) string {
	t.Helper()
	tables := s.asAdministrator(t, `SELECT quote_ident(table_schema) || '.' || quote_ident(table_name), '' FROM information_schema.tables
		WHERE table_schema IN ('users', 'orders', 'payments') AND table_type = 'BASE TABLE' AND NOT `+restless)
	require.Greater(t, len(tables), 20, "the tables of three services")
	var parts []string
	for table := range tables {
		parts = append(parts, "SELECT '"+table+"', count(*) || ' rows, ' || coalesce(sum(hashtextextended(row::text, 0)), 0) FROM "+table+" AS row")
	}
	sort.Strings(parts)
	return strings.Join(parts, " UNION ALL ")
}
