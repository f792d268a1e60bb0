package clientevent_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/clientevent"
	"github.com/bartgottschalk/startupwebapp/services/clientevent/migrations"
	"github.com/bartgottschalk/startupwebapp/services/clientevent/partition"
	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

func eventTables() []string { return []string{"pageview", "ajax_error", "button_click", "link_event"} }

// addTo puts one event of that moment into each of the four tables.
func addTo(t *testing.T, db *postgres.Database, at time.Time) {
	t.Helper()
	for table, more := range map[string]string{"pageview": "", "ajax_error": ", error_id", "button_click": ", button_id", "link_event": ""} {
		value := ""
		if more != "" {
			value = ", 'x'"
		}
		_, err := db.Exec(t.Context(), fmt.Sprintf("INSERT INTO %s (created_at, url%s) VALUES ($1, 'a'%s)", table, more, value), at)
		require.NoError(t, err)
	}
}

// months are the partitions of a table, without its name and without the default.
func months(t *testing.T, db *postgres.Database, table string) []string {
	t.Helper()
	rows, err := db.Query(t.Context(), `SELECT right(inhrelid::regclass::text, 7) FROM pg_inherits
		WHERE inhparent = $1::text::regclass AND inhrelid::regclass::text NOT LIKE '%default' ORDER BY 1`, table)
	require.NoError(t, err)
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return found
}

func count(t *testing.T, db *postgres.Database, sql string) int {
	t.Helper()
	var found int
	require.NoError(t, db.QueryRow(t.Context(), sql).Scan(&found))
	return found
}

func TestMonthsWhollyOlderThanTheRetentionAreDropped(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, migrations.Set())
	for _, month := range []time.Month{time.June, time.September, time.December} { // until February 2031
		_, err := partition.Make(t.Context(), db, time.Date(2030, month, 1, 0, 0, 0, 0, time.UTC))
		require.NoError(t, err)
	}
	lastTooOld := time.Date(2030, 8, 31, 23, 59, 59, 999_999_000, time.UTC)
	firstKept := lastTooOld.Add(time.Microsecond)
	beforeAll := time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC) // in the default partition, as is the next
	farAhead := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, at := range []time.Time{lastTooOld, firstKept, beforeAll, farAhead} {
		addTo(t, db, at)
	}
	now := time.Date(2031, 10, 31, 12, 0, 0, 0, time.UTC) // 13 months before is 30 September

	dropped, events, err := partition.Drop(t.Context(), db, now, 13)

	require.NoError(t, err)
	require.Len(t, dropped, 3*4)
	require.Equal(t, []string{"ajax_error_2030_06", "button_click_2030_06"}, dropped[:2], "the oldest first")
	require.EqualValues(t, 4, events)
	for _, table := range eventTables() {
		require.Equal(t, []string{"2030_09", "2030_10", "2030_11", "2030_12", "2031_01", "2031_02"}, months(t, db, table))
		require.Equal(t, 2, count(t, db, "SELECT count(*) FROM "+table))
		require.Equal(t, 1, count(t, db, "SELECT count(*) FROM "+table+" WHERE created_at = '2030-09-01Z'"))
	}
	dropped, events, err = partition.Drop(t.Context(), db, now, 13)
	require.NoError(t, err)
	require.Empty(t, dropped)
	require.Zero(t, events)
	addTo(t, db, lastTooOld) // a latecomer finds its place, until the next time
	_, events, err = partition.Drop(t.Context(), db, now, 13)
	require.NoError(t, err)
	require.EqualValues(t, 4, events)
}

func TestManyOldEventsWithoutAMonthAreDeletedInBatches(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, migrations.Set())
	_, err := db.Exec(t.Context(), "INSERT INTO pageview (created_at, url) SELECT '2001-01-01Z', 'a' FROM generate_series(1, 12000)")
	require.NoError(t, err)
	_, events, err := partition.Drop(t.Context(), db, time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC), 1)
	require.NoError(t, err)
	require.EqualValues(t, 12000, events)
	require.Zero(t, count(t, db, "SELECT count(*) FROM pageview"))
}

func TestMonthsDroppedByManyAtOnceWhileEventsAreWritten(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, migrations.Set())
	for year := 2028; year < 2031; year++ {
		for month := time.January; month <= time.December; month += 3 {
			_, err := partition.Make(t.Context(), db, time.Date(year, month, 1, 0, 0, 0, 0, time.UTC))
			require.NoError(t, err)
		}
	}
	now := time.Date(2030, 12, 15, 0, 0, 0, 0, time.UTC)
	var mutex sync.Mutex
	var failures []error
	all, longest := map[string]int{}, time.Duration(0)
	var work sync.WaitGroup
	for n := range 8 {
		work.Go(func() {
			if n%2 == 0 {
				dropped, _, err := partition.Drop(t.Context(), db, now, 13)
				_, makeErr := partition.Make(t.Context(), db, now)
				mutex.Lock()
				defer mutex.Unlock()
				failures = append(failures, err, makeErr)
				for _, name := range dropped {
					all[name]++
				}
				return
			}
			for range 100 {
				began := time.Now()
				_, err := db.Exec(t.Context(), addPageview, now)
				mutex.Lock()
				failures, longest = append(failures, err), max(longest, time.Since(began))
				mutex.Unlock()
			}
		})
	}
	work.Wait()
	require.NoError(t, errors.Join(failures...))
	require.Len(t, all, 22*4, "January 2028 to October 2029")
	for name, times := range all {
		require.Equal(t, 1, times, name)
	}
	require.Equal(t, 400, count(t, db, "SELECT count(*) FROM pageview"))
	require.Equal(t, 14, len(months(t, db, "pageview"))-2, "November 2029 to December 2030, and two months ahead")
	require.Less(t, longest, 5*time.Second)
}

