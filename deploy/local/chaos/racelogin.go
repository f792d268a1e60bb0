package chaos

import (
	"context"
	"errors"
	"fmt"
	"maps"
)

// members signs up a member for every round, each with a cart of one thing.
func members(ctx context.Context, s *Shop, rounds int) (int64, error) {
	base := s.numbers.Add(int64(rounds)) - int64(rounds)
	next := make(chan int64)
	var actors crew
	for range lanes {
		actors.start(func() (failure error) {
			for number := range next {
				if failure != nil {
					continue
				}
				failure = s.signUp(ctx, number)
			}
			return failure
		})
	}
	for number := range int64(rounds) {
		next <- base + number
	}
	close(next)
	return base, actors.wait()
}

func (s *Shop) signUp(ctx context.Context, number int64) error {
	member, err := s.filled(ctx, int(number), 6)
	if err != nil {
		return err
	}
	return member.Register(ctx, s.memberName(number))
}

func (s *Shop) memberName(number int64) string { return fmt.Sprintf("racer%s%d", s.run, number) }

// raceLogin: one tab signs in to an account that has a cart, while the other still puts something into the guest's. Nothing is lost
// or doubled.
func (s *Shop) raceLogin(ctx context.Context, number int64) (string, error) {
	tab, err := s.filled(ctx, int(number), 1)
	if err != nil {
		return "", err
	}
	other := s.tab(tab)
	failures := atOnce(func() error { return tab.LogIn(ctx, s.memberName(number)) }, func() error { return other.Add(ctx, 7, 2) })
	if err := errors.Join(failures...); err != nil {
		return "", err
	}
	lines, err := tab.Lines(ctx)
	if expected := (map[int64]int{6: 1, 1: 1, 7: 2}); !maps.Equal(lines, expected) {
		return fmt.Sprintf("the cart has %v in place of %v", lines, expected), err
	}
	return "", err
}
