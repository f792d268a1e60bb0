package release_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/stretchr/testify/require"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/release"
)

// world lets one operator after the other do one thing, in an order that a seed decides, while time goes by in between.
type world struct {
	random     *rand.Rand
	now        time.Time
	parameters map[string]string
	waiting    []request
	arrived    chan request
	running    int
	acted      []string
	wrong      string
}

type request struct {
	do     func()
	done   chan struct{}
	effect bool
	asked  time.Time
}

// guaranteed is what Guard promises: a quarter of the life, and what clocks may differ.
const guaranteed = release.LockLife/4 + 30*time.Second

func (w *world) Now() time.Time                             { return w.now }
func (w *world) Sleep(context.Context, time.Duration) error { return nil }

// turn waits until it is this operator's turn, and does one thing.
func (w *world) turn(effect bool, do func()) {
	one := request{do: do, done: make(chan struct{}), effect: effect, asked: w.now}
	w.arrived <- one
	<-one.done
}

// play goes on until all operators have ended; everything happens on this goroutine or while it waits.
func (w *world) play(operators ...func()) {
	w.arrived = make(chan request)
	ended := make(chan struct{})
	for _, operator := range operators {
		w.running++
		go func() { operator(); ended <- struct{}{} }()
		w.settle(ended)
	}
	for len(w.waiting) > 0 {
		w.passTime()
		index := w.random.IntN(len(w.waiting))
		chosen := w.waiting[index]
		w.waiting = append(w.waiting[:index], w.waiting[index+1:]...)
		chosen.do()
		w.running++
		close(chosen.done)
		w.settle(ended)
	}
}

// settle waits until the operator that runs waits again, or has ended: only one runs at a time.
func (w *world) settle(ended chan struct{}) {
	select {
	case one := <-w.arrived:
		w.waiting = append(w.waiting, one)
	case <-ended:
	}
	w.running--
}

// passTime lets up to two minutes go by, but never longer between a guard and what it guards than a call may take.
func (w *world) passTime() {
	if w.random.IntN(3) > 0 {
		return
	}
	d := time.Duration(w.random.Int64N(int64(2 * time.Minute)))
	for _, one := range w.waiting {
		if one.effect && w.now.Add(d).After(one.asked.Add(guaranteed)) {
			return
		}
	}
	w.now = w.now.Add(d)
}

func (w *world) newestOwner() string {
	newest, owner := 0, ""
	for name, value := range w.parameters {
		var number int
		if _, err := fmt.Sscanf(name, "/lock/%d", &number); err != nil || number < newest {
			continue
		}
		var note struct{ Owner string }
		if json.Unmarshal([]byte(value), &note) == nil {
			newest, owner = number, note.Owner
		}
	}
	return owner
}

// operate takes the lock, changes things under it some times, and gives it back; or dies.
func (w *world) operate(name string, dies bool) func() {
	return func() {
		ctx := context.Background()
		store := release.NewStore(w, "", w)
		lock, err := store.Lock(ctx, name)
		for try := 0; err != nil && try < 8; try++ {
			lock, err = store.Lock(ctx, name)
		}
		if err != nil {
			return
		}
		for range 4 {
			if lock.Guard(ctx) != nil {
				return
			}
			w.turn(true, func() {
				w.acted = append(w.acted, name)
				if owner := w.newestOwner(); owner != name {
					w.wrong = fmt.Sprintf("%s changed something under the lock of %s", name, owner)
				}
			})
		}
		if !dies {
			_ = lock.Release(ctx)
		}
	}
}

func (w *world) GetParameter(_ context.Context, in *ssm.GetParameterInput, _ ...func(*ssm.Options)) (out *ssm.GetParameterOutput, err error) {
	w.turn(false, func() {
		value, ok := w.parameters[*in.Name]
		if !ok {
			err = &types.ParameterNotFound{}
			return
		}
		out = &ssm.GetParameterOutput{Parameter: &types.Parameter{Name: in.Name, Value: aws.String(value)}}
	})
	return out, err
}

