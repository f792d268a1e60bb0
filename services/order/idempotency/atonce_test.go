package idempotency_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/idempotency"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// outcomes counts what 50 callers at once are told.
func outcomes(work func() (*orderv1.BeginRequestResponse, error)) (claims []string, told map[string]int) {
	var all sync.WaitGroup
	var telling sync.Mutex
	start := make(chan struct{})
	told = map[string]int{}
	for range 50 {
		all.Go(func() {
			<-start
			begun, err := work()
			telling.Lock()
			defer telling.Unlock()
			told[fault.ReasonOf(err)]++
			if claim := begun.GetClaim(); claim != "" {
				claims = append(claims, claim)
			}
		})
	}
	close(start)
	all.Wait()
	return claims, told
}

func TestOfManyAtOnceOneProceeds(t *testing.T) {
	t.Parallel()
	r := open(t)
	begin := func() (*orderv1.BeginRequestResponse, error) { return r.begin(named("k"), "form") }
	claims, told := outcomes(begin)
	require.Len(t, claims, 1)
	require.Equal(t, map[string]int{"": 1, "idempotency-key-in-use": 49}, told)

	r.clock.advance(time.Minute)
	heirs, told := outcomes(begin)
	require.Len(t, heirs, 1, "a dead claim has one heir")
	require.Equal(t, map[string]int{"": 1, "idempotency-key-in-use": 49}, told)
	require.NoError(t, r.finish(named("k"), heirs[0], "done"))

	claims, told = outcomes(begin)
	require.Empty(t, claims)
	require.Equal(t, map[string]int{"": 50}, told, "all get the answer")

	r.clock.advance(idempotency.KeptFor)
	claims, _ = outcomes(begin)
	require.Len(t, claims, 1, "a forgotten key is new for one of them")
}

// Whoever abandons at once lets the next one in; two are never in at the same time.
func TestManyTakeTurns(t *testing.T) {
	t.Parallel()
	r := open(t)
	var inside, entered atomic.Int32
	_, told := outcomes(func() (*orderv1.BeginRequestResponse, error) {
		begun, err := r.begin(named("k"), "form")
		if err != nil {
			return nil, err
		}
		entered.Add(1)
		if inside.Add(1) > 1 {
			return nil, fault.New(fault.Internal, "two-at-once", "")
		}
		_ = r.db.Ping(r.t.Context()) // being inside takes a while
		inside.Add(-1)
		_, err = r.AbandonRequest(r.t.Context(), &orderv1.AbandonRequestRequest{Key: named("k"), Claim: begun.GetClaim()})
		return nil, err
	})
	require.Zero(t, told["two-at-once"])
	require.Equal(t, 50, told[""]+told["idempotency-key-in-use"], "%v", told)
	require.NotZero(t, entered.Load())
}
