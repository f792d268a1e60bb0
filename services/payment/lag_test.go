package payment_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// eventOfAge is a webhook's payload about something that Stripe saw a while ago.
func eventOfAge(t *testing.T, id string, age time.Duration) string {
	t.Helper()
	var told map[string]any
	require.NoError(t, json.Unmarshal([]byte(event(id, "checkout.session.completed", paid("ref-1"))), &told))
	told["created"] = time.Now().Add(-age).Unix()
	text, err := json.Marshal(told)
	require.NoError(t, err)
	return string(text)
}

// lags are the lines that an alarm looks for, by event.
func (s *shop) lags() map[string]float64 {
	lags := map[string]float64{}
	for line := range strings.Lines(s.logs.String()) {
		var said struct {
			Msg, Event string
			LagSeconds *float64 `json:"lag_seconds"`
		}
		require.NoError(s.t, json.Unmarshal([]byte(line), &said))
		if said.Msg != "payment event received" {
			continue
		}
		require.NotNil(s.t, said.LagSeconds)
		require.NotContains(s.t, lags, said.Event, "said twice")
		lags[said.Event] = *said.LagSeconds
	}
	return lags
}

func TestTheLagOfAnEventIsSaidOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	_, err := s.client.OpenSession(t.Context(), aCheckout("ref-1"))
	require.NoError(t, err)
	for range 2 {
		_, err = s.receive(eventOfAge(t, "evt_late", time.Hour))
		require.NoError(t, err)
	}
	_, err = s.receive(eventOfAge(t, "evt_prompt", 0))
	require.NoError(t, err)
	_, err = s.receive(event("evt_undated", "checkout.session.completed", paid("ref-1")))
	require.NoError(t, err)
	foreign := paid("ref-1")
	delete(foreign, "metadata")
	delete(foreign, "client_reference_id")
	_, err = s.receive(event("evt_foreign", "checkout.session.completed", foreign))
	require.NoError(t, err)

	lags := s.lags()
	require.Len(t, lags, 2, "no line for an event without a date or of another system")
	require.InDelta(t, time.Hour.Seconds(), lags["evt_late"], 60)
	require.InDelta(t, 0, lags["evt_prompt"], 60)
}
