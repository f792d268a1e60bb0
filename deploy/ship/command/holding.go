package command

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/bartgottschalk/startupwebapp/deploy/ship/release"
)

// givingBack is how long the release of a lock may take after the command itself was told to stop.
const givingBack = 30 * time.Second

// holding does work under the lock of one name (a service, "site", "secrets", "drill") and gives it back, whatever happens. guard is
// to be called before each step that changes something, by one goroutine.
func holding(ctx context.Context, session *Session, name string, work func(ctx context.Context, guard func(context.Context) error) error) error {
	store := release.NewStore(session.Cloud.SSM, session.Name.Service(name), session.Clock)
	lock, err := store.Lock(ctx, session.Operator)
	if err != nil {
		return lockExit(name, err)
	}
	err = work(ctx, lock.Guard)
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), givingBack)
	defer cancel()
	if released := lock.Release(ending); released != nil && err == nil {
		err = fmt.Errorf("give back the lock of %s: %w", name, released)
	}
	return lockExit(name, err)
}

func lockExit(name string, err error) error {
	var held *release.HeldError
	if errors.As(err, &held) || errors.Is(err, release.ErrLost) {
		return Exit(Locked, fmt.Errorf("%s: %w", name, err))
	}
	return err
}
