// Package idempotency remembers, for 24 hours, what a request was answered under the key that its client chose, so that a
// repeated request does nothing and gets the same answer. It knows nothing of what the requests are about.
package idempotency

import (
	"time"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

// Keys answers the calls of IdempotencyService. Safe for concurrent use.
type Keys struct {
	orderv1.UnimplementedIdempotencyServiceServer
	db  *postgres.Database
	now func() time.Time
}

// New makes the room; it needs no closing.
func New(db *postgres.Database, now func() time.Time) *Keys { return &Keys{db: db, now: now} }
