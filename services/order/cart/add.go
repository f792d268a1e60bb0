package cart

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/cart/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/order/catalogue"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

// AddToCart is the only call that makes carts, and only when it succeeds (contract order.md O-08). A guest keeps the
// id that the cookie holds, also after its cart was ordered or deleted: the edge signed it, so nobody can have made it
// up, and a stable id cannot orphan a cart when adds race (O-11). A guest without one gets a new random id.
func (c *Carts) AddToCart(ctx context.Context, request *orderv1.AddToCartRequest) (*orderv1.AddToCartResponse, error) {
	if request.GetQuantity() < 1 || request.GetQuantity() > mostOfOneSku {
		return nil, errQuantityOutOfRange
	}
	snapshot := c.catalogue.Snapshot()
	if sku, found := snapshot.Sku(request.GetSkuId()); !found || !sku.Available() {
		return nil, errSkuNotFound // contract README D10
	}
	of := ownerOf(request.GetShopper())
	if of.nobody() {
		of.anonymousID = identifier.New(anonymousIDLength)
	}
	lines, err := c.add(ctx, of, request.GetSkuId(), request.GetQuantity(), snapshot)
	if err != nil {
		return nil, err
	}
	response := &orderv1.AddToCartResponse{Lines: lines}
	if of.accountID == 0 {
		response.AnonymousCartId = of.anonymousID
	}
	return response, nil
}

// add answers how many lines the cart has then.
func (c *Carts) add(ctx context.Context, of owner, skuID int64, quantity int32, snapshot *catalogue.Snapshot) (lines int32, err error) {
	if _, found := snapshot.DefaultShippingMethod(); !found {
		return 0, errNothingShips
	}
	if of.mayCarryGuestCart() {
		if err := c.settleOwner(ctx, of); err != nil {
			return 0, err
		}
	}
	cartID, err := c.addToLine(ctx, of, skuID, quantity)
	if err != nil {
		return 0, err
	}
	rows, err := readCarts(ctx, c.db, of)
	if err != nil {
		return 0, err
	}
	rows = slices.DeleteFunc(rows, func(row dbgen.ReadCartsRow) bool { return row.ID != cartID })
	if len(rows) == 0 {
		return 0, nil // ordered or deleted a moment ago
	}
	contents := contentsOf(rows, nil, snapshot, c.now())
	return contents.count(), nil
}

// settleOwner merges a guest's cart that an account still carries.
func (c *Carts) settleOwner(ctx context.Context, of owner) error {
	return c.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		_, err := c.lock(ctx, tx, of)
		return err
	})
}

// addToLine makes the owner's cart, which has the default shipping method until one is chosen (contract README D24), or takes the
// one that is there, and adds to the line, all in one statement. Two who do so at once get the same cart and line: the second
// waits at the unique constraint.
func (c *Carts) addToLine(ctx context.Context, of owner, skuID int64, quantity int32) (cartID int64, err error) {
	queries := dbgen.New(c.db)
	var added bool
	if of.accountID != 0 {
		row, failed := queries.AddToAccountCart(ctx, dbgen.AddToAccountCartParams{AccountID: of.accountID, SkuID: skuID, Quantity: quantity, At: c.now()})
		cartID, added, err = row.ID, row.Added, failed
	} else {
		row, failed := queries.AddToGuestCart(ctx, dbgen.AddToGuestCartParams{AnonymousID: of.anonymousID, SkuID: skuID, Quantity: quantity, At: c.now()})
		cartID, added, err = row.ID, row.Added, failed
	}
	if postgres.IsForeignKeyViolation(err, "cart_line_sku") {
		return 0, errSkuNotFound // it left the catalogue a moment ago
	}
	if err != nil {
		return 0, fmt.Errorf("add to cart line: %w", err)
	}
	if !added {
		return 0, errQuantityOutOfRange
	}
	return cartID, nil
}