func (w *world) PutParameter(_ context.Context, in *ssm.PutParameterInput, _ ...func(*ssm.Options)) (out *ssm.PutParameterOutput, err error) {
	w.turn(false, func() {
		if _, exists := w.parameters[*in.Name]; exists && !*in.Overwrite {
			err = &types.ParameterAlreadyExists{}
			return
		}
		w.parameters[*in.Name] = *in.Value
		out = &ssm.PutParameterOutput{}
		if w.random.IntN(20) == 0 && !*in.Overwrite {
			err = &types.ParameterAlreadyExists{} // the answer was lost, and the SDK asked again
		}
	})
	return out, err
}

func (w *world) GetParametersByPath(_ context.Context, in *ssm.GetParametersByPathInput, _ ...func(*ssm.Options)) (out *ssm.GetParametersByPathOutput, err error) {
	w.turn(false, func() {
		out = &ssm.GetParametersByPathOutput{}
		for name, value := range w.parameters {
			if strings.HasPrefix(name, *in.Path+"/") {
				out.Parameters = append(out.Parameters, types.Parameter{Name: aws.String(name), Value: aws.String(value)})
			}
		}
		sort.Slice(out.Parameters, func(a, b int) bool { return *out.Parameters[a].Name < *out.Parameters[b].Name })
	})
	return out, err
}

func (w *world) DeleteParameter(_ context.Context, in *ssm.DeleteParameterInput, _ ...func(*ssm.Options)) (*ssm.DeleteParameterOutput, error) {
	w.turn(false, func() { delete(w.parameters, *in.Name) })
	return &ssm.DeleteParameterOutput{}, nil
}

func TestNobodyChangesAnythingUnderTheLockOfAnother(t *testing.T) {
	t.Parallel()
	taken, shared := 0, 0
	for seed := range uint64(4000) {
		w := &world{random: rand.New(rand.NewPCG(seed, 1)), now: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), parameters: map[string]string{}}
		var operators []func()
		for index := range 5 {
			operators = append(operators, w.operate(fmt.Sprintf("operator%d", index), index%2 == 0))
		}
		w.play(operators...)
		require.Empty(t, w.wrong, "seed %d", seed)
		if len(w.acted) > 0 {
			taken++
			if w.acted[0] != w.acted[len(w.acted)-1] {
				shared++
			}
		}
	}
	require.Greater(t, taken, 3000, "somebody gets the lock, unless time ran away from all of them")
	require.Greater(t, shared, 100, "and it changes hands, or nothing was tried")
}

// still is a world without an order: one operator, whose calls happen as they come.
type still struct{ *world }

func newStill() *still {
	w := &world{random: rand.New(rand.NewPCG(1, 1)), now: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), parameters: map[string]string{}, arrived: make(chan request)}
	return &still{world: w}
}

func (s *still) serve(t *testing.T, do func(store *release.Store)) {
	t.Helper()
	ended := make(chan struct{})
	go func() { do(release.NewStore(s.world, "", s.world)); close(ended) }()
	for {
		select {
		case one := <-s.arrived:
			one.do()
			close(one.done)
		case <-ended:
			return
		}
	}
}

func TestAnExpiredLockIsTakenOver(t *testing.T) {
	t.Parallel()
	s := newStill()
	s.serve(t, func(store *release.Store) {
		ctx := context.Background()
		first, err := store.Lock(ctx, "ada")
		if err != nil {
			t.Error(err)
			return
		}
		var held *release.HeldError
		_, err = store.Lock(ctx, "bob")
		if !errors.As(err, &held) || held.Owner != "ada" || !held.Expires.Equal(s.now.Add(release.LockLife)) {
			t.Errorf("expected that ada holds it: %v", err)
		}
		s.now = s.now.Add(release.LockLife + time.Minute)
		second, err := store.Lock(ctx, "bob")
		if err != nil {
			t.Errorf("take over: %v", err)
			return
		}
		if err := first.Guard(ctx); !errors.Is(err, release.ErrLost) {
			t.Errorf("expected that ada lost it: %v", err)
		}
		if err := errors.Join(first.Release(ctx), second.Guard(ctx)); err != nil {
			t.Errorf("ada's release must not open bob's lock: %v", err)
		}
		for range 10 { // generations do not pile up
			if err := second.Release(ctx); err != nil {
				t.Error(err)
			}
			if second, err = store.Lock(ctx, "bob"); err != nil {
				t.Error(err)
				return
			}
		}
	})
	require.LessOrEqual(t, len(s.parameters), 5)
}
