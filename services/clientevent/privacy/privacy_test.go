package privacy_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/services/clientevent/migrations"
	"github.com/bartgottschalk/startupwebapp/services/clientevent/partition"
	"github.com/bartgottschalk/startupwebapp/services/clientevent/privacy"
	"github.com/bartgottschalk/startupwebapp/services/platform/dbtest"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

// open is a database with events of accounts 7 and 77, of guests, and followed links, in several months and in none.
func open(t *testing.T) *postgres.Database {
	t.Helper()
	db := dbtest.New(t, migrations.Set())
	_, err := partition.Make(t.Context(), db, time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	require.NoError(t, err)
	for _, at := range []string{"2030-01-31T23:59:59.999999Z", "2030-02-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"} {
		for _, sql := range []string{
			`INSERT INTO pageview (created_at, client_event_id, anonymous_id, url, page_width, remote_address, user_agent)
			 SELECT $1, owner, 'cookie of ' || owner, '/a', 800, '192.0.2.' || owner, 'Browser of ' || owner FROM unnest(ARRAY['7', '77', '07']) AS owner`,
			`INSERT INTO pageview (created_at, anonymous_id, url, remote_address, user_agent) VALUES ($1, 'cookie of a guest', '/a', '192.0.2.9', 'Browser of a guest')`,
			`INSERT INTO ajax_error (created_at, client_event_id, anonymous_id, url, error_id) SELECT $1, owner, 'cookie of ' || owner, '/b', 'e' FROM unnest(ARRAY['7', '77']) AS owner`,
			`INSERT INTO button_click (created_at, client_event_id, anonymous_id, url, button_id) SELECT $1, owner, 'cookie of ' || owner, '/c', 'b' FROM unnest(ARRAY['7', '77']) AS owner`,
			`INSERT INTO link_event (created_at, anonymous_id, url, mb_cd, em_cd) SELECT $1, 'cookie of ' || owner, '/d', 'code' || owner, 'em' FROM unnest(ARRAY['7', '77']) AS owner`,
		} {
			_, err := db.Exec(t.Context(), sql, at)
			require.NoError(t, err)
		}
	}
	return db
}

func export(t *testing.T, db *postgres.Database, args ...string) (string, map[string][]map[string]any) {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, privacy.ExportTask(t.Context(), db, args, &out))
	var document map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &document), out.String())
	lists := map[string][]map[string]any{}
	for name, value := range document {
		if list, is := value.([]any); is {
			lists[name] = []map[string]any{}
			for _, entry := range list {
				lists[name] = append(lists[name], entry.(map[string]any))
			}
		}
	}
	return out.String(), lists
}

func anonymise(t *testing.T, db *postgres.Database, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, privacy.AnonymiseTask(t.Context(), db, args, &out))
	return out.String()
}

func TestExportIsTheEventsOfTheAccountInOrder(t *testing.T) {
	t.Parallel()
	db := open(t)
	text, lists := export(t, db, "-member-code", "code7", "7")
	require.Contains(t, text, `"account_id": 7`)
	require.Len(t, lists, 4)
	for name, list := range lists {
		require.Len(t, list, 4, name)
		require.Equal(t, "0001-01-01T00:00:00Z", list[0]["created_at"])
		require.Equal(t, "2030-01-31T23:59:59.999999Z", list[1]["created_at"])
		require.Equal(t, "9999-12-31T23:59:59Z", list[3]["created_at"])
		require.Equal(t, "cookie of 7", list[0]["anonymous_id"])
	}
	require.Equal(t, "192.0.2.7", lists["pageviews"][0]["remote_address"])
	require.Equal(t, "Browser of 7", lists["pageviews"][0]["user_agent"])
	require.Equal(t, "code7", lists["link_events"][0]["mb_cd"])
	require.Nil(t, lists["link_events"][0]["ad_cd"])
	require.NotContains(t, text, "77")
	require.NotContains(t, text, "guest")

	_, lists = export(t, db, "7")
	require.Empty(t, lists["link_events"], "nobody said which code is the account's")
	require.Len(t, lists["pageviews"], 4)
	_, lists = export(t, db, "99")
	require.Equal(t, map[string][]map[string]any{"pageviews": {}, "ajax_errors": {}, "button_clicks": {}, "link_events": {}}, lists)
}

func TestAnonymisedEventsAreNobodys(t *testing.T) {
	t.Parallel()
	db := open(t)
	require.Equal(t, "account 7: 16 events anonymised\n", anonymise(t, db, "-member-code", "code7", "7"))
	_, lists := export(t, db, "-member-code", "code7", "7")
	for name, list := range lists {
		require.Empty(t, list, name)
	}
	for _, table := range []string{"pageview", "ajax_error", "button_click", "link_event"} {
		var rows, traces, others int
		require.NoError(t, db.QueryRow(t.Context(), "SELECT count(*), count(*) FILTER (WHERE t::text ~ '(cookie of|Browser of|code) ?7[^7]|192.0.2.7[^7]'), count(*) FILTER (WHERE t::text ~ 'cookie of 77') FROM "+table+" AS t").Scan(&rows, &traces, &others))
		require.Zero(t, traces, table)
		require.Equal(t, 4, others, table)
		require.GreaterOrEqual(t, rows, 8, "counts stay")
	}
	require.Equal(t, "account 7: nothing to do\n", anonymise(t, db, "-member-code", "code7", "7"))
	require.Equal(t, "account 99: nothing to do\n", anonymise(t, db, "99"))
}

func TestMoreEventsThanABatchTakes(t *testing.T) {
	t.Parallel()
	db := open(t)
	_, err := db.Exec(t.Context(), `INSERT INTO button_click (created_at, client_event_id, url, button_id)
		SELECT '2030-03-01Z'::timestamptz + n % 3 * interval '1 minute', '8', '/c', n::text FROM generate_series(1, 2500) AS n`)
	require.NoError(t, err)
	_, lists := export(t, db, "8")
	require.Len(t, lists["button_clicks"], 2500)
	seen := map[string]bool{}
	for _, click := range lists["button_clicks"] {
		seen[click["button_id"].(string)] = true
	}
	require.Len(t, seen, 2500, "each once")

	var said [4]string
	var work sync.WaitGroup
	for i := range said {
		work.Go(func() {
			var out bytes.Buffer
			if err := privacy.AnonymiseTask(t.Context(), db, []string{"8"}, &out); err != nil {
				said[i] = err.Error()
				return
			}
			said[i] = out.String()
		})
	}
	work.Wait()
	require.NotContains(t, strings.Join(said[:], ""), "anonymise-account")
	require.Equal(t, "account 8: nothing to do\n", anonymise(t, db, "8"))
	_, lists = export(t, db, "8")
	require.Empty(t, lists["button_clicks"])
}

func TestTheTasksNeedOneAccount(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"0"}, {"-1"}, {"x"}, {"1", "2"}, {"-nonsense", "1"}, {"-member-code"}, {"99999999999999999999"}} {
		var out bytes.Buffer
		require.ErrorContains(t, privacy.ExportTask(t.Context(), nil, args, &out), "expected [-member-code CODE] and the id of one account")
		require.ErrorContains(t, privacy.AnonymiseTask(t.Context(), nil, args, &out), "expected [-member-code CODE] and the id of one account")
		require.Empty(t, out.String())
	}
}
