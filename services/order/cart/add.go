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
	err = c.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		cartID, err := c.findOrMake(ctx, tx, of)
		if err != nil {
			return err
		}
		if err := addToLine(ctx, tx, dbgen.AddToLineParams{CartID: cartID, SkuID: skuID, Quantity: quantity}); err != nil {
			return err
		}
		rows, err := readCarts(ctx, tx, of)
		if err != nil {
			return err
		}
		rows = slices.DeleteFunc(rows, func(row dbgen.ReadCartsRow) bool { return row.ID != cartID })
		contents := contentsOf(rows, nil, snapshot, c.now())
		lines = contents.count()
		return nil
	})
	return lines, err
}

// findOrMake locks the owner's cart, which has the default shipping method until one is chosen (contract README D24).
// Two who make it at once get the same one: the second waits at the unique constraint.
func (c *Carts) findOrMake(ctx context.Context, tx pgx.Tx, of owner) (int64, error) {
	if of.mayCarryGuestCart() {
		if _, err := c.lock(ctx, tx, of); err != nil {
			return 0, err
		}
	}
	cartID, err := c.findOrMakeOf(ctx, dbgen.New(tx), of)
	if err != nil {
		return 0, fmt.Errorf("make cart: %w", err)
	}
	return cartID, nil
}

func (c *Carts) findOrMakeOf(ctx context.Context, queries *dbgen.Queries, of owner) (int64, error) {
	if of.accountID != 0 {
		return queries.OpenAccountCart(ctx, dbgen.OpenAccountCartParams{AccountID: of.accountID, At: c.now()})
	}
	return queries.OpenGuestCart(ctx, dbgen.OpenGuestCartParams{AnonymousID: of.anonymousID, At: c.now()})
}

func addToLine(ctx context.Context, tx pgx.Tx, line dbgen.AddToLineParams) error {
	changed, err := dbgen.New(tx).AddToLine(ctx, line)
	if postgres.IsForeignKeyViolation(err, "cart_line_sku") {
		return errSkuNotFound // it left the catalogue a moment ago
	}
	if err != nil {
		return fmt.Errorf("add to cart line: %w", err)
	}
	if changed == 0 {
		return errQuantityOutOfRange
	}
	return nil
}
