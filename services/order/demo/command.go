package demo

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/order/operation"
	"github.com/bartgottschalk/startupwebapp/services/platform/operator"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
)

const loadCodesCommand = "load-demo-discount-codes"

//go:embed discounts.sql
var discounts string

// demoCodes are the codes of discounts.sql in the order of their ids, which begin with 1.
var demoCodes = []string{"WELCOME10", "SAVER10", "FREE3MONTHS", "FREESHIPPING", "HALF50", "OLDCODE", "SOONCODE", "THIRD33"} //nolint:gochecknoglobals // a constant

// otherCodes finds codes that the shop made itself, also under the id and text of one of ours: no operator's command writes our time.
const otherCodes = `SELECT discount_code.code FROM discount_code
	LEFT JOIN unnest($1::text[]) WITH ORDINALITY AS demo (code, id) ON demo.id = discount_code.id AND demo.code = discount_code.code
	WHERE demo.id IS NULL OR discount_code.created_at <> '2019-04-01T00:00:00Z'
	ORDER BY discount_code.id LIMIT 1`

// Counter is where an operator puts demo data into a shop, as subcommands of the order program.
type Counter struct {
	DB     *postgres.Database
	Logger *slog.Logger
	Now    func() time.Time
}

// LoadDiscountCodes is `order load-demo-discount-codes`. Anybody can read these codes and use them as often as they like, so that a
// shop with codes of its own, which is not there to be replayed against, is refused.
func (c Counter) LoadDiscountCodes(ctx context.Context, args []string) error {
	request, err := operator.Parse(loadCodesCommand, args, nil)
	if err != nil {
		return err
	}
	if len(request.Args) > 0 {
		return fmt.Errorf("%s: %q is not understood", loadCodesCommand, request.Args[0])
	}
	if err := refuseOthers(ctx, c.DB); err != nil {
		return fmt.Errorf("%s: %w", loadCodesCommand, err)
	}
	loaded := strings.Join(demoCodes, ", ")
	will := "The shop gets the discount codes " + loaded + ". Most are good until 2099 and as often as anybody likes; those that are there become as they were."
	if err := request.Confirm(ctx, will); err != nil {
		return fmt.Errorf("%s: %w", loadCodesCommand, err)
	}
	err = c.DB.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if err := LoadDiscountCodes(ctx, tx); err != nil {
			return err
		}
		return operation.Note(ctx, tx, request.By, loadCodesCommand, "demo", loaded, c.Now())
	})
	if err != nil {
		return fmt.Errorf("%s: %w", loadCodesCommand, err)
	}
	c.Logger.InfoContext(ctx, "[OPERATOR] "+loadCodesCommand, slog.String("by", request.By))
	_, _ = fmt.Fprintln(process.Output(ctx), "done")
	return nil
}

// LoadDiscountCodes puts the eight discount codes of the old shop's recordings into the shop, under their ids 1 to 8, within tx. Those
// that are there become as they were. It refuses a shop that has a code of its own. Safe to repeat and to race.
func LoadDiscountCodes(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, "LOCK TABLE discount_code IN SHARE ROW EXCLUSIVE MODE"); err != nil {
		return fmt.Errorf("lock discount codes: %w", err)
	}
	if err := refuseOthers(ctx, tx); err != nil {
		return err
	}
	// Only the simple protocol takes a file of many statements.
	if _, err := tx.Exec(ctx, discounts, pgx.QueryExecModeSimpleProtocol); err != nil {
		return fmt.Errorf("load demo discount codes: %w", err)
	}
	return nil
}

// querier is a database or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

func refuseOthers(ctx context.Context, db querier) error {
	var other string
	err := db.QueryRow(ctx, otherCodes, demoCodes).Scan(&other)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for other discount codes: %w", err)
	}
	return fmt.Errorf("nothing was changed: the shop has discount codes of its own (%s)", other)
}
