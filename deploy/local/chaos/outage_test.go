package chaos

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/local/shopper"
)

func TestOnlyAnOutageOnTheWayExcuses(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	at := func(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }
	failed := shopper.Answer{API: "http://localhost:1", Path: "/order/cart-items", Status: 503, Began: at(10), Ended: at(12)}
	for name, c := range map[string]struct {
		broken  outage
		answer  func(shopper.Answer) shopper.Answer
		excused bool
	}{
		"killed while it was asked":   {outage{program: "order", from: at(11), until: at(13)}, nil, true},
		"began before it served":      {outage{program: "order", from: at(5), until: at(10)}, nil, true},
		"long over":                   {outage{program: "order", from: at(5), until: at(8)}, nil, false},
		"later":                       {outage{program: "order", from: at(13), until: at(14)}, nil, false},
		"a service that is not asked": {outage{program: "clientevent", from: at(11), until: at(13)}, nil, false},
		"the other gateway":           {outage{program: "gateway", address: "127.0.0.1:2", from: at(11), until: at(13)}, nil, false},
		"its own gateway":             {outage{program: "gateway", address: "127.0.0.1:1", from: at(11), until: at(13)}, nil, true},
		"no answer at all": {outage{program: "order", from: at(11), until: at(13)}, func(a shopper.Answer) shopper.Answer {
			a.Status, a.Err = 0, errors.New("cut")
			return a
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := failed
			if c.answer != nil {
				answer = c.answer(answer)
			}
			happened := &record{}
			happened.broke(c.broken)
			happened.watch(answer)
			excused, wrong := happened.judge()
			if c.excused {
				require.Empty(t, wrong)
				require.Len(t, excused, 1)
				return
			}
			require.Len(t, wrong, 1)
			require.Empty(t, excused)
		})
	}
}

func TestASeedAndANameGiveTheSameChoices(t *testing.T) {
	t.Parallel()
	first, again, other, another := source(1, "a"), source(1, "a"), source(1, "b"), source(2, "a")
	choice := first.Uint64()
	require.Equal(t, choice, again.Uint64())
	require.NotEqual(t, choice, other.Uint64())
	require.NotEqual(t, choice, another.Uint64())
}
