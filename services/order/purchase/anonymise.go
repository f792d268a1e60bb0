package purchase

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/order/purchase/dbgen"
)

// handOverLasts is when a confirmation that was not handed over has been given up for sure (handOverAttempts last about
// three weeks).
const handOverLasts = 30 * 24 * time.Hour

// Held are an account's orders that still name a person, locked until their transaction ends.
type Held struct {
	ids []int64
	// Obstacles are why they cannot be anonymised now, one sentence each; they name nothing personal.
	Obstacles []string
}

// HoldOfAccount locks them. An order whose confirmation mail is under way is an obstacle: its address is still needed. So is a
// refund under way: the bank may send it back, and the customer has to be told.
func HoldOfAccount(ctx context.Context, tx pgx.Tx, accountID int64, now time.Time) (Held, error) {
	queries := dbgen.New(tx)
	rows, err := queries.LockNamedPurchasesOfAccount(ctx, accountID)
	if err != nil {
		return Held{}, fmt.Errorf("lock orders of account: %w", err)
	}
	var held Held
	for _, row := range rows {
		held.ids = append(held.ids, row.ID)
		givenUp := row.OrderedAt.Add(handOverLasts)
		if row.ConfirmationAcceptedAt == nil && row.Email != "" && now.Before(givenUp) {
			held.Obstacles = append(held.Obstacles, fmt.Sprintf("the confirmation mail of order %s is not handed over yet; it is given up after %s",
				row.Identifier, givenUp.UTC().Format(time.DateOnly)))
		}
	}
	refunds, err := queries.ListUnderWayRefunds(ctx, held.ids)
	if err != nil {
		return Held{}, fmt.Errorf("list refunds under way: %w", err)
	}
	for _, refund := range refunds {
		held.Obstacles = append(held.Obstacles, fmt.Sprintf("a refund of order %s is under way; its customer is told should the bank send it back", refund.Identifier))
	}
	return held, nil
}

// Anonymise takes the person out of the orders and answers how many they are. What was sold, when, for how much, which
// payment it was, and state and country for the tax stay: they are the books.
func (h Held) Anonymise(ctx context.Context, tx pgx.Tx, now time.Time) (int, error) {
	if len(h.ids) == 0 {
		return 0, nil
	}
	queries := dbgen.New(tx)
	err := errors.Join(
		queries.AnonymisePurchases(ctx, dbgen.AnonymisePurchasesParams{Ids: h.ids, Now: now.UTC()}),
		queries.AnonymiseAddresses(ctx, h.ids),
		queries.AnonymisePayments(ctx, h.ids),
		queries.AnonymiseShippingMethods(ctx, h.ids),
	)
	if err != nil {
		return 0, fmt.Errorf("anonymise orders: %w", err)
	}
	return len(h.ids), nil
}
