package cart

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/catalogue"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

// Carts keeps the carts of all shoppers. Safe for concurrent use.
type Carts struct {
	orderv1.UnimplementedCartServiceServer
	db        *postgres.Database
	catalogue *catalogue.Catalogue
	now       func() time.Time
}

// New makes the room; it needs no closing.
func New(db *postgres.Database, cat *catalogue.Catalogue, now func() time.Time) *Carts {
	return &Carts{db: db, catalogue: cat, now: now}
}

// LockForCheckout locks the shopper's cart until the end of tx and reads what would be bought: lines with a
// quantity above 0 whose SKU is in the catalogue (whether it is available is for the caller to judge).
// A cart with nothing to buy comes back without lines. Fault NotFound "cart-not-found".
func (c *Carts) LockForCheckout(ctx context.Context, tx pgx.Tx, shopper *orderv1.Shopper) (Contents, error) {
	return Contents{}, errors.New("not built yet")
}

// RemovePurchased takes what was bought out of the cart, within tx, and deletes the cart when nothing is left to buy.
// A cart that is gone is no error; when it was merged into an account's cart, the lines that moved there are
// reduced instead. Each SKU must come once in lines.
func (c *Carts) RemovePurchased(ctx context.Context, tx pgx.Tx, cartID int64, lines []Purchased) error {
	return errors.New("not built yet")
}
