package cart

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/order/cart/dbgen"
)

// Stale is what a cart carries although it does not count any more; its owner may have seen it counted.
type Stale struct {
	CodeIDs  []int64 // codes that are over or used up
	Shipping bool    // the chosen method is not offered any more
}

// Any tells whether there is something.
func (s Stale) Any() bool { return len(s.CodeIDs) > 0 || s.Shipping }

// Stale looks for it.
func (c *Contents) Stale(now time.Time) Stale {
	stale := Stale{Shipping: c.ShippingReplaced}
	for _, code := range c.Codes {
		if code.UsedUp || !code.Active(now) {
			stale.CodeIDs = append(stale.CodeIDs, code.ID)
		}
	}
	return stale
}

// Drop takes what is stale out of a cart, within tx. Codes that are not on it are no error.
func (c *Carts) Drop(ctx context.Context, tx pgx.Tx, cartID int64, stale Stale) error {
	queries := dbgen.New(tx)
	for _, code := range slices.Compact(slices.Sorted(slices.Values(stale.CodeIDs))) { // a cart has ten at most
		if err := queries.TakeCodeOff(ctx, dbgen.TakeCodeOffParams{CartID: cartID, DiscountCodeID: code}); err != nil {
			return fmt.Errorf("take a stale code off: %w", err)
		}
	}
	if !stale.Shipping {
		return nil
	}
	if err := queries.ForgetShippingChoice(ctx, cartID); err != nil {
		return fmt.Errorf("forget a shipping method that is gone: %w", err)
	}
	return nil
}
