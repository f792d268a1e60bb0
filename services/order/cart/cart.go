package cart

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/cart/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/order/catalogue"
	"github.com/bartgottschalk/startupwebapp/services/order/discount"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

const mostOfOneSku = 99

// What can be wrong with a request about a cart; the reasons are part of proto/order/v1.
var (
	errCartNotFound           = fault.New(fault.NotFound, "cart-not-found", "there is no cart")
	errSkuNotFound            = fault.New(fault.NotFound, "sku-not-found", "there is no such SKU to buy")
	errCartSkuNotFound        = fault.New(fault.NotFound, "cart-sku-not-found", "the SKU is not in the cart")
	errQuantityOutOfRange     = fault.New(fault.Invalid, "quantity-out-of-range", "a cart holds 0 to 99 of a SKU")
	errShippingMethodNotFound = fault.New(fault.NotFound, "shipping-method-not-found", "there is no such shipping method")
	errNothingShips           = fault.New(fault.FailedPrecondition, "no-shipping-method", "the shop offers no shipping method")
	errCodeAlreadyApplied     = fault.New(fault.Conflict, "discount-code-already-applied", "the discount code is on the cart")
	errTooManyCodes           = fault.New(fault.FailedPrecondition, "too-many-discount-codes", "a cart holds ten discount codes")
	errAdoptionIncomplete     = fault.New(fault.Invalid, "cart-adoption-incomplete", "an adoption needs an account and a guest's cart")
)

// Carts keeps the carts of all shoppers. Safe for concurrent use, in any number of processes: what must not happen
// twice is prevented by the database.
type Carts struct {
	orderv1.UnimplementedCartServiceServer
	db        *postgres.Database
	catalogue *catalogue.Catalogue
	now       func() time.Time
}

// New makes the room; it needs no closing. The clock stamps carts.
func New(db *postgres.Database, cat *catalogue.Catalogue, now func() time.Time) *Carts {
	return &Carts{db: db, catalogue: cat, now: now}
}

// GetCart takes one statement, and more only when a guest's cart waits to be merged.
func (c *Carts) GetCart(ctx context.Context, request *orderv1.GetCartRequest) (*orderv1.GetCartResponse, error) {
	snapshot := c.catalogue.Snapshot()
	contents, found, err := c.look(ctx, ownerOf(request.GetShopper()), snapshot)
	if err != nil {
		return nil, err
	}
	allowed := snapshot.Allows(request.GetShopper())
	if !found {
		return &orderv1.GetCartResponse{CheckoutAllowed: &allowed}, nil
	}
	return &orderv1.GetCartResponse{Cart: contents.proto(snapshot), CheckoutAllowed: &allowed}, nil
}

// CountCartLines counts what GetCart would list, with the same statement.
func (c *Carts) CountCartLines(ctx context.Context, request *orderv1.CountCartLinesRequest) (*orderv1.CountCartLinesResponse, error) {
	contents, _, err := c.look(ctx, ownerOf(request.GetShopper()), c.catalogue.Snapshot())
	if err != nil {
		return nil, err
	}
	return &orderv1.CountCartLinesResponse{Lines: contents.count()}, nil
}

// look reads the owner's cart without locking it; found is false when there is none.
func (c *Carts) look(ctx context.Context, of owner, snapshot *catalogue.Snapshot) (contents Contents, found bool, err error) {
	if of.nobody() {
		return Contents{}, false, nil
	}
	rows, err := readCarts(ctx, c.db, of)
	if err != nil {
		return Contents{}, false, err
	}
	if of.carriesGuestCart(rows) {
		if rows, err = c.mergeAndRead(ctx, of); err != nil {
			return Contents{}, false, err
		}
	}
	if len(rows) == 0 {
		return Contents{}, false, nil
	}
	contents, err = c.contents(ctx, c.db, rows, snapshot)
	return contents, err == nil, err
}

// contents takes another statement only for a cart with codes.
func (c *Carts) contents(ctx context.Context, db dbgen.DBTX, rows []dbgen.ReadCartsRow, snapshot *catalogue.Snapshot) (Contents, error) {
	var codes []discount.Code
	if rows[0].HasCodes {
		var err error
		if codes, err = discount.OfCart(ctx, db, rows[0].ID); err != nil {
			return Contents{}, err
		}
	}
	return contentsOf(rows, codes, snapshot, c.now()), nil
}

func (c *Carts) mergeAndRead(ctx context.Context, of owner) (rows []dbgen.ReadCartsRow, err error) {
	err = c.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := c.lock(ctx, tx, of); err != nil {
			return err
		}
		rows, err = readCarts(ctx, tx, of)
		return err
	})
	return rows, err
}

func readCarts(ctx context.Context, db dbgen.DBTX, of owner) ([]dbgen.ReadCartsRow, error) {
	rows, err := dbgen.New(db).ReadCarts(ctx, dbgen.ReadCartsParams{AccountID: of.accountID, AnonymousID: of.anonymousID})
	if err != nil {
		return nil, fmt.Errorf("read cart: %w", err)
	}
	return rows, nil
}
