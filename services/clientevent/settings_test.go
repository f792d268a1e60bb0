package clientevent_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	clienteventv1 "github.com/bartgottschalk/startupwebapp/proto/clientevent/v1"
)

func (s *site) becomes(on bool) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		answer, err := s.client.GetSettings(s.t.Context(), &clienteventv1.GetSettingsRequest{})
		return err == nil && answer.GetLogClientEvents() == on
	}, patience, 10*time.Millisecond)
}

func (s *site) change(sql string) {
	s.t.Helper()
	_, err := s.db.Exec(s.t.Context(), sql)
	require.NoError(s.t, err)
}

func TestSettingsFollowTheTable(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.becomes(true)
	s.change("UPDATE configuration SET log_client_events = false")
	s.becomes(false)
	s.change("DELETE FROM configuration")
	s.becomes(true) // a missing row is the default
	s.change("INSERT INTO configuration (log_client_events) VALUES (false)")
	s.becomes(false)
	require.Equal(t, int32(1), s.record(pageview("a")).GetAccepted(), "events are taken with the switch off")
}

func TestSettingsAreAnsweredWithoutTheDatabaseAndCatchUp(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.cable.cut()
	s.change("UPDATE configuration SET log_client_events = false")
	s.becomes(true)
	s.cable.mend()
	s.becomes(false)
}

func TestThereIsAtMostOneRowOfSettings(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	_, err := s.db.Exec(t.Context(), "INSERT INTO configuration DEFAULT VALUES")
	require.Error(t, err)
	_, err = s.db.Exec(t.Context(), "INSERT INTO configuration (only_row) VALUES (false)")
	require.Error(t, err)
}
