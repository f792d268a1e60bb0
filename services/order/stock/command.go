package stock

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/bartgottschalk/startupwebapp/services/order/operation"
	"github.com/bartgottschalk/startupwebapp/services/order/stock/dbgen"
	"github.com/bartgottschalk/startupwebapp/services/platform/money"
	"github.com/bartgottschalk/startupwebapp/services/platform/operator"
	"github.com/bartgottschalk/startupwebapp/services/platform/postgres"
	"github.com/bartgottschalk/startupwebapp/services/platform/process"
)

const (
	setCommand  = "set-stock"
	listCommand = "stock"
	notCounted  = "uncounted"
)

// Counter is where operators say how many pieces there are, as subcommands of the order program.
type Counter struct {
	DB     *postgres.Database
	Logger *slog.Logger
	Now    func() time.Time
}

// count is what `set-stock` was asked for; nil: no longer counted.
type count struct {
	skuID  int64
	onHand *int32
}

// Set is `order set-stock SKU COUNT|uncounted`. The count is of all pieces on the shelf, also of those that customers at the
// payment page may still buy.
func (c Counter) Set(ctx context.Context, args []string) error {
	request, err := operator.Parse(setCommand, args, nil)
	if err != nil {
		return err
	}
	wanted, err := countOf(request.Args)
	if err != nil {
		return fmt.Errorf("%s: %w", setCommand, err)
	}
	change, err := c.planCount(ctx, dbgen.New(c.DB), wanted)
	if err != nil {
		return fmt.Errorf("%s: %w", setCommand, err)
	}
	if change.nothing {
		return say(ctx, change.text+": nothing to do")
	}
	if err := request.Confirm(ctx, change.text+change.warning); err != nil {
		return fmt.Errorf("%s: %w", setCommand, err)
	}
	if err := c.set(ctx, request.By, wanted); err != nil {
		return fmt.Errorf("%s: %w", setCommand, err)
	}
	return say(ctx, "done")
}

func countOf(args []string) (count, error) {
	if len(args) != 2 {
		return count{}, errors.New("expected SKU COUNT, or SKU " + notCounted)
	}
	id, err := strconv.ParseInt(args[0], 10, 64)
	if err != nil || id < 1 {
		return count{}, fmt.Errorf("%q is no number of a SKU; the command %s lists them", args[0], listCommand)
	}
	if args[1] == notCounted {
		return count{skuID: id}, nil
	}
	pieces, err := strconv.ParseInt(args[1], 10, 32)
	if err != nil || pieces < 0 || pieces > MostPieces {
		return count{}, fmt.Errorf("%q is no count; expected a whole number from 0 to %d, or %s", args[1], MostPieces, notCounted)
	}
	onHand := int32(pieces)
	return count{skuID: id, onHand: &onHand}, nil
}

// countChange is what will become of a count.
type countChange struct {
	text    string
	warning string
	nothing bool
}

func (c Counter) planCount(ctx context.Context, queries *dbgen.Queries, wanted count) (countChange, error) {
	rows, err := queries.ListStock(ctx, dbgen.ListStockParams{At: c.Now(), SkuID: &wanted.skuID})
	if err != nil {
		return countChange{}, fmt.Errorf("read stock: %w", err)
	}
	if len(rows) == 0 {
		return countChange{}, fmt.Errorf("there is no SKU %d; the command %s lists them", wanted.skuID, listCommand)
	}
	row := rows[0]
	change := countChange{
		text:    fmt.Sprintf("SKU %d, %s: %s until now, %s from now on", row.SkuID, described(row), counted(row.OnHand), counted(wanted.onHand)),
		nothing: counted(row.OnHand) == counted(wanted.onHand),
	}
	if wanted.onHand != nil && row.Promised > int64(*wanted.onHand) {
		change.warning = fmt.Sprintf("\n%d are promised to customers at the payment page. What is paid and not there becomes an exception with a proposed refund.", row.Promised)
	}
	return change, nil
}

// set plans again with the count locked, so that what is noted is what happened.
func (c Counter) set(ctx context.Context, by string, wanted count) error {
	err := c.DB.InTx(ctx, func(ctx context.Context, tx pgx.Tx) error {
		if _, err := Lock(ctx, tx, []int64{wanted.skuID}); err != nil {
			return err
		}
		queries := dbgen.New(tx)
		change, err := c.planCount(ctx, queries, wanted)
		if err != nil || change.nothing {
			return err
		}
		if err := write(ctx, tx, wanted, by, c.Now().UTC()); err != nil {
			return err
		}
		return operation.Note(ctx, tx, by, setCommand, strconv.FormatInt(wanted.skuID, 10), change.text, c.Now())
	})
	if err != nil {
		return err
	}
	c.Logger.InfoContext(ctx, "[OPERATOR] "+setCommand, slog.String("by", by), slog.Int64("sku_id", wanted.skuID), slog.String("on_hand", counted(wanted.onHand)))
	return nil
}

func write(ctx context.Context, tx pgx.Tx, wanted count, by string, now time.Time) error {
	if wanted.onHand == nil {
		return StopCounting(ctx, tx, wanted.skuID, by, now)
	}
	return Set(ctx, within{tx}, wanted.skuID, int64(*wanted.onHand), by, now)
}

// List is `order stock`: all SKUs with their prices, what is counted of them, and what customers at the payment page may still buy.
func (c Counter) List(ctx context.Context, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s: %q is not understood", listCommand, args[0])
	}
	rows, err := dbgen.New(c.DB).ListStock(ctx, dbgen.ListStockParams{At: c.Now()})
	if err != nil {
		return fmt.Errorf("%s: %w", listCommand, err)
	}
	table := tabwriter.NewWriter(process.Output(ctx), 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "SKU\tPRODUCT\tPRICE\tSTATUS\tON HAND\tPROMISED\tDESCRIPTION")
	for _, row := range rows {
		_, _ = fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%d\t%s\n", row.SkuID, described(row), priced(row.PriceMinor), row.InventoryIdentifier,
			counted(row.OnHand), row.Promised, strings.Join(strings.Fields(row.Description), " "))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("%s: %w", listCommand, err)
	}
	return nil
}

func described(row dbgen.ListStockRow) string {
	text := row.Title
	for _, variant := range []string{row.Color, row.Size} {
		if variant != "" {
			text += ", " + variant
		}
	}
	return text
}

func priced(minor int64) string {
	if minor < 0 {
		return "none"
	}
	return money.Format(minor)
}

func counted(onHand *int32) string {
	if onHand == nil {
		return notCounted
	}
	return strconv.Itoa(int(*onHand))
}

func say(ctx context.Context, line string) error {
	if _, err := fmt.Fprintln(process.Output(ctx), line); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}
