// Package fulfilment is an order's way to the customer: its statuses, its tracking number, its cancellation, and the mail about
// each. What was sold is package purchase's, money that goes back package refund's.
package fulfilment

import (
	"time"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/catalogue"
	"github.com/bartgottschalk/startupwebapp/services/order/purchase"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

// Fulfilments answers the calls of FulfilmentService. Safe for concurrent use.
type Fulfilments struct {
	orderv1.UnimplementedFulfilmentServiceServer
	needs Dependencies
}

// Dependencies is whom the room works with. All are required.
type Dependencies struct {
	Database  *postgres.Database
	Catalogue *catalogue.Catalogue
	Purchases *purchase.Purchases
	Queue     purchase.Queue
	Now       func() time.Time
}

// New makes the room; it needs no closing.
func New(needs Dependencies) *Fulfilments { return &Fulfilments{needs: needs} }
