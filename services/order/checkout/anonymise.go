package checkout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/order/checkout/dbgen"
)

// Held are an account's checkouts that still name a person, locked until their transaction ends.
type Held struct {
	ids []int64
	// Obstacles are why they cannot be anonymised now, one sentence each; they name nothing personal.
	Obstacles []string
}

// HoldOfAccount locks them. A checkout that may still be paid is an obstacle, as its order would bring the person back, and
// so is a payment that waits for an operator, who needs to know whose it is.
func HoldOfAccount(ctx context.Context, tx pgx.Tx, accountID int64) (Held, error) {
	queries := dbgen.New(tx)
	rows, err := queries.LockNamedCheckoutsOfAccount(ctx, accountID)
	if err != nil {
		return Held{}, fmt.Errorf("lock checkouts of account: %w", err)
	}
	var held Held
	for _, row := range rows {
		held.ids = append(held.ids, row.ID)
		if row.State == stateOpen || row.State == stateSuperseded {
			held.Obstacles = append(held.Obstacles, mayBePaid(row))
		}
	}
	exceptions, err := queries.ListExceptionsOfCheckouts(ctx, held.ids)
	if err != nil {
		return Held{}, fmt.Errorf("list payment exceptions of account: %w", err)
	}
	for _, exception := range exceptions {
		if exception.ResolvedAt == nil {
			held.Obstacles = append(held.Obstacles, fmt.Sprintf("the payment exception %s of %s is not resolved", exception.Reason, exception.Reference))
		}
	}
	return held, nil
}

func mayBePaid(row dbgen.LockNamedCheckoutsOfAccountRow) string {
	if row.SessionExpiresAt == nil {
		return fmt.Sprintf("checkout %s is being started", row.Reference)
	}
	return fmt.Sprintf("checkout %s may still be paid; its session ends at %s, and the sweep settles it after that",
		row.Reference, row.SessionExpiresAt.UTC().Format(time.RFC3339))
}

// Anonymise takes the person out of the checkouts and answers how many they are. What was frozen stays, so that the orders
// can be held against it.
func (h Held) Anonymise(ctx context.Context, tx pgx.Tx) (int, error) {
	if len(h.ids) == 0 {
		return 0, nil
	}
	queries := dbgen.New(tx)
	if err := errors.Join(queries.AnonymiseCheckouts(ctx, h.ids), queries.AnonymiseExceptions(ctx, h.ids)); err != nil {
		return 0, fmt.Errorf("anonymise checkouts: %w", err)
	}
	return len(h.ids), nil
}
