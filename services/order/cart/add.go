package cart

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/cart/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/order/catalogue"
	"github.com/bartgottschalk/startupwebapp/services/platform/identifier"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

// adoptionEcho is how long after a login a request may arrive that the browser sent before.
const adoptionEcho = time.Minute

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
	cartID, made, err := c.addToLine(ctx, of, line{skuID, quantity})
	if err == nil && made && of.accountID == 0 {
		of, cartID, err = c.followAdoption(ctx, of, cartID)
	}
	if err != nil {
		return 0, err
	}
	return c.countAdded(ctx, of, cartID, snapshot)
}

// countAdded counts the lines of the cart that was added to. A guest's may have gone to an account meanwhile: its cart counts then.
func (c *Carts) countAdded(ctx context.Context, of owner, cartID int64, snapshot *catalogue.Snapshot) (lines int32, err error) {
	rows, err := readCarts(ctx, c.db, of)
	if err != nil {
		return 0, err
	}
	rows = slices.DeleteFunc(rows, func(row dbgen.ReadCartsRow) bool { return row.ID != cartID })
	if len(rows) == 0 && of.accountID == 0 {
		if rows, err = c.readAdopters(ctx, of); err != nil {
			return 0, err
		}
	}
	if len(rows) == 0 {
		return 0, nil // ordered or deleted a moment ago
	}
	contents := contentsOf(rows, nil, snapshot, c.now())
	return contents.count(), nil
}

func (c *Carts) readAdopters(ctx context.Context, guest owner) ([]dbgen.ReadCartsRow, error) {
	account, err := c.adopter(ctx, guest)
	if err != nil || account == 0 {
		return nil, err
	}
	return readCarts(ctx, c.db, owner{accountID: account})
}

// line is what an add adds.
type line struct {
	skuID    int64
	quantity int32
}

// followAdoption looks after an add that was under way while its guest signed in, and came when the guest's cart had gone to the
// account: the cart that it made under the guest's id nobody would find again, so it goes to the account, too, with all that other
// adds under way have put there since.
func (c *Carts) followAdoption(ctx context.Context, guest owner, made int64) (of owner, cartID int64, err error) {
	account, err := c.adopter(ctx, guest)
	if err != nil || account == 0 {
		return guest, made, err
	}
	both := owner{accountID: account, anonymousID: guest.anonymousID}
	err = c.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		return untilAccountsCartIsFound(ctx, tx, func(inner pgx.Tx) error {
			cartID, err = c.carryOver(ctx, dbgen.New(inner), both)
			return err
		})
	})
	return owner{accountID: account}, cartID, err
}

// carryOver gives what a guest's cart has got since the adoption to the account's cart, which is answered; 0: there is none. Unlike
// at a merge quantities add up, since each is an add that was told it worked.
func (c *Carts) carryOver(ctx context.Context, queries *dbgen.Queries, of owner) (int64, error) {
	accounts, guests, err := lockBoth(ctx, queries, of)
	if err != nil || guests == 0 {
		return accounts, err // another add was faster, or nothing is left
	}
	if accounts == 0 {
		return guests, c.give(ctx, queries, guests, of.accountID)
	}
	added := dbgen.AddUpLinesParams{FromCartID: guests, ToCartID: accounts, At: c.now()}
	if err := queries.AddUpLines(ctx, added); err != nil {
		return 0, fmt.Errorf("add up cart lines: %w", err)
	}
	return accounts, c.mergeRest(ctx, queries, guests, accounts)
}

// adopter is the account that the guest turned out to be a moment ago; 0: none.
func (c *Carts) adopter(ctx context.Context, guest owner) (int64, error) {
	accounts, err := dbgen.New(c.db).LatestAdopter(ctx, dbgen.LatestAdopterParams{AnonymousID: guest.anonymousID, Since: c.now().Add(-adoptionEcho)})
	if err != nil {
		return 0, fmt.Errorf("find who adopted the guest: %w", err)
	}
	if len(accounts) == 0 {
		return 0, nil
	}
	return accounts[0], nil
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
func (c *Carts) addToLine(ctx context.Context, of owner, what line) (cartID int64, made bool, err error) {
	var added bool
	queries := dbgen.New(c.db)
	if of.accountID != 0 {
		row, failed := queries.AddToAccountCart(ctx, dbgen.AddToAccountCartParams{AccountID: of.accountID, SkuID: what.skuID, Quantity: what.quantity, At: c.now()})
		cartID, added, err = row.ID, row.Added, failed
	} else {
		row, failed := queries.AddToGuestCart(ctx, dbgen.AddToGuestCartParams{AnonymousID: of.anonymousID, SkuID: what.skuID, Quantity: what.quantity, At: c.now()})
		cartID, added, made, err = row.ID, row.Added, row.Made, failed
	}
	if postgres.IsForeignKeyViolation(err, "cart_line_sku") {
		return 0, false, errSkuNotFound // it left the catalogue a moment ago
	}
	if err != nil {
		return 0, false, fmt.Errorf("add to cart line: %w", err)
	}
	if !added {
		return 0, false, errQuantityOutOfRange
	}
	return cartID, made, nil
}
