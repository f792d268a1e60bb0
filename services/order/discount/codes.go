package discount

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/order/discount/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/fault"
)

// ErrNotAvailable: a code that the cart counts on cannot be used by this customer any more (proto order.v1.StartCheckout).
var ErrNotAvailable = fault.New(fault.FailedPrecondition, "discount-code-not-available", "a discount code cannot be used any more")

// Customer is who wants to use a code. An account and a guest with its address are the same customer.
type Customer struct {
	AccountID int64  // 0 for a guest
	Email     string // empty when it is not known yet
}

// OfCart reads the codes on a cart, in the order in which they were put there.
func OfCart(ctx context.Context, db dbgen.DBTX, cartID int64) ([]Code, error) {
	rows, err := dbgen.New(db).CodesOfCart(ctx, cartID)
	if err != nil {
		return nil, fmt.Errorf("read codes of cart: %w", err)
	}
	codes := make([]Code, len(rows))
	for i, row := range rows {
		codes[i] = Code{
			ID: row.ID, Code: row.Code, Description: row.Description, StartsAt: row.StartsAt, EndsAt: row.EndsAt,
			Combinable: row.Combinable, AmountHundredths: row.AmountHundredths, OrderMinimumMinor: row.OrderMinimumMinor,
			TypeTitle: row.TypeTitle, TypeDescription: row.TypeDescription, AppliesTo: row.AppliesTo, Action: row.Action,
			UsedUp: row.UsedUp,
		}
	}
	return codes, nil
}

// Hold makes sure, until the end of tx, that the customer may use each of the codes once more: it locks those that have a limit,
// in the order of their ids, and counts. The caller writes the use before tx ends. Fault ErrNotAvailable; a code that is
// limited per customer needs a customer.
func Hold(ctx context.Context, tx pgx.Tx, codeIDs []int64, customer Customer, now time.Time) error {
	if len(codeIDs) == 0 {
		return nil
	}
	queries := dbgen.New(tx)
	codes, err := queries.LockCodes(ctx, codeIDs)
	if err != nil {
		return fmt.Errorf("lock codes: %w", err)
	}
	if len(codes) != len(codeIDs) {
		return ErrNotAvailable // one was deleted a moment ago
	}
	for _, code := range codes {
		if now.Before(code.StartsAt) || now.After(code.EndsAt) {
			return ErrNotAvailable
		}
		if err := withinLimits(ctx, queries, code, customer); err != nil {
			return err
		}
	}
	return nil
}

func withinLimits(ctx context.Context, queries *dbgen.Queries, code dbgen.LockCodesRow, customer Customer) error {
	if code.UsageLimit == nil && code.UsageLimitPerCustomer == nil {
		return nil
	}
	if code.UsageLimitPerCustomer != nil && customer == (Customer{}) {
		return ErrNotAvailable
	}
	uses, err := queries.CountUses(ctx, dbgen.CountUsesParams{CodeID: code.ID, AccountID: customer.AccountID, Email: customer.Email})
	if err != nil {
		return fmt.Errorf("count uses of code: %w", err)
	}
	if reached(code.UsageLimit, uses.InAll) || reached(code.UsageLimitPerCustomer, uses.ByCustomer) {
		return ErrNotAvailable
	}
	return nil
}

func reached(limit *int32, uses int64) bool { return limit != nil && uses >= int64(*limit) }
