package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
)

// The lock's times. What was guarded has at least a quarter of LockLife, and skew, before anybody may take over: more than any
// single call takes (cloud.CallTimeout).
const (
	LockLife   = 4 * time.Minute
	guaranteed = LockLife / 4
	// skew is how much two operators' clocks may differ.
	skew = 30 * time.Second
	// keptGenerations of old locks stay, so that an answer of SSM that lags a little cannot make an old number look free.
	keptGenerations = 3
	tokenLength     = 20
)

// ErrLost is returned when somebody took the lock over, or an operator opened it by force. Whoever gets it changes nothing more.
var ErrLost = errors.New("the lock was lost")

// HeldError says who holds the lock, and until when unless it is renewed.
type HeldError struct {
	Owner   string
	Expires time.Time
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("%s is at it; the lock expires at %s unless it is renewed", e.Owner, e.Expires.UTC().Format(time.RFC3339))
}

// Lock is a held lock. It belongs to one goroutine.
type Lock struct {
	store      *Store
	generation int
	note       note
}

// note is one generation of the lock as it is written.
type note struct {
	Owner    string    `json:"owner"`
	Token    string    `json:"token"` // random: who may renew and release it
	Expires  time.Time `json:"expires"`
	Released bool      `json:"released,omitempty"`
}

type numbered struct {
	number int
	note   note
}

func (s *Store) generationName(number int) string { return s.prefix + "/lock/" + strconv.Itoa(number) }

// Lock takes the lock for owner, or says by a *HeldError who has it. An expired one is taken over.
//
// SSM knows no compare-and-set, but creating a parameter that exists fails. So the lock is a row of generations and whoever
// creates the next one has it: of any number of operators that find the newest one free only one gets further.
func (s *Store) Lock(ctx context.Context, owner string) (*Lock, error) {
	generations, err := s.generations(ctx)
	if err != nil {
		return nil, err
	}
	newest := last(generations)
	if newest.number > 0 && s.held(newest.note) {
		return nil, &HeldError{Owner: newest.note.Owner, Expires: newest.note.Expires}
	}
	lock := &Lock{store: s, generation: newest.number + 1, note: note{Owner: owner, Token: identifier.New(tokenLength), Expires: s.clock.Now().Add(LockLife)}}
	if err := lock.create(ctx); err != nil {
		return nil, err
	}
	s.forget(ctx, generations)
	return lock, nil
}

func (s *Store) held(n note) bool { return !n.Released && s.clock.Now().Before(n.Expires.Add(skew)) }

// create makes this generation. That it exists already may be our own doing: an answer that was lost is asked for again.
func (l *Lock) create(ctx context.Context) error {
	err := l.store.put(ctx, l.store.generationName(l.generation), l.note, false)
	var exists *types.ParameterAlreadyExists
	if errors.As(err, &exists) {
		err = l.isOurs(ctx)
	}
	if err != nil {
		return err
	}
	generations, err := l.store.generations(ctx)
	if err != nil {
		return errors.Join(err, l.Release(context.WithoutCancel(ctx)))
	}
	if newest := last(generations); newest.number > l.generation {
		return &HeldError{Owner: newest.note.Owner, Expires: newest.note.Expires}
	}
	return nil
}

func (l *Lock) isOurs(ctx context.Context) error {
	found, err := l.store.parameters.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String(l.store.generationName(l.generation))})
	if err != nil {
		return fmt.Errorf("read the lock %s: %w", l.store.prefix, err)
	}
	holder, err := parseGeneration(*found.Parameter)
	if err != nil {
		return fmt.Errorf("read the lock %s: %w", l.store.prefix, err)
	}
	if holder.note.Token != l.note.Token {
		return &HeldError{Owner: holder.note.Owner, Expires: holder.note.Expires}
	}
	return nil
}

// forget deletes old generations; that it fails harms nobody.
func (s *Store) forget(ctx context.Context, generations []numbered) {
	for index := range max(0, len(generations)-keptGenerations) {
		_, _ = s.parameters.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: aws.String(s.generationName(generations[index].number))})
	}
}

// Guard is called before everything that changes something: it makes sure that the lock is still ours and stays so for at least
// a quarter of its life. ErrLost says that it is not.
func (l *Lock) Guard(ctx context.Context) error {
	generations, err := l.store.generations(ctx)
	if err != nil {
		return err
	}
	if newest := last(generations); newest.number > l.generation || (newest.number == l.generation && newest.note.Token != l.note.Token) {
		return fmt.Errorf("%w to %s", ErrLost, newest.note.Owner)
	}
	now := l.store.clock.Now()
	if now.After(l.note.Expires) {
		// Somebody may be taking over at this moment without our seeing it yet.
		return fmt.Errorf("%w: it expired at %s", ErrLost, l.note.Expires.UTC().Format(time.RFC3339))
	}
	if l.note.Expires.Sub(now) > LockLife/2 {
		return nil
	}
	return l.renew(ctx, now)
}

