package exception

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/order/exception/dbgen"
)

// OrderWasMade resolves, within tx, what stood open because a paid session had no order: now it has one, and its money must not
// go back under the exception.
func (e *Exceptions) OrderWasMade(ctx context.Context, tx pgx.Tx, sessionID, order string) error {
	err := dbgen.New(tx).ResolveByOrder(ctx, dbgen.ResolveByOrderParams{
		SessionID: sessionID, OrderIdentifier: order, Now: e.now(), Resolution: "became order " + order,
	})
	if err != nil {
		return fmt.Errorf("resolve exception of order %s: %w", order, err)
	}
	return nil
}
