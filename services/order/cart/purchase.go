package cart

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/cart/dbgen"
)

// Purchased is what was bought of a SKU.
type Purchased struct {
	SkuID    int64
	Quantity int32
}

// LockForCheckout locks the shopper's cart until the end of tx and reads what would be bought: the lines with a
// quantity above 0 whose SKU is in the catalogue (whether it is available is for the caller to judge). A guest's cart
// that an account still carries is merged first. A cart with nothing to buy comes back without lines.
// Fault NotFound "cart-not-found".
func (c *Carts) LockForCheckout(ctx context.Context, tx pgx.Tx, shopper *orderv1.Shopper) (Contents, error) {
	contents, err := c.open(ctx, tx, ownerOf(shopper), c.catalogue.Snapshot())
	if err != nil {
		return Contents{}, err
	}
	contents.Lines = slices.DeleteFunc(contents.Lines, func(line Line) bool { return line.Quantity == 0 })
	contents.addUp(c.now())
	return contents, nil
}

// GuestsBehind are the ids under which the owner of the contents may have started a checkout as a guest: that of its cart, and of every
// guest that the account adopted. Most of their carts are gone; a checkout of one may still be paid.
func (c *Carts) GuestsBehind(ctx context.Context, tx pgx.Tx, contents Contents) ([]string, error) {
	if contents.AccountID == 0 {
		return []string{contents.AnonymousID}, nil
	}
	ids, err := dbgen.New(tx).AdoptedGuests(ctx, contents.AccountID)
	if err != nil {
		return nil, fmt.Errorf("find adopted guests: %w", err)
	}
	return ids, nil
}

// RemovePurchased takes what was bought out of the cart, within tx, and deletes the cart when nothing is left to buy.
// A cart that is gone is no error. When it was merged into an account's cart, the lines that moved there are reduced
// instead; lines that the account had of its own stay, they were not what was paid for. Each SKU may come once.
func (c *Carts) RemovePurchased(ctx context.Context, tx pgx.Tx, cartID int64, lines []Purchased) error {
	queries := dbgen.New(tx)
	locked, err := queries.LockCart(ctx, cartID)
	if err != nil {
		return fmt.Errorf("lock purchased cart: %w", err)
	}
	if len(locked) > 0 {
		return c.take(ctx, queries, cartID, lines)
	}
	return c.removeMoved(ctx, queries, cartID, lines)
}

// removeMoved locks the cart first, as everyone does, so that nobody waits in a circle.
func (c *Carts) removeMoved(ctx context.Context, queries *dbgen.Queries, from int64, lines []Purchased) error {
	into, err := queries.MergedInto(ctx, from)
	if err != nil {
		return fmt.Errorf("find the cart merged into: %w", err)
	}
	if len(into) == 0 {
		return nil
	}
	if _, err := queries.LockCart(ctx, into[0]); err != nil {
		return fmt.Errorf("lock the cart merged into: %w", err)
	}
	moved, err := queries.ForgetMovedLines(ctx, dbgen.ForgetMovedLinesParams{FromCartID: from, SkuIds: skuIDs(lines)})
	if err != nil {
		return fmt.Errorf("find moved cart lines: %w", err)
	}
	went := slices.DeleteFunc(slices.Clone(lines), func(line Purchased) bool { return !slices.Contains(moved, line.SkuID) })
	return c.take(ctx, queries, into[0], went)
}

func (c *Carts) take(ctx context.Context, queries *dbgen.Queries, cartID int64, lines []Purchased) error {
	skus, quantities := skuIDs(lines), quantities(lines)
	if err := queries.TakeLines(ctx, dbgen.TakeLinesParams{CartID: cartID, SkuIds: skus, Quantities: quantities}); err != nil {
		return fmt.Errorf("take purchased lines: %w", err)
	}
	deleted, err := queries.DeleteCartWithNothingToBuy(ctx, cartID)
	if err != nil {
		return fmt.Errorf("delete bought-up cart: %w", err)
	}
	if deleted > 0 {
		return nil
	}
	return touch(ctx, queries, cartID, c.now())
}

func skuIDs(lines []Purchased) []int64 {
	ids := make([]int64, len(lines))
	for i, line := range lines {
		ids[i] = line.SkuID
	}
	return ids
}

func quantities(lines []Purchased) []int32 {
	counts := make([]int32, len(lines))
	for i, line := range lines {
		counts[i] = line.Quantity
	}
	return counts
}
