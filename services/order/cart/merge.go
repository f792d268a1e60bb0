package cart

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	"github.com/bartgottschalk/startupwebapp/services/order/cart/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

// mostMergeAttempts: a merge that lost against the making of the account's cart finds that cart the second time.
const mostMergeAttempts = 3

// AdoptCart gives a guest's cart to an account (contract order.md 2.3). Safe to repeat.
func (c *Carts) AdoptCart(ctx context.Context, request *orderv1.AdoptCartRequest) (*orderv1.AdoptCartResponse, error) {
	of := ownerOf(&orderv1.Shopper{AccountId: request.GetAccountId(), AnonymousCartId: request.GetAnonymousCartId()})
	if of.accountID == 0 {
		return nil, errAdoptionIncomplete
	}
	if of.anonymousID == "" {
		return &orderv1.AdoptCartResponse{}, nil
	}
	// Noted also when the guest's cart is gone: its checkout may not be. And noted before: an add that makes a cart for the guest
	// either makes it early enough to be found below, or sees the note and follows (followAdoption).
	if err := c.noteAdoption(ctx, dbgen.New(c.db), of); err != nil {
		return nil, err
	}
	if err := c.settleOwner(ctx, of); err != nil {
		return nil, err
	}
	return &orderv1.AdoptCartResponse{}, nil
}

// lock locks the owner's cart until the end of tx, after merging a guest's cart that an account still carries.
// It gives the cart's id, or 0 without a cart.
func (c *Carts) lock(ctx context.Context, tx pgx.Tx, of owner) (cartID int64, err error) {
	if !of.mayCarryGuestCart() {
		return c.lockAndMerge(ctx, tx, of)
	}
	err = untilAccountsCartIsFound(ctx, tx, func(inner pgx.Tx) error {
		cartID, err = c.lockAndMerge(ctx, inner, of)
		return err
	})
	return cartID, err
}

// untilAccountsCartIsFound does work again that lost against the making of the account's cart.
func untilAccountsCartIsFound(ctx context.Context, tx pgx.Tx, work func(inner pgx.Tx) error) error {
	for attempt := 1; ; attempt++ {
		// The savepoint lets a lost race give its locks back before it tries again.
		err := pgx.BeginFunc(ctx, tx, work)
		if !postgres.IsUniqueViolation(err, "cart_one_per_account") || attempt == mostMergeAttempts {
			return err
		}
	}
}

// lockBoth locks the carts of an account and of a guest; 0: there is none.
func lockBoth(ctx context.Context, queries *dbgen.Queries, of owner) (accounts, guests int64, err error) {
	locked, err := queries.LockCarts(ctx, dbgen.LockCartsParams{AccountID: of.accountID, AnonymousID: of.anonymousID})
	if err != nil {
		return 0, 0, fmt.Errorf("lock cart: %w", err)
	}
	for _, cart := range locked {
		if cart.AccountID != nil {
			accounts = cart.ID
		} else {
			guests = cart.ID
		}
	}
	return accounts, guests, nil
}

func (c *Carts) lockAndMerge(ctx context.Context, tx pgx.Tx, of owner) (int64, error) {
	queries := dbgen.New(tx)
	accounts, guests, err := lockBoth(ctx, queries, of)
	if err != nil {
		return 0, err
	}
	if of.accountID == 0 || guests == 0 {
		return max(accounts, guests), nil // at most one of them is there
	}
	if err := c.noteAdoption(ctx, queries, of); err != nil {
		return 0, err
	}
	if accounts == 0 {
		return guests, c.give(ctx, queries, guests, of.accountID)
	}
	return accounts, c.merge(ctx, queries, guests, accounts)
}

// noteAdoption remembers that the guest is the account, also after the guest's cart is gone.
func (c *Carts) noteAdoption(ctx context.Context, queries *dbgen.Queries, of owner) error {
	err := queries.NoteAdoption(ctx, dbgen.NoteAdoptionParams{AccountID: of.accountID, AnonymousID: of.anonymousID, At: c.now()})
	if err != nil {
		return fmt.Errorf("note adopted guest: %w", err)
	}
	return nil
}

func (c *Carts) give(ctx context.Context, queries *dbgen.Queries, cartID, accountID int64) error {
	err := queries.GiveCartToAccount(ctx, dbgen.GiveCartToAccountParams{ID: cartID, AccountID: accountID, At: c.now()})
	if err != nil {
		return fmt.Errorf("give cart to account: %w", err)
	}
	return nil
}

// merge moves what the account's cart lacks, discount codes too; its own quantities win, and its shipping method if it has chosen
// one.
func (c *Carts) merge(ctx context.Context, queries *dbgen.Queries, from, to int64) error {
	if err := queries.MoveLines(ctx, dbgen.MoveLinesParams{FromCartID: from, ToCartID: to, At: c.now()}); err != nil {
		return fmt.Errorf("move cart lines: %w", err)
	}
	return c.mergeRest(ctx, queries, from, to)
}

// mergeRest merges what is not lines, and deletes the guest's cart.
func (c *Carts) mergeRest(ctx context.Context, queries *dbgen.Queries, from, to int64) error {
	if err := queries.MoveShippingChoice(ctx, dbgen.MoveShippingChoiceParams{FromCartID: from, ToCartID: to}); err != nil {
		return fmt.Errorf("move shipping choice: %w", err)
	}
	if err := queries.CopyCodes(ctx, dbgen.CopyCodesParams{FromCartID: from, ToCartID: to, Most: mostCodes}); err != nil {
		return fmt.Errorf("copy discount codes: %w", err)
	}
	if err := queries.DeleteCart(ctx, from); err != nil {
		return fmt.Errorf("delete merged cart: %w", err)
	}
	return touch(ctx, queries, to, c.now())
}
