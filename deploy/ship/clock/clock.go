// Package clock is time as ship sees it: what it is now, and waiting. Everything that waits takes a Clock, so that tests of an
// hour's rollout take no time.
package clock

import (
	"context"
	"time"
)

// Clock tells the time and waits. Both methods may be called from several goroutines.
type Clock interface {
	// Now is the time in UTC.
	Now() time.Time
	// Sleep waits for d, or until ctx is done; then it returns why.
	Sleep(ctx context.Context, d time.Duration) error
}

// System is the machine's clock.
type System struct{}

// Now is the time in UTC.
func (System) Now() time.Time { return time.Now().UTC() }

// Sleep waits for d, or until ctx is done; then it returns why.
func (System) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
