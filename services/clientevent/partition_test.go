package clientevent_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/clientevent"
	"github.com/bartgottschalk/startupwebapp/services/clientevent/migrations"
	"github.com/bartgottschalk/startupwebapp/services/clientevent/partition"
	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/telemetry"
)

const addPageview = "INSERT INTO pageview (created_at, url) VALUES ($1, 'a')"

func TestPartitionsAreMadeAheadAndTakeWhatCameEarly(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, migrations.Set())
	december := time.Date(2030, 12, 31, 23, 59, 59, 0, time.UTC)
	for _, at := range []time.Time{december, december.Add(time.Second), december.AddDate(0, 6, 0)} {
		_, err := db.Exec(t.Context(), addPageview, at)
		require.NoError(t, err)
	}
	made, err := partition.Make(t.Context(), db, december)
	require.NoError(t, err)
	require.Equal(t, 4*3, made)
	made, err = partition.Make(t.Context(), db, december)
	require.NoError(t, err)
	require.Zero(t, made)

	where := map[string]int{}
	rows, err := db.Query(t.Context(), "SELECT tableoid::regclass::text FROM pageview")
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var table string
		require.NoError(t, rows.Scan(&table))
		where[table]++
	}
	require.NoError(t, rows.Err())
	require.Equal(t, map[string]int{"pageview_2030_12": 1, "pageview_2031_01": 1, "pageview_default": 1}, where)
}

func TestPartitionsMadeAtOnceWhileEventsArrive(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t, migrations.Set())
	start := time.Date(2030, 1, 15, 0, 0, 0, 0, time.UTC)
	var work sync.WaitGroup
	failures := make([]error, 6)
	for n := range failures {
		work.Go(func() {
			if n%2 == 0 {
				_, failures[n] = partition.Make(t.Context(), db, start)
				return
			}
			for i := range 20 {
				if _, err := db.Exec(t.Context(), addPageview, start.AddDate(0, i%3, 0)); err != nil {
					failures[n] = err
				}
			}
		})
	}
	work.Wait()
	for _, err := range failures {
		require.NoError(t, err)
	}
	var found int
	require.NoError(t, db.QueryRow(t.Context(), "SELECT count(*) FROM pageview").Scan(&found))
	require.Equal(t, 60, found)
	require.NoError(t, db.QueryRow(t.Context(), "SELECT count(*) FROM pageview_default").Scan(&found))
	require.Zero(t, found)
}

func TestTheServiceMakesThisMonthsPartitions(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	table := "pageview_" + time.Now().UTC().Format("2006_01")
	require.Eventually(t, func() bool {
		return s.number("SELECT count(*) FROM pg_class WHERE relname = $1", table) == 1
	}, patience, 20*time.Millisecond)
	s.record(pageview("a"))
	s.eventually("pageview", 1)
	require.Equal(t, 1, s.number("SELECT count(*) FROM "+table))
}

func TestMigrateMakesPartitionsAndMayRunAgain(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t, migrations.Set())
	cfg := clientevent.Config{Config: postgres.Config{URL: url, MaxConns: 2}}
	for range 2 {
		require.NoError(t, clientevent.Migrate(t.Context(), cfg, telemetry.Silent()))
	}
	db, err := postgres.Open(t.Context(), cfg.Config, telemetry.Silent())
	require.NoError(t, err)
	t.Cleanup(db.Close)
	for _, table := range []string{"pageview", "ajax_error", "button_click", "link_event"} {
		_, err := db.Exec(t.Context(), fmt.Sprintf("SELECT 1 FROM %s_%s", table, time.Now().UTC().Format("2006_01")))
		require.NoError(t, err)
	}
}
