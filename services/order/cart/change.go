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
)

// SetCartQuantity checks in the order of contract order.md 4.8: cart, line, quantity.
func (c *Carts) SetCartQuantity(ctx context.Context, request *orderv1.SetCartQuantityRequest) (*orderv1.SetCartQuantityResponse, error) {
	quantity, subtotal := request.GetQuantity(), int64(0)
	cart, err := c.change(ctx, request.GetShopper(), func(ctx context.Context, tx pgx.Tx, cart *Contents) error {
		index := cart.line(request.GetSkuId())
		if index < 0 {
			return errCartSkuNotFound
		}
		if quantity < 0 || quantity > mostOfOneSku {
			return errQuantityOutOfRange
		}
		cart.Lines[index].Quantity = quantity
		subtotal = cart.Lines[index].SubtotalMinor()
		return oneLine(dbgen.New(tx).SetLine(ctx, dbgen.SetLineParams{CartID: cart.CartID, SkuID: request.GetSkuId(), Quantity: quantity}))
	})
	if err != nil {
		return nil, err
	}
	return &orderv1.SetCartQuantityResponse{LineSubtotalMinor: subtotal, Cart: cart}, nil
}

// RemoveFromCart keeps the shipping method, unlike the old shop (contract README D03), and an emptied cart.
func (c *Carts) RemoveFromCart(ctx context.Context, request *orderv1.RemoveFromCartRequest) (*orderv1.RemoveFromCartResponse, error) {
	cart, err := c.change(ctx, request.GetShopper(), func(ctx context.Context, tx pgx.Tx, cart *Contents) error {
		index := cart.line(request.GetSkuId())
		if index < 0 {
			return errCartSkuNotFound
		}
		cart.Lines = slices.Delete(cart.Lines, index, index+1)
		return oneLine(dbgen.New(tx).RemoveLine(ctx, dbgen.RemoveLineParams{CartID: cart.CartID, SkuID: request.GetSkuId()}))
	})
	if err != nil {
		return nil, err
	}
	return &orderv1.RemoveFromCartResponse{Cart: cart}, nil
}

// ChooseShippingMethod takes only a method that is offered (contract README D23); else the earlier choice stays.
func (c *Carts) ChooseShippingMethod(ctx context.Context, request *orderv1.ChooseShippingMethodRequest) (*orderv1.ChooseShippingMethodResponse, error) {
	method, found := c.catalogue.Snapshot().ShippingMethod(request.GetIdentifier())
	cart, err := c.change(ctx, request.GetShopper(), func(ctx context.Context, tx pgx.Tx, cart *Contents) error {
		if !found || !method.Active {
			return errShippingMethodNotFound
		}
		cart.ShippingMethod = method
		err := dbgen.New(tx).ChooseShippingMethod(ctx, dbgen.ChooseShippingMethodParams{ID: cart.CartID, ShippingMethodID: method.ID})
		if err != nil {
			return fmt.Errorf("choose shipping method: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &orderv1.ChooseShippingMethodResponse{Cart: cart}, nil
}

// DeleteCart deletes the cart with its lines; for an account, a guest's cart that it still carries goes too.
func (c *Carts) DeleteCart(ctx context.Context, request *orderv1.DeleteCartRequest) (*orderv1.DeleteCartResponse, error) {
	err := c.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		cartID, err := c.lock(ctx, tx, ownerOf(request.GetShopper()))
		if err != nil {
			return err
		}
		if cartID == 0 {
			return errCartNotFound
		}
		return dbgen.New(tx).DeleteCart(ctx, cartID)
	})
	if err != nil {
		return nil, err
	}
	return &orderv1.DeleteCartResponse{}, nil
}

// change lets work alter the locked cart, in the database and in its contents alike, and answers the cart afterwards.
func (c *Carts) change(ctx context.Context, shopper *orderv1.Shopper, work func(context.Context, pgx.Tx, *Contents) error) (*orderv1.Cart, error) {
	snapshot := c.catalogue.Snapshot()
	var cart Contents
	err := c.db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		if cart, err = c.open(ctx, tx, ownerOf(shopper), snapshot); err != nil {
			return err
		}
		if err := work(ctx, tx, &cart); err != nil {
			return err
		}
		return touch(ctx, dbgen.New(tx), cart.CartID, c.now())
	})
	if err != nil {
		return nil, err
	}
	cart.addUp(c.now())
	return cart.proto(snapshot), nil
}

// open locks the owner's cart and reads it.
func (c *Carts) open(ctx context.Context, tx pgx.Tx, of owner, snapshot *catalogue.Snapshot) (Contents, error) {
	cartID, err := c.lock(ctx, tx, of)
	if err != nil {
		return Contents{}, err
	}
	if cartID == 0 {
		return Contents{}, errCartNotFound
	}
	rows, err := readCarts(ctx, tx, of)
	if err != nil {
		return Contents{}, err
	}
	rows = slices.DeleteFunc(rows, func(row dbgen.ReadCartsRow) bool { return row.ID != cartID })
	if len(rows) == 0 {
		return Contents{}, errCartNotFound
	}
	return c.contents(ctx, tx, rows, snapshot)
}

// oneLine turns a line that is not there after all into the fault for it.
func oneLine(changed int64, err error) error {
	if err != nil {
		return fmt.Errorf("change cart line: %w", err)
	}
	if changed == 0 {
		return errCartSkuNotFound
	}
	return nil
}

func touch(ctx context.Context, queries *dbgen.Queries, cartID int64, now time.Time) error {
	if err := queries.TouchCart(ctx, dbgen.TouchCartParams{ID: cartID, At: now}); err != nil {
		return fmt.Errorf("touch cart: %w", err)
	}
	return nil
}
