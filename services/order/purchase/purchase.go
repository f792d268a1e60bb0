package purchase

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/purchase/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

// Queue takes jobs that come into being with a transaction; *jobs.Jobs is one.
type Queue interface {
	InsertTx(ctx context.Context, tx pgx.Tx, args river.JobArgs, opts *river.InsertOpts) error
}

// Purchases keeps the orders and answers the calls of OrderService. Safe for concurrent use.
type Purchases struct {
	orderv1.UnimplementedOrderServiceServer
	db    *postgres.Database
	queue Queue
	now   func() time.Time
}

// New makes the room; it needs no closing.
func New(db *postgres.Database, queue Queue, now func() time.Time) *Purchases {
	return &Purchases{db: db, queue: queue, now: now}
}

// Reference names an order and the payment session that made it.
type Reference struct {
	Identifier string
	SessionID  string
}

// OfSession finds the order that a payment session made; false when it made none.
func (p *Purchases) OfSession(ctx context.Context, sessionID string) (Reference, bool, error) {
	identifier, err := dbgen.New(p.db).FindBySession(ctx, sessionID)
	if errors.Is(err, pgx.ErrNoRows) {
		return Reference{}, false, nil
	}
	return Reference{Identifier: identifier, SessionID: sessionID}, err == nil, err
}

// OfCheckout finds the order that a checkout became; false when it became none.
func (p *Purchases) OfCheckout(ctx context.Context, checkoutID int64) (Reference, bool, error) {
	row, err := dbgen.New(p.db).FindByCheckout(ctx, checkoutID)
	if errors.Is(err, pgx.ErrNoRows) {
		return Reference{}, false, nil
	}
	return Reference{Identifier: row.Identifier, SessionID: row.SessionID}, err == nil, err
}
