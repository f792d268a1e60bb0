package cart

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/cart/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/order/discount"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

// mostCodes are on one cart; at most two of them take something off.
const mostCodes = 10

// ApplyDiscountCode puts a code onto the cart, also one that takes nothing off yet: it may once the cart has grown (contract
// order.md 5.1, whose order of checks it keeps).
func (c *Carts) ApplyDiscountCode(ctx context.Context, request *orderv1.ApplyDiscountCodeRequest) (*orderv1.ApplyDiscountCodeResponse, error) {
	cart, err := c.change(ctx, request.GetShopper(), func(ctx context.Context, tx pgx.Tx, cart *Contents) error {
		codeID, err := discount.Find(ctx, tx, request.GetCode(), c.now())
		if err != nil {
			return err
		}
		if cart.code(codeID) >= 0 {
			return errCodeAlreadyApplied
		}
		if len(cart.Codes) >= mostCodes {
			return errTooManyCodes
		}
		if err := putCode(ctx, tx, cart.CartID, codeID); err != nil {
			return err
		}
		cart.Codes, err = discount.OfCart(ctx, tx, cart.CartID)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &orderv1.ApplyDiscountCodeResponse{Cart: cart}, nil
}

func putCode(ctx context.Context, tx pgx.Tx, cartID, codeID int64) error {
	put, err := dbgen.New(tx).PutCode(ctx, dbgen.PutCodeParams{CartID: cartID, DiscountCodeID: codeID})
	if postgres.IsForeignKeyViolation(err, "") {
		return discount.ErrNotFound // it was deleted a moment ago
	}
	if err != nil {
		return fmt.Errorf("put discount code on cart: %w", err)
	}
	if put == 0 {
		return errCodeAlreadyApplied
	}
	return nil
}

// RemoveDiscountCode takes a code off the cart; one that is not on it is no error, one that does not exist is (contract order.md
// 5.1).
func (c *Carts) RemoveDiscountCode(ctx context.Context, request *orderv1.RemoveDiscountCodeRequest) (*orderv1.RemoveDiscountCodeResponse, error) {
	codeID := request.GetDiscountCodeId()
	cart, err := c.change(ctx, request.GetShopper(), func(ctx context.Context, tx pgx.Tx, cart *Contents) error {
		index := cart.code(codeID)
		if index < 0 {
			return discount.Exists(ctx, tx, codeID)
		}
		cart.Codes = slices.Delete(cart.Codes, index, index+1)
		if err := dbgen.New(tx).TakeCodeOff(ctx, dbgen.TakeCodeOffParams{CartID: cart.CartID, DiscountCodeID: codeID}); err != nil {
			return fmt.Errorf("take discount code off cart: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &orderv1.RemoveDiscountCodeResponse{Cart: cart}, nil
}
