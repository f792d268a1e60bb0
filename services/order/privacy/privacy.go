// Package privacy hands out what the order service knows about an account, and takes the person out of it while the books
// stay. Both are subcommands for an operator.
//
// What there is to hand out, and what a person is in it, each room knows itself (cart, checkout, purchase). What the user and
// clientevent services know is theirs to hand out and to forget; the payment service keeps nothing about persons, Stripe does.
package privacy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/order/cart"
	"github.com/bartgottschalk/startupwebapp/services/order/checkout"
	"github.com/bartgottschalk/startupwebapp/services/order/purchase"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
)

var errAccount = errors.New("expected the id of one account, a whole number above 0")

// document is what `order export-account` prints. Lists are never null.
type document struct {
	AccountID     int64              `json:"account_id"`
	Orders        []purchase.Extract `json:"orders"`
	Checkouts     []checkout.Extract `json:"checkouts"`
	Carts         []cart.Extract     `json:"carts"`
	AdoptedGuests []cart.Adoption    `json:"adopted_guests"`
}

// ExportTask is the subcommand `order export-account ID`: one JSON document with everything that is kept of the account, as
// it is at one moment. Left out are the catalogue's own words about goods and codes, keys and times that only the service works by,
// the diary of operators (what they did is in the orders), and kept answers of repeated requests, which are gone after a day. An
// account that the service does not know has empty lists.
func ExportTask(ctx context.Context, db *postgres.Database, args []string, out io.Writer) error {
	accountID, err := accountOf(args)
	if err != nil {
		return fmt.Errorf("export-account: %w", err)
	}
	kept, err := collect(ctx, db, accountID)
	if err != nil {
		return fmt.Errorf("export-account: %w", err)
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(kept); err != nil {
		return fmt.Errorf("export-account: %w", err)
	}
	return nil
}

func collect(ctx context.Context, db *postgres.Database, accountID int64) (document, error) {
	kept := document{AccountID: accountID}
	err := db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"); err != nil {
			return fmt.Errorf("read one moment: %w", err)
		}
		var failed [3]error
		kept.Orders, failed[0] = purchase.ExtractsOf(ctx, tx, accountID)
		kept.Checkouts, failed[1] = checkout.ExtractsOf(ctx, tx, accountID)
		kept.Carts, kept.AdoptedGuests, failed[2] = cart.ExtractsOf(ctx, tx, accountID)
		return errors.Join(failed[:]...)
	})
	return kept, err
}

func accountOf(args []string) (int64, error) {
	if len(args) != 1 {
		return 0, errAccount
	}
	id, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil || id <= 0 {
		return 0, errAccount
	}
	return id, nil
}

// forgotten is what an anonymisation changed.
type forgotten struct {
	orders, checkouts int
	carts, guests     int64
}

// AnonymiseTask is the subcommand `order anonymise-account ID`. It does all or, where a payment or a mail may still need to
// know the person, nothing, and then says what it waits for and fails. Safe to repeat; an account with nothing left to
// anonymise is none the worse. Run it after the user service has ended the account: who is signed in goes on shopping.
func AnonymiseTask(ctx context.Context, db *postgres.Database, now time.Time, args []string, out io.Writer) error {
	accountID, err := accountOf(args)
	if err != nil {
		return fmt.Errorf("anonymise-account: %w", err)
	}
	done, obstacles, err := anonymise(ctx, db, accountID, now)
	for _, obstacle := range obstacles {
		_, _ = fmt.Fprintln(out, obstacle)
	}
	if err != nil {
		return fmt.Errorf("anonymise-account: %w", err)
	}
	if done == (forgotten{}) {
		_, _ = fmt.Fprintf(out, "account %d: nothing to do\n", accountID)
		return nil
	}
	_, _ = fmt.Fprintf(out, "account %d: %d orders and %d checkouts anonymised, %d carts deleted, %d guests forgotten\n",
		accountID, done.orders, done.checkouts, done.carts, done.guests)
	return nil
}

// errNotYet rolls everything back.
var errNotYet = errors.New("not now, and nothing was changed: something may still need to know the person")

// anonymise locks carts before checkouts before orders before exceptions. So does whoever locks more than one of these: starting and
// completing a checkout, noting an exception about one, and giving money back.
func anonymise(ctx context.Context, db *postgres.Database, accountID int64, now time.Time) (done forgotten, obstacles []string, err error) {
	err = db.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		done, obstacles = forgotten{}, nil
		if done.carts, err = cart.Delete(ctx, tx, accountID); err != nil {
			return err
		}
		checkouts, err := checkout.HoldOfAccount(ctx, tx, accountID)
		if err != nil {
			return err
		}
		orders, err := purchase.HoldOfAccount(ctx, tx, accountID, now)
		if err != nil {
			return err
		}
		if obstacles = append(checkouts.Obstacles, orders.Obstacles...); len(obstacles) > 0 {
			return errNotYet
		}
		var failed [3]error
		done.checkouts, failed[0] = checkouts.Anonymise(ctx, tx)
		done.orders, failed[1] = orders.Anonymise(ctx, tx, now)
		done.guests, failed[2] = cart.ForgetAdoptions(ctx, tx, accountID)
		return errors.Join(failed[:]...)
	})
	return done, obstacles, err
}
