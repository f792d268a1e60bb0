package password

import (
	"context"
	"time"

	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

const (
	// atOnce keeps hashing from taking all processors and 20 MB for every request at once.
	atOnce = 2
	// waiting is short: a queue of 32 takes about half a second with our own hashes.
	waiting = 32
	// comeBack is when the queue should have become shorter.
	comeBack = 2 * time.Second
)

// Hasher hashes and compares passwords, a few at once; the next ones wait in a short queue, and what comes then is
// refused. Safe for concurrent use.
type Hasher struct {
	places chan struct{} // held while waiting and working
	work   chan struct{} // held while working
	decoy  string        // what stands in for an unreadable hash; nobody knows its password
}

// NewHasher makes a hasher.
func NewHasher() *Hasher {
	return &Hasher{
		places: make(chan struct{}, atOnce+waiting),
		work:   make(chan struct{}, atOnce),
		decoy:  newDecoy(),
	}
}

// enter waits for a turn. The returned function ends it.
func (h *Hasher) enter(ctx context.Context) (func(), error) {
	select {
	case h.places <- struct{}{}:
	default:
		return nil, fault.New(fault.RateLimited, "rate-limited", "Too many logins at once.").After(comeBack)
	}
	select {
	case h.work <- struct{}{}:
		return h.leave, nil
	case <-ctx.Done():
		<-h.places
		return nil, ctx.Err()
	}
}

func (h *Hasher) leave() {
	<-h.work
	<-h.places
}