func (l *Lock) renew(ctx context.Context, now time.Time) error {
	before := l.note.Expires
	l.note.Expires = now.Add(LockLife)
	if err := l.store.put(ctx, l.store.generationName(l.generation), l.note, true); err != nil {
		return err
	}
	if l.store.clock.Now().After(before) {
		// Somebody may have found it expired before this arrived, and be about to make the next generation.
		return fmt.Errorf("%w: AWS answers too slowly to keep it", ErrLost)
	}
	generations, err := l.store.generations(ctx)
	if err != nil {
		return err
	}
	if newest := last(generations); newest.number > l.generation {
		return fmt.Errorf("%w to %s", ErrLost, newest.note.Owner)
	}
	if l.note.Expires.Sub(l.store.clock.Now()) < guaranteed {
		return fmt.Errorf("%w: AWS answers too slowly to keep it", ErrLost)
	}
	return nil
}

// Write stores the record, if the lock is still ours.
func (l *Lock) Write(ctx context.Context, record Record) error {
	if err := l.Guard(ctx); err != nil {
		return err
	}
	return l.store.put(ctx, l.store.recordName(), record, true)
}

// Release gives the lock back. A lock that was lost is left alone.
func (l *Lock) Release(ctx context.Context) error {
	generations, err := l.store.generations(ctx)
	if err != nil {
		return err
	}
	if newest := last(generations); newest.number != l.generation || newest.note.Token != l.note.Token {
		return nil
	}
	l.note.Released = true
	return l.store.put(ctx, l.store.generationName(l.generation), l.note, true)
}

// Holder says who holds the lock; nil when nobody does.
func (s *Store) Holder(ctx context.Context) (*HeldError, error) {
	generations, err := s.generations(ctx)
	if err != nil {
		return nil, err
	}
	newest := last(generations)
	if newest.number == 0 || !s.held(newest.note) {
		return nil, nil //nolint:nilnil // nobody is an answer
	}
	return &HeldError{Owner: newest.note.Owner, Expires: newest.note.Expires}, nil
}

// Unlock opens the lock by force, whoever holds it, and says who did (nil: nobody). It is a new generation, so that the holder,
// if it still runs, loses the lock and stops.
func (s *Store) Unlock(ctx context.Context, operator string) (*HeldError, error) {
	generations, err := s.generations(ctx)
	if err != nil {
		return nil, err
	}
	newest := last(generations)
	if newest.number == 0 || newest.note.Released {
		return nil, nil //nolint:nilnil // nobody is an answer
	}
	opened := &Lock{store: s, generation: newest.number + 1, note: note{Owner: operator, Token: identifier.New(tokenLength), Expires: s.clock.Now(), Released: true}}
	return &HeldError{Owner: newest.note.Owner, Expires: newest.note.Expires}, opened.create(ctx)
}

// generations are in ascending order of their numbers.
func (s *Store) generations(ctx context.Context) ([]numbered, error) {
	var found []numbered
	var next *string
	for {
		page, err := s.parameters.GetParametersByPath(ctx, &ssm.GetParametersByPathInput{Path: aws.String(s.prefix + "/lock"), NextToken: next})
		if err != nil {
			return nil, fmt.Errorf("read the lock %s: %w", s.prefix, err)
		}
		for _, parameter := range page.Parameters {
			generation, err := parseGeneration(parameter)
			if err != nil {
				return nil, fmt.Errorf("read the lock %s: %w", s.prefix, err)
			}
			found = append(found, generation)
		}
		if next = page.NextToken; next == nil {
			break
		}
	}
	sort.Slice(found, func(a, b int) bool { return found[a].number < found[b].number })
	return found, nil
}

func parseGeneration(parameter types.Parameter) (numbered, error) {
	name := aws.ToString(parameter.Name)
	number, err := strconv.Atoi(name[strings.LastIndex(name, "/")+1:])
	if err != nil {
		return numbered{}, fmt.Errorf("%s is no generation", name)
	}
	var read note
	if err := json.Unmarshal([]byte(aws.ToString(parameter.Value)), &read); err != nil {
		return numbered{}, fmt.Errorf("%s: %w", name, err)
	}
	return numbered{number: number, note: read}, nil
}

func last(generations []numbered) numbered {
	if len(generations) == 0 {
		return numbered{}
	}
	return generations[len(generations)-1]
}