// A report that reads for long keeps the drop from happening, but the drop must not keep writers from writing.
func TestADropDoesNotMakeWritersWaitForAReader(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, migrations.Set())
	_, err := partition.Make(t.Context(), db, time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	var dropErr error
	var work sync.WaitGroup
	err = db.InTx(t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT count(*) FROM pageview, ajax_error, button_click, link_event"); err != nil {
			return err
		}
		began, dropping := time.Now(), make(chan struct{})
		work.Go(func() {
			defer close(dropping)
			_, _, dropErr = partition.Drop(t.Context(), db, now, 13)
		})
		for ended := false; !ended; {
			if _, err := db.Pool().Exec(ctx, addPageview, now); err != nil {
				return err
			}
			select {
			case <-dropping:
				ended = true
			default:
			}
		}
		require.Less(t, time.Since(began), 4*time.Second)
		return nil
	})
	require.NoError(t, err)
	work.Wait()
	require.ErrorContains(t, dropErr, "55P03")
	require.Len(t, months(t, db, "pageview"), 3)

	dropped, _, err := partition.Drop(t.Context(), db, now, 13)
	require.NoError(t, err)
	require.Len(t, dropped, 3*4)
	require.Positive(t, count(t, db, "SELECT count(*) FROM pageview"))
}

func TestOnlyTheMonthsOfEventsAreDropped(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, migrations.Set())
	_, err := partition.Make(t.Context(), db, time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	for _, sql := range []string{
		"CREATE TABLE pageview_2019_01 (id integer)", // somebody's own copy
		"CREATE TABLE button_click_saved PARTITION OF button_click FOR VALUES FROM ('2018-01-01Z') TO ('2018-02-01Z')",
	} {
		_, err := db.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	dropped, _, err := partition.Drop(t.Context(), db, time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), 13)
	require.NoError(t, err)
	require.Len(t, dropped, 3*4)
	require.Equal(t, 2, count(t, db, "SELECT count(*) FROM pg_class WHERE relname IN ('pageview_2019_01', 'button_click_saved')"))
}

func TestTheServiceDropsOldMonths(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.stop()
	_, err := partition.Make(t.Context(), s.db, time.Now().UTC().AddDate(-2, 0, 0))
	require.NoError(t, err)
	addTo(t, s.db, time.Now().UTC().AddDate(-5, 0, 0))
	s.start()
	require.Eventually(t, func() bool {
		return s.number("SELECT count(*) FROM pg_inherits WHERE inhparent = 'pageview'::regclass") == 4 && s.number("SELECT count(*) FROM link_event") == 0
	}, patience, 20*time.Millisecond, "the default, this month and the next two are left")
}

func TestTheRetentionIsASetting(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t, migrations.Set())
	var help bytes.Buffer
	require.Zero(t, process.Run(t.Context(), clientevent.Program(), []string{"--help"}, nil, &help, &help))
	require.Regexp(t, `(?m)^  EVENT_RETENTION_MONTHS +13 +how long events are kept.*from 1 to 120`, help.String())
	for _, wrong := range []string{"0", "-1", "121", "x", "1.5", "13m", "99999999999999999999"} {
		var output bytes.Buffer
		environ := []string{"DATABASE_URL=" + url, "SERVICE_SECRETS=a-secret-of-the-tests", "EVENT_RETENTION_MONTHS=" + wrong}
		require.Equal(t, 2, process.Run(t.Context(), clientevent.Program(), []string{"migrate"}, environ, &output, &output), wrong)
		require.Contains(t, output.String(), "EVENT_RETENTION_MONTHS is not valid: expected a whole number of months from 1 to 120")
	}
	for _, unset := range []partition.Retention{0, -1, 121} {
		_, err := clientevent.New(t.Context(), clientevent.Config{EventRetention: unset}, telemetry.Silent())
		require.ErrorContains(t, err, "EVENT_RETENTION_MONTHS")
		_, _, err = partition.Drop(t.Context(), nil, time.Now(), unset)
		require.ErrorContains(t, err, "from 1 to 120")
	}
	require.NoError(t, migrateWith(t, url, "120"))
}

func migrateWith(t *testing.T, url, months string) error {
	t.Helper()
	var output bytes.Buffer
	environ := []string{"DATABASE_URL=" + url, "SERVICE_SECRETS=a-secret-of-the-tests", "EVENT_RETENTION_MONTHS=" + months}
	if process.Run(t.Context(), clientevent.Program(), []string{"migrate"}, environ, &output, &output) != 0 {
		return errors.New(strings.TrimSpace(output.String()))
	}
	return nil
}
